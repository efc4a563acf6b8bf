#pragma once

#include "base/result.hpp"
#include "base/task.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace crossdock::check {

/// A TLS server on 127.0.0.1 with a certificate that nobody has signed; nothing may be said to it.
///
/// Threads:  one executor. Lifetime: destroy it before the executor.
class UntrustedTls {
public:
    /// Errors: no key can be made, no port is free.
    [[nodiscard]] static Result<std::unique_ptr<UntrustedTls>> listen(Executor executor);
    virtual ~UntrustedTls() = default;
    UntrustedTls(const UntrustedTls&) = delete;
    UntrustedTls& operator=(const UntrustedTls&) = delete;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Connections whose peer went through with the handshake and sent something.
    [[nodiscard]] virtual std::size_t believed() const = 0;

protected:
    UntrustedTls() = default;
};

}  // namespace crossdock::check
