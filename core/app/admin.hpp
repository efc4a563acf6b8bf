#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "crypto/crypto.hpp"
#include "store/store.hpp"

#include <optional>

namespace crossdock::app {

/// What an administrative command works on; the same in the daemon and, without one, in the command line.
struct AdminContext {
    Clock& clock;
    Randomness& randomness;
    store::Store& store;
    const crypto::SealingKey& key;
};

/// Runs one command: {"command":"customer.add", ...}. Commands: customer.add, key.create, key.revoke, secret.set,
/// supplier.enable.
/// Errors: unknown command, wrong fields (named), not found.
[[nodiscard]] Task<Result<Json>> run_admin(AdminContext context, Json request);

}  // namespace crossdock::app
