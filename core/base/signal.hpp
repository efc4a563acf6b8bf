#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <functional>
#include <map>

namespace crossdock {

/// Wakes every task that waits on it.
///
/// Threads:  one executor; notify from elsewhere must be posted to it.
/// Lifetime: outlives its waiters.
class Signal {
public:
    explicit Signal(Clock& clock) : clock_(clock) {}

    /// Raised on each notify. Read it before looking at the condition, hand it to wait: nothing in between is missed.
    [[nodiscard]] std::uint64_t ticket() const { return count_; }

    /// Returns true once a notify came after `ticket` was read, false when `at_most` passed first.
    Task<bool> wait(std::uint64_t ticket, milliseconds at_most);

    void notify();

private:
    struct Waiter {
        std::function<void(bool)> then;
        Clock::TimerId timer;
    };

    Clock& clock_;
    std::uint64_t count_ = 0;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, Waiter> waiters_;
};

/// Waits `delay` on the clock.
Task<void> pause(Clock& clock, milliseconds delay);

}  // namespace crossdock
