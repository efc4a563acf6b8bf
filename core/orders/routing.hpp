#pragma once

#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "orders/intake.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::orders {

/// A part of an order, and the account that is to have it.
struct Destination {
    const Account* account = nullptr;  ///< of the Accounts that were given
    std::vector<Part> parts;
};

struct Placement {
    std::string order_id;
    std::string supplier_code;
    std::string customer_id;
    std::string currency;
    std::vector<model::Allotment> lines;  ///< what is to be placed
};

/// Where an order goes, by the routes and by what stock is known, and why each other account gets nothing: both become decisions
/// of the order. Empty when no rule holds for it.
[[nodiscard]] std::vector<Destination> route_order(store::Tx& tx, const Accounts& accounts, const Placement& placement,
                                                   UtcMs now);

/// The account that the rule which holds for the order names as its shadow.
[[nodiscard]] std::optional<std::string> shadow_of(const Accounts& accounts, const Placement& placement);

/// One supplier has refused its part: it goes to the next that its route names, if the route has `fallback`. The new supplier
/// orders; none when it has to stay refused.
[[nodiscard]] std::vector<NewSupplierOrder> fall_back(store::Tx& tx, notify::Facts& facts, const Accounts& accounts,
                                                      const std::string& supplier_order_row_id, const std::string& reason);

}  // namespace crossdock::orders
