#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"

#include <memory>

namespace crossdock {

/// The machine's clocks and an executor's timers. A named runner file: the only one that reads the time.
/// Lifetime: outlives the timers that it was asked for, or is destroyed after its executor has stopped.
class SystemClock final : public Clock {
public:
    explicit SystemClock(Executor executor);
    ~SystemClock() override;

    [[nodiscard]] UtcMs utc_ms() const override;
    [[nodiscard]] BootMs boot_ms() const override;
    TimerId after(milliseconds delay, std::function<void()> then) override;
    void cancel(TimerId timer) override;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// The same two clocks, for code without an executor (the CLI, a worker).
[[nodiscard]] UtcMs system_utc_ms();
[[nodiscard]] BootMs system_boot_ms();

/// The kernel's randomness (getrandom).
class SystemRandomness final : public Randomness {
public:
    void fill(std::span<unsigned char> bytes) override;
};

}  // namespace crossdock
