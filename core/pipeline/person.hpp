#pragma once

#include "base/json.hpp"
#include "pipeline/environment.hpp"

#include <string>

namespace crossdock::pipeline {

/// What became of what a person asked for, on the command line and over HTTP alike.
struct Decided {
    enum class What {
        done,
        wrong,    ///< a field; `why.where` names it
        unknown,  ///< there is nothing of that number or id
        refused,
    } what = What::done;
    Json answer = {};  ///< when done
    Fault why = {};    ///< when not
};

/// Request: {"number","what","supplier_order_id","note"}, `what` being adopt, resend, cancel or done. Answer:
/// {"number","order_id","resolution"}. `by` is who says so, for the audit. Errors: the store's.
[[nodiscard]] Task<Result<Decided>> resolve_attention(Environment& environment, Json request, std::string by);

/// Request: {"ids","pipeline","account","order_id","reason","from","rate","preview"}; what is not there does not narrow. Answer:
/// {"preview","rate","dead_letters"}. Errors: the store's.
[[nodiscard]] Task<Result<Decided>> replay_dead_letters(Environment& environment, Json request, std::string by);

/// Request: {"feed","note"}; `what` is approve or reject. Answer: {"feed","account","decision","rows","added","removed",
/// "quantity_changes","price_changes"}. The feed's id is whole, or so much of its beginning that it is one. Errors: the store's.
[[nodiscard]] Task<Result<Decided>> decide_feed(Environment& environment, std::string what, Json request, std::string by);

}  // namespace crossdock::pipeline
