#pragma once

#include "notify/facts.hpp"
#include "store/tx.hpp"

#include <functional>
#include <optional>
#include <string>

namespace crossdock::orders {

/// A webhook as it stands on the wire.
struct RawWebhook {
    std::string account;
    std::string supplier_id;
    std::string content_type;
    std::string body;
    std::string peer;
};

/// Starts the runs that a stored webhook triggers, inside the storing commit. The document is {"account","id","body"}.
using StartWebhookRuns = std::function<void(store::Tx&, const std::string& webhook_id, const Json& document)>;

enum class Received { stored, repeated, rejected };

/// Stores a webhook whose signature was right, once per digest of its body; a repeat is counted.
/// One whose body is not what its media type says is kept as `rejected` (400).
[[nodiscard]] Received receive_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook,
                                       const StartWebhookRuns& start_runs);

/// Keeps the metadata of one whose signature was wrong.
void refuse_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook, const std::string& reason);

/// What became of a stored webhook: applied, unmatched or rejected.
void mark_webhook(store::Tx& tx, const std::string& webhook_id, const std::string& state, const std::string& reason);

}  // namespace crossdock::orders
