#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/stock.hpp"
#include "notify/facts.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::inventory {

/// What a feed is when it begins.
struct NewFeed {
    std::string id, supplier_id, run_id;
    bool delta = false;               ///< it holds changes only: what it does not name stays
    const char* origin = "pull";      ///< or "webhook"
    std::optional<UtcMs> as_of = {};  ///< the supplier's time of it
};

/// Whether another run that goes on is pulling from the same account: of each there is one feed at a time.
[[nodiscard]] bool another_is_pulled(store::Tx& tx, const NewFeed& feed);
/// Opens a feed in state `staging`; another one that the same run left unfinished is abandoned.
void open_feed(store::Tx& tx, const NewFeed& feed, UtcMs now);

/// A row that cannot be read: the rest of its feed goes on.
struct BadRow {
    std::optional<std::int64_t> line;  ///< in the supplier's file
    std::string sku;                   ///< empty: not even that can be read
    std::string reason;
    std::string text;  ///< the row, cut
};

/// Rows of one batch, told apart.
struct Batch {
    std::vector<model::StockItem> rows;
    std::vector<BadRow> bad;
};

/// Reads one batch as the adapter emitted it: [{"sku","name","quantity","lower_bound","price","currency",...}]. `price` is a
/// decimal text. Errors: no array.
[[nodiscard]] Result<Batch> read_batch(const Json& batch, const std::string& default_currency);

/// Stages rows. One that was staged before with the same grade and lock counts as repeated; with others it is a bad row.
void stage_batch(store::Tx& tx, const std::string& feed_id, const Batch& batch, UtcMs now);

/// What an adapter says of the feed that it has handed over.
struct Handed {
    std::optional<std::int64_t> rows = {};
    std::optional<UtcMs> as_of = {};
    std::vector<BadRow> bad = {};  ///< that it could not read itself
};

/// All rows are there.
void complete_feed(store::Tx& tx, const std::string& feed_id, const Handed& handed, UtcMs now);

struct FeedResult {
    bool applied = false;  ///< false: quarantined or not to be applied, see reason
    bool quarantined = false;
    std::string reason;
    std::int64_t rows = 0, added = 0, quantity_changes = 0, price_changes = 0, attribute_changes = 0;
    std::int64_t low = 0, restored = 0, removed = 0;
    std::int64_t bad = 0;    ///< rows that could not be read
    std::int64_t older = 0;  ///< items of which something newer is known
};

/// Applies a complete feed in one commit, if it passes the gate: items, changes, events, low-stock alerts, the sync log. Else it
/// is quarantined, with a report of what it would change. Feeds that waited before one that is applied are abandoned.
[[nodiscard]] FeedResult apply_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& account,
                                    const model::StockRules& rules);

/// Stock that was told of between two feeds.
struct News {
    std::string supplier_id, account, run_id;
    std::string currency;             ///< of rows without one
    std::optional<UtcMs> as_of = {};  ///< the supplier's time
    Json rows;                        ///< a list as read_batch takes it; what a row does not say stays as it is known
};
/// Applies it as a delta, under the gate, in one commit. What is known of an item since `as_of` stays.
[[nodiscard]] FeedResult apply_news(store::Tx& tx, notify::Facts& facts, const News& news, const model::StockRules& rules);

/// A feed that could not be pulled: abandoned and written to the sync log.
void fail_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& reason);

/// What a person says to a feed in quarantine. Nothing has changed when `refusal` says why.
struct FeedDecision {
    bool known = false;
    std::string refusal;
    std::string id, account;
    FeedResult result = {};  ///< of an approval
};
/// Applies what was shown, whatever the gate says of it. Refused: the feed does not wait, or a newer one was applied since.
[[nodiscard]] FeedDecision approve_feed(store::Tx& tx, notify::Facts& facts, const std::string& id,
                                        const model::StockRules& rules, const std::string& by);
/// Drops its rows. Refused: the feed does not wait.
[[nodiscard]] FeedDecision reject_feed(store::Tx& tx, notify::Facts& facts, const std::string& id, const std::string& note,
                                       const std::string& by);

struct FeedFilter {
    std::string account, state;
    std::int64_t most = 100;
};
/// {"feeds": [{id, account, kind, origin, state, rows, bad_rows, reason, as_of, created_at, updated_at, decided_by, report}]},
/// newest first.
[[nodiscard]] Json list_feeds(store::Tx& tx, const FeedFilter& filter);
/// One of them, with its bad rows and some of what is staged. `id` may be its beginning, of eight characters or more; nothing:
/// there is none, or more than one.
[[nodiscard]] std::optional<Json> show_feed(store::Tx& tx, const std::string& id);

}  // namespace crossdock::inventory
