// A supplier that refuses our key, or asks us to wait: orders wait in the store, and each goes through once.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace crossdock::tests {
namespace {

constexpr int orders = 6;

std::string id_of(int n) {
    return "PXPACE" + std::to_string(n);
}

void place(MainJob& job, int from, int to) {
    for (int n = from; n <= to; ++n) {
        Json order = Json::parse(seed_order()).value();
        order.set("order_id", id_of(n));
        job.place(order.dump());
    }
}

/// No probe comes in the time of a test.
app::RigOptions without_probes() {
    app::RigOptions options;
    options.edit_supplier = [](std::string text) { return text + "\nbreaker: { pause: 1h, pause_max: 1h }\n"; };
    return options;
}

bool shows(MainJob& job, const std::string& state) {
    const auto answer = job.rig().api("GET", "/readyz");
    return answer && answer->status == 200 && answer->body.find(state) != std::string::npos;
}

void expect_each_once(MainJob& job) {
    for (int n = 1; n <= orders; ++n) {
        INFO(job.order(id_of(n)).pretty() << "\n" << job.log("daemon"));
        REQUIRE(eventually([&] { return !job.supplier_order_id(id_of(n)).empty(); }));
    }
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == orders);
    for (const auto& [id, times] : placed) {
        INFO(id);
        CHECK(times == 1);
    }
}

Json pause_shown(MainJob& job) {
    const auto list = job.rig().crossdock({"supplier", "list", "--json"});
    INFO(list.out << list.err);
    const auto parsed = Json::parse(list.out);
    REQUIRE(parsed.has_value());
    const Json* paused = parsed->items().front().find("paused");
    REQUIRE(paused != nullptr);
    return *paused;
}

/// The account gets another setting, which the sandbox does not mind.
void change_settings(MainJob& job) {
    const auto file = job.rig().config().parent_path() / "suppliers" / "phonex.yaml";
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const std::string port = std::to_string(job.rig().sandbox_port());
    const auto at = text.find("127.0.0.1:" + port);
    REQUIRE(at != std::string::npos);
    text.insert(at + std::string("127.0.0.1:").size() + port.size(), "/");
    std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("orders wait while the supplier refuses our key, over a restart too, and each is placed once when it is put right",
          "[system]") {
    const auto by = GENERATE(as<std::string>(), "command", "command without a daemon", "reload", "restart");
    INFO(by);
    MainJob job(without_probes());
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"status","status":401,"times":-1})")
                .has_value());
    place(job, 1, 1);
    const std::string paused = R"_({"name":"phonex","state":"paused","reason":"credentials refused (401)"})_";
    INFO(job.log("daemon"));
    REQUIRE(eventually([&] { return shows(job, paused); }));
    job.wait_for_mails("phonex is paused: credentials refused (401)", 1);
    const auto before = job.posts();
    place(job, 2, orders);
    CHECK(pause_shown(job).text("reason") == "credentials refused (401)");

    CHECK(job.rig().stop_daemon() == 0);
    if (by != "restart" && by != "command without a daemon") {
        job.start_daemon();
        CHECK(shows(job, paused));
    }
    REQUIRE(job.rig().sandbox("DELETE", "/_sandbox/faults").has_value());
    CHECK(job.posts() == before);
    if (by == "command" || by == "command without a daemon") {
        const auto enabled = job.rig().crossdock({"supplier", "enable", "phonex"});
        INFO(enabled.err);
        CHECK(enabled.exit_code == 0);
        CHECK(enabled.out ==
              (by == "command" ? "phonex is served again, by phonex 1.0.0\n" : "phonex is no longer paused or disabled\n"));
        const auto again = job.rig().crossdock({"supplier", "enable", "phonex"});
        CHECK(again.exit_code == 0);
        CHECK(again.out == "phonex is served: it was not disabled, and not paused\n");
    }
    else { change_settings(job); }
    if (by == "reload") { CHECK(job.rig().crossdock({"reload"}).exit_code == 0); }
    if (by == "restart" || by == "command without a daemon") { job.start_daemon(); }
    expect_each_once(job);
    CHECK(pause_shown(job).is_null());
    CHECK_FALSE(shows(job, "degraded"));
    CHECK(job.posts() == before + orders);
    if (by != "command without a daemon") { job.wait_for_mails("phonex is served again", 1); }
}

TEST_CASE("a supplier that answers 429 is left alone as long as it asks, and each order is placed once", "[system]") {
    app::RigOptions options;
    options.effect_class = "unsafe";
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults",
                         R"({"operation":"create_order","kind":"status","status":429,"retry_after_s":3,"times":1})")
                .has_value());
    place(job, 1, 1);
    INFO(job.log("daemon"));
    REQUIRE(eventually([&] { return shows(job, R"_("state":"busy","reason":"asked us to wait (429)")_"); }));
    const auto before = job.posts();
    place(job, 2, orders);
    REQUIRE(eventually([&] { return !shows(job, "degraded"); }));
    expect_each_once(job);
    CHECK(job.posts() == before + orders);
}

TEST_CASE("inventory that is refused with 401 pauses the account, and the next one that is answered ends that", "[system]") {
    app::RigOptions options;
    options.effect_class = "unsafe";
    options.edit_supplier = [](std::string text) { return text + "\nbreaker: { pause: 1s, pause_max: 1s }\n"; };
    MainJob job(std::move(options));
    job.start_world();
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"inventory","kind":"status","status":401,"times":1})")
                .has_value());
    job.start_daemon();
    INFO(job.log("daemon"));
    REQUIRE(eventually([&] { return job.log("daemon").find("credentials refused (401)") != std::string::npos; }));
    job.wait_for_mails("phonex is served again", 1);
    CHECK_FALSE(shows(job, "degraded"));
    job.wait_for_stock();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    place(job, 1, orders);
    expect_each_once(job);
}

}  // namespace crossdock::tests
