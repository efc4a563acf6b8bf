#include "model/stock.hpp"

#include <catch2/catch.hpp>

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
        std::int64_t threshold;
        bool alert_open;
        std::vector<Kind> wanted;
    };
    const auto row = GENERATE(values<Row>({
        {item(9), item(9), 5, false, {}},
        {std::nullopt, item(9), 5, false, {Kind::added}},
        {std::nullopt, item(5), 5, false, {Kind::added, Kind::low}},
        {item(9), item(8), 5, false, {Kind::quantity}},
        {item(9), item(9, 99), 5, false, {Kind::price}},
        {item(9), item(3, 99), 5, false, {Kind::quantity, Kind::price, Kind::low}},
        {item(4), item(3), 5, true, {Kind::quantity}},
        {item(3), item(6), 5, true, {Kind::quantity, Kind::restored}},
        {item(3), item(5), 5, true, {Kind::quantity}},
        {item(5), item(5, 100, true), 5, true, {Kind::quantity, Kind::restored}},
        {item(9), item(0), 0, false, {Kind::quantity}},
    }));
    CHECK(kinds(changes(row.before, row.after, row.threshold, row.alert_open)) == row.wanted);
}

TEST_CASE("a change tells the value before and after", "[model][unit]") {
    const auto found = changes(item(9, 100), item(3, 250), 0, false);
    REQUIRE(found.size() == 2);
    CHECK(found[0].before == 9);
    CHECK(found[0].after == 3);
    CHECK(found[1].before == 100);
    CHECK(found[1].after == 250);
}

TEST_CASE("a feed that has lost half of the catalog waits for a person", "[model][unit]") {
    CHECK_FALSE(gate(0, 0).has_value());
    CHECK_FALSE(gate(10, 0).has_value());
    CHECK_FALSE(gate(5, 10).has_value());
    CHECK_FALSE(gate(50, 10).has_value());
    CHECK_THAT(gate(4, 10).value_or(""), Catch::Matchers::Contains("4 rows"));
    CHECK_THAT(gate(0, 1).value_or(""), Catch::Matchers::Contains("empty"));
}
