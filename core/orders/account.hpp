#pragma once

#include "model/polling.hpp"

#include <map>
#include <optional>
#include <string>

namespace crossdock::orders {

/// What the use cases need to know of an account; the rest of its file concerns other rooms.
struct Account {
    std::string name;
    std::string supplier_id;  ///< its row in `suppliers`
    std::string currency;
    std::map<std::string, std::string> statuses;  ///< the supplier's word -> canonical status
    bool takes_webhooks = false;                  ///< it is told by webhook: what a poll tells first was missed
    std::optional<model::PollPattern> poll = {};  ///< nothing: it is not asked
};

/// Accounts by name, and the routes that lead to them.
struct Accounts {
    std::map<std::string, Account> by_name;
    std::map<std::string, std::string> routes;  ///< supplier code in an order -> account

    /// By route, else by the account's own name.
    [[nodiscard]] const Account* for_supplier(const std::string& code) const {
        const auto route = routes.find(code);
        return named(route == routes.end() ? code : route->second);
    }
    [[nodiscard]] const Account* named(const std::string& name) const {
        const auto at = by_name.find(name);
        return at == by_name.end() ? nullptr : &at->second;
    }
};

}  // namespace crossdock::orders
