// Stock that is told of between two feeds: some items, as they are now.
#include "inventory/feed.hpp"
#include "model/money.hpp"

namespace crossdock::inventory {
namespace {

/// The row with what it does not say taken from what is known of its item.
Json completed(store::Tx& tx, const std::string& supplier_id, const Json& row) {
    if (!row.is_object()) { return row; }
    const auto known = tx.first<std::string, std::int64_t, std::string, std::string, std::string>(
        "SELECT name, price_minor, currency, grade, lock_status FROM inventory_items WHERE supplier_id = :1 AND sku = :2 AND "
        "warehouse = :3",
        {supplier_id, row.text("sku"), row.text("warehouse")});
    if (!known) { return row; }
    const auto& [name, price, currency, grade, lock] = *known;
    Json made = row;
    const auto keep = [&made](const char* key, const std::string& value) {
        if (made.text(key).empty()) { made.set(key, value); }
    };
    if (row.text("price").empty()) { made.set("price", model::decimal({price, currency})).set("currency", currency); }
    keep("name", name);
    keep("grade", grade);
    keep("lock_status", lock);
    return made;
}

}  // namespace

FeedResult apply_news(store::Tx& tx, notify::Facts& facts, const News& news, const model::StockRules& rules) {
    const UtcMs now = facts.now();
    Json rows = Json::array();
    for (const auto& row : news.rows.items()) { rows.push(completed(tx, news.supplier_id, row)); }
    auto batch = read_batch(rows, news.currency);
    if (!batch) { throw store::StoreFailure("stock that was told is no list: " + batch.error().text()); }
    NewFeed feed{.id = facts.new_id(), .supplier_id = news.supplier_id, .run_id = news.run_id};
    feed.delta = true;
    feed.origin = "webhook";
    feed.as_of = news.as_of;
    open_feed(tx, feed, now);
    stage_batch(tx, feed.id, *batch, now);
    complete_feed(tx, feed.id, {}, now);
    return apply_feed(tx, facts, feed.id, news.account, rules);
}

}  // namespace crossdock::inventory
