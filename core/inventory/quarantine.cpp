// Feeds as a person sees them, and what a person says to one that waits.
#include "inventory/feed_rows.hpp"
#include "notify/attention.hpp"
#include "store/journal.hpp"

namespace crossdock::inventory {
namespace {

constexpr std::int64_t bad_shown = 100;
constexpr std::int64_t rows_shown = 20;
constexpr std::size_t id_least = 8;
constexpr std::size_t id_size = 36;

using Text = std::optional<std::string>;
using Number = std::optional<std::int64_t>;

constexpr const char* listed =
    "SELECT f.id, s.name, f.kind, f.origin, f.state, f.rows_staged, f.rows_bad, f.reason, f.as_of, f.created_at, f.updated_at, "
    "f.decided_by, f.report FROM feeds f JOIN suppliers s ON s.id = f.supplier_id ";
using ListedRow = std::tuple<std::string, std::string, std::string, std::string, std::string, std::int64_t, std::int64_t, Text,
                             Number, std::int64_t, std::int64_t, Text, Text>;

std::vector<ListedRow> rows_of(store::Tx& tx, const std::string& rest, const store::Tx::Params& params) {
    return tx.all<std::string, std::string, std::string, std::string, std::string, std::int64_t, std::int64_t, Text, Number,
                  std::int64_t, std::int64_t, Text, Text>(listed + rest, params);
}

Json json_of(const ListedRow& row) {
    const auto& [id, account, kind, origin, state, staged, bad, reason, as_of, created, updated, by, report] = row;
    Json one = Json::object({{"id", id},
                             {"account", account},
                             {"kind", kind},
                             {"origin", origin},
                             {"state", state},
                             {"rows", staged},
                             {"bad_rows", bad},
                             {"reason", reason},
                             {"as_of", as_of ? Json(rfc3339(*as_of)) : Json()},
                             {"created_at", rfc3339_ms(created)},
                             {"updated_at", rfc3339_ms(updated)},
                             {"decided_by", by}});
    if (report) {
        if (auto read = Json::parse(*report)) { one.set("report", std::move(*read)); }
    }
    return one;
}

Json bad_rows(store::Tx& tx, const std::string& id) {
    Json list = Json::array();
    for (auto& [line, sku, reason, text] : tx.all<Number, std::string, std::string, std::string>(
             "SELECT line, sku, reason, text FROM feed_bad_rows WHERE feed_id = :1 ORDER BY number LIMIT :2", {id, bad_shown})) {
        list.push(Json::object({{"line", line}, {"sku", sku}, {"reason", reason}, {"text", text}}));
    }
    return list;
}

Json staged_rows(store::Tx& tx, const std::string& id) {
    Json list = Json::array();
    for (auto& [sku, warehouse, quantity, price, currency] :
         tx.all<std::string, std::string, std::int64_t, std::int64_t, std::string>(
             "SELECT sku, warehouse, quantity, price_minor, currency FROM feed_rows WHERE feed_id = :1 ORDER BY sku, warehouse "
             "LIMIT :2",
             {id, rows_shown})) {
        list.push(Json::object(
            {{"sku", sku}, {"warehouse", warehouse}, {"quantity", quantity}, {"price_minor", price}, {"currency", currency}}));
    }
    return list;
}

void decided(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const char* what, const char* past,
             const std::string& note, const std::string& by) {
    tx.run("UPDATE feeds SET decided_by = :1 WHERE id = :2", {by, feed.id});
    store::append_audit(tx, facts.new_id(), by, std::string("feed.") + what, feed.id, note, facts.now());
    if (tx.number("SELECT COUNT(*) FROM feeds WHERE supplier_id = :1 AND state = 'quarantined'", {feed.supplier_id}) == 0) {
        notify::attention_over_topic(tx, topic_of_feeds(feed.account), std::string("the feed was ") + past, facts.now());
    }
}

/// The feed when it waits.
std::optional<FeedRow> waiting(store::Tx& tx, const std::string& id, FeedDecision& decision) {
    auto feed = find_feed(tx, id);
    if (!feed) {
        decision.refusal = "there is no such feed; `crossdock feed list` shows them";
        return {};
    }
    decision.known = true;
    decision.account = feed->account;
    decision.id = feed->id;
    if (feed->state != "quarantined") {
        const auto why = tx.first<Text>("SELECT reason FROM feeds WHERE id = :1", {id});
        decision.refusal = "the feed does not wait: it is " + feed->state;
        if (const auto reason = std::get<0>(*why).value_or(""); !reason.empty()) { decision.refusal += ", because " + reason; }
        return {};
    }
    return feed;
}

}  // namespace

std::string topic_of_feeds(const std::string& account) {
    return "feeds/" + account + "/quarantined";
}

std::optional<FeedRow> find_feed(store::Tx& tx, const std::string& id) {
    const auto row = tx.first<std::string, std::string, std::string, std::string, std::string, std::string, Number, std::int64_t,
                              std::int64_t, std::int64_t, Number, Text, std::int64_t>(
        "SELECT f.id, f.supplier_id, s.name, f.state, f.kind, f.origin, f.as_of, f.rows_staged, f.rows_repeated, f.rows_bad, "
        "f.rows_said, f.report, f.created_at FROM feeds f JOIN suppliers s ON s.id = f.supplier_id WHERE f.id = :1",
        {id});
    if (!row) { return {}; }
    const auto& [own, supplier_id, account, state, kind, origin, as_of, staged, repeated, bad, said, report, created] = *row;
    return FeedRow{own,    supplier_id, account, state, kind == "delta", origin, as_of,
                   staged, repeated,    bad,     said,  report,          created};
}

void set_feed_state(store::Tx& tx, const std::string& feed_id, const std::string& state, const std::string& reason, UtcMs now) {
    tx.run("UPDATE feeds SET state = :1, reason = :2, updated_at = :3 WHERE id = :4", {state, reason, now, feed_id});
}

void drop_rows(store::Tx& tx, const std::string& feed_id) {
    tx.run("DELETE FROM feed_rows WHERE feed_id = :1", {feed_id});
}

void log_sync(store::Tx& tx, notify::Facts& facts, const std::string& supplier_id, const char* type, const char* status,
              const std::string& message) {
    tx.run("INSERT INTO supplier_sync_logs (id, supplier_id, type, status, message, created_at) VALUES (:1, :2, :3, :4, :5, :6)",
           {facts.new_id(), supplier_id, type, status, message, facts.now()});
}

FeedDecision approve_feed(store::Tx& tx, notify::Facts& facts, const std::string& id, const model::StockRules& rules,
                          const std::string& by) {
    FeedDecision decision;
    const auto feed = waiting(tx, id, decision);
    if (!feed) { return decision; }
    decision.result = apply_rows(tx, facts, *feed, rules);
    decided(tx, facts, *feed, "approve", "approved", "", by);
    return decision;
}

FeedDecision reject_feed(store::Tx& tx, notify::Facts& facts, const std::string& id, const std::string& note,
                         const std::string& by) {
    FeedDecision decision;
    const auto feed = waiting(tx, id, decision);
    if (!feed) { return decision; }
    drop_rows(tx, feed->id);
    set_feed_state(tx, feed->id, "abandoned", "rejected by a person" + (note.empty() ? std::string() : ": " + note), facts.now());
    decided(tx, facts, *feed, "reject", "rejected", note, by);
    return decision;
}

Json list_feeds(store::Tx& tx, const FeedFilter& filter) {
    Json list = Json::array();
    for (const auto& row : rows_of(
             tx, "WHERE (:1 = '' OR s.name = :2) AND (:3 = '' OR f.state = :4) ORDER BY f.created_at DESC, f.id DESC LIMIT :5",
             {filter.account, filter.account, filter.state, filter.state, filter.most})) {
        list.push(json_of(row));
    }
    return Json::object({{"feeds", std::move(list)}});
}

std::optional<Json> show_feed(store::Tx& tx, const std::string& id) {
    if (id.size() < id_least || id.size() > id_size) { return {}; }
    const auto rows = rows_of(tx, "WHERE substr(f.id, 1, :1) = :2 LIMIT 2", {static_cast<std::int64_t>(id.size()), id});
    if (rows.size() != 1) { return {}; }
    Json found = json_of(rows.front());
    const auto& own = std::get<0>(rows.front());
    found.set("unreadable", bad_rows(tx, own));
    found.set("staged", staged_rows(tx, own));
    return found;
}

}  // namespace crossdock::inventory
