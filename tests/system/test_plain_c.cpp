// The main job through an adapter in plain C: what an integrator may rely on without C++.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";

/// The rig's account, served by the adapter in plain C.
app::RigOptions plain_c() {
    app::RigOptions options;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    options.edit_supplier = [](std::string text) {
        const std::string from = "\nplugin: phonex\n";
        return text.replace(text.find(from), from.size(), "\nplugin: " PLAIN_C "\n");
    };
    return options;
}

}  // namespace

TEST_CASE("an adapter in plain C places the order, and the client is told twice", "[system]") {
    MainJob job(plain_c());
    job.run_seed_order();
    const auto shown = job.rig().crossdock({"order", "show", order_id});
    INFO(shown.out);
    for (const char* part : {"ORD845140", "1Z999AA10123456784", "POST /v1/orders -> 201"}) {
        CHECK(shown.out.find(part) != std::string::npos);
    }
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("orders")->items().size() == 1);
    CHECK(world->find("posts")->integer(order_id) == 1);
    const auto said = job.rig().crossdock({"plugin", "inspect", PLAIN_C});
    CHECK(said.out.find("plain_c 1.0.0") == 0);
}

TEST_CASE("an adapter in plain C finds an order whose answer was lost", "[system]") {
    auto options = plain_c();
    options.effect_class = "lookup";
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.visible_within = milliseconds{200};
    // Its webhooks would tell as well; here the lookup does.
    options.accept_after = milliseconds{3'600'000};
    options.ship_after = milliseconds{3'600'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"cut_after_accept","times":1})")
                .has_value());
    job.place(seed_order());
    job.wait_for_mails(order_id, 1);
    const Json story = job.order(order_id);
    CHECK(story.find("supplier_orders")->items().front().text("supplier_order_id") == "ORD845140");
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("posts")->integer(order_id) == 1);
}

TEST_CASE("an adapter in plain C reads the whole stock", "[system]") {
    auto options = plain_c();
    options.inventory_every = milliseconds{1'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.wait_for_stock();
    const auto inventory = job.rig().crossdock({"inventory", "--json"});
    const auto items = Json::parse(inventory.out, JsonLimits{.bytes_max = 16 << 20});
    REQUIRE(items.has_value());
    CHECK(items->find("items")->items().size() == 252);
    CHECK(inventory.out.find(R"("price":"231.00")") != std::string::npos);
    CHECK(inventory.out.find(R"("lower_bound":true)") != std::string::npos);
}

}  // namespace crossdock::tests
