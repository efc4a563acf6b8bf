// Plugins on threads of this process: `isolation: in-process`.
#include "in_process/in_process.hpp"
#include "fake_server.hpp"
#include "floor.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <iterator>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;

WorkerSpec in_process(const std::filesystem::path& library, const std::string& settings = "{}") {
    auto spec = supplier_spec(library, Json::parse(settings).value());
    spec.in_process = true;
    spec.quarantine = false;
    return spec;
}

WorkerSpec obliging(const std::string& settings = "{}") {
    return in_process(test_plugins / "libobliging.so", settings);
}

Workers::Options with(InProcess& in_process) {
    Workers::Options options;
    options.in_process = in_process.starter();
    return options;
}

Call post(const std::string& what, const FakeServer& server) {
    return wish(what, R"(,"url":")" + server.url() + R"(/orders")");
}

std::string maps_of(const std::string& pid) {
    std::ifstream in("/proc/" + pid + "/maps");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Task<bool> count_rows(std::shared_ptr<std::size_t> seen, Json rows) {
    *seen += rows.items().size();
    co_return true;
}

/// The transport that create_order told, or the call's text when there is none.
std::string transport(const CallAnswer& answer) {
    return answer.status == CallStatus::answered ? answer.output.text("transport") : answer.text;
}

}  // namespace

TEST_CASE("an in-process plugin is in this process and in no worker, and libcurl is where the plugin is not",
          "[in_process][unit]") {
    InProcess threads;
    Floor floor(with(threads));
    const auto manifest = floor.wait(floor.workers->start(obliging(R"({"greeting":"good day"})")));
    REQUIRE(manifest.has_value());
    CHECK(manifest->name == "obliging");
    CHECK(manifest->digest.size() == 64);
    CHECK_THAT(maps_of("self"), Contains("libobliging.so") && !Contains("libcurl"));
    const auto carrier = floor.workers->pid_of("acme");
    REQUIRE(carrier > 0);
    CHECK_THAT(maps_of(std::to_string(carrier)), !Contains("libobliging.so"));
    const auto answer = floor.wait(floor.workers->call(wish("greet"), {}));
    CHECK(answer.status == CallStatus::answered);
    CHECK(answer.output.text("reason") == "good day");
    CHECK(answer.plugin == "obliging 0.1.0");
}

TEST_CASE("what does not fit is refused before this process has loaded it", "[in_process][unit]") {
    struct Row {
        const char* library;
        const char* reason;
    };
    const auto row =
        GENERATE(Row{"libwrong_abi_new.so", "the plugin is too new"}, Row{"libwrong_abi_old.so", "the plugin is too old"},
                 Row{"libno_symbol.so", "does not export the symbol crossdock_plugin"}, Row{"absent.so", "no such plugin file"});
    InProcess threads;
    Floor floor(with(threads));
    const auto manifest = floor.wait(floor.workers->start(in_process(test_plugins / row.library)));
    REQUIRE(manifest.has_error());
    CHECK_THAT(manifest.error().text(), Contains(row.reason));
    CHECK_THAT(maps_of("self"), !Contains(row.library));
}

TEST_CASE("an in-process plugin that does not start is refused with its reason", "[in_process][unit]") {
    InProcess threads;
    {
        Floor floor(with(threads));
        const auto manifest = floor.wait(floor.workers->start(obliging(R"({"greeting":"refuse"})")));
        REQUIRE(manifest.has_error());
        CHECK_THAT(manifest.error().text(), Contains("the greeting is not to my taste"));
        const auto wrong = floor.wait(floor.workers->start(obliging(R"({"greting":"x"})")));
        REQUIRE(wrong.has_error());
        CHECK_THAT(wrong.error().text(), Contains("greting"));
    }
    CHECK(threads.wait(milliseconds{10'000}) == 0);
}

TEST_CASE("an in-process plugin's request leaves once, by way of the carrier, and its answer comes back whole",
          "[in_process][unit]") {
    FakeServer server([&](FakeServer::Connection& connection, int) {
        server.note(connection.read_request());
        connection.write(http_answer(201, R"({"id":"SO-1"})"));
    });
    InProcess threads;
    Floor floor(with(threads));
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const auto answer = floor.wait(floor.workers->call(post("post", server), {}));
    CHECK(transport(answer) == "answered");
    CHECK(answer.output.text("supplier_order_id") == "SO-1");
    REQUIRE(server.notes().size() == 1);
    CHECK_THAT(server.notes().front(), Contains("POST /orders HTTP/1.1"));
    const auto twice = floor.wait(floor.workers->call(post("post twice", server), {}));
    CHECK(server.notes().size() == 2);
    CHECK_THAT(transport(twice), Contains("not_sent") || Contains("a request left"));
}

TEST_CASE("rows of an in-process plugin arrive in batches, and thrown exceptions are faults", "[in_process][unit]") {
    InProcess threads;
    Floor floor(with(threads));
    REQUIRE(floor.wait(floor.workers->start(obliging(R"({"rows":1234})"))).has_value());
    Call call;
    call.target = "acme";
    call.operation = "sync_inventory";
    call.input = Json::object();
    const auto seen = std::make_shared<std::size_t>(0);
    OnBatch on_batch = [seen](Json rows) { return count_rows(seen, std::move(rows)); };
    const auto answer = floor.wait(floor.workers->call(std::move(call), std::move(on_batch)));
    CHECK(answer.status == CallStatus::answered);
    CHECK(*seen == 1234);
    const auto thrown = floor.wait(floor.workers->call(wish("throw"), {}));
    CHECK(thrown.status == CallStatus::failed);
    CHECK_THAT(thrown.text, Contains("as asked"));
}

TEST_CASE("a carrier that dies while an effect is under way leaves it cut, and another one takes its place",
          "[in_process][unit]") {
    InProcess threads;
    Floor floor(with(threads));
    std::atomic<bool> kill{true};
    std::atomic<int> carrier{-1};
    FakeServer server([&](FakeServer::Connection& connection, int) {
        (void)connection.read_request();
        if (kill.exchange(false)) {
            ::kill(carrier, SIGKILL);
            connection.drain();
            return;
        }
        connection.write(http_answer(201, R"({"id":"SO-2"})"));
    });
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    carrier = floor.workers->pid_of("acme");
    const auto cut = floor.wait(floor.workers->call(post("post", server), {}));
    CHECK(transport(cut) == "cut");
    CHECK_THAT(cut.output.text("exchange") + cut.output.text("reason"), Contains("the process that carried the exchange ended"));
    const auto again = floor.wait(floor.workers->call(post("post", server), {}));
    CHECK(transport(again) == "answered");
    CHECK(floor.workers->pid_of("acme") != carrier);
    CHECK(server.connections() == 2);
}

TEST_CASE("a carrier that stands still is given up, killed and replaced", "[in_process][unit]") {
    InProcess threads;
    Floor floor(with(threads));
    FakeServer server([&](FakeServer::Connection& connection, int) {
        (void)connection.read_request();
        connection.write(http_answer(201, R"({"id":"SO-3"})"));
    });
    auto spec = obliging();
    spec.request_timeout = milliseconds{300};
    const auto started = floor.wait(floor.workers->start(std::move(spec)));
    REQUIRE(started.has_value());
    const auto carrier = floor.workers->pid_of("acme");
    ::kill(carrier, SIGSTOP);
    CHECK(transport(floor.wait(floor.workers->call(post("post", server), {}))) == "cut");
    floor.until([&] { return floor.workers->pid_of("acme") > 0 && floor.workers->pid_of("acme") != carrier; });
    CHECK(transport(floor.wait(floor.workers->call(post("post", server), {}))) == "answered");
    CHECK(server.connections() == 1);
}

TEST_CASE("an in-process call that hangs is unknown at its deadline, and costs no other call", "[in_process][unit]") {
    InProcess threads;
    {
        Floor floor(with(threads));
        REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
        const auto carrier = floor.workers->pid_of("acme");
        auto hanging = wish("hang until canceled");
        hanging.timeout = milliseconds{300};
        const auto hung = floor.begin(floor.workers->call(std::move(hanging), {}));
        const auto other = floor.begin(floor.workers->call(wish("greet"), {}));
        CHECK(floor.get(other).status == CallStatus::answered);
        const auto given_up = floor.get(hung);
        CHECK(given_up.status == CallStatus::unknown);
        CHECK_THAT(given_up.text, Contains("create_order took longer than 300ms, and cannot be ended: it runs in-process"));
        CHECK(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
        CHECK(floor.workers->pid_of("acme") == carrier);
    }
    CHECK(threads.wait(milliseconds{10'000}) == 0);
}

TEST_CASE("threads that hang are counted among an in-process plugin's calls", "[in_process][unit]") {
    InProcess threads;
    auto options = with(threads);
    options.calls_max = 2;
    {
        Floor floor(std::move(options));
        REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
        for (int i = 0; i < 2; ++i) {
            auto hanging = wish("hang");
            hanging.timeout = milliseconds{100};
            const auto given_up = floor.wait(floor.workers->call(std::move(hanging), {}));
            CHECK(given_up.status == CallStatus::unknown);
        }
        const auto refused = floor.wait(floor.workers->call(wish("greet"), {}));
        CHECK(refused.status == CallStatus::not_sent);
        CHECK_THAT(refused.text, Contains("has 2 calls in flight"));
    }
    CHECK(threads.wait(milliseconds{100}) == 1);
}

TEST_CASE("calls of an in-process plugin that wants them one after the other do not overlap", "[in_process][unit]") {
    InProcess threads;
    Floor floor(with(threads));
    REQUIRE(floor.wait(floor.workers->start(in_process(test_plugins / "libserial.so"))).has_value());
    std::vector<std::shared_ptr<std::optional<CallAnswer>>> calls;
    for (int i = 0; i < 5; ++i) { calls.push_back(floor.begin(floor.workers->call(order_call("{}"), {}))); }
    for (const auto& call : calls) { CHECK(floor.get(call).output.text("reason") == "1"); }
}

TEST_CASE("another file under a loaded plugin's name waits for a restart of the process", "[in_process][unit]") {
    const support::TemporaryFolder folder;
    const auto file = folder.path() / "libchanging.so";
    std::filesystem::copy_file(test_plugins / "libobliging.so", file);
    InProcess threads;
    {
        Floor floor(with(threads));
        REQUIRE(floor.wait(floor.workers->start(in_process(file))).has_value());
    }
    const auto next = folder.path() / "next";
    std::filesystem::copy_file(test_plugins / "libserial.so", next);
    std::filesystem::rename(next, file);
    Floor floor(with(threads));
    const auto manifest = floor.wait(floor.workers->start(in_process(file)));
    REQUIRE(manifest.has_error());
    CHECK_THAT(manifest.error().text(), Contains("is replaced by a restart of the daemon"));
}
