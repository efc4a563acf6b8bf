#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/exchange.hpp"
#include "library.hpp"

#include <string>

namespace crossdock::worker {

/// Where a Session runs: a worker process, or threads of the daemon. Everything in which the two differ.
/// Threads: `carrier` from any, the rest from the session's own.
class Place {
public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    virtual ~Place() = default;

    /// Before anything of the plugin is loaded. Answers what the handshake's `confinement` says.
    /// Errors: why no plugin may be served here.
    [[nodiscard]] virtual Result<Json> enter(const Json& hello) = 0;
    /// Errors: as load_library.
    [[nodiscard]] virtual Result<Library> load(const Json& hello) = 0;
    /// Where exchanges go; from `enter` on.
    [[nodiscard]] virtual http::Carrier& carrier() = 0;
    /// Instead of a plugin, serves exchanges until the socket ends; the exit code.
    [[nodiscard]] virtual int carry(int socket, const Json& hello) = 0;
    /// The daemon has gone.
    virtual void orphaned() = 0;
    /// Stands before what the plugin logs; empty: its process says it already.
    [[nodiscard]] virtual std::string log_mark() const = 0;
};

}  // namespace crossdock::worker
