#include "app/service_manager.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"

#include <systemd/sd-daemon.h>

#include <cstring>
#include <ctime>

namespace crossdock::app {
namespace {

void tell(const std::string& state) {
    const int sent = ::sd_notify(0, state.c_str());
    if (sent < 0) { Log::warning("the service manager could not be told", {{"state", state}, {"why", std::strerror(-sent)}}); }
}

}  // namespace

void ServiceManager::ready(const std::string& status) const {
    tell("READY=1\nSTATUS=" + status);
}

void ServiceManager::reloading() const {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    constexpr long long us_per_s = 1'000'000;
    constexpr long long ns_per_us = 1'000;
    // What a later systemd asks of Type=notify-reload; earlier ones pass over it.
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * us_per_s + now.tv_nsec / ns_per_us));
}

void ServiceManager::stopping() const {
    tell("STOPPING=1\nSTATUS=Stopping: calls under way come to their end");
}

void ServiceManager::alive() const {
    tell("WATCHDOG=1");
}

std::optional<milliseconds> ServiceManager::watchdog() {
    std::uint64_t us = 0;
    if (::sd_watchdog_enabled(0, &us) <= 0) { return std::nullopt; }
    return std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(us));
}

Task<void> tell_alive(ServiceManager manager, Clock& clock, store::Store& store) {
    const auto patience = ServiceManager::watchdog();
    if (!patience) { co_return; }
    for (;;) {
        std::function<int(store::Tx&)> look = [](store::Tx& tx) { return tx.first<std::int64_t>("SELECT 1") ? 1 : 0; };
        // A reader with too much to do says so at once: that is an answer, too.
        (void)co_await store.read<int>(std::move(look));
        manager.alive();
        co_await pause(clock, *patience / 2);
    }
}

}  // namespace crossdock::app
