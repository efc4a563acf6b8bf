#pragma once

#include "base/task.hpp"
#include "sandbox/simulator.hpp"

#include <memory>

namespace crossdock::sandbox {

/// The simulated supplier's other face: order files in a folder, and CSV files that it writes. Takes files out of `outbox`, keeps
/// them in `taken`, makes an order of each, and keeps confirmations.csv, shipments.csv and stock.csv in `inbox` as the ledger
/// stands. With `idempotency` a file's name is its key.
///
/// Runs until the simulator stops.
Task<void> serve_portal(std::shared_ptr<Simulator> simulator);

/// `POST /_sandbox/portal`: {"slow_ms", "duplicate", "cut", "in_pieces", "rewrite"}; answers how it behaves now.
[[nodiscard]] http::Response change_portal(Simulator& simulator, const Json& body);

}  // namespace crossdock::sandbox
