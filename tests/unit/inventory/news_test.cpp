// Stock that webhooks tell of between two feeds.
#include "inventory/feed.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

using namespace crossdock;
using support::OrderDesk;

namespace {

constexpr UtcMs hour = 3'600'000;

Json row(const std::string& sku, std::int64_t quantity, const std::string& price = "") {
    Json made = Json::object({{"sku", sku}, {"quantity", quantity}});
    if (!price.empty()) { made.set("price", price); }
    return made;
}

void feed(OrderDesk& desk, const std::string& id, std::int64_t quantity, std::optional<UtcMs> as_of, UtcMs begun) {
    Json rows = Json::array();
    for (const char* const sku : {"X", "Y", "Z", "V", "W"}) {
        Json made = row(sku, quantity, "10.00");
        rows.push(made.set("name", "Phone").set("grade", "A"));
    }
    const auto batch = inventory::read_batch(rows, "USD").value();
    const auto result = desk.store.in([&](store::Tx& tx) {
        inventory::open_feed(tx, {.id = id, .supplier_id = desk.account.supplier_id, .run_id = "run " + id}, begun);
        inventory::stage_batch(tx, id, batch, begun);
        inventory::complete_feed(tx, id, {.as_of = as_of}, begun);
        return inventory::apply_feed(tx, desk.facts, id, "phonex", {});
    });
    REQUIRE(result.applied);
}

inventory::FeedResult told(OrderDesk& desk, const std::vector<Json>& rows, std::optional<UtcMs> as_of = {}) {
    inventory::News news{desk.account.supplier_id, "phonex", "webhook run", "USD", as_of, Json::array(rows)};
    return desk.store.in([&](store::Tx& tx) { return inventory::apply_news(tx, desk.facts, news, {}); });
}

std::string item(OrderDesk& desk, const std::string& sku) {
    return desk.text(
        "SELECT quantity || ' at ' || price_minor || ' ' || name || ' ' || grade FROM inventory_items WHERE sku = :1 "
        "AND present = 1",
        {sku});
}

}  // namespace

TEST_CASE("a webhook about stock changes its items, and keeps what it does not say", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", 9, {}, desk.clock.utc_ms());
    const auto result = told(desk, {row("X", 3), row("NEW", 2, "5.00"), row("UNKNOWN", 2)});
    CHECK(result.applied);
    CHECK(result.quantity_changes == 1);
    CHECK(result.added == 1);
    CHECK(result.bad == 1);
    CHECK(item(desk, "X") == "3 at 1000 Phone A");
    CHECK(item(desk, "Y") == "9 at 1000 Phone A");
    CHECK(item(desk, "NEW") == "2 at 500  ");
    CHECK(desk.text("SELECT kind || ' by ' || origin FROM feeds WHERE origin = 'webhook'") == "delta by webhook");
}

TEST_CASE("of two webhooks about one item the later one counts, whichever comes first", "[inventory][unit]") {
    OrderDesk desk;
    const UtcMs now = desk.clock.utc_ms();
    feed(desk, "f1", 9, now - 3 * hour, now);
    told(desk, {row("X", 3)}, now - hour);
    CHECK(told(desk, {row("X", 7), row("Y", 5)}, now - 2 * hour).older == 1);
    CHECK(item(desk, "X") == "3 at 1000 Phone A");
    CHECK(item(desk, "Y") == "5 at 1000 Phone A");
    SECTION("one that is older than the last feed says nothing new of any item") {
        CHECK(told(desk, {row("X", 1), row("Z", 1)}, now - 4 * hour).older == 2);
        CHECK(item(desk, "Z") == "9 at 1000 Phone A");
    }
    SECTION("a feed that is older than a webhook leaves that item as it is") {
        feed(desk, "f2", 8, now - 90 * 60'000, now);
        CHECK(item(desk, "X") == "3 at 1000 Phone A");
        CHECK(item(desk, "Y") == "8 at 1000 Phone A");
        feed(desk, "f3", 7, now, now);
        CHECK(item(desk, "X") == "7 at 1000 Phone A");
    }
}

TEST_CASE("a webhook that came while a feed was being pulled is not undone by it", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", 9, {}, desk.clock.utc_ms());
    const UtcMs begun = desk.clock.utc_ms();
    desk.clock.advance(milliseconds{1'000});
    told(desk, {row("X", 3)});
    feed(desk, "f2", 8, {}, begun);
    CHECK(item(desk, "X") == "3 at 1000 Phone A");
    CHECK(item(desk, "Y") == "8 at 1000 Phone A");
    desk.clock.advance(milliseconds{1'000});
    feed(desk, "f3", 8, {}, desk.clock.utc_ms());
    CHECK(item(desk, "X") == "8 at 1000 Phone A");
}

TEST_CASE("a webhook that would empty the catalog waits for a person", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", 9, {}, desk.clock.utc_ms());
    const auto result = told(desk, {row("X", 0), row("Y", 0), row("Z", 0)});
    CHECK(result.quarantined);
    CHECK(item(desk, "X") == "9 at 1000 Phone A");
    const auto id = desk.text("SELECT id FROM feeds WHERE state = 'quarantined'");
    const auto approved = desk.store.in([&](store::Tx& tx) { return inventory::approve_feed(tx, desk.facts, id, {}, "anna"); });
    CHECK(approved.refusal.empty());
    CHECK(item(desk, "X") == "0 at 1000 Phone A");
    CHECK(item(desk, "V") == "9 at 1000 Phone A");
}
