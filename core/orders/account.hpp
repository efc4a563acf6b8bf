#pragma once

#include "model/fulfilment.hpp"
#include "model/polling.hpp"
#include "model/routing.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::orders {

/// What the use cases need to know of an account; the rest of its file concerns other rooms.
struct Account {
    std::string name;
    std::string supplier_id;  ///< its row in `suppliers`
    std::string currency;
    std::map<std::string, std::string> statuses;       ///< the supplier's word -> canonical status
    bool takes_webhooks = false;                       ///< it is told by webhook: what a poll tells first was missed
    std::optional<model::PollPattern> poll = {};       ///< nothing: it is not asked
    std::map<std::string, model::Beside> beside = {};  ///< by the supplier's word
    std::string supplier_code = {};                    ///< what its API calls the supplier; empty: the order's own code
    std::optional<std::string> disabled = {};          ///< why, by its row when this was read; nothing: it is active
};

/// Accounts by name, and the routes that lead to them.
struct Accounts {
    std::map<std::string, Account> by_name;
    std::map<std::string, std::vector<model::RouteRule>> routes;  ///< by the supplier code in an order; none is empty

    /// The one that orders of a supplier code go to when no condition says otherwise: of its last rule, else that of the same
    /// name.
    [[nodiscard]] const Account* for_supplier(const std::string& code) const {
        const auto rules = routes.find(code);
        return named(rules == routes.end() ? code : rules->second.back().use.front());
    }
    [[nodiscard]] const Account* named(const std::string& name) const {
        const auto at = by_name.find(name);
        return at == by_name.end() ? nullptr : &at->second;
    }
};

}  // namespace crossdock::orders
