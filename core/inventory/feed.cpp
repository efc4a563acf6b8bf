#include "inventory/feed.hpp"

#include "model/money.hpp"
#include "store/journal.hpp"

#include <map>

namespace crossdock::inventory {
namespace {

using model::StockChange;
using model::StockItem;

struct Known {
    StockItem item;
    bool alert_open = false;
    bool present = true;
};
using Key = std::pair<std::string, std::string>;

std::map<Key, Known> known_items(store::Tx& tx, const std::string& supplier_id) {
    std::map<Key, Known> known;
    for (auto& [sku, warehouse, name, quantity, lower_bound, price, currency, alert, present] :
         tx.all<std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::string, std::int64_t,
                std::int64_t>("SELECT sku, warehouse, name, quantity, lower_bound, price_minor, currency, alert_open, present "
                              "FROM inventory_items WHERE "
                              "supplier_id = :1",
                              {supplier_id})) {
        Known entry;
        entry.item = {sku, warehouse, name, quantity, lower_bound != 0, price, currency, "", ""};
        entry.alert_open = alert != 0;
        entry.present = present != 0;
        known.emplace(Key{sku, warehouse}, std::move(entry));
    }
    return known;
}

std::vector<StockItem> staged_rows(store::Tx& tx, const std::string& feed_id) {
    std::vector<StockItem> rows;
    for (auto& [sku, warehouse, name, quantity, lower_bound, price, currency, grade, lock] :
         tx.all<std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::string, std::string,
                std::string>("SELECT sku, warehouse, name, quantity, lower_bound, price_minor, currency, grade, lock_status FROM "
                             "feed_rows WHERE feed_id = "
                             ":1 ORDER BY sku, warehouse",
                             {feed_id})) {
        rows.push_back({sku, warehouse, name, quantity, lower_bound != 0, price, currency, grade, lock});
    }
    return rows;
}

/// One feed on its way into the catalog.
class Application {
public:
    Application(store::Tx& tx, notify::Facts& facts, std::string supplier_id, std::string account, std::string feed_id,
                std::int64_t low_stock)
        : tx_(tx),
          facts_(facts),
          supplier_id_(std::move(supplier_id)),
          account_(std::move(account)),
          feed_id_(std::move(feed_id)),
          low_stock_(low_stock),
          now_(facts.now()) {}

    void item(const StockItem& after, const Known* before) {
        const bool was_open = before != nullptr && before->alert_open;
        const auto found =
            model::changes(before != nullptr ? std::optional(before->item) : std::nullopt, after, low_stock_, was_open);
        bool open = was_open;
        for (const auto& change : found) {
            if (change.kind == StockChange::Kind::low) { open = true; }
            if (change.kind == StockChange::Kind::restored) { open = false; }
            tell(after, change);
        }
        upsert(after, open);
    }

    void removed(const StockItem& item) {
        ++result_.removed;
        tx_.run("UPDATE inventory_items SET present = 0, updated_at = :1 WHERE supplier_id = :2 AND sku = :3 AND warehouse = :4",
                {now_, supplier_id_, item.sku, item.warehouse});
        change_row(item, "removed", item.quantity, 0);
        event("inventory.changed", item, {"removed", item.quantity, 0});
    }

    FeedResult& result() { return result_; }

private:
    struct Change {
        const char* kind;
        std::int64_t before;
        std::int64_t after;
    };

    void tell(const StockItem& item, const StockChange& change) {
        switch (change.kind) {
            case StockChange::Kind::added:
                ++result_.added;
                change_row(item, "added", change.before, change.after);
                return;
            case StockChange::Kind::quantity:
                ++result_.quantity_changes;
                change_row(item, "quantity", change.before, change.after);
                event("inventory.changed", item, {"quantity", change.before, change.after});
                return;
            case StockChange::Kind::price:
                ++result_.price_changes;
                change_row(item, "price", change.before, change.after);
                event("price.changed", item, {"price_minor", change.before, change.after});
                return;
            case StockChange::Kind::low:
                ++result_.low;
                change_row(item, "low", change.before, change.after);
                alert("stock.low", item);
                return;
            case StockChange::Kind::restored:
                ++result_.restored;
                change_row(item, "restored", change.before, change.after);
                alert("stock.restored", item);
                return;
        }
    }

    void upsert(const StockItem& i, bool alert_open) {
        tx_.run(
            "INSERT INTO inventory_items (supplier_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, "
            "grade, "
            "lock_status, alert_open, present, updated_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, 1, :12) ON "
            "CONFLICT "
            "(supplier_id, sku, warehouse) DO UPDATE SET name = excluded.name, quantity = excluded.quantity, lower_bound = "
            "excluded.lower_bound, price_minor = excluded.price_minor, currency = excluded.currency, grade = excluded.grade, "
            "lock_status "
            "= excluded.lock_status, alert_open = excluded.alert_open, present = 1, updated_at = excluded.updated_at",
            {supplier_id_, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade,
             i.lock_status, alert_open, now_});
    }

    void change_row(const StockItem& item, const char* kind, std::int64_t before, std::int64_t after) {
        tx_.run(
            "INSERT INTO inventory_changes (id, supplier_id, feed_id, sku, warehouse, kind, value_before, value_after, "
            "created_at) "
            "VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9)",
            {facts_.new_id(), supplier_id_, feed_id_, item.sku, item.warehouse, kind, before, after, now_});
    }

    Json described(const StockItem& item) const {
        return Json::object({{"account", account_},
                             {"sku", item.sku},
                             {"warehouse", item.warehouse},
                             {"name", item.name},
                             {"quantity", item.quantity},
                             {"lower_bound", item.lower_bound},
                             {"price", model::decimal({item.price_minor, item.currency})},
                             {"currency", item.currency}});
    }

    void event(const char* type, const StockItem& item, const Change& change) {
        Json data = described(item);
        data.set("change", change.kind).set("before", change.before).set("after", change.after);
        store::append_event(tx_, type, {}, data, now_);
    }

    /// An alert is a fact of its own for each episode: the feed that opened or closed it names it.
    void alert(const char* kind, const StockItem& item) {
        Json data = described(item);
        data.set("threshold", low_stock_);
        facts_.record(tx_,
                      {.kind = kind,
                       .natural_key = "stock/" + account_ + "/" + item.sku + "/" + item.warehouse + "/" + kind + "/" + feed_id_,
                       .data = std::move(data),
                       .occurred_at = now_});
    }

    store::Tx& tx_;
    notify::Facts& facts_;
    std::string supplier_id_, account_, feed_id_;
    std::int64_t low_stock_;
    UtcMs now_;
    FeedResult result_;
};

void set_state(store::Tx& tx, const std::string& feed_id, const std::string& state, const std::string& reason, UtcMs now) {
    tx.run("UPDATE feeds SET state = :1, reason = :2, updated_at = :3 WHERE id = :4", {state, reason, now, feed_id});
}

void log_sync(store::Tx& tx, notify::Facts& facts, const std::string& supplier_id, const char* status,
              const std::string& message) {
    tx.run(
        "INSERT INTO supplier_sync_logs (id, supplier_id, type, status, message, created_at) VALUES (:1, :2, 'inventory', :3, "
        ":4, :5)",
        {facts.new_id(), supplier_id, status, message, facts.now()});
}

std::string supplier_of(store::Tx& tx, const std::string& feed_id) {
    const auto row = tx.first<std::string>("SELECT supplier_id FROM feeds WHERE id = :1", {feed_id});
    if (!row) { throw store::StoreFailure("no feed " + feed_id); }
    return std::get<0>(*row);
}

}  // namespace

void open_feed(store::Tx& tx, const std::string& feed_id, const std::string& supplier_id, const std::string& run_id, UtcMs now) {
    for (auto& [old] : tx.all<std::string>("SELECT id FROM feeds WHERE run_id = :1 AND state = 'staging'", {run_id})) {
        tx.run("DELETE FROM feed_rows WHERE feed_id = :1", {old});
        set_state(tx, old, "abandoned", "pulled anew", now);
    }
    tx.run("INSERT INTO feeds (id, supplier_id, run_id, state, created_at, updated_at) VALUES (:1, :2, :3, 'staging', :4, :5)",
           {feed_id, supplier_id, run_id, now, now});
}

Result<std::vector<StockItem>> read_batch(const Json& batch, const std::string& default_currency) {
    if (!batch.is_array()) { return Fault{"a batch must be an array", ""}; }
    std::vector<StockItem> rows;
    rows.reserve(batch.items().size());
    for (std::size_t i = 0; i < batch.items().size(); ++i) {
        const Json& row = batch.items()[i];
        const std::string where = "/" + std::to_string(i);
        StockItem item;
        item.sku = row.text("sku");
        if (item.sku.empty() || item.sku.size() > 128) { return Fault{"must be a string of 1 to 128 bytes", where + "/sku"}; }
        const Json* quantity = row.find("quantity");
        if (quantity == nullptr || !quantity->integer() || *quantity->integer() < 0) {
            return Fault{"must be a whole number of at least 0", where + "/quantity"};
        }
        item.quantity = *quantity->integer();
        item.lower_bound = row.boolean("lower_bound");
        const auto money =
            model::parse_money(row.text("price"), row.text("currency").empty() ? default_currency : row.text("currency"));
        if (!money) { return Fault{money.error().what, where + "/price"}; }
        item.price_minor = money->amount_minor;
        item.currency = money->currency;
        item.name = row.text("name");
        item.grade = row.text("grade");
        item.lock_status = row.text("lock_status");
        item.warehouse = row.text("warehouse");
        rows.push_back(std::move(item));
    }
    return rows;
}

void stage_rows(store::Tx& tx, const std::string& feed_id, const std::vector<StockItem>& rows, UtcMs now) {
    for (const auto& i : rows) {
        tx.run(
            "INSERT INTO feed_rows (feed_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, grade, "
            "lock_status) "
            "VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10) ON CONFLICT (feed_id, sku, warehouse) DO UPDATE SET quantity = "
            "excluded.quantity, lower_bound = excluded.lower_bound, price_minor = excluded.price_minor, currency = "
            "excluded.currency",
            {feed_id, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade, i.lock_status});
    }
    tx.run("UPDATE feeds SET rows_staged = rows_staged + :1, updated_at = :2 WHERE id = :3",
           {static_cast<std::int64_t>(rows.size()), now, feed_id});
}

void complete_feed(store::Tx& tx, const std::string& feed_id, UtcMs now) {
    set_state(tx, feed_id, "complete", "", now);
}

FeedResult apply_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& account,
                      std::int64_t low_stock) {
    const auto feed = tx.first<std::string, std::string>("SELECT supplier_id, state FROM feeds WHERE id = :1", {feed_id});
    if (!feed) { throw store::StoreFailure("no feed " + feed_id); }
    const auto& [supplier_id, state] = *feed;
    FeedResult refused;
    if (state != "complete") {
        refused.reason = "the feed is " + state;
        return refused;
    }
    auto known = known_items(tx, supplier_id);
    std::int64_t present = 0;
    for (const auto& [key, entry] : known) { present += entry.present ? 1 : 0; }
    const auto rows = staged_rows(tx, feed_id);
    if (auto reason = model::gate(static_cast<std::int64_t>(rows.size()), present)) {
        set_state(tx, feed_id, "quarantined", *reason, facts.now());
        log_sync(tx, facts, supplier_id, "error", "quarantined: " + *reason);
        facts.record(tx, {.kind = "feed.quarantined",
                          .natural_key = "feed/" + feed_id + "/quarantined",
                          .data = Json::object({{"account", account}, {"feed", feed_id}, {"reason", *reason}}),
                          .occurred_at = facts.now()});
        refused.reason = *reason;
        return refused;
    }
    Application application(tx, facts, supplier_id, account, feed_id, low_stock);
    for (const auto& row : rows) {
        const auto before = known.find({row.sku, row.warehouse});
        application.item(row, before == known.end() ? nullptr : &before->second);
        if (before != known.end()) { known.erase(before); }
    }
    for (const auto& [key, gone] : known) {
        if (gone.present) { application.removed(gone.item); }
    }
    FeedResult& result = application.result();
    result.applied = true;
    result.rows = static_cast<std::int64_t>(rows.size());
    set_state(tx, feed_id, "applied", "", facts.now());
    tx.run("DELETE FROM feed_rows WHERE feed_id = :1", {feed_id});
    log_sync(tx, facts, supplier_id, "success",
             std::to_string(result.rows) + " items, " + std::to_string(result.added) + " new, " +
                 std::to_string(result.quantity_changes) + " quantities and " + std::to_string(result.price_changes) +
                 " prices changed, " + std::to_string(result.low) + " low");
    return result;
}

void fail_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& reason) {
    tx.run("DELETE FROM feed_rows WHERE feed_id = :1", {feed_id});
    set_state(tx, feed_id, "abandoned", reason, facts.now());
    log_sync(tx, facts, supplier_of(tx, feed_id), "error", reason);
}

Json list_items(store::Tx& tx, std::int64_t most, const std::string& after_sku) {
    Json items = Json::array();
    for (auto& [account, sku, warehouse, name, quantity, lower_bound, price, currency, grade, lock, updated, low] :
         tx.all<std::string, std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::string,
                std::string, std::string, std::int64_t, std::int64_t>(
             "SELECT p.name, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, "
             "i.price_minor, i.currency, i.grade, i.lock_status, "
             "i.updated_at, i.alert_open FROM inventory_items i JOIN suppliers p ON p.id = "
             "i.supplier_id WHERE i.present = 1 AND i.sku > :1 ORDER BY i.sku, "
             "p.name, i.warehouse LIMIT :2",
             {after_sku, most})) {
        items.push(Json::object({{"account", account},
                                 {"sku", sku},
                                 {"warehouse", warehouse},
                                 {"name", name},
                                 {"quantity", quantity},
                                 {"lower_bound", lower_bound != 0},
                                 {"price", model::decimal({price, currency})},
                                 {"currency", currency},
                                 {"grade", grade},
                                 {"lock_status", lock},
                                 {"low_stock", low != 0},
                                 {"updated_at", rfc3339(updated)}}));
    }
    return Json::object({{"items", std::move(items)}});
}

}  // namespace crossdock::inventory
