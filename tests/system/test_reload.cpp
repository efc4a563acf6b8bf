// `crossdock reload` and SIGHUP: all or nothing, while orders flow.
#include "support/temporary_folder.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace crossdock::tests {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Puts a file in place as an editor or installer does.
void put(const fs::path& file, const std::string& text) {
    const fs::path fresh = file.string() + ".fresh";
    std::ofstream(fresh, std::ios::binary) << text;
    fs::rename(fresh, file);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string order_text(const std::string& id, const std::string& supplier = "wesellcellular") {
    Json order = Json::parse(seed_order()).value();
    order.set("order_id", id);
    order.set("supplier", supplier);
    return order.dump();
}

/// A rig whose plugin, pipelines and templates are copies that a test may change.
class Place {
public:
    explicit Place(milliseconds accept_after = milliseconds{300}) : job_(options(accept_after)) {
        const auto tree = app::shipped_tree().value();
        fs::copy(tree / "pipelines", pipelines(), fs::copy_options::recursive);
        fs::copy(tree / "config" / "templates", templates(), fs::copy_options::recursive);
        fs::copy_file(fs::path(PHONEX), plugin());
    }

    [[nodiscard]] MainJob& job() { return job_; }
    [[nodiscard]] fs::path plugin() const { return folder_.path() / "libmine.so"; }
    [[nodiscard]] fs::path pipelines() const { return folder_.path() / "pipelines"; }
    [[nodiscard]] fs::path templates() const { return folder_.path() / "templates"; }
    [[nodiscard]] fs::path config() { return job_.rig().config(); }
    [[nodiscard]] fs::path supplier() { return config().parent_path() / "suppliers" / "phonex.yaml"; }

    void start() {
        job_.start_world();
        job_.start_daemon();
        job_.add_customer("worldtech-1734", "orders@worldtech.example");
    }
    /// The same plugin with another digest.
    void change_plugin() { put(plugin(), text_of(plugin()) + "changed"); }
    [[nodiscard]] app::DemoRig::Output reload() { return job_.rig().crossdock({"reload"}); }
    /// Of the daemon's workers.
    [[nodiscard]] std::vector<pid_t> workers() { return children_of(job_.rig().daemon().pid()); }
    [[nodiscard]] std::string digest() {
        const auto list = job_.rig().crossdock({"supplier", "list", "--json"});
        const auto parsed = Json::parse(list.out);
        return parsed && parsed->is_array() ? parsed->items().front().text("plugin_digest") : list.err;
    }

private:
    app::RigOptions options(milliseconds accept_after) {
        app::RigOptions options;
        options.accept_after = accept_after;
        options.ship_after = accept_after * 3;
        options.not_after = milliseconds{1'500};
        options.request_timeout = milliseconds{1'500};
        options.edit_supplier = [this](std::string text) {
            return replaced(std::move(text), "plugin: phonex", "plugin: " + plugin().string());
        };
        options.edit_config = [this](std::string text) {
            const auto tree = app::shipped_tree().value();
            text = replaced(std::move(text), (tree / "pipelines").string(), pipelines().string());
            return replaced(std::move(text), (tree / "config" / "templates").string(), templates().string());
        };
        return options;
    }

    support::TemporaryFolder folder_;
    MainJob job_;
};

}  // namespace

TEST_CASE("plugins are replaced while orders flow, by command and by SIGHUP, and every order is placed once", "[system]") {
    Place place;
    place.start();
    auto& job = place.job();
    const auto daemon = job.rig().daemon().pid();
    const auto first = place.digest();
    constexpr int rounds = 4;
    constexpr int orders = 8;
    std::string last = first;
    for (int round = 0; round < rounds; ++round) {
        for (int n = 0; n < orders; ++n) { job.place(order_text("PXRELOAD" + std::to_string(round * orders + n))); }
        place.change_plugin();
        if (round % 2 == 0) {
            const auto done = place.reload();
            CHECK(done.exit_code == 0);
            CHECK_THAT(done.out, Contains("workers replaced: phonex"));
        }
        else { job.rig().daemon().signal(SIGHUP); }
        REQUIRE(eventually([&] { return place.digest() != last; }));
        last = place.digest();
    }
    CHECK(last != first);
    for (int n = 0; n < rounds * orders; ++n) { job.wait_for_status("PXRELOAD" + std::to_string(n), "shipped"); }
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == rounds * orders);
    for (const auto& [id, count] : placed) {
        INFO(id);
        CHECK(count == 1);
    }
    CHECK(job.rig().daemon().pid() == daemon);
    CHECK_FALSE(job.rig().daemon().ended().has_value());
    // Those of before have left: phonex and email.
    CHECK(eventually([&] { return place.workers().size() == 2; }));
}

TEST_CASE("an order that may have left stays with the plugin that sent it, which leaves when it is settled", "[system]") {
    // No webhook settles the order before its supplier's answer does.
    Place place(std::chrono::hours{1});
    place.start();
    auto& job = place.job();
    const auto before = place.digest();
    // Each try is cut; the order is at the supplier all the same.
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"cut_after_accept","times":1000})")
                .has_value());
    job.place(order_text("PXOPEN1"));
    REQUIRE(eventually([&] { return job.orders_at_supplier().size() == 1; }));
    place.change_plugin();
    CHECK(place.reload().exit_code == 0);
    REQUIRE(place.digest() != before);
    REQUIRE(place.workers().size() == 3);
    CHECK(job.supplier_order_id("PXOPEN1").empty());
    REQUIRE(job.rig().sandbox("DELETE", "/_sandbox/faults").has_value());
    job.wait_for_status("PXOPEN1", "submitted");
    CHECK(job.orders_at_supplier()["PXOPEN1"] == 1);
    CHECK(eventually([&] { return place.workers().size() == 2; }));
}

TEST_CASE("a reload that finds anything wrong names it and changes nothing", "[system]") {
    struct Wrong {
        fs::path (*file)(Place&);
        std::string from, to;  ///< empty `from`: the whole file
        std::string says;
    };
    const auto config = [](Place& place) { return place.config(); };
    const auto supplier = [](Place& place) { return place.supplier(); };
    const auto wrong =
        GENERATE_COPY(values<Wrong>({{config, "currency: USD", "currenzy: USD", "crossdock.yaml:8:1: "},
                                     {config, "host: 127.0.0.1", "host: 127.0.0.2", "`listen` has changed, and takes a restart"},
                                     {supplier, "CROSSDOCK_DEMO_PHONEX_KEY", "CROSSDOCK_NOT_SET", "phonex.yaml:11:"},
                                     {supplier, "plugin: ", "plugin: /nowhere", "phonex.yaml:"},
                                     {[](Place& place) { return place.plugin(); }, "", "no library", "libmine.so"},
                                     {[](Place& place) { return place.pipelines() / "order-forward.yaml"; },
                                      "pipeline:", "pipelime:", "order-forward.yaml:6:1: "},
                                     {[](Place& place) { return place.pipelines() / "order-forward.yaml"; }, "${{ .order }}",
                                      "${{ .order | nothing }}", "order-forward.yaml:14:"},
                                     {[](Place& place) { return place.templates() / "en" / "order.shipped.mustache"; }, "{{",
                                      "{{#", "order.shipped.mustache"}}));
    Place place;
    place.start();
    auto& job = place.job();
    const auto workers = place.workers();
    const auto digest = place.digest();
    const auto file = wrong.file(place);
    INFO(file);
    const auto good = text_of(file);
    put(file, wrong.from.empty() ? wrong.to : replaced(good, wrong.from, wrong.to));
    // Something that is right beside it must not be taken up either.
    const auto mail = place.templates() / "en" / "order.accepted.mustache";
    put(mail, replaced(text_of(mail), "ubject: ", "ubject: NEW "));
    const auto refused = place.reload();
    CHECK(refused.exit_code == 3);
    CHECK_THAT(refused.err, Contains(wrong.says) && Contains("nothing was reloaded; the daemon goes on with what it had"));
    job.rig().daemon().signal(SIGHUP);
    REQUIRE(eventually([&] { return job.log("daemon").find("error the reload was refused") != std::string::npos; }));
    const auto now = place.workers();
    for (const auto worker : workers) { CHECK(std::find(now.begin(), now.end(), worker) != now.end()); }
    job.place(order_text("PXSTAYS1"));
    job.wait_for_status("PXSTAYS1", "shipped");
    job.wait_for_mails("PXSTAYS1", 2);
    for (const auto& one : job.mails()) { CHECK_THAT(one.subject, !Contains("NEW")); }
    put(file, good);
    CHECK(place.digest() == digest);
}

TEST_CASE("a reload takes up accounts, routes, pipelines and templates, and lets go what was removed", "[system]") {
    Place place;
    place.start();
    auto& job = place.job();
    CHECK(place.reload().out == "reloaded\n");
    const auto without = text_of(place.config());
    // Under way while everything changes.
    job.place(order_text("PXBEFORE1"));

    const auto second = place.supplier().parent_path() / "second.yaml";
    put(second, replaced(text_of(place.supplier()), "account: phonex", "account: second"));
    put(place.config(), replaced(replaced(without, "suppliers/phonex.yaml]", "suppliers/phonex.yaml, suppliers/second.yaml]"),
                                 "routes:\n", "routes:\n  other: second\n"));
    const auto mail = place.templates() / "en" / "order.accepted.mustache";
    put(mail, replaced(text_of(mail), "ubject: ", "ubject: NEW "));
    const auto pipeline = place.pipelines() / "order-forward.yaml";
    put(pipeline, text_of(pipeline) + "# changed\n");
    const auto added = place.reload();
    INFO(added.out << added.err);
    CHECK(added.exit_code == 0);
    CHECK_THAT(added.out, Contains("workers added: second") && Contains("pipelines changed: order-forward"));
    job.place(order_text("PXOTHER1", "other"));
    REQUIRE(eventually([&] { return !job.supplier_order_id("PXOTHER1").empty(); }));
    job.wait_for_mails("NEW", 1);
    job.wait_for_status("PXBEFORE1", "shipped");

    put(place.config(), without);
    const auto removed = place.reload();
    CHECK_THAT(removed.out, Contains("workers removed: second"));
    const auto refused = job.rig().api("POST", "/v1/orders", order_text("PXOTHER2", "other"));
    REQUIRE(refused.has_value());
    CHECK(refused->status == 422);
    CHECK(eventually([&] { return place.workers().size() == 2; }));
    CHECK(job.orders_at_supplier().size() == 2);
}

TEST_CASE("a worker that dies comes back with the file that stands there, and the daemon knows which", "[system]") {
    Place place;
    place.start();
    auto& job = place.job();
    const auto before = place.digest();
    place.change_plugin();
    for (const auto worker : place.workers()) { ::kill(worker, SIGKILL); }
    REQUIRE(eventually([&] { return place.digest() != before; }));
    CHECK_THAT(job.log("daemon"), Contains("the plugin's file has changed without a reload"));
    job.place(order_text("PXCHANGED1"));
    job.wait_for_status("PXCHANGED1", "shipped");
    CHECK(job.orders_at_supplier()["PXCHANGED1"] == 1);
}

TEST_CASE("a reload without a daemon says so", "[system]") {
    Place place;
    const auto none = place.reload();
    CHECK(none.exit_code == 4);
    CHECK_THAT(none.err, Contains("no daemon runs here that could reload"));
}

}  // namespace crossdock::tests
