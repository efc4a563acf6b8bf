#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "crypto/key_ring.hpp"
#include "pipeline/environment.hpp"
#include "store/store.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace crossdock::app {

/// What an administrative command works on; the same in the daemon and, without one, in the command line.
struct AdminContext {
    Clock& clock;
    Randomness& randomness;
    store::Store& store;
    crypto::KeyRing& keys;
    const std::filesystem::path& data;        ///< the data folder
    pipeline::Environment* engine = nullptr;  ///< what orders' commands work on; nullptr: the daemon is not so far yet
};

/// Runs one command: {"command":"customer.add", ...}. Commands: customer.add, key.create, key.revoke, secret.set, secret.rotate,
/// supplier.enable, supplier.disable {"name","reason"}, and those of order_command and
/// recipient_command.
/// Errors: unknown command, wrong fields (named), not found.
[[nodiscard]] Task<Result<Json>> run_admin(AdminContext context, Json request);

/// order.cancel {"order_id","reason"}, attention.resolve {"number","what","supplier_order_id","note"}, dead-letter.replay
/// {"ids","all","pipeline","account","order_id","reason","from","rate","preview"}, feed.approve and feed.reject {"feed","note"}.
/// Nothing for another command.
[[nodiscard]] bool is_order_command(const std::string& command);
[[nodiscard]] Task<Result<Json>> order_command(AdminContext context, Json request);

/// customer.preferences {"id","replace" or "changes"}, recipient.resume {"recipient","channel"}. Nothing for another command.
[[nodiscard]] bool is_recipient_command(const std::string& command);
[[nodiscard]] Task<Result<Json>> recipient_command(AdminContext context, Json request);

/// Who they act for, in the audit.
inline constexpr const char* command_line_actor = "command line";

}  // namespace crossdock::app
