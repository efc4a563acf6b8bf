// The main job with plugins that run in the daemon: `isolation: in-process`.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";

std::string maps_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/maps");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// The rig's account runs in the daemon.
app::RigOptions in_process(const std::string& effect_class) {
    app::RigOptions options;
    options.effect_class = effect_class;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    options.edit_supplier = [](const std::string& text) { return text + "\nisolation: in-process\n"; };
    return options;
}

/// What is unknown is resolved soon, and no webhook tells before.
app::RigOptions without_webhooks(const std::string& effect_class) {
    auto options = in_process(effect_class);
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{4'000};
    options.visible_within = milliseconds{200};
    options.accept_after = milliseconds{3'600'000};
    options.ship_after = milliseconds{3'600'000};
    return options;
}

std::int64_t posts(MainJob& job) {
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    return world->find("posts")->integer(order_id);
}

}  // namespace

TEST_CASE("with all plugins in the daemon the order is placed once, and libcurl stays with the carriers", "[system]") {
    auto options = in_process("idempotent");
    options.edit_config = [](std::string text) {
        const std::string from = "    plugin: email\n";
        return text.replace(text.find(from), from.size(), from + "    isolation: in-process\n");
    };
    MainJob job(std::move(options));
    job.run_seed_order();
    CHECK(job.orders_at_supplier()[order_id] == 1);
    CHECK(posts(job) == 1);

    const auto daemon = job.rig().daemon().pid();
    const auto own = maps_of(daemon);
    CHECK(has(own, "libphonex.so"));
    CHECK(has(own, "libemail.so"));
    CHECK_FALSE(has(own, "libcurl"));
    CHECK_FALSE(has(own, "ca-certificates"));
    const auto carriers = children_of(daemon);
    CHECK(carriers.size() == 2);
    for (const auto carrier : carriers) {
        const auto maps = maps_of(carrier);
        CHECK(has(maps, "libcurl"));
        CHECK_FALSE(has(maps, "libphonex.so"));
        CHECK_FALSE(has(maps, "libemail.so"));
    }
    const auto log = job.log("daemon");
    for (const char* worker : {"worker=phonex", "worker=email"}) {
        CHECK(has(log, std::string("not isolated: this plugin runs in the daemon, and what crashes or hangs it does so to the "
                                   "daemon ") +
                           worker));
    }
    CHECK(describe_exit(job.rig().stop_daemon()) == "exit code 0");
}

TEST_CASE("a daemon that is killed around an in-process effect leaves one order", "[system]") {
    const std::string point = GENERATE("call.effect.before", "call.effect.after");
    const std::string effect_class = GENERATE("idempotent", "lookup");
    CAPTURE(point, effect_class);
    MainJob job(without_webhooks(effect_class));
    job.start_world();
    job.start_daemon(point);
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.place(seed_order());
    REQUIRE(eventually([&] {
        job.revive();
        return !job.supplier_order_id(order_id).empty();
    }));
    job.wait_for_mails(order_id, 1);
    CHECK(job.deaths() == 1);
    CHECK(job.orders_at_supplier()[order_id] == 1);
}

TEST_CASE("a carrier that is killed in the middle of an exchange leaves it unknown, and the order is found", "[system]") {
    MainJob job(without_webhooks("lookup"));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    const char* slow = R"({"operation":"create_order","kind":"slow","accept":true,"delay_ms":3000,"times":1})";
    REQUIRE(job.rig().sandbox("POST", "/_sandbox/faults", slow).has_value());
    job.place(seed_order());
    REQUIRE(eventually([&] { return posts(job) == 1; }));
    pid_t carrier = -1;
    for (const auto child : children_of(job.rig().daemon().pid())) {
        if (!has(maps_of(child), "libemail.so")) { carrier = child; }
    }
    REQUIRE(carrier > 0);
    REQUIRE(::kill(carrier, SIGKILL) == 0);
    job.wait_for_mails(order_id, 1);
    CHECK(posts(job) == 1);
    CHECK(job.orders_at_supplier()[order_id] == 1);
    CHECK(job.supplier_order_id(order_id) == "ORD845140");
    const auto shown = job.rig().crossdock({"order", "show", order_id});
    INFO(shown.out);
    CHECK(has(shown.out, "unknown"));
    CHECK(has(job.log("daemon"), "carrier ended worker=phonex"));
    const auto carriers = children_of(job.rig().daemon().pid());
    CHECK(carriers.size() == 2);
    CHECK(std::find(carriers.begin(), carriers.end(), carrier) == carriers.end());
}

}  // namespace crossdock::tests
