#include "definition/definition.hpp"

namespace crossdock::pipeline {

const std::vector<StepType>& step_types() {
    static const std::vector<StepType> types{
        {"supplier.create_order", {"supplier", "order"}, {}},
        {"supplier.handle_webhook", {"account", "body"}, {"headers"}},
        {"order.apply_evidence", {"account", "evidence"}, {}},
        {"supplier.sync_inventory", {"account"}, {}},
        {"inventory.apply", {"account", "feed"}, {"low_stock"}},
        {"notify", {"event", "to"}, {}},
        {"wait", {}, {"for", "until"}},
        {"wait_for", {"event", "timeout"}, {}},
    };
    return types;
}

}  // namespace crossdock::pipeline
