#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/store.hpp"

#include <optional>
#include <string>

namespace crossdock::app {

/// Tells systemd what the daemon is at, by libsystemd's sd_notify(3). Without $NOTIFY_SOCKET nothing is told and nothing fails.
///
/// Threads: any.
class ServiceManager {
public:
    /// `status` is what `systemctl status` shows.
    void ready(const std::string& status) const;
    void reloading() const;
    void stopping() const;
    /// The daemon answers; to be said within what watchdog() answers.
    void alive() const;

    /// How long the daemon may be silent before systemd ends it (WatchdogSec= in its unit); none: it is not watched.
    [[nodiscard]] static std::optional<milliseconds> watchdog();
};

/// While `serving`, says twice in the watchdog's time that the daemon is alive: each time when the loop has come round and the
/// store has answered a read. Returns at once where nobody watches.
[[nodiscard]] Task<void> tell_alive(ServiceManager manager, Clock& clock, store::Store& store);

}  // namespace crossdock::app
