// A feed on its way into the catalog, a bounded number of rows in memory at a time.
#include "base/joined.hpp"
#include "inventory/feed_rows.hpp"
#include "model/money.hpp"
#include "notify/attention.hpp"
#include "store/journal.hpp"

#include <tuple>

namespace crossdock::inventory {
namespace {

using model::StockChange;
using model::StockItem;
using Number = std::optional<std::int64_t>;
using Text = std::optional<std::string>;

constexpr std::int64_t rows_at_once = 500;

struct Known {
    StockItem item;
    bool alert_open = false;
    bool present = true;
    Number as_of, told_at;
};

class Application {
public:
    Application(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const model::StockRules& rules)
        : tx_(tx), facts_(facts), feed_(feed), rules_(rules), now_(facts.now()) {
        if (!feed.delta) { return; }
        told_at_ = now_;
        whole_as_of_ = tx.number("SELECT MAX(as_of) FROM feeds WHERE supplier_id = :1 AND state = 'applied' AND kind = 'full'",
                                 {feed.supplier_id});
    }

    void all() {
        std::string sku;
        std::string warehouse;
        while (some(sku, warehouse)) {}
        if (removes(tx_, feed_)) { remove_missing(); }
    }

    FeedResult& result() { return result_; }

private:
    /// The rows behind that place, which moves on, each with the item as it is known. False: there are no more.
    bool some(std::string& sku, std::string& warehouse) {
        const auto rows =
            tx_.all<std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::string, std::string,
                    std::string, Text, Number, Number, Number, Text, Text, Text, Number, Number, Number, Number>(
                "SELECT f.sku, f.warehouse, f.name, f.quantity, f.lower_bound, f.price_minor, f.currency, f.grade, "
                "f.lock_status, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade, i.lock_status, "
                "i.alert_open, i.present, i.as_of, i.told_at FROM feed_rows f LEFT JOIN inventory_items i ON i.supplier_id = :1 "
                "AND i.sku = f.sku AND i.warehouse = f.warehouse WHERE f.feed_id = :2 AND (f.sku, f.warehouse) > (:3, :4) ORDER "
                "BY f.sku, f.warehouse LIMIT :5",
                {feed_.supplier_id, feed_.id, sku, warehouse, rows_at_once});
        for (const auto& [its_sku, its_warehouse, name, quantity, lower_bound, price, currency, grade, lock, old_name,
                          old_quantity, old_bound, old_price, old_currency, old_grade, old_lock, alert, present, as_of, told_at] :
             rows) {
            ++result_.rows;
            std::optional<Known> before;
            if (old_quantity) {
                before = Known{{its_sku, its_warehouse, *old_name, *old_quantity, *old_bound != 0, *old_price, *old_currency,
                                *old_grade, *old_lock},
                               *alert != 0,
                               *present != 0,
                               as_of,
                               told_at};
            }
            item({its_sku, its_warehouse, name, quantity, lower_bound != 0, price, currency, grade, lock}, before);
        }
        if (rows.empty()) { return false; }
        sku = std::get<0>(rows.back());
        warehouse = std::get<1>(rows.back());
        return true;
    }

    /// What is known of an item is newer than this feed: told in between, by its own time or, where the feed names none, by ours;
    /// or, of a delta, by the time of the last whole feed, which spoke of all items.
    [[nodiscard]] bool is_newer(const Known& before) const {
        if (feed_.delta && feed_.as_of && *feed_.as_of < whole_as_of_) { return true; }
        if (feed_.as_of && before.as_of) { return *before.as_of > *feed_.as_of; }
        return before.told_at && *before.told_at > feed_.created_at;
    }

    void item(const StockItem& after, const std::optional<Known>& before) {
        if (before && is_newer(*before)) {
            ++result_.older;
            return;
        }
        const bool was_open = before && before->alert_open;
        const auto low = rules_.low_of(after);
        const auto found = model::changes(before ? std::optional(before->item) : std::nullopt, after, low, was_open);
        bool open = was_open;
        for (const auto& change : found) {
            if (change.kind == StockChange::Kind::low) { open = true; }
            if (change.kind == StockChange::Kind::restored) { open = false; }
            tell(before ? &before->item : nullptr, after, change, low);
        }
        // A row that says what is known already is not written again: most of a feed is such rows.
        if (!found.empty() || !before->present || feed_.delta) { upsert(after, open); }
    }

    void remove_missing() {
        for (;;) {
            const auto gone = tx_.all<std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t,
                                      std::string, Number, Number>(
                "SELECT i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.as_of, i.told_at "
                "FROM inventory_items i WHERE i.supplier_id = :1 AND (i.sku, i.warehouse) > (:2, :3) AND i.present = 1 AND NOT "
                "EXISTS (SELECT 1 FROM feed_rows f WHERE f.feed_id = :4 AND f.sku = i.sku AND f.warehouse = i.warehouse) AND NOT "
                "EXISTS (SELECT 1 FROM feed_bad_rows b WHERE b.feed_id = :5 AND b.sku = i.sku) ORDER BY i.sku, i.warehouse LIMIT "
                ":6",
                {feed_.supplier_id, last_sku_, last_warehouse_, feed_.id, feed_.id, rows_at_once});
            if (gone.empty()) { return; }
            for (const auto& [sku, warehouse, name, quantity, lower_bound, price, currency, as_of, told_at] : gone) {
                const Known before{
                    {sku, warehouse, name, quantity, lower_bound != 0, price, currency, "", ""}, false, true, as_of, told_at};
                if (is_newer(before)) { ++result_.older; }
                else { removed(before.item); }
            }
            last_sku_ = std::get<0>(gone.back());
            last_warehouse_ = std::get<1>(gone.back());
        }
    }

    void removed(const StockItem& item) {
        ++result_.removed;
        tx_.run("UPDATE inventory_items SET present = 0, updated_at = :1 WHERE supplier_id = :2 AND sku = :3 AND warehouse = :4",
                {now_, feed_.supplier_id, item.sku, item.warehouse});
        change_row(item, "removed", item.quantity, 0);
        event("inventory.changed", item, "removed", item.quantity, 0);
    }

    void tell(const StockItem* before, const StockItem& item, const StockChange& change, const model::LowStock& low) {
        switch (change.kind) {
            case StockChange::Kind::added:
                ++result_.added;
                change_row(item, "added", change.before, change.after);
                return;
            case StockChange::Kind::quantity:
                ++result_.quantity_changes;
                change_row(item, "quantity", change.before, change.after);
                event("inventory.changed", item, "quantity", change.before, change.after);
                return;
            case StockChange::Kind::price:
                ++result_.price_changes;
                change_row(item, "price", change.before, change.after);
                event("price.changed", item, "price_minor", change.before, change.after);
                return;
            case StockChange::Kind::attributes: {
                const auto was = model::attributes_text(*before);
                const auto is = model::attributes_text(item);
                ++result_.attribute_changes;
                change_row(item, "attributes", 0, 0, was, is);
                event("inventory.changed", item, "attributes", was, is);
                return;
            }
            case StockChange::Kind::low:
                ++result_.low;
                change_row(item, "low", change.before, change.after);
                alert("stock.low", item, low.at);
                return;
            case StockChange::Kind::restored:
                ++result_.restored;
                change_row(item, "restored", change.before, change.after);
                alert("stock.restored", item, low.at);
                return;
        }
    }

    void upsert(const StockItem& i, bool alert_open) {
        tx_.run(
            "INSERT INTO inventory_items (supplier_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, "
            "grade, lock_status, alert_open, present, updated_at, as_of, told_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, "
            ":10, :11, 1, :12, :13, :14) ON CONFLICT (supplier_id, sku, warehouse) DO UPDATE SET name = excluded.name, quantity "
            "= excluded.quantity, lower_bound = excluded.lower_bound, price_minor = excluded.price_minor, currency = "
            "excluded.currency, grade = excluded.grade, lock_status = excluded.lock_status, alert_open = excluded.alert_open, "
            "present = 1, updated_at = excluded.updated_at, as_of = excluded.as_of, told_at = excluded.told_at",
            {feed_.supplier_id, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade,
             i.lock_status, alert_open, now_, feed_.as_of, told_at_});
    }

    void change_row(const StockItem& item, const char* kind, std::int64_t before, std::int64_t after, const Text& was = {},
                    const Text& is = {}) {
        tx_.run(
            "INSERT INTO inventory_changes (id, supplier_id, feed_id, sku, warehouse, kind, value_before, value_after, "
            "created_at, text_before, text_after) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11)",
            {facts_.new_id(), feed_.supplier_id, feed_.id, item.sku, item.warehouse, kind, before, after, now_, was, is});
    }

    [[nodiscard]] Json described(const StockItem& item) const {
        return Json::object({{"account", feed_.account},
                             {"sku", item.sku},
                             {"warehouse", item.warehouse},
                             {"name", item.name},
                             {"quantity", item.quantity},
                             {"lower_bound", item.lower_bound},
                             {"price", model::decimal({item.price_minor, item.currency})},
                             {"currency", item.currency}});
    }

    void event(const char* type, const StockItem& item, const char* what, Json before, Json after) {
        Json data = described(item);
        data.set("change", what).set("before", std::move(before)).set("after", std::move(after));
        store::append_event(tx_, type, {}, data, now_);
    }

    /// An alert is a fact of its own for each episode: the feed that opened or closed it names it.
    void alert(const char* kind, const StockItem& item, std::int64_t threshold) {
        Json data = described(item);
        data.set("threshold", threshold);
        facts_.record(
            tx_, {.kind = kind,
                  .natural_key = "stock/" + feed_.account + "/" + item.sku + "/" + item.warehouse + "/" + kind + "/" + feed_.id,
                  .data = std::move(data),
                  .occurred_at = now_});
    }

    store::Tx& tx_;
    notify::Facts& facts_;
    const FeedRow& feed_;
    const model::StockRules& rules_;
    UtcMs now_;
    Number told_at_;         ///< of what a delta brings
    UtcMs whole_as_of_ = 0;  ///< of the last whole feed, as a delta meets it
    std::string last_sku_, last_warehouse_;
    FeedResult result_;
};

/// Of others that wait it is not known any more what they would change.
void overtake_waiting(store::Tx& tx, notify::Facts& facts, const FeedRow& feed) {
    for (auto& [old] : tx.all<std::string>("SELECT id FROM feeds WHERE supplier_id = :1 AND state = 'quarantined' AND id <> :2",
                                           {feed.supplier_id, feed.id})) {
        drop_rows(tx, old);
        set_feed_state(tx, old, "abandoned", "the feed " + feed.id + " was applied", facts.now());
    }
    notify::attention_over_topic(tx, topic_of_feeds(feed.account), "a feed was applied", facts.now());
}

std::string many(std::int64_t number, const char* word) {
    return std::to_string(number) + " " + word + (number == 1 ? "" : "s");
}

void log_applied(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const FeedResult& result) {
    if (result.price_changes > 0 || feed.origin == "pull") {
        log_sync(tx, facts, feed.supplier_id, "price", "success", many(result.price_changes, "price") + " changed");
    }
    std::vector<std::string> said{many(result.rows, "item"), std::to_string(result.added) + " new",
                                  many(result.quantity_changes, "quantity change"), std::to_string(result.low) + " low"};
    if (result.removed > 0) { said.push_back(std::to_string(result.removed) + " gone"); }
    if (result.bad > 0) { said.push_back(many(result.bad, "row") + " could not be read"); }
    if (result.older > 0) { said.push_back(std::to_string(result.older) + " older than what is known"); }
    log_sync(tx, facts, feed.supplier_id, "inventory", "success", joined(said));
}

}  // namespace

FeedResult apply_rows(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const model::StockRules& rules) {
    Application application(tx, facts, feed, rules);
    application.all();
    FeedResult result = application.result();
    result.applied = true;
    result.bad = feed.bad;
    set_feed_state(tx, feed.id, "applied", "", facts.now());
    drop_rows(tx, feed.id);
    if (!feed.delta) { overtake_waiting(tx, facts, feed); }
    log_applied(tx, facts, feed, result);
    return result;
}

}  // namespace crossdock::inventory
