#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace crossdock::test {

/// A clock that moves only when told to. Timers run inside advance(), in order of their time, then of their making.
/// Threads: one.
class ManualClock final : public Clock {
public:
    explicit ManualClock(UtcMs utc = 1'761'847'599'000, BootMs boot = 1'000) : utc_(utc), boot_(boot) {}

    [[nodiscard]] UtcMs utc_ms() const override { return utc_; }
    [[nodiscard]] BootMs boot_ms() const override { return boot_; }

    TimerId after(milliseconds delay, std::function<void()> then) override {
        const TimerId id = ++last_;
        timers_.emplace(std::pair{boot_ + delay.count(), id}, std::move(then));
        return id;
    }
    void cancel(TimerId timer) override {
        std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
    }

    void advance(milliseconds by) {
        const BootMs until = boot_ + by.count();
        while (!timers_.empty() && timers_.begin()->first.first <= until) {
            const auto due = timers_.extract(timers_.begin());
            utc_ += due.key().first - boot_;
            boot_ = due.key().first;
            due.mapped()();
        }
        utc_ += until - boot_;
        boot_ = until;
    }
    /// Moves to the next timer and runs it. False when there is none.
    bool advance_to_next() {
        if (timers_.empty()) { return false; }
        const auto due = timers_.extract(timers_.begin());
        utc_ += std::max<BootMs>(due.key().first - boot_, 0);
        boot_ = std::max(boot_, due.key().first);
        due.mapped()();
        return true;
    }
    /// As when somebody sets the machine's clock: UTC jumps, the boot clock does not.
    void set_utc(UtcMs at) { utc_ = at; }

    [[nodiscard]] std::size_t timers_waiting() const { return timers_.size(); }

private:
    UtcMs utc_;
    BootMs boot_;
    TimerId last_ = 0;
    std::map<std::pair<BootMs, TimerId>, std::function<void()>> timers_;
};

/// Randomness that a seed repeats (SplitMix64).
class SeededRandomness final : public Randomness {
public:
    explicit SeededRandomness(std::uint64_t seed) : state_(seed) {}

    void fill(std::span<unsigned char> bytes) override {
        for (auto& byte : bytes) {
            state_ += 0x9E3779B97F4A7C15U;
            std::uint64_t mixed = state_;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
            byte = static_cast<unsigned char>(mixed ^ (mixed >> 31));
        }
    }

private:
    std::uint64_t state_;
};

}  // namespace crossdock::test
