#pragma once

#include "http/loopback.hpp"

namespace crossdock::http {

/// One exchange over TLS with the server on this machine whose certificate is known; see LoopbackCall::pin. Blocks.
[[nodiscard]] Result<LoopbackAnswer> exchange_pinned(const LoopbackCall& call);

}  // namespace crossdock::http
