#include "base/signal.hpp"

namespace crossdock {

Task<bool> Signal::wait(std::uint64_t ticket, milliseconds at_most) {
    std::function<void(std::function<void(bool)>)> start = [this, ticket, at_most](std::function<void(bool)> then) {
        if (count_ != ticket) {
            then(true);
            return;
        }
        const auto id = next_++;
        const auto timer = clock_.after(at_most, [this, id] {
            auto waiter = waiters_.extract(id);
            if (!waiter.empty()) { waiter.mapped().then(false); }
        });
        waiters_.emplace(id, Waiter{std::move(then), timer});
    };
    return on_callback<bool>(std::move(start));
}

void Signal::notify() {
    ++count_;
    auto woken = std::move(waiters_);
    waiters_.clear();
    for (auto& [id, waiter] : woken) {
        clock_.cancel(waiter.timer);
        waiter.then(true);
    }
}

Task<void> pause(Clock& clock, milliseconds delay) {
    std::function<void(std::function<void(bool)>)> start = [&clock, delay](std::function<void(bool)> then) {
        clock.after(delay, [then = std::move(then)] { then(true); });
    };
    co_await on_callback<bool>(std::move(start));
}

}  // namespace crossdock
