#pragma once

#include "pipeline/environment.hpp"

#include <cstdint>
#include <string>

namespace crossdock::pipeline {

/// What a person says to something that waits for one.
struct Resolution {
    enum class What {
        adopt,   ///< the supplier has the order, under `supplier_order_id`
        resend,  ///< the supplier does not have it: send it again, as a new order with a new reference
        cancel,  ///< the supplier does not have it, or not any more, and is not to
        done,    ///< seen to elsewhere
    } what = What::done;
    std::int64_t number = 0;  ///< as `attention list` shows it
    std::string supplier_order_id = {};
    std::string note = {};  ///< for the audit
    std::string by = {};    ///< who says so
};

struct Resolved {
    std::string refusal;  ///< why nothing was done; else empty
    std::string text;     ///< what was done
    std::string order_id;
};

/// Does it, with its audit. Inside a commit.
[[nodiscard]] Resolved resolve(store::Tx& tx, Environment& environment, const Resolution& resolution);

}  // namespace crossdock::pipeline
