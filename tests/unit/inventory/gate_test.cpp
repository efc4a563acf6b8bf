// A bad feed never changes the catalog: what is wrong with it keeps it in quarantine until a person says otherwise. Each check is
// tried with itself switched off, too: then the same feed changes the catalog.
#include "inventory/feed.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

using namespace crossdock;
using support::OrderDesk;

namespace {

struct Row {
    std::string sku;
    std::int64_t quantity;
    std::string price;
};

struct Given {
    std::vector<Row> rows;
    inventory::Handed handed = {};
    std::vector<Json> raw = {};  ///< further rows, as they are
    bool delta = false;
    bool twice = false;  ///< the same page comes twice
};

inventory::FeedResult feed(OrderDesk& desk, const std::string& id, const Given& given, const model::StockRules& rules = {}) {
    Json batch = Json::array();
    for (const auto& one : given.rows) {
        batch.push(Json::object({{"sku", one.sku}, {"quantity", one.quantity}, {"price", one.price}}));
    }
    for (const auto& one : given.raw) { batch.push(one); }
    const auto read = inventory::read_batch(batch, "USD").value();
    desk.clock.advance(milliseconds{1'000});
    return desk.store.in([&](store::Tx& tx) {
        const auto now = desk.clock.utc_ms();
        inventory::open_feed(tx, {.id = id, .supplier_id = desk.account.supplier_id, .run_id = "run " + id, .delta = given.delta},
                             now);
        inventory::stage_batch(tx, id, read, now);
        if (given.twice) { inventory::stage_batch(tx, id, read, now); }
        inventory::complete_feed(tx, id, given.handed, now);
        return inventory::apply_feed(tx, desk.facts, id, "phonex", rules);
    });
}

std::vector<Row> stock(std::int64_t quantity, const std::string& price, int items = 5) {
    std::vector<Row> rows;
    for (int i = 0; i < items; ++i) { rows.push_back({"X" + std::to_string(i), quantity, price}); }
    return rows;
}

std::string catalog(OrderDesk& desk) {
    std::string all;
    for (const auto& one : desk.list("SELECT sku || '=' || quantity || '@' || price_minor FROM inventory_items WHERE present = 1 "
                                     "ORDER BY sku")) {
        all += one + " ";
    }
    return all;
}

inventory::FeedDecision approve(OrderDesk& desk, const std::string& id) {
    return desk.store.in([&](store::Tx& tx) { return inventory::approve_feed(tx, desk.facts, id, {}, "anna"); });
}
inventory::FeedDecision reject(OrderDesk& desk, const std::string& id, const std::string& note = "") {
    return desk.store.in([&](store::Tx& tx) { return inventory::reject_feed(tx, desk.facts, id, note, "anna"); });
}

constexpr UtcMs hour = 3'600'000;

}  // namespace

TEST_CASE("a bad feed never changes the catalog, and would without its check", "[inventory][unit]") {
    struct Bad {
        const char* check;
        Given given;
        model::GateLimits off;  ///< the check switched off
        const char* said;
    };
    OrderDesk desk;
    const UtcMs now = desk.clock.utc_ms();
    inventory::Handed new_feed;
    new_feed.as_of = now - hour;
    inventory::Handed old_feed;
    old_feed.as_of = now - 3 * hour;
    const auto bad = GENERATE_COPY(values<Bad>({
        {"collapsed", {stock(9, "10.00", 1)}, {.rows_least = 0, .zeroed_most = 100}, "less than half of the 5"},
        {"truncated to nothing", {{}}, {.rows_least = 0, .zeroed_most = 100}, "empty"},
        {"zeroed", {stock(0, "10.00")}, {.zeroed_most = 100}, "5 of 5 (100 %"},
        {"prices in cents", {stock(9, "1000.00")}, {.price_jump = 10'000, .jumps_most = 100}, "more than 50 %"},
        {"prices of nothing", {stock(9, "0")}, {.jumps_most = 100}, "more than 50 %"},
        {"too old", {stock(8, "10.00"), old_feed}, {}, "older than 2h"},
        {"unreadable",
         {stock(8, "10.00"), {}, {Json::object({{"sku", "X9"}}), Json::object({{"sku", "X8"}}), Json::object({{"sku", ""}})}},
         {.bad_most = 100},
         "cannot be read"},
    }));
    INFO(bad.check);
    REQUIRE(feed(desk, "good", {stock(9, "10.00"), new_feed}).applied);
    const std::string before = catalog(desk);
    model::StockRules rules;
    rules.gate.age_max = milliseconds{2 * hour};
    const auto result = feed(desk, "bad", bad.given, rules);
    CHECK_FALSE(result.applied);
    CHECK(result.quarantined);
    CHECK_THAT(result.reason, Catch::Matchers::Contains(bad.said));
    CHECK(catalog(desk) == before);
    CHECK(desk.text("SELECT state FROM feeds WHERE id = 'bad'") == "quarantined");
    CHECK(desk.count("attention WHERE resolved_at IS NULL") == 1);

    rules.gate = bad.off;
    Given again = bad.given;
    if (bad.given.handed.as_of) { again.handed = {}; }
    CHECK(feed(desk, "unchecked", again, rules).applied);
    CHECK(catalog(desk) != before);
}

TEST_CASE("pages that do not add up are never applied", "[inventory][unit]") {
    OrderDesk desk;
    REQUIRE(feed(desk, "good", {stock(9, "10.00")}).applied);
    Given given{stock(8, "10.00")};
    SECTION("a page came twice") {
        given.twice = true;
    }
    SECTION("a page got lost") {
        given.handed.rows = 6;
    }
    const auto result = feed(desk, "bad", given);
    CHECK(result.quarantined);
    CHECK_THAT(result.reason, Catch::Matchers::Contains("pages"));
    CHECK_THAT(catalog(desk), Catch::Matchers::StartsWith("X0=9"));
    given.twice = false;
    given.handed.rows = 5;
    CHECK(feed(desk, "whole", given).applied);
}

TEST_CASE("a feed that is older than the one before it, or of the future, is not applied", "[inventory][unit]") {
    OrderDesk desk;
    Given given{stock(9, "10.00")};
    given.handed.as_of = desk.clock.utc_ms() - hour;
    REQUIRE(feed(desk, "f1", given).applied);
    given.handed.as_of = desk.clock.utc_ms() - 2 * hour;
    CHECK_THAT(feed(desk, "f2", given).reason, Catch::Matchers::Contains("was applied before"));
    given.handed.as_of = desk.clock.utc_ms() + 2 * hour;
    CHECK_THAT(feed(desk, "f3", given).reason, Catch::Matchers::Contains("to come"));
    given.handed.as_of = desk.clock.utc_ms();
    CHECK(feed(desk, "f4", given).applied);
}

TEST_CASE("a quarantined feed keeps its rows and says what it would change", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "0190-first", {stock(9, "10.00")});
    auto rows = stock(9, "10.00", 2);
    rows[0].quantity = 1;
    rows[1].price = "99.00";
    rows.push_back({"NEW", 4, "1.00"});
    Given given{rows};
    CHECK(feed(desk, "0190-second", given, {.gate = {.rows_least = 80}}).quarantined);
    const auto shown = desk.store.in([](store::Tx& tx) { return inventory::show_feed(tx, "0190-sec"); });
    REQUIRE(shown.has_value());
    CHECK(shown->text("state") == "quarantined");
    CHECK(shown->find("staged")->items().size() == 3);
    const Json& report = *shown->find("report");
    const Json& counts = *report.find("counts");
    CHECK(counts.integer("known") == 5);
    CHECK(counts.integer("rows") == 3);
    CHECK(counts.integer("added") == 1);
    CHECK(counts.integer("removed") == 3);
    CHECK(counts.integer("quantity_changes") == 1);
    CHECK(counts.integer("price_changes") == 1);
    CHECK(counts.integer("price_jumps") == 1);
    CHECK(report.find("reasons")->items().front().text("check") == "rows");
    CHECK(report.find("biggest")->items().size() == 5);
    CHECK_THAT(report.dump(), Catch::Matchers::Contains(R"("sku":"X1","warehouse":"","before":"10.00 USD","after":"99.00 USD")"));
    const auto list =
        desk.store.in([](store::Tx& tx) { return inventory::list_feeds(tx, {.account = "phonex", .state = "quarantined"}); });
    CHECK(list.find("feeds")->items().size() == 1);
    CHECK_FALSE(desk.store.in([](store::Tx& tx) { return inventory::show_feed(tx, "0190"); }).has_value());
    CHECK_FALSE(desk.store.in([](store::Tx& tx) { return inventory::show_feed(tx, "019_____"); }).has_value());
}

TEST_CASE("a person approves what was shown, and nothing else", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {stock(9, "10.00")});
    feed(desk, "f2", {stock(9, "10.00", 1)});
    const auto done = approve(desk, "f2");
    CHECK(done.refusal.empty());
    CHECK(done.result.removed == 4);
    CHECK(catalog(desk) == "X0=9@1000 ");
    CHECK(desk.text("SELECT state || ' by ' || decided_by FROM feeds WHERE id = 'f2'") == "applied by anna");
    CHECK(desk.count("audit_log WHERE action = 'feed.approve' AND subject = 'f2' AND actor = 'anna'") == 1);
    CHECK(desk.count("attention WHERE resolved_at IS NULL") == 0);
    CHECK_THAT(approve(desk, "f2").refusal, Catch::Matchers::Contains("it is applied"));
    CHECK_FALSE(approve(desk, "none").known);
}

TEST_CASE("a feed cannot be approved once a newer one was applied", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {stock(9, "10.00")});
    feed(desk, "f2", {stock(9, "10.00", 1)});
    feed(desk, "f3", {stock(7, "10.00")});
    const auto before = catalog(desk);
    const auto done = approve(desk, "f2");
    CHECK_THAT(done.refusal, Catch::Matchers::Contains("because the feed f3 was applied"));
    CHECK(catalog(desk) == before);
    CHECK(desk.count("feed_rows") == 0);
    CHECK(desk.count("attention WHERE resolved_at IS NULL") == 0);
}

TEST_CASE("a rejected feed is gone, and the next one meets the gate as any does", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {stock(9, "10.00")});
    feed(desk, "f2", {stock(9, "10.00", 1)});
    CHECK(reject(desk, "f2", "nonsense").refusal.empty());
    CHECK(desk.text("SELECT reason FROM feeds WHERE id = 'f2'") == "rejected by a person: nonsense");
    CHECK(desk.count("feed_rows") == 0);
    CHECK_THAT(reject(desk, "f2").refusal, Catch::Matchers::Contains("it is abandoned"));
    CHECK(desk.count("audit_log WHERE action = 'feed.reject' AND detail = 'nonsense'") == 1);
    CHECK(desk.count("attention WHERE resolved_at IS NULL") == 0);
    CHECK(feed(desk, "f3", {stock(9, "10.00", 1)}).quarantined);
    CHECK(desk.count("attention WHERE resolved_at IS NULL") == 1);
    CHECK(catalog(desk) == "X0=9@1000 X1=9@1000 X2=9@1000 X3=9@1000 X4=9@1000 ");
}

TEST_CASE("a supplier that sends nonsense for days keeps few feeds waiting, and a person hears of it once", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f0", {stock(9, "10.00")});
    for (int i = 1; i <= 8; ++i) { feed(desk, "f" + std::to_string(i), {stock(9, "10.00", 1)}); }
    CHECK(desk.count("feeds WHERE state = 'quarantined'") == 5);
    CHECK(desk.count("feed_rows") == 5);
    CHECK(desk.count("notifications") == 1);
    CHECK(feed(desk, "f9", {stock(8, "10.00")}).applied);
    CHECK(desk.count("feeds WHERE state = 'quarantined'") == 0);
    CHECK(desk.count("feed_rows") == 0);
}

TEST_CASE("an unreadable row is no item that is gone", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {stock(9, "10.00")});
    Given given{stock(8, "10.00", 3)};
    model::StockRules rules;
    rules.gate.bad_most = 50;
    SECTION("its SKU can be read") {
        given.raw = {Json::object({{"sku", "X3"}, {"quantity", "many"}, {"price", "1"}})};
        CHECK(feed(desk, "f2", given, rules).removed == 1);
        CHECK_THAT(catalog(desk), Catch::Matchers::EndsWith("X3=9@1000 "));
    }
    SECTION("not even its SKU can be read: nothing is taken for gone") {
        given.raw = {Json::object({{"quantity", 1}, {"price", "1"}})};
        CHECK(feed(desk, "f2", given, rules).removed == 0);
        CHECK_THAT(catalog(desk), Catch::Matchers::EndsWith("X3=9@1000 X4=9@1000 "));
    }
    const auto bad = desk.list("SELECT reason FROM feed_bad_rows");
    REQUIRE(bad.size() == 1);
    CHECK(desk.text("SELECT rows_bad FROM feeds WHERE id = 'f2'") == "1");
}

TEST_CASE("what a delta does not name stays", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {stock(9, "10.00")});
    Given given{{{"X1", 3, "10.00"}, {"NEW", 1, "1"}}};
    given.delta = true;
    const auto result = feed(desk, "f2", given);
    CHECK(result.applied);
    CHECK(result.removed == 0);
    CHECK(catalog(desk) == "NEW=1@100 X0=9@1000 X1=3@1000 X2=9@1000 X3=9@1000 X4=9@1000 ");
}
