#pragma once

#include "base/bound.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "http/tls.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace crossdock::http {

/// Bounds of one server.
struct ServerLimits {
    std::size_t body_max = 1 << 20;                       ///< longer: 413, the connection is closed
    std::size_t header_max = 16 << 10;                    ///< longer: 431; a longer first line: 414
    std::size_t headers_max = 100;                        ///< more of them: 431
    std::size_t connections_max = 10'000;                 ///< beyond: accepted and answered 503 with Retry-After
    std::chrono::milliseconds read_timeout{30'000};       ///< from the first byte of a request to its last; longer: 408
    std::chrono::milliseconds write_timeout{30'000};      ///< one answer, or one piece of a streamed one; longer: closed
    std::chrono::milliseconds idle_timeout{60'000};       ///< between requests of one connection; longer: closed
    std::chrono::milliseconds handshake_timeout{10'000};  ///< of TLS; longer: closed
};

/// An HTTP/1.1 server (Boost.Beast) on one executor, over TLS when it is given an identity.
///
/// Requests that are no HTTP are answered 400, two Host headers as well, a declared body above the limit 413 before it is read.
/// Threads:  one executor, which runs one thing at a time; the handler runs on it, and stop() is called on it.
/// Lifetime: stop() first, then run the executor until it has nothing to do, then destroy.
class Server {
public:
    /// Binds and listens. Errors: a port in use is a Fault that names address and port, advice `stop`.
    [[nodiscard]] static Result<std::unique_ptr<Server>> listen(Executor executor, const std::string& address, std::uint16_t port,
                                                                ServerLimits limits, Handler handler,
                                                                std::shared_ptr<const TlsIdentity> tls = {});
    virtual ~Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The port listened on (the one chosen, when 0 was asked for).
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Of the queue http.connections: those that are open, without those being turned away.
    [[nodiscard]] virtual QueueLevel connections() const = 0;
    /// New connections are shown this identity; those that are open keep theirs. Requires a server that was made with one.
    virtual void show(std::shared_ptr<const TlsIdentity> tls) = 0;
    /// Takes no more connections, ends streams and idle connections at once, lets requests under way finish up to `grace`, then
    /// closes all.
    virtual void stop(std::chrono::milliseconds grace) = 0;

protected:
    Server() = default;
};

}  // namespace crossdock::http
