#pragma once

#include "model/order.hpp"
#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "store/tx.hpp"

#include <functional>
#include <string>

namespace crossdock::orders {

/// Starts the runs that a placed order triggers, inside the accepting commit.
using StartRuns = std::function<void(store::Tx&, const std::string& order_id, const Json& document)>;

struct Placed {
    enum class What {
        accepted,          ///< stored now
        repeated,          ///< the same owner and body came before: the same answer
        conflict,          ///< the order_id is taken by another owner or content
        unknown_customer,  ///< neither a known customer nor a contact address
        key_reused,        ///< the Idempotency-Key came before with another body
    } what = What::accepted;
    std::string answer;  ///< the body of the 202
};

/// Stores an order with its identity, lines, supplier order and runs, in one commit.
/// `owner` is the API key's id; `digest` the SHA-256 of the body; `idempotency_key` is empty when the client sent none: order_id
/// is the key.
[[nodiscard]] Placed place_order(store::Tx& tx, notify::Facts& facts, const model::Order& order, const Account& account,
                                 const std::string& owner, const std::string& digest, const std::string& idempotency_key,
                                 const StartRuns& start_runs);

struct NewSupplierOrder {
    std::string id;
    std::string reference;  ///< the order_id, or the next free `-N` of it at this account
};

/// What one account is to receive of an order.
[[nodiscard]] NewSupplierOrder add_supplier_order(store::Tx& tx, notify::Facts& facts, const std::string& order_id,
                                                  const Account& account);

}  // namespace crossdock::orders
