#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace crossdock {

/// Time as a parameter: the daemon has the system's, a simulation its own.
///
/// Threads: utc_ms and boot_ms from any thread; after and cancel on the executor's thread only.
class Clock {
public:
    using TimerId = std::uint64_t;

    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual UtcMs utc_ms() const = 0;
    [[nodiscard]] virtual BootMs boot_ms() const = 0;

    /// Calls `then` on the executor once `delay` has passed, unless canceled before.
    virtual TimerId after(milliseconds delay, std::function<void()> then) = 0;
    virtual void cancel(TimerId timer) = 0;
};

/// Randomness as a parameter.
/// Threads: any.
class Randomness {
public:
    Randomness() = default;
    Randomness(const Randomness&) = delete;
    Randomness& operator=(const Randomness&) = delete;
    virtual ~Randomness() = default;

    virtual void fill(std::span<unsigned char> bytes) = 0;
    /// Uniform in [0, bound). Requires bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

}  // namespace crossdock
