#include "inventory/items.hpp"

#include <catch2/catch.hpp>

#include "inventory/feed.hpp"
#include "support/order_desk.hpp"

using namespace crossdock;
using support::OrderDesk;

namespace {

Json row(const std::string& sku, std::int64_t quantity, const std::string& warehouse = "", const std::string& grade = "A") {
    return Json::object({{"sku", sku},
                         {"name", "Phone " + sku + ", 64 GB"},
                         {"quantity", quantity},
                         {"price", "10.00"},
                         {"warehouse", warehouse},
                         {"grade", grade}});
}

void feed(OrderDesk& desk, const std::string& id, const std::vector<Json>& rows, const model::StockRules& rules = {}) {
    const auto batch = inventory::read_batch(Json::array(rows), "USD").value();
    const auto applied = desk.store.in([&](store::Tx& tx) {
        const auto now = desk.clock.utc_ms();
        inventory::open_feed(tx, {.id = id, .supplier_id = desk.account.supplier_id, .run_id = "run " + id}, now);
        inventory::stage_batch(tx, id, batch, now);
        inventory::complete_feed(tx, id, {}, now);
        return inventory::apply_feed(tx, desk.facts, id, "phonex", rules);
    });
    REQUIRE(applied.applied);
}

Json list(OrderDesk& desk, const inventory::ItemQuery& query = {}, const model::StockRules& rules = {}) {
    return desk.store.in([&](store::Tx& tx) {
        return inventory::list_items(tx, query, {{"phonex", rules}}, desk.clock.utc_ms());
    });
}

std::string skus(const Json& listed) {
    std::string text;
    for (const auto& item : listed.find("items")->items()) {
        text +=
            (text.empty() ? "" : " ") + item.text("sku") + (item.text("warehouse").empty() ? "" : "/" + item.text("warehouse"));
    }
    return text;
}

std::string sellable(const Json& listed) {
    std::string text;
    for (const auto& item : listed.find("items")->items()) {
        text += (text.empty() ? "" : " ") + std::to_string(item.integer("sellable"));
    }
    return text;
}

}  // namespace

TEST_CASE("what can be sold is what the supplier has, less the buffer and what was ordered and not confirmed",
          "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X", 9), row("Y", 1), row("Z", 0)});
    CHECK(sellable(list(desk)) == "9 1 0");
    CHECK(sellable(list(desk, {}, {.buffer = 2})) == "7 0 0");
    desk.place(support::order_text("PO-1"));
    CHECK(sellable(list(desk)) == "6 0 0");
    CHECK(sellable(list(desk, {}, {.buffer = 2})) == "4 0 0");
    orders::Evidence confirmed;
    confirmed.reference = "PO-1";
    confirmed.supplier_order_id = "S-1";
    confirmed.supplier_status = "Confirmed";
    confirmed.occurred_at = desk.clock.utc_ms();
    desk.apply(confirmed);
    CHECK(sellable(list(desk)) == "9 1 0");
}

TEST_CASE("an order names no warehouse: it takes from one after the other", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X", 2, "A"), row("X", 5, "B"), row("Y", 4, "A")});
    desk.place(support::order_text("PO-1"));
    CHECK(sellable(list(desk)) == "0 4 3");
    CHECK(sellable(list(desk, {.warehouse = "B"})) == "4");
}

TEST_CASE("stock that nothing was heard of for too long is not sold", "[inventory][unit]") {
    OrderDesk desk;
    const model::StockRules rules{.sold_for = milliseconds{3'600'000}};
    feed(desk, "f1", {row("X", 9)});
    desk.clock.advance(milliseconds{3'600'000});
    CHECK(sellable(list(desk, {}, rules)) == "9");
    desk.clock.advance(milliseconds{1});
    CHECK(sellable(list(desk, {}, rules)) == "0");
    CHECK(sellable(list(desk)) == "9");
    // The same feed again says that it is so still.
    feed(desk, "f2", {row("X", 9)});
    CHECK(sellable(list(desk, {}, rules)) == "9");
}

TEST_CASE("items are found by account, SKU, text, warehouse, grade and low stock", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X1", 9, "A"), row("X1", 9, "B", "C"), row("X_2", 3, "A"), row("Y", 9)}, {.low = {5, 5}});
    CHECK(skus(list(desk)) == "X1/A X1/B X_2/A Y");
    CHECK(skus(list(desk, {.account = "phonex"})) == "X1/A X1/B X_2/A Y");
    CHECK(skus(list(desk, {.account = "other"})).empty());
    CHECK(skus(list(desk, {.sku = "X1"})) == "X1/A X1/B");
    CHECK(skus(list(desk, {.warehouse = "A"})) == "X1/A X_2/A");
    CHECK(skus(list(desk, {.grade = "C"})) == "X1/B");
    CHECK(skus(list(desk, {.text = "x_"})) == "X_2/A");
    CHECK(skus(list(desk, {.text = "phone y"})) == "Y");
    CHECK(skus(list(desk, {.text = "%"})).empty());
    CHECK(skus(list(desk, {.low = true})) == "X_2/A");
    CHECK(skus(list(desk, {.text = "X", .low = false})) == "X1/A X1/B");
}

TEST_CASE("a list goes on where its page ended, whatever stands in its texts", "[inventory][unit]") {
    OrderDesk desk;
    feed(desk, "f1", {row("X", 1, "A-1"), row("X", 1, "A\n2"), row("X", 1, "ü"), row("Y-", 1), row("Z", 1)});
    std::string all;
    inventory::ItemQuery query{.most = 2};
    int pages = 0;
    for (;; ++pages) {
        const auto page = list(desk, query);
        all += (all.empty() ? "" : " ") + skus(page);
        const auto next = page.maybe_text("next");
        if (!next) { break; }
        CHECK(inventory::is_cursor(*next));
        CHECK(next->find_first_not_of("0123456789abcdef-") == std::string::npos);
        query.after = *next;
    }
    CHECK(pages == 2);
    CHECK(all == skus(list(desk)));
    for (const char* const wrong : {"", "x", "58", "58-", "58-70-5", "58-70-5g", "-70-58", "58-70-58-00"}) {
        CHECK_FALSE(inventory::is_cursor(wrong));
    }
    CHECK(inventory::is_cursor("58-70-"));
}

TEST_CASE("a list as CSV has titles, and quotes what must be", "[inventory][unit]") {
    OrderDesk desk;
    auto odd = row("X", 100);
    odd.set("name", "Phone \"12\", 64 GB").set("lower_bound", true);
    feed(desk, "f1", {odd});
    const auto text = inventory::items_csv(list(desk));
    CHECK_THAT(text, Catch::Matchers::StartsWith(
                         "account,sku,warehouse,name,quantity,lower_bound,sellable,price,currency,grade,lock_status,low_stock,"
                         "updated_at,heard_at\r\nphonex,X,,\"Phone \"\"12\"\", 64 GB\",100,true,100,10.00,USD,A,,false,"));
    CHECK_THAT(text, Catch::Matchers::EndsWith("\r\n"));
}
