#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <span>
#include <string_view>

namespace crossdock::model {

/// The longest that a step may wait.
inline constexpr milliseconds wait_max{366LL * 86'400'000};

/// The inputs `for` and `timeout`: "2h", more than nothing and at most wait_max. Errors: `what` says what it takes.
[[nodiscard]] Result<milliseconds> read_wait(const Json& value);

/// The input `until`: an RFC 3339 time. Errors: `what` says what it takes.
[[nodiscard]] Result<UtcMs> read_moment(const Json& value);

/// When a `wait` step ends, from its inputs and its start. Pure.
/// Errors: a wrong input, both or none of `for` and `until`, more than wait_max ahead.
[[nodiscard]] Result<UtcMs> wait_ends_at(const Json& with, UtcMs started_at);

/// The kinds of facts that an order can have, in the order in which it meets them.
[[nodiscard]] std::span<const std::string_view> order_facts();
[[nodiscard]] bool is_order_fact(std::string_view kind);

}  // namespace crossdock::model
