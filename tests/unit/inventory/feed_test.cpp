#include "inventory/feed.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

using namespace crossdock;
using support::OrderDesk;

namespace {

Json row(const std::string& sku, std::int64_t quantity, const std::string& price) {
    return Json::object({{"sku", sku}, {"name", "Phone " + sku}, {"quantity", quantity}, {"price", price}, {"warehouse", "A"}});
}

/// Pulls and applies one feed as the pipeline does.
inventory::FeedResult feed(OrderDesk& desk, const std::string& id, const std::vector<Json>& rows, std::int64_t low_stock = 0) {
    Json batch = Json::array();
    for (const auto& one : rows) { batch.push(one); }
    const auto items = inventory::read_batch(batch, "USD").value();
    return desk.store.in([&](store::Tx& tx) {
        inventory::open_feed(tx, id, desk.account.supplier_id, "run " + id, desk.clock.utc_ms());
        inventory::stage_rows(tx, id, items, desk.clock.utc_ms());
        inventory::complete_feed(tx, id, desk.clock.utc_ms());
        return inventory::apply_feed(tx, desk.facts, id, "phonex", low_stock);
    });
}

std::string item(OrderDesk& desk, const std::string& sku) {
    return desk.text(
        "SELECT quantity || ' at ' || price_minor || CASE present WHEN 1 THEN '' ELSE ' gone' END FROM "
        "inventory_items WHERE sku = :1",
        {sku});
}

}  // namespace

TEST_CASE("a feed's changes are applied and told, an unchanged feed tells nothing", "[inventory][unit]") {
    OrderDesk desk;
    const auto first = feed(desk, "f1", {row("X", 9, "231.00"), row("Y", 4, "10.00")});
    CHECK(first.applied);
    CHECK(first.added == 2);
    const auto same = feed(desk, "f2", {row("X", 9, "231.00"), row("Y", 4, "10.00")});
    CHECK(same.applied);
    CHECK(same.quantity_changes + same.price_changes + same.added + same.removed == 0);
    CHECK(desk.count("events") == 0);
    const auto changed = feed(desk, "f3", {row("X", 7, "229.50")});
    CHECK(changed.quantity_changes == 1);
    CHECK(changed.price_changes == 1);
    CHECK(changed.removed == 1);
    CHECK(item(desk, "X") == "7 at 22950");
    CHECK(item(desk, "Y") == "4 at 1000 gone");
    CHECK(desk.count("events WHERE type = 'inventory.changed'") == 2);
    CHECK(desk.count("events WHERE type = 'price.changed'") == 1);
    CHECK(desk.count("feed_rows") == 0);
    CHECK(desk.count("supplier_sync_logs WHERE status = 'success'") == 3);
    const auto listed = desk.store.in([](store::Tx& tx) { return inventory::list_items(tx, 10, ""); });
    REQUIRE(listed.find("items")->items().size() == 1);
    CHECK(listed.find("items")->items().front().text("price") == "229.50");
}

TEST_CASE("a feed that lost most of the catalog is kept apart and changes nothing", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X", 9, "1"), row("Y", 9, "1"), row("Z", 9, "1")});
    const auto collapsed = feed(desk, "f2", {row("X", 1, "1")});
    CHECK_FALSE(collapsed.applied);
    CHECK_THAT(collapsed.reason, Catch::Matchers::Contains("less than half"));
    CHECK_FALSE(feed(desk, "f3", {}).applied);
    CHECK(item(desk, "X") == "9 at 100");
    CHECK(item(desk, "Y") == "9 at 100");
    CHECK(desk.count("feeds WHERE state = 'quarantined'") == 2);
    CHECK(desk.count("events WHERE type = 'feed.quarantined'") == 2);
    CHECK(desk.count("feed_rows WHERE feed_id = 'f2'") == 1);
    // A second try at the same feed changes nothing either.
    const auto again = desk.store.in([&](store::Tx& tx) { return inventory::apply_feed(tx, desk.facts, "f2", "phonex", 0); });
    CHECK_FALSE(again.applied);
    CHECK(desk.count("events WHERE type = 'feed.quarantined'") == 2);
}

TEST_CASE("low stock is told once per episode, to the alerts' address", "[inventory][unit]") {
    OrderDesk desk;
    const auto mails = [&] {
        return desk.count("notifications WHERE email = 'ops@reseller.example' AND template = 'stock.low'");
    };
    feed(desk, "f1", {row("X", 9, "1")}, 5);
    CHECK(mails() == 0);
    CHECK(feed(desk, "f2", {row("X", 5, "1")}, 5).low == 1);
    CHECK(feed(desk, "f3", {row("X", 4, "1")}, 5).low == 0);
    CHECK(mails() == 1);
    CHECK(feed(desk, "f4", {row("X", 6, "1")}, 5).restored == 1);
    CHECK(feed(desk, "f5", {row("X", 2, "1")}, 5).low == 1);
    CHECK(mails() == 2);
    CHECK(desk.count("events WHERE type = 'stock.restored'") == 1);
}

TEST_CASE("a feed that is pulled anew abandons what the same run had staged before", "[inventory][unit]") {
    OrderDesk desk;
    const auto items = inventory::read_batch(Json::array({row("X", 1, "1")}), "USD").value();
    desk.store.run([&](store::Tx& tx) {
        inventory::open_feed(tx, "f1", desk.account.supplier_id, "run", 0);
        inventory::stage_rows(tx, "f1", items, 0);
        inventory::open_feed(tx, "f2", desk.account.supplier_id, "run", 1);
        const auto unfinished = inventory::apply_feed(tx, desk.facts, "f2", "phonex", 0);
        CHECK_FALSE(unfinished.applied);
        CHECK_THAT(unfinished.reason, Catch::Matchers::Contains("staging"));
    });
    CHECK(desk.text("SELECT state FROM feeds WHERE id = 'f1'") == "abandoned");
    CHECK(desk.count("feed_rows") == 0);
    CHECK(desk.count("inventory_items") == 0);
}

TEST_CASE("an absurd row is refused by its place in the batch", "[inventory][unit]") {
    const auto where = [](const Json& bad) {
        const auto read = inventory::read_batch(Json::array({row("X", 1, "1"), bad}), "USD");
        return read ? std::string("taken") : read.error().where;
    };
    CHECK(where(row("Y", 0, "0.10")) == "taken");
    CHECK(where(row("", 1, "1")) == "/1/sku");
    CHECK(where(row("Y", -1, "1")) == "/1/quantity");
    CHECK(where(row("Y", 1, "-1")) == "/1/price");
    CHECK(where(row("Y", 1, "1.005")) == "/1/price");
    CHECK(where(row("Y", 1, "")) == "/1/price");
    CHECK(where(Json("no object")) == "/1/sku");
    CHECK(!inventory::read_batch(Json::object(), "USD").has_value());
}
