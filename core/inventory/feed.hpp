#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/stock.hpp"
#include "notify/facts.hpp"
#include "store/tx.hpp"

#include <string>
#include <vector>

namespace crossdock::inventory {

/// Opens a feed in state `staging`; another one that the same run left unfinished is abandoned.
void open_feed(store::Tx& tx, const std::string& feed_id, const std::string& supplier_id, const std::string& run_id, UtcMs now);

/// Checks one batch as the adapter emitted it: [{"sku","name","quantity","lower_bound","price","currency",...}].
/// `price` is a decimal text. Errors: `where` is the row's JSON pointer.
[[nodiscard]] Result<std::vector<model::StockItem>> read_batch(const Json& batch, const std::string& default_currency);

void stage_rows(store::Tx& tx, const std::string& feed_id, const std::vector<model::StockItem>& rows, UtcMs now);

/// All rows are there.
void complete_feed(store::Tx& tx, const std::string& feed_id, UtcMs now);

struct FeedResult {
    bool applied = false;  ///< false: quarantined, see reason
    std::string reason;
    std::int64_t rows = 0, added = 0, quantity_changes = 0, price_changes = 0, low = 0, restored = 0, removed = 0;
};

/// Applies a complete feed in one commit, if it passes the gate: items, changes, events, low-stock alerts, the sync log.
[[nodiscard]] FeedResult apply_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& account,
                                    std::int64_t low_stock);

/// A feed that could not be pulled: abandoned and written to the sync log.
void fail_feed(store::Tx& tx, notify::Facts& facts, const std::string& feed_id, const std::string& reason);

/// {"items":[...]} for the API and the command line, by SKU.
[[nodiscard]] Json list_items(store::Tx& tx, std::int64_t most, const std::string& after_sku);

}  // namespace crossdock::inventory
