#pragma once

#include "pipeline/environment.hpp"
#include "store/journal.hpp"

#include <string>

namespace crossdock::pipeline {

/// What a request to cancel an order came to.
struct CancelAnswer {
    enum class What {
        unknown_order,
        canceled,   ///< it had not left: withdrawn at once; or it was canceled or rejected before
        requested,  ///< the supplier is asked as soon as it is known whether it has the order
        too_late,   ///< shipped
    } what = What::unknown_order;
    std::string status;  ///< the order's, now
};

/// Takes a customer's wish to cancel an order. What has not left is withdrawn; of what may have left the supplier is asked,
/// behind the order's other effects in its lane. A second request while one is under way changes nothing. `reason` is handed to
/// the supplier; may be empty. Inside a commit.
[[nodiscard]] CancelAnswer request_cancel(store::Tx& tx, Environment& environment, const std::string& order_id,
                                          const std::string& reason);

/// Ends an effect that a cancellation has made pointless: a create that has not left, a cancel of what is over already or can
/// only be asked for by a person. True: it is not to be sent.
[[nodiscard]] bool overtaken(store::Tx& tx, Environment& environment, store::EffectRow& effect);

/// The document of cancel_order, with the supplier's id if it is known by now.
[[nodiscard]] Json cancel_input(store::Tx& tx, const store::EffectRow& effect, const Json& stored);

/// How an order stands by the supplier's word for it.
[[nodiscard]] model::Standing standing_of(const orders::Account& account, const std::string& word);

/// The order is not canceled, and goes on.
void give_up_cancel(store::Tx& tx, store::EffectRow& effect, const std::string& reason, UtcMs now);

/// The supplier has answered a cancellation. `word` is its own for the order now; may be empty.
void settle_cancel(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect, bool accepted,
                   const std::string& word, const std::string& reason);

/// Takes back an order that is not at its supplier: its create effect ends as withdrawn, its step is done.
void withdraw_order(store::Tx& tx, Environment& environment, const std::string& supplier_order_row_id, const std::string& why);

}  // namespace crossdock::pipeline
