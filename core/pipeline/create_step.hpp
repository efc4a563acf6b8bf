#pragma once

#include "definition/definition.hpp"
#include "pipeline/environment.hpp"
#include "store/journal.hpp"

#include <optional>
#include <string>
#include <vector>

// The step that places an order: one effect for each supplier order, one outcome when all of them have ended.

namespace crossdock::pipeline {

struct OrderPart {
    std::string id;  ///< of its row in supplier_orders
    std::string reference;
    std::string account;
    std::optional<std::string> withdrawn_why;
    bool first = false;  ///< of the order's parts: its effect has the key of an order that is whole
};

/// The parts that a step is about: all of the order's when `supplier` is the order's own code, else those at that code's account.
[[nodiscard]] std::vector<OrderPart> parts_for(store::Tx& tx, const EngineOptions& options, const std::string& order_id,
                                               const std::string& supplier);

/// What a create effect is sent with.
struct CreateCall {
    std::string run_id;
    std::int64_t step_index = 0;
    std::string step_id;
    std::string order_id;
    std::string supplier;  ///< the order's code, on the wire unless the account has one of its own
    Json order;            ///< the whole document; the part's own pieces are taken from it
    std::string retry_json;
};
void insert_create(store::Tx& tx, Environment& environment, const EngineOptions& options, const CreateCall& call,
                   const OrderPart& part);

/// Hands what a supplier refused to the next account of its route, as effects of the same step. False when there is none.
[[nodiscard]] bool fall_back(store::Tx& tx, Environment& environment, const EngineOptions& options,
                             const store::EffectRow& refused, const std::string& reason);

/// The step's retries as an effect keeps them.
[[nodiscard]] std::string retry_json(const Retry& retry);

/// What a step that placed an order came to; nothing while one of its effects has not ended, or without any.
/// {"outcome", "supplier_order_id"?, "reason"?} of the only part; of several {"outcome", "parts": [...]}, where the outcome is
/// that of all of them, or "partly_accepted". Parts whose pieces another supplier order took over count no more.
[[nodiscard]] std::optional<Json> create_outcome(store::Tx& tx, const std::string& run_id, std::int64_t step_index);

}  // namespace crossdock::pipeline
