#pragma once

#include "base/json.hpp"
#include "notify/facts.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::notify {

/// What a mail's template is given of a fact: the fact's own data and, of an order's, the order: "order_id", "total",
/// "customer_id", "customer_name", "items", "shipping_address".
[[nodiscard]] Json mail_data(store::Tx& tx, const StoredFact& fact);

/// Data of an event's mail with each member that it can have, as an example: what templates may ask for, and what a preview shows
/// of an event that has not happened. Members of an empty object may be anything. Nothing: there is no such mail.
[[nodiscard]] std::optional<Json> example_data(const std::string& template_name);

/// The names for which there is example data.
[[nodiscard]] const std::vector<std::string>& mail_names();

/// The latest fact of that kind of an order, as its mail has it. Nothing: there is none, or no such order.
[[nodiscard]] std::optional<StoredFact> latest_fact(store::Tx& tx, const std::string& order_id, const std::string& kind);

}  // namespace crossdock::notify
