#pragma once

#include "notify/facts.hpp"

#include <string>
#include <string_view>

namespace crossdock::notify {

/// The recipient of what a platform is told, in the ledger; which platform says the channel.
inline constexpr std::string_view platform_recipient = "platform";

/// The topic of `attention` while nothing is sent to a channel, because its endpoint refuses it.
[[nodiscard]] std::string topic_of_stopped(const std::string& channel);

/// A fact as GET /v1/events shows it, but for `id`, which is the fact's own instead of a cursor:
/// {"id", "type", "time", "order_id", "data"}.
[[nodiscard]] Json shown_to_programs(const StoredFact& fact, UtcMs now);

/// How the fact's order stands, this fact included: {"order_id", "status", "supplier_order_id"?, "tracking_number"?,
/// "updated_at"}. `status` is one of ours; `updated_at` is our clock's, since suppliers' clocks do not order the facts of one
/// order. Requires that the fact is an order's.
[[nodiscard]] Json order_for_programs(store::Tx& tx, const StoredFact& fact, UtcMs now);

}  // namespace crossdock::notify
