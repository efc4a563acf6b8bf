#pragma once

#include "base/json.hpp"
#include "model/stock.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace crossdock::inventory {

/// Which items are meant; what is empty does not narrow.
struct ItemQuery {
    std::string account = {}, sku = {}, warehouse = {}, grade = {}, lock_status = {};
    std::string text = {};         ///< a part of SKU or name, whatever its case
    std::optional<bool> low = {};  ///< with a low-stock alert open, or without
    std::string after = {};        ///< a cursor: what stands behind its item
    std::int64_t most = 100;
};

/// Whether a list can go on there.
[[nodiscard]] bool is_cursor(const std::string& text);

/// By account.
using StockRulesByAccount = std::map<std::string, model::StockRules>;

/// {"items": [{account, sku, warehouse, name, quantity, lower_bound, sellable, price, currency, grade, lock_status, low_stock,
/// updated_at, heard_at}], "next": cursor or null}, by SKU, account and warehouse. `sellable` is what of `quantity` can be sold
/// at `now` (model::sellable). An account without rules keeps nothing back.
[[nodiscard]] Json list_items(store::Tx& tx, const ItemQuery& query, const StockRulesByAccount& rules, UtcMs now);

/// The same as CSV (RFC 4180) with a title row, for spreadsheets and programs.
[[nodiscard]] std::string items_csv(const Json& list);

}  // namespace crossdock::inventory
