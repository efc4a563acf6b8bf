#include "inventory/feed.hpp"
#include "inventory/items.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

using namespace crossdock;
using support::OrderDesk;

namespace {

Json row(const std::string& sku, std::int64_t quantity, const std::string& price) {
    return Json::object({{"sku", sku}, {"name", "Phone " + sku}, {"quantity", quantity}, {"price", price}, {"warehouse", "A"}});
}

model::StockRules low_at(std::int64_t threshold) {
    model::StockRules rules;
    rules.low = {threshold, threshold};
    return rules;
}

/// Pulls and applies one feed as the pipeline does.
inventory::FeedResult feed(OrderDesk& desk, const std::string& id, const std::vector<Json>& rows, std::int64_t low_stock = 0) {
    Json batch = Json::array();
    for (const auto& one : rows) { batch.push(one); }
    const auto items = inventory::read_batch(batch, "USD").value();
    return desk.store.in([&](store::Tx& tx) {
        inventory::open_feed(tx, {.id = id, .supplier_id = desk.account.supplier_id, .run_id = "run " + id}, desk.clock.utc_ms());
        inventory::stage_batch(tx, id, items, desk.clock.utc_ms());
        inventory::complete_feed(tx, id, {}, desk.clock.utc_ms());
        return inventory::apply_feed(tx, desk.facts, id, "phonex", low_at(low_stock));
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
    CHECK(desk.count("supplier_sync_logs WHERE status = 'success' AND type = 'inventory'") == 3);
    CHECK(desk.count("supplier_sync_logs WHERE status = 'success' AND type = 'price'") == 3);
    const auto listed = desk.store.in([](store::Tx& tx) { return inventory::list_items(tx, {}, {}, 0); });
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
    const auto again = desk.store.in([&](store::Tx& tx) { return inventory::apply_feed(tx, desk.facts, "f2", "phonex", {}); });
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
        inventory::open_feed(tx, {.id = "f1", .supplier_id = desk.account.supplier_id, .run_id = "run"}, 0);
        inventory::stage_batch(tx, "f1", items, 0);
        inventory::open_feed(tx, {.id = "f2", .supplier_id = desk.account.supplier_id, .run_id = "run"}, 1);
        const auto unfinished = inventory::apply_feed(tx, desk.facts, "f2", "phonex", {});
        CHECK_FALSE(unfinished.applied);
        CHECK_THAT(unfinished.reason, Catch::Matchers::Contains("staging"));
    });
    CHECK(desk.text("SELECT state FROM feeds WHERE id = 'f1'") == "abandoned");
    CHECK(desk.count("feed_rows") == 0);
    CHECK(desk.count("inventory_items") == 0);
}

TEST_CASE("a row that makes no sense is parked with its reason, the rest goes on", "[inventory][unit]") {
    const auto why = [](const Json& bad) {
        const auto read = inventory::read_batch(Json::array({row("X", 1, "1"), bad, row("Z", 1, "1")}), "USD").value();
        CHECK(read.rows.size() + read.bad.size() == 3);
        return read.bad.empty() ? std::string("taken") : read.bad.front().reason;
    };
    const auto says = [](const char* text) { return Catch::Matchers::StartsWith(text); };
    CHECK(why(row("Y", 0, "0.10")) == "taken");
    CHECK_THAT(why(row("", 1, "1")), says("`sku`"));
    CHECK_THAT(why(row("Y", -1, "1")), says("`quantity`"));
    CHECK_THAT(why(row("Y", 1, "-1")), says("`price`"));
    CHECK_THAT(why(row("Y", 1, "1.005")), says("`price`"));
    CHECK_THAT(why(row("Y", 1, "")), says("`price`"));
    CHECK_THAT(why(Json("no object")), says("`sku`"));
    CHECK(!inventory::read_batch(Json::object(), "USD").has_value());
}

TEST_CASE("an attribute that changed is told with old and new", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X", 9, "1")});
    auto other = row("X", 9, "1");
    other.set("grade", "B");
    CHECK(feed(desk, "f2", {other}).attribute_changes == 1);
    CHECK(desk.text("SELECT text_before || ' -> ' || text_after FROM inventory_changes WHERE kind = 'attributes'") ==
          "Phone X -> Phone X, grade B");
    CHECK(desk.count("events WHERE type = 'inventory.changed'") == 1);
}
