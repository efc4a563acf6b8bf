// A feed against the catalog: what it would change, in numbers and examples. Counted by the store, whatever its size.
#include "inventory/feed_rows.hpp"
#include "model/money.hpp"

namespace crossdock::inventory {
namespace {

constexpr int biggest_shown = 10;

/// Pairs of a feed's row and the item as it is known; those that are new have no item.
constexpr std::string_view pairs =
    "FROM feed_rows f LEFT JOIN inventory_items i ON i.supplier_id = :1 AND i.sku = f.sku AND i.warehouse = f.warehouse AND "
    "i.present = 1 WHERE f.feed_id = :2";
/// Items that are known and not in the feed. A row that cannot be read says nothing of its item.
constexpr std::string_view missing =
    "FROM inventory_items i WHERE i.supplier_id = :1 AND i.present = 1 AND NOT EXISTS (SELECT 1 FROM feed_rows f WHERE f.feed_id "
    "= :2 AND f.sku = i.sku AND f.warehouse = i.warehouse) AND NOT EXISTS (SELECT 1 FROM feed_bad_rows b WHERE b.feed_id = :3 "
    "AND b.sku = i.sku)";

std::string sql(std::string_view begin, std::string_view middle, std::string_view end = {}) {
    std::string made(begin);
    made += " ";
    made += middle;
    if (!end.empty()) {
        made += " ";
        made += end;
    }
    return made;
}

Json change(const std::string& kind, const std::string& sku, const std::string& warehouse, Json before, Json after) {
    return Json::object(
        {{"change", kind}, {"sku", sku}, {"warehouse", warehouse}, {"before", std::move(before)}, {"after", std::move(after)}});
}

void add_quantities(store::Tx& tx, const FeedRow& feed, Json& list) {
    for (auto& [sku, warehouse, before, after] : tx.all<std::string, std::string, std::int64_t, std::int64_t>(
             sql("SELECT f.sku, f.warehouse, i.quantity, f.quantity", pairs,
                 "AND i.quantity <> f.quantity ORDER BY ABS(i.quantity - f.quantity) DESC, f.sku, f.warehouse LIMIT :3"),
             {feed.supplier_id, feed.id, biggest_shown})) {
        list.push(change("quantity", sku, warehouse, before, after));
    }
}

void add_prices(store::Tx& tx, const FeedRow& feed, Json& list) {
    for (auto& [sku, warehouse, before, currency, after, other] :
         tx.all<std::string, std::string, std::int64_t, std::string, std::int64_t, std::string>(
             sql("SELECT f.sku, f.warehouse, i.price_minor, i.currency, f.price_minor, f.currency", pairs,
                 "AND (i.price_minor <> f.price_minor OR i.currency <> f.currency) ORDER BY ABS(i.price_minor - f.price_minor) * "
                 "1000 / (i.price_minor + 1) DESC, f.sku, f.warehouse LIMIT :3"),
             {feed.supplier_id, feed.id, biggest_shown})) {
        list.push(change("price", sku, warehouse, model::text({before, currency}), model::text({after, other})));
    }
}

void add_removed(store::Tx& tx, const FeedRow& feed, Json& list) {
    for (auto& [sku, warehouse, before] : tx.all<std::string, std::string, std::int64_t>(
             sql("SELECT i.sku, i.warehouse, i.quantity", missing, "ORDER BY i.quantity DESC, i.sku, i.warehouse LIMIT :4"),
             {feed.supplier_id, feed.id, feed.id, biggest_shown})) {
        list.push(change("removed", sku, warehouse, before, Json()));
    }
}

}  // namespace

bool removes(store::Tx& tx, const FeedRow& feed) {
    if (feed.delta) { return false; }
    const auto kept = tx.number("SELECT COUNT(*) FROM feed_bad_rows WHERE feed_id = :1", {feed.id});
    return kept >= feed.bad && tx.number("SELECT COUNT(*) FROM feed_bad_rows WHERE feed_id = :1 AND sku = ''", {feed.id}) == 0;
}

model::FeedCounts count_feed(store::Tx& tx, const FeedRow& feed, const model::GateLimits& limits, UtcMs now) {
    using Number = std::optional<std::int64_t>;
    model::FeedCounts counts;
    counts.full = !feed.delta;
    counts.now = now;
    counts.as_of = feed.as_of;
    counts.said = feed.said;
    counts.received = feed.staged;
    counts.repeated = feed.repeated;
    counts.bad = feed.bad;
    const auto known = tx.first<std::int64_t, Number>(
        "SELECT COUNT(*), SUM(quantity > 0) FROM inventory_items WHERE supplier_id = :1 AND present = 1", {feed.supplier_id});
    counts.known = std::get<0>(*known);
    counts.in_stock = std::get<1>(*known).value_or(0);
    const std::int64_t jump = 100 + limits.price_jump;
    const auto row = tx.first<std::int64_t, Number, Number, Number, Number, Number>(
        "SELECT COUNT(*), SUM(i.sku IS NULL), SUM(i.quantity <> f.quantity OR i.lower_bound <> f.lower_bound), SUM(i.price_minor "
        "<> f.price_minor OR i.currency <> f.currency), SUM(i.quantity > 0 AND f.quantity = 0 AND f.lower_bound = 0), "
        "SUM(i.currency <> f.currency OR f.price_minor * 100 > i.price_minor * :1 OR i.price_minor * 100 > "
        "f.price_minor * :2) FROM feed_rows f LEFT JOIN inventory_items i ON i.supplier_id = :3 AND i.sku = "
        "f.sku AND i.warehouse = f.warehouse AND i.present = 1 WHERE f.feed_id = :4",
        {jump, jump, feed.supplier_id, feed.id});
    counts.rows = std::get<0>(*row);
    counts.added = std::get<1>(*row).value_or(0);
    counts.quantity_changes = std::get<2>(*row).value_or(0);
    counts.price_changes = std::get<3>(*row).value_or(0);
    counts.zeroed = std::get<4>(*row).value_or(0);
    counts.price_jumps = std::get<5>(*row).value_or(0);
    if (removes(tx, feed)) {
        const auto gone = tx.first<std::int64_t, Number>(sql("SELECT COUNT(*), SUM(i.quantity > 0)", missing),
                                                         {feed.supplier_id, feed.id, feed.id});
        counts.removed = std::get<0>(*gone);
        counts.zeroed += std::get<1>(*gone).value_or(0);
    }
    const auto last = tx.first<Number>(
        "SELECT MAX(as_of) FROM feeds WHERE supplier_id = :1 AND state = 'applied' AND kind = 'full'", {feed.supplier_id});
    if (last && !feed.delta) { counts.last_as_of = std::get<0>(*last); }
    return counts;
}

Json report_of(store::Tx& tx, const FeedRow& feed, const model::FeedCounts& counts,
               const std::vector<model::GateReason>& reasons) {
    Json why = Json::array();
    for (const auto& one : reasons) { why.push(Json::object({{"check", one.check}, {"what", one.what}})); }
    Json biggest = Json::array();
    if (removes(tx, feed)) { add_removed(tx, feed, biggest); }
    add_quantities(tx, feed, biggest);
    add_prices(tx, feed, biggest);
    return Json::object({{"reasons", std::move(why)},
                         {"counts", Json::object({{"known", counts.known},
                                                  {"rows", counts.rows},
                                                  {"added", counts.added},
                                                  {"removed", counts.removed},
                                                  {"quantity_changes", counts.quantity_changes},
                                                  {"price_changes", counts.price_changes},
                                                  {"zeroed", counts.zeroed},
                                                  {"price_jumps", counts.price_jumps},
                                                  {"bad_rows", counts.bad},
                                                  {"repeated", counts.repeated}})},
                         {"biggest", std::move(biggest)}});
}

}  // namespace crossdock::inventory
