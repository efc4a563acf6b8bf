#pragma once

#include "model/fulfilment.hpp"
#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::orders {

/// What a supplier said of one of its orders, as its adapter translated it.
struct Evidence {
    std::string source = "webhook";  ///< webhook, poll, lookup, answer
    std::optional<std::string> webhook_id;
    std::string reference;                 ///< ours; may be empty when the supplier names its own id only
    std::string supplier_order_id;         ///< theirs; may be empty
    std::string supplier_status;           ///< the supplier's word
    std::string tracking_number;           ///< may be empty
    UtcMs occurred_at = 0;                 ///< the supplier's clock; 0: undated
    std::string carrier = {};              ///< of the tracking number, in the supplier's words: a hint; may be empty
    std::string parcel;                    ///< the supplier's name of a parcel without tracking number; may be empty
    std::vector<model::LineReport> lines;  ///< what it says of single pieces; empty: it speaks of the whole
};

struct Applied {
    enum class What {
        applied,
        known,      ///< the same evidence came before: no effect
        unmatched,  ///< no such order here (yet): kept, matched when the id is stored
        unmapped,   ///< the account's file does not map this status: kept and alerted
    } what = What::applied;
    bool changed = false;  ///< the order has another status or one shipment more
    /// The supplier order whose id this evidence told first: an open create effect is settled by it.
    std::optional<std::string> settled_supplier_order;
};

/// Applies one piece of evidence: the order's state becomes the fold of all its evidence, whatever the order of arrival.
/// One of a poll that changes an order of an account with webhooks heals a miss, unless the webhook comes in the end.
[[nodiscard]] Applied apply_evidence(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& evidence);

/// Stores the supplier's id once it is known, makes the confirmation, and applies evidence that waited for it.
/// Another id than the one stored, and an id that another order has, is kept out and shown to a person. False: nothing was
/// stored.
bool learn_supplier_order_id(store::Tx& tx, notify::Facts& facts, const Account& account,
                             const std::string& supplier_order_row_id, const std::string& supplier_order_id);

/// The supplier has said that it cancels the order. `word` is its own for that. Its answer has no date, and so has the evidence.
void confirm_cancel(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
                    const std::string& word);

/// The order is not to be had from this supplier, and that is not the supplier's doing: it was canceled before it was sent, or
/// sent again under another reference. What the supplier says of it from now on is kept and shown to a person.
void withdraw(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why);

/// Everybody who is told of a canceled order is, unless some supplier still has a part of it.
void tell_canceled(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why);

/// The supplier refused the order. `quietly`: nobody is told, for another one has taken over.
void reject(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
            const std::string& reason, bool quietly = false);

}  // namespace crossdock::orders
