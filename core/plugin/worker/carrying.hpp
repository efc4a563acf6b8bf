#pragma once

#include "base/json.hpp"
#include "http/exchange.hpp"

namespace crossdock::worker {

/// A carrier's work: brings the exchanges of a plugin that runs in the daemon to their peers, until the socket ends.
///
/// Its bounds are the ones that hold: `reach` of the hello, and each exchange's time limit and not_after. What is under way when
/// the daemon goes ends with this process.
///
/// Threads:  the process's main thread reads; exchanges run on a pool.
/// Errors:   the exit code: 0 when the daemon closed the socket, 3 when it is not understood.
[[nodiscard]] int serve_exchanges(int socket, const Json& hello, http::Carrier& outbound);

}  // namespace crossdock::worker
