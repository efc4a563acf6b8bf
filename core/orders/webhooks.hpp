#pragma once

#include "notify/facts.hpp"
#include "store/tx.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::orders {

/// A webhook as it stands on the wire, and what its signature said.
struct RawWebhook {
    std::string account;
    std::string supplier_id;
    std::string content_type;
    std::string body;
    std::string peer;
    std::string secret = {};       ///< the name of the one that it is signed with
    std::string delivery_id = {};  ///< as the sender calls it; empty: it does not
    bool id_signed = false;        ///< the id is covered by the signature
    std::optional<UtcMs> sent_at = {};
};

/// Starts the runs that a stored webhook triggers, inside the storing commit. The document is {"account","id","body"}.
using StartWebhookRuns = std::function<void(store::Tx&, const std::string& webhook_id, const Json& document)>;

enum class Received { stored, repeated, rejected };

/// Stores a webhook whose signature was right, once per delivery id where that is signed, else once per digest of its body; a
/// repeat is counted. One whose body is not what its media type says is kept as `rejected` (400). Notes the use of its secret.
[[nodiscard]] Received receive_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook,
                                       const StartWebhookRuns& start_runs);

/// Keeps the metadata of one whose signature was wrong or stale.
void refuse_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook, const std::string& reason);

/// What became of a stored webhook: applied, unmatched or rejected.
void mark_webhook(store::Tx& tx, const std::string& webhook_id, const std::string& state, const std::string& reason);

/// A secret of an account as the config names it.
struct WebhookSecret {
    std::string supplier_id;
    std::string name;
    std::string fingerprint;
};
/// The table follows the config: one that is new, or another under its old name, has not been used yet.
void sync_webhook_secrets(store::Tx& tx, const std::vector<WebhookSecret>& secrets, UtcMs now);

struct WebhookFilter {
    std::string account = {};
    std::string state = {};
    std::int64_t count = 200;
};
/// Newest first: a list of {"id","account","state","reason","secret","delivery_id","sent_at","received_at","repeats",
/// "other_bodies","bytes","peer"}.
[[nodiscard]] Json list_webhooks(store::Tx& tx, const WebhookFilter& filter);
/// All accounts' when `account` is empty: a list of {"account","secret","added_at","last_used_at","uses"}.
[[nodiscard]] Json list_webhook_secrets(store::Tx& tx, const std::string& account);

}  // namespace crossdock::orders
