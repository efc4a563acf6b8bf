// Workers that are replaced while they serve.
#include "floor.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;

Json greeting(const std::string& text) {
    return Json::object({{"greeting", text}});
}

/// A plugin in a file of its own, so that it can be changed.
class Copy {
public:
    explicit Copy(const std::string& plugin) : file_(folder_.path() / plugin) {
        std::filesystem::copy_file(test_plugins / plugin, file_);
    }
    /// The same plugin with another digest, put in place as an installer does: another file under the same name.
    void change() {
        const auto fresh = folder_.path() / "fresh";
        std::filesystem::copy_file(file_, fresh);
        std::ofstream(fresh, std::ios::binary | std::ios::app) << "changed";
        std::filesystem::rename(fresh, file_);
    }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

private:
    support::TemporaryFolder folder_;
    std::filesystem::path file_;
};

}  // namespace

TEST_CASE("a staged worker takes no call before it is adopted, and all of them afterwards", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so", greeting("old")))).has_value());
    const auto pid = floor.workers->pid_of("acme");
    REQUIRE(floor.wait(floor.workers->stage(supplier_spec(test_plugins / "libobliging.so", greeting("new")))).has_value());
    CHECK(floor.workers->pid_of("acme") == pid);
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).output.text("reason") == "old");
    const auto in_flight = floor.begin(floor.workers->call(wish("answer when canceled"), {}));
    floor.io.poll();
    floor.workers->adopt({});
    CHECK(floor.workers->pid_of("acme") != pid);
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).output.text("reason") == "new");
    // What the one before has in flight comes to its end, and so does its process.
    CHECK_FALSE(in_flight->has_value());
    floor.workers->cancel("acme");
    CHECK(floor.get(in_flight).output.text("reason") == "too late to stop");
    CHECK(floor.workers->was_started_with(supplier_spec(test_plugins / "libobliging.so", greeting("new"))));
    CHECK_FALSE(floor.workers->was_started_with(supplier_spec(test_plugins / "libobliging.so", greeting("old"))));
}

TEST_CASE("a worker that cannot be staged changes nothing", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so", greeting("old")))).has_value());
    const auto pid = floor.workers->pid_of("acme");
    const auto dead = floor.wait(floor.workers->stage(supplier_spec(test_plugins / "libobliging.so", greeting("die"))));
    REQUIRE(dead.has_error());
    CHECK(dead.error().advice == Advice::retry);
    const auto missing = floor.wait(floor.workers->stage(supplier_spec(test_plugins / "libnone.so")));
    CHECK_THAT(missing.error().text(), Contains("libnone.so"));
    REQUIRE(floor.wait(floor.workers->stage(supplier_spec(test_plugins / "libobliging.so", greeting("new")))).has_value());
    floor.workers->discard();
    floor.workers->adopt({});
    CHECK(floor.workers->pid_of("acme") == pid);
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).output.text("reason") == "old");
}

TEST_CASE("a worker of another plugin file is kept for what it began, until it is released", "[workers][unit]") {
    Copy plugin("libobliging.so");
    Floor floor;
    const auto before = floor.wait(floor.workers->start(supplier_spec(plugin.file())));
    REQUIRE(before.has_value());
    plugin.change();
    const auto after = floor.wait(floor.workers->stage(supplier_spec(plugin.file())));
    REQUIRE(after.has_value());
    REQUIRE(before->digest != after->digest);
    floor.workers->adopt({});
    auto serving = floor.workers->serving("acme");
    CHECK(serving.digest == after->digest);
    CHECK(serving.leaving == std::vector<std::string>{before->digest});

    auto call = wish("greet");
    CHECK(floor.wait(floor.workers->call(call, {})).plugin_digest == after->digest);
    call.digest = before->digest;
    CHECK(floor.wait(floor.workers->call(call, {})).plugin_digest == before->digest);
    floor.workers->release("acme", before->digest);
    const auto nobody = floor.wait(floor.workers->call(call, {}));
    CHECK(nobody.status == CallStatus::not_sent);
    CHECK(nobody.held);
    CHECK_THAT(nobody.text, Contains("was replaced before anything was sent"));
    CHECK(floor.workers->serving("acme").leaving.empty());
}

TEST_CASE("a worker that is removed ends what it has in flight and takes no more", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    const auto in_flight = floor.begin(floor.workers->call(wish("answer when canceled"), {}));
    floor.io.poll();
    floor.workers->adopt({"acme"});
    CHECK_FALSE(floor.workers->knows("acme"));
    CHECK_THAT(floor.wait(floor.workers->call(wish("greet"), {})).text, Contains("no worker is called acme"));
    CHECK_FALSE(in_flight->has_value());
    floor.workers->cancel("acme");
    CHECK(floor.get(in_flight).output.text("reason") == "too late to stop");
}

TEST_CASE("a worker restarted with another plugin file than before says so before it takes a call", "[workers][unit]") {
    Copy plugin("libobliging.so");
    std::vector<std::string> told;
    Workers::Options options;
    options.backoff_first = milliseconds{1};
    options.on_other_plugin = [&](const std::string& name, const Manifest& manifest) { told = {name, manifest.digest}; };
    Floor floor(options);
    const auto before = floor.wait(floor.workers->start(supplier_spec(plugin.file())));
    REQUIRE(before.has_value());
    CHECK(floor.wait(floor.workers->call(wish("exit"), {})).status == CallStatus::unknown);
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).plugin_digest == before->digest);
    CHECK(told.empty());
    plugin.change();
    auto bound = wish("greet");
    bound.digest = before->digest;
    CHECK(floor.wait(floor.workers->call(wish("exit"), {})).status == CallStatus::unknown);
    const auto answer = floor.wait(floor.workers->call(wish("greet"), {}));
    REQUIRE(told.size() == 2);
    CHECK(answer.plugin_digest == told[1]);
    CHECK(told[1] != before->digest);
    CHECK(floor.wait(floor.workers->call(bound, {})).held);
}

TEST_CASE("calls of a plugin that wants them one after the other do not overlap when it is replaced", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libserial.so"))).has_value());
    REQUIRE(floor.wait(floor.workers->stage(supplier_spec(test_plugins / "libserial.so"))).has_value());
    const auto first = floor.begin(floor.workers->call(order_call("{}"), {}));
    floor.io.poll();
    floor.workers->adopt({});
    const auto second = floor.begin(floor.workers->call(order_call("{}"), {}));
    floor.until([&] { return first->has_value() || second->has_value(); });
    CHECK(first->has_value());
    CHECK(floor.get(second).status == CallStatus::answered);
}
