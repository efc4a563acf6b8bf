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
        no_route,          ///< no route of its supplier code holds for it
    } what = What::accepted;
    std::string answer;  ///< the body of the 202
};

/// Stores an order with its identity, lines, supplier orders and runs, in one commit. Which accounts have it is decided here,
/// once. `owner` is the API key's id; `digest` the SHA-256 of the body; `idempotency_key` is empty when the client sent none:
/// order_id is the key.
[[nodiscard]] Placed place_order(store::Tx& tx, notify::Facts& facts, const model::Order& order, const Accounts& accounts,
                                 const std::string& owner, const std::string& digest, const std::string& idempotency_key,
                                 const StartRuns& start_runs);

struct NewSupplierOrder {
    std::string account;
    std::string id;
    std::string reference;  ///< the order_id, or the next `-N` of it that neither the account nor another part has
};

/// Pieces of one line of an order.
struct Part {
    std::int64_t line_number = 0;
    std::int64_t quantity = 0;
};

/// What one account is to receive of an order. Without parts: all that is not for another supplier order.
[[nodiscard]] NewSupplierOrder add_supplier_order(store::Tx& tx, notify::Facts& facts, const std::string& order_id,
                                                  const Account& account, const std::vector<Part>& parts = {});

/// Its pieces are for no supplier order any more.
void release_parts(store::Tx& tx, const std::string& supplier_order_row_id);

/// The order's document with the pieces of that supplier order alone; the document itself when they are all of it.
[[nodiscard]] Json document_for(store::Tx& tx, const std::string& supplier_order_row_id, const Json& document);

}  // namespace crossdock::orders
