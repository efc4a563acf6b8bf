#pragma once

#include "base/bound.hpp"
#include "base/json.hpp"
#include "base/task.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace crossdock::app {

using AdminHandler = std::function<Task<Result<Json>>(Json)>;

/// The admin Unix socket (0600): one JSON line in, one JSON line out, then the connection ends.
/// Threads: one executor. Lifetime: stop(), then run the executor dry, then destroy.
class ControlSocket {
public:
    /// Replaces a socket that a dead daemon left: call it while holding the store's lock.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(Executor executor, const std::filesystem::path& path,
                                                                       AdminHandler handler);
    virtual ~ControlSocket() = default;
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    virtual void stop() = 0;
    /// Of the queue control.connections; one beyond it is answered with a fault.
    [[nodiscard]] virtual QueueLevel connections() const = 0;

protected:
    ControlSocket() = default;
};

/// Asks a running daemon; blocks. Nothing when none listens there. Errors: the daemon's own fault, or a cut connection.
[[nodiscard]] std::optional<Result<Json>> ask_daemon(const std::filesystem::path& path, const Json& request);

}  // namespace crossdock::app
