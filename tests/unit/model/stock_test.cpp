#include "model/stock.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace crossdock;
using namespace crossdock::model;
using Kind = StockChange::Kind;

namespace {

StockItem item(std::int64_t quantity, std::int64_t price = 100, bool lower_bound = false) {
    StockItem made;
    made.sku = "X";
    made.quantity = quantity;
    made.price_minor = price;
    made.currency = "USD";
    made.lower_bound = lower_bound;
    return made;
}

std::vector<Kind> kinds(const std::vector<StockChange>& found) {
    std::vector<Kind> list;
    for (const auto& change : found) { list.push_back(change.kind); }
    return list;
}

}  // namespace

TEST_CASE("a changed item tells what changed, once", "[model][unit]") {
    struct Row {
        std::optional<StockItem> before;
        StockItem after;
        LowStock low;
        bool alert_open;
        std::vector<Kind> wanted;
    };
    const auto row = GENERATE(values<Row>({
        {item(9), item(9), {5, 5}, false, {}},
        {std::nullopt, item(9), {5, 5}, false, {Kind::added}},
        {std::nullopt, item(5), {5, 5}, false, {Kind::added, Kind::low}},
        {item(9), item(8), {5, 5}, false, {Kind::quantity}},
        {item(9), item(9, 99), {5, 5}, false, {Kind::price}},
        {item(9), item(3, 99), {5, 5}, false, {Kind::quantity, Kind::price, Kind::low}},
        {item(4), item(3), {5, 5}, true, {Kind::quantity}},
        {item(3), item(6), {5, 5}, true, {Kind::quantity, Kind::restored}},
        {item(3), item(5), {5, 5}, true, {Kind::quantity}},
        {item(5), item(5, 100, true), {5, 5}, true, {Kind::quantity, Kind::restored}},
        {item(9), item(0), {0, 0}, false, {Kind::quantity}},
        {item(3), item(6), {5, 8}, true, {Kind::quantity}},
        {item(6), item(8), {5, 8}, true, {Kind::quantity}},
        {item(8), item(9), {5, 8}, true, {Kind::quantity, Kind::restored}},
        {item(9), item(6), {5, 8}, false, {Kind::quantity}},
        {item(3), item(3), {0, 0}, true, {Kind::restored}},
    }));
    CHECK(kinds(changes(row.before, row.after, row.low, row.alert_open)) == row.wanted);
}

TEST_CASE("a change tells the value before and after", "[model][unit]") {
    const auto found = changes(item(9, 100), item(3, 250), {}, false);
    REQUIRE(found.size() == 2);
    CHECK(found[0].before == 9);
    CHECK(found[0].after == 3);
    CHECK(found[1].before == 100);
    CHECK(found[1].after == 250);
}

TEST_CASE("a word that is neither quantity nor price is told as what it is", "[model][unit]") {
    auto after = item(9);
    after.grade = "B";
    after.name = "Phone";
    CHECK(kinds(changes(item(9), after, {}, false)) == std::vector{Kind::attributes});
    CHECK(attributes_text(after) == "Phone, grade B");
    CHECK(attributes_text(item(9)).empty());
}

TEST_CASE("the first threshold that fits an item counts, before the account's own", "[model][unit]") {
    StockRules rules;
    rules.low = {5, 5};
    rules.low_by = {
        {.sku = "X1", .low = {20, 25}}, {.sku = "X*", .grade = "A", .low = {10, 10}}, {.warehouse = "W", .low = {0, 0}}};
    const auto at = [&](const char* sku, const char* grade, const char* warehouse) {
        StockItem made;
        made.sku = sku;
        made.grade = grade;
        made.warehouse = warehouse;
        return rules.low_of(made).at;
    };
    CHECK(at("X1", "A", "W") == 20);
    CHECK(at("X2", "A", "W") == 10);
    CHECK(at("X2", "B", "W") == 0);
    CHECK(at("X2", "B", "V") == 5);
    CHECK(at("Y", "A", "V") == 5);
}

namespace {

FeedCounts feed(std::int64_t known, std::int64_t rows) {
    FeedCounts made;
    made.known = known;
    made.in_stock = known;
    made.rows = rows;
    made.received = rows;
    made.now = 1'700'000'000'000;
    return made;
}

FeedCounts with(FeedCounts made, const std::function<void(FeedCounts&)>& change) {
    change(made);
    return made;
}

std::string checks(const std::vector<GateReason>& reasons) {
    std::string text;
    for (const auto& one : reasons) { text += (text.empty() ? "" : " ") + one.check; }
    return text;
}

struct GateRow {
    FeedCounts feed;
    GateLimits limits;
    std::string wanted, said;
};

}  // namespace

TEST_CASE("the gate names what is absurd, with its numbers, and passes the rest", "[model][unit]") {
    constexpr UtcMs hour = 3'600'000;
    const auto row = GENERATE_COPY(values<GateRow>({
        {feed(0, 0), {}, "", ""},
        {feed(0, 10), {}, "", ""},
        {feed(10, 5), {}, "", ""},
        {feed(10, 50), {}, "", ""},
        {feed(10, 4), {}, "rows", "4 rows, less than half of the 10 items known"},
        {feed(1, 0), {}, "rows", "empty, and 1 items are known"},
        {feed(10, 7), {.rows_least = 80}, "rows", "less than 80 % of the 10"},
        {feed(10, 0), {.rows_least = 0}, "", ""},
        {with(feed(10, 1), [](auto& f) { f.full = false; }), {}, "", ""},
        {with(feed(10, 10), [](auto& f) { f.zeroed = 5; }), {}, "", ""},
        {with(feed(10, 10), [](auto& f) { f.zeroed = 6; }), {}, "zeroed", "6 of 10 (60 %, at most 50 %)"},
        {with(feed(2, 2), [](auto& f) { f.zeroed = 2; }), {}, "", ""},
        {with(feed(2, 2), [](auto& f) { f.zeroed = 2; }), {.items_least = 1}, "zeroed", "2 of 2 (100 %"},
        {with(feed(1000, 1000), [](auto& f) { f.zeroed = 501; }), {}, "zeroed", "501 of 1000 (51 %"},
        {with(feed(10, 10), [](auto& f) { f.price_jumps = 3; }), {}, "prices", "more than 50 % for 3 of 10 (30 %, at most 20 %)"},
        {with(feed(20, 20), [](auto& f) { f.price_jumps = 4; }), {}, "", ""},
        {with(feed(10, 9), [](auto& f) { f.bad = 1; }), {}, "", ""},
        {with(feed(10, 8), [](auto& f) { f.bad = 2; }), {}, "", ""},
        {with(feed(10, 7), [](auto& f) { f.bad = 3; }), {}, "bad_rows", "3 of 10 (30 %, at most 10 %) cannot be read"},
        {with(feed(0, 10), [](auto& f) { f.said = 12; }), {}, "pages", "12 rows, and 10 came"},
        {with(feed(0, 10), [](auto& f) { f.repeated = 1; }), {}, "pages", "1 row came twice"},
        {with(feed(10, 10), [](auto& f) { f.as_of = f.last_as_of = f.now; }), {}, "", ""},
        {with(feed(10, 10),
              [](auto& f) {
                  f.as_of = f.now - 1;
                  f.last_as_of = f.now;
              }),
         {},
         "time",
         "was applied before"},
        {with(feed(10, 10), [](auto& f) { f.as_of = f.now + 2 * hour; }), {}, "time", "which is to come"},
        {with(feed(10, 10), [](auto& f) { f.as_of = f.now - 2 * hour; }), {}, "", ""},
        {with(feed(10, 10), [](auto& f) { f.as_of = f.now - 2 * hour; }),
         {.age_max = milliseconds{hour}},
         "time",
         "older than 1h"},
        {with(feed(10, 2), [](auto& f) { f.zeroed = 8; }), {}, "rows zeroed", ""},
    }));
    const auto found = gate(row.feed, row.limits);
    CHECK(checks(found) == row.wanted);
    if (!found.empty()) { CHECK_THAT(found.front().what, Catch::Matchers::Contains(row.said)); }
}
