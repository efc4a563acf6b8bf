#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstddef>
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
        slow,                     ///< waits before it goes on
    };

    std::string operation;  ///< create_order, find_order, inventory, webhook
    Kind kind = Kind::status;
    std::int64_t times = 1;
    int status = 500;
    milliseconds delay{0};
    std::optional<std::int64_t> retry_after_s;
    bool accept = false;  ///< create_order: makes the order before it misbehaves
};

/// The faults that are armed, oldest first.
class Faults {
public:
    /// Arms what `POST /_sandbox/faults` says: {"operation", "kind", "times", "status", "delay_ms", "retry_after_s", "accept"}.
    /// "times": 0 disarms that kind of that operation, a negative number never runs out.
    /// Errors: an unknown operation or kind, numbers out of range; `where` is the member.
    [[nodiscard]] Result<void> arm(const Json& order);
    void clear() { armed_.clear(); }

    /// The first fault armed for the operation, one time of it used up. `reused`: this connection has served a request before.
    [[nodiscard]] std::optional<SupplierFault> take(std::string_view operation, bool reused);

    /// What is armed, in the words of `arm`.
    [[nodiscard]] Json show() const;

private:
    std::vector<SupplierFault> armed_;
};

}  // namespace crossdock::sandbox
