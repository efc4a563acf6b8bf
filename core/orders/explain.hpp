#pragma once

#include "base/json.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>

namespace crossdock::orders {

/// An order's story with every decision and its reason between what happened, and what it waits for now, all from the journal:
/// order_story's document with `decision` and `run` moments, and "now": [text]. Nothing when there is no such order.
[[nodiscard]] std::optional<Json> explain_order(store::Tx& tx, const std::string& order_id);

/// The same for people.
[[nodiscard]] std::string explain_text(const Json& explained);

}  // namespace crossdock::orders
