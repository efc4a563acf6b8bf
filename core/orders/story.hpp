#pragma once

#include "base/json.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>

namespace crossdock::orders {

/// One order with all that happened to it:
/// {"order_id","status",...,"lines":[],"supplier_orders":[],"story":[{"at","what","text"}]}. Nothing when there is no such order.
[[nodiscard]] std::optional<Json> order_story(store::Tx& tx, const std::string& order_id);

/// The same for a person, one line per event.
[[nodiscard]] std::string story_text(const Json& story);

/// {"orders":[{"order_id","status","customer_id","total","placed_at"}]}, newest first.
[[nodiscard]] Json list_orders(store::Tx& tx, std::int64_t most, const std::optional<std::string>& customer_id);

}  // namespace crossdock::orders
