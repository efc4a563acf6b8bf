#include "orders/webhooks.hpp"

#include "crypto/crypto.hpp"

namespace crossdock::orders {
namespace {

struct StoredBody {
    std::string text;
    std::string encoding;
};

/// Bytes that are no text are kept as base64, so that a TEXT column holds them on every backend.
StoredBody stored_body(const std::string& body) {
    if (is_utf8(body) && body.find('\0') == std::string::npos) { return {body, "text"}; }
    return {crypto::base64(body), "base64"};
}

void insert(store::Tx& tx, const std::string& id, const RawWebhook& w, const std::string& digest, bool signature_ok,
            const StoredBody& body, const std::string& state, const std::string& reason, UtcMs now) {
    tx.run(
        "INSERT INTO inbound_webhooks (id, supplier_id, digest, signature_ok, content_type, body, body_encoding, bytes, peer, "
        "state, "
        "reason, received_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12)",
        {id, w.supplier_id, digest, signature_ok, w.content_type, body.text, body.encoding,
         static_cast<std::int64_t>(w.body.size()), w.peer, state, reason, now});
}

}  // namespace

Received receive_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook, const StartWebhookRuns& start_runs) {
    const std::string digest = crypto::sha256_hex(webhook.body);
    const auto known = tx.first<std::string, std::string>(
        "SELECT id, state FROM inbound_webhooks WHERE supplier_id = :1 AND digest = :2 AND signature_ok = 1",
        {webhook.supplier_id, digest});
    if (known) {
        tx.run("UPDATE inbound_webhooks SET repeats = repeats + 1 WHERE id = :1", {std::get<0>(*known)});
        return std::get<1>(*known) == "rejected" ? Received::rejected : Received::repeated;
    }
    const std::string id = facts.new_id();
    const auto parsed = Json::parse(webhook.body);
    const bool readable = parsed.has_value();
    insert(tx, id, webhook, digest, true, stored_body(webhook.body), readable ? "received" : "rejected",
           readable ? "" : "no JSON: " + parsed.error().text(), facts.now());
    if (!readable) { return Received::rejected; }
    start_runs(tx, id, Json::object({{"id", id}, {"account", webhook.account}, {"body", webhook.body}}));
    return Received::stored;
}

void refuse_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook, const std::string& reason) {
    insert(tx, facts.new_id(), webhook, crypto::sha256_hex(webhook.body), false, {"", "none"}, "refused", reason, facts.now());
}

void mark_webhook(store::Tx& tx, const std::string& webhook_id, const std::string& state, const std::string& reason) {
    tx.run("UPDATE inbound_webhooks SET state = :1, reason = :2 WHERE id = :3", {state, reason, webhook_id});
}

}  // namespace crossdock::orders
