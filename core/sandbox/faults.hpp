#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sandbox {

/// One way in which the simulated supplier misbehaves, for some number of calls.
struct SupplierFault {
    enum class Kind {
        cut_before_accept,        ///< closes without doing or answering anything
        cut_after_accept,         ///< does it, closes without an answer
        cut_reused_after_accept,  ///< the same, only on a connection that has served a request before
        status,                   ///< answers this status (and Retry-After, when given)
        garbage,                  ///< answers 200 with what is no JSON
        cut_in_answer,            ///< answers one half of the body, then closes
        drip,                     ///< answers a byte every `delay`
        slow,                     ///< waits before it goes on
    };

    std::string operation;  ///< create_order, cancel_order, find_order, inventory, webhook
    Kind kind = Kind::status;
    std::int64_t times = 1;
    int status = 500;
    milliseconds delay{0};
    std::optional<std::int64_t> retry_after_s;
    bool accept = false;  ///< create_order, cancel_order: does it before it misbehaves
};

/// The faults that are armed, oldest first.
class Faults {
public:
    /// Arms what `POST /_sandbox/faults` says: {"operation", "kind", "times", "status", "delay_ms", "retry_after_s", "accept"}.
    /// "times": 0 disarms that kind of that operation, a negative number never runs out.
    /// Errors: an unknown operation or kind, numbers out of range; `where` is the member.
    [[nodiscard]] Result<void> arm(const Json& order);
    void clear() {
        armed_.clear();
        mix_percent_ = 0;
    }

    /// From now on so many of 100 calls that place an order fail, in ways that the seed determines, by turns: cut before or
    /// after the order is made or in the answer, 500 and 502 with and without it, garbage, 429, 503.
    /// Errors: a percentage out of range.
    [[nodiscard]] Result<void> mix(std::int64_t percent, std::int64_t seed);

    /// The first fault armed for the operation, one time of it used up. `reused`: this connection has served a request before.
    [[nodiscard]] std::optional<SupplierFault> take(std::string_view operation, bool reused);

    /// What is armed, in the words of `arm`.
    [[nodiscard]] Json show() const;

private:
    [[nodiscard]] std::optional<SupplierFault> mixed();

    std::vector<SupplierFault> armed_;
    std::int64_t mix_percent_ = 0;
    std::uint64_t mix_state_ = 0;
};

}  // namespace crossdock::sandbox
