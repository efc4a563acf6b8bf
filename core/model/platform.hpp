#pragma once

#include <array>
#include <string_view>

namespace crossdock::model {

/// The facts that a platform may be told. Calls for a person are not among them: one about a message that the platform refused
/// would be the next message.
inline constexpr std::array<std::string_view, 8> platform_events{
    "order.placed",  "order.accepted",  "order.rejected", "order.fulfillment_started",
    "order.shipped", "order.delivered", "order.canceled", "order.status_changed"};

}  // namespace crossdock::model
