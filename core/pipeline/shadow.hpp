#pragma once

#include "orders/shadow.hpp"
#include "pipeline/environment.hpp"

#include <string>

namespace crossdock::pipeline {

/// Has shadows build what they would send, and records it. Their workers have no way to the network, and nothing of an order
/// changes by what they answer. What is still to be built stands in the store.
///
/// Threads: the executor's; an order is built by one task at a time.
class Shadows {
public:
    explicit Shadows(Environment& environment) : environment_(environment) {}

    /// One order, if it is still due. What follows is in the store.
    Task<void> build(std::string worker, std::string id);

private:
    [[nodiscard]] plugin::Call call_for(const std::string& worker, const orders::Shadow& shadow) const;
    Task<void> conclude(orders::Shadow shadow, plugin::CallAnswer answer);

    Environment& environment_;
};

}  // namespace crossdock::pipeline
