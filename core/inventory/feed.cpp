// How a feed is staged, and what becomes of it at the gate.
#include "inventory/feed.hpp"

#include "base/joined.hpp"
#include "inventory/feed_rows.hpp"
#include "model/money.hpp"

#include <algorithm>

namespace crossdock::inventory {
namespace {

using model::StockItem;

constexpr std::size_t sku_max = 128;
constexpr std::size_t shown_of_row = 500;
/// Bad rows that are kept with their text; all are counted.
constexpr std::int64_t bad_kept = 1'000;

std::string cut(std::string text, std::size_t most) {
    if (text.size() <= most) { return text; }
    // Not in the middle of a character.
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) { --most; }
    text.resize(most);
    return text + "…";
}

/// Errors: what is wrong with it, and where.
Result<StockItem> read_row(const Json& row, const std::string& default_currency) {
    StockItem item;
    item.sku = row.text("sku");
    if (item.sku.empty() || item.sku.size() > sku_max) { return Fault{"`sku` must be a text of 1 to 128 bytes", "sku"}; }
    const Json* quantity = row.find("quantity");
    if (quantity == nullptr || !quantity->integer() || *quantity->integer() < 0) {
        return Fault{"`quantity` must be a whole number of at least 0", "quantity"};
    }
    item.quantity = *quantity->integer();
    item.lower_bound = row.boolean("lower_bound");
    const auto money =
        model::parse_money(row.text("price"), row.text("currency").empty() ? default_currency : row.text("currency"));
    if (!money) { return Fault{"`price`: " + money.error().what, "price"}; }
    item.price_minor = money->amount_minor;
    item.currency = money->currency;
    item.name = row.text("name");
    item.grade = row.text("grade");
    item.lock_status = row.text("lock_status");
    item.warehouse = row.text("warehouse");
    return good(std::move(item));
}

/// Stays as it is, with the reason; a person hears of it once until none of the account's waits.
void quarantine(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const Json& report, const std::string& reason) {
    set_feed_state(tx, feed.id, "quarantined", reason, facts.now());
    tx.run("UPDATE feeds SET report = :1 WHERE id = :2", {report.dump(), feed.id});
    log_sync(tx, facts, feed.supplier_id, "inventory", "error", "quarantined: " + reason);
    facts.record(tx,
                 {.kind = "feed.quarantined",
                  .natural_key = "feed/" + feed.id + "/quarantined",
                  .data = Json::object({{"account", feed.account}, {"feed", feed.id}, {"reason", reason}, {"report", report}}),
                  .occurred_at = facts.now()});
    facts.alert(tx, topic_of_feeds(feed.account), "Feed of " + feed.account,
                Json::object({{"account", feed.account}, {"feed", feed.id}}),
                "a feed of " + feed.account + " is in quarantine: " + reason + "; `crossdock feed show " + feed.id +
                    "` says what it would change");
}

/// Of those that wait only so many are kept: a supplier that sends nonsense every few minutes must not fill the disk.
void drop_oldest_waiting(store::Tx& tx, const FeedRow& feed, UtcMs now) {
    constexpr int kept = 5;
    for (auto& [old] : tx.all<std::string>("SELECT id FROM feeds WHERE supplier_id = :1 AND state = 'quarantined' ORDER BY "
                                           "created_at DESC, id DESC LIMIT 100 OFFSET :2",
                                           {feed.supplier_id, kept})) {
        drop_rows(tx, old);
        set_feed_state(tx, old, "abandoned", std::to_string(kept) + " newer ones wait", now);
    }
}

}  // namespace

bool another_is_pulled(store::Tx& tx, const NewFeed& feed) {
    return tx.number(
               "SELECT COUNT(*) FROM feeds f JOIN runs r ON r.id = f.run_id WHERE f.supplier_id = :1 AND f.state = 'staging' "
               "AND f.run_id <> :2 AND r.state IN ('active', 'waiting')",
               {feed.supplier_id, feed.run_id}) > 0;
}

void open_feed(store::Tx& tx, const NewFeed& feed, UtcMs now) {
    for (auto& [old] : tx.all<std::string>("SELECT id FROM feeds WHERE run_id = :1 AND state = 'staging'", {feed.run_id})) {
        drop_rows(tx, old);
        set_feed_state(tx, old, "abandoned", "pulled anew", now);
    }
    tx.run(
        "INSERT INTO feeds (id, supplier_id, run_id, state, kind, origin, as_of, created_at, updated_at) VALUES (:1, :2, :3, "
        "'staging', :4, :5, :6, :7, :8)",
        {feed.id, feed.supplier_id, feed.run_id, feed.delta ? "delta" : "full", feed.origin, feed.as_of, now, now});
}

Result<Batch> read_batch(const Json& batch, const std::string& default_currency) {
    if (!batch.is_array()) { return Fault{"a batch must be an array", ""}; }
    Batch made;
    made.rows.reserve(batch.items().size());
    for (const Json& row : batch.items()) {
        auto item = read_row(row, default_currency);
        if (item) { made.rows.push_back(std::move(*item)); }
        else { made.bad.push_back({{}, cut(row.text("sku"), sku_max), item.error().what, row.dump()}); }
    }
    return good(std::move(made));
}

void park_row(store::Tx& tx, const std::string& feed_id, const BadRow& row) {
    tx.run("UPDATE feeds SET rows_bad = rows_bad + 1 WHERE id = :1", {feed_id});
    const auto number = tx.number("SELECT rows_bad FROM feeds WHERE id = :1", {feed_id});
    // Those without a SKU are told apart from the others by one of them being there.
    const bool first_unnamed =
        row.sku.empty() && tx.number("SELECT COUNT(*) FROM feed_bad_rows WHERE feed_id = :1 AND sku = ''", {feed_id}) == 0;
    if (number > bad_kept && !first_unnamed) { return; }
    tx.run("INSERT INTO feed_bad_rows (feed_id, number, line, sku, reason, text) VALUES (:1, :2, :3, :4, :5, :6)",
           {feed_id, number, row.line, row.sku, cut(row.reason, shown_of_row), cut(row.text, shown_of_row)});
}

void stage_batch(store::Tx& tx, const std::string& feed_id, const Batch& batch, UtcMs now) {
    std::int64_t repeated = 0;
    for (const auto& i : batch.rows) {
        const auto added = tx.run(
            "INSERT INTO feed_rows (feed_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, grade, "
            "lock_status) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10) ON CONFLICT (feed_id, sku, warehouse) DO NOTHING",
            {feed_id, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade, i.lock_status});
        if (added == 1) { continue; }
        const auto same = tx.number(
            "SELECT COUNT(*) FROM feed_rows WHERE feed_id = :1 AND sku = :2 AND warehouse = :3 AND grade "
            "= :4 AND lock_status = :5",
            {feed_id, i.sku, i.warehouse, i.grade, i.lock_status});
        if (same == 1) { ++repeated; }
        else {
            park_row(tx, feed_id,
                     {{},
                      i.sku,
                      "the SKU stands in this warehouse before, with another grade or lock; the first one counts",
                      i.sku + " grade " + i.grade + " lock " + i.lock_status});
        }
    }
    for (const auto& row : batch.bad) { park_row(tx, feed_id, row); }
    tx.run("UPDATE feeds SET rows_staged = rows_staged + :1, rows_repeated = rows_repeated + :2, updated_at = :3 WHERE id = :4",
           {static_cast<std::int64_t>(batch.rows.size() + batch.bad.size()), repeated, now, feed_id});
}

void complete_feed(store::Tx& tx, const std::string& feed_id, const Handed& handed, UtcMs now) {
    for (const auto& row : handed.bad) { park_row(tx, feed_id, row); }
    tx.run("UPDATE feeds SET rows_said = :1, as_of = COALESCE(:2, as_of) WHERE id = :3", {handed.rows, handed.as_of, feed_id});
    set_feed_state(tx, feed_id, "complete", "", now);
}

FeedResult apply_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& account,
                      const model::StockRules& rules) {
    auto feed = find_feed(tx, feed_id);
    if (!feed) { throw store::StoreFailure("no feed " + feed_id); }
    FeedResult refused;
    if (feed->account != account) {
        refused.reason = "the feed is of " + feed->account;
        return refused;
    }
    if (feed->state != "complete") {
        refused.reason = "the feed is " + feed->state;
        return refused;
    }
    const auto counts = count_feed(tx, *feed, rules.gate, facts.now());
    const auto reasons = model::gate(counts, rules.gate);
    if (!reasons.empty()) {
        refused.reason = joined(reasons, "; ", [](const model::GateReason& one) { return one.what; });
        refused.quarantined = true;
        quarantine(tx, facts, *feed, report_of(tx, *feed, counts, reasons), refused.reason);
        drop_oldest_waiting(tx, *feed, facts.now());
        return refused;
    }
    return apply_rows(tx, facts, *feed, rules);
}

void fail_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& reason) {
    const auto feed = find_feed(tx, feed_id);
    if (!feed) { throw store::StoreFailure("no feed " + feed_id); }
    drop_rows(tx, feed_id);
    set_feed_state(tx, feed_id, "abandoned", reason, facts.now());
    log_sync(tx, facts, feed->supplier_id, "inventory", "error", reason);
}

}  // namespace crossdock::inventory
