#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/tx.hpp"

#include <string>

namespace crossdock::orders {

struct Customer {
    std::string id;
    std::string name;
    std::string email;  ///< empty: none
    std::string language = "en";
};

/// Adds a customer, or changes one of that id. Errors: wrong id, name or mail address (the field is named).
[[nodiscard]] Result<> check_customer(const Customer& customer);
void add_customer(store::Tx& tx, const Customer& customer, UtcMs now);
[[nodiscard]] Json list_customers(store::Tx& tx);

}  // namespace crossdock::orders
