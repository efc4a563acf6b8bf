#include "base/system_clock.hpp"

#include <boost/asio/steady_timer.hpp>

#include <sys/random.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

namespace crossdock {
namespace {

std::int64_t read_ms(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

struct SystemClock::State {
    explicit State(Executor chosen) : executor(std::move(chosen)) {}
    Executor executor;
    TimerId next = 1;
    std::map<TimerId, boost::asio::steady_timer> timers;
};

SystemClock::SystemClock(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

SystemClock::~SystemClock() {
    state_->timers.clear();
}

UtcMs SystemClock::utc_ms() const {
    return system_utc_ms();
}

BootMs SystemClock::boot_ms() const {
    return system_boot_ms();
}

Clock::TimerId SystemClock::after(milliseconds delay, std::function<void()> then) {
    const TimerId id = state_->next++;
    const auto at = state_->timers.emplace(id, boost::asio::steady_timer(state_->executor, delay)).first;
    at->second.async_wait([weak = std::weak_ptr<State>(state_), id, then = std::move(then)](boost::system::error_code error) {
        const auto state = weak.lock();
        if (!state || error || state->timers.erase(id) == 0) { return; }
        then();
    });
    return id;
}

void SystemClock::cancel(TimerId timer) {
    state_->timers.erase(timer);
}

UtcMs system_utc_ms() {
    return read_ms(CLOCK_REALTIME);
}

BootMs system_boot_ms() {
    return read_ms(CLOCK_BOOTTIME);
}

void SystemRandomness::fill(std::span<unsigned char> bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto got = getrandom(bytes.data() + done, bytes.size() - done, 0);
        if (got < 0) {
            if (errno == EINTR) { continue; }
            std::perror("getrandom");
            std::abort();
        }
        done += static_cast<std::size_t>(got);
    }
}

}  // namespace crossdock
