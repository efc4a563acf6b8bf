#include "orders/webhooks.hpp"

#include "crypto/crypto.hpp"

#include <algorithm>

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

/// The repeat of a delivery comes with another digest only when its sender sends two bodies under one id; a repeat of a body
/// comes with another id whenever somebody wants it to, unless that is signed.
std::string repeat_key(const RawWebhook& webhook, const std::string& digest) {
    return webhook.id_signed ? "id:" + webhook.delivery_id : "digest:" + digest;
}

void insert(store::Tx& tx, const std::string& id, const RawWebhook& w, const std::string& digest, bool signature_ok,
            const StoredBody& body, const std::string& state, const std::string& reason, UtcMs now) {
    const auto or_null = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
    tx.run(
        "INSERT INTO inbound_webhooks (id, supplier_id, digest, signature_ok, content_type, body, body_encoding, bytes, peer, "
        "state, reason, received_at, repeat_key, delivery_id, sent_at, secret) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, "
        ":11, :12, :13, :14, :15, :16)",
        {id, w.supplier_id, digest, signature_ok, w.content_type, body.text, body.encoding,
         static_cast<std::int64_t>(w.body.size()), w.peer, state, reason, now, repeat_key(w, digest), or_null(w.delivery_id),
         w.sent_at, or_null(w.secret)});
}

void note_use(store::Tx& tx, const RawWebhook& webhook, UtcMs now) {
    if (webhook.secret.empty()) { return; }
    tx.run("UPDATE webhook_secrets SET last_used_at = :1, uses = uses + 1 WHERE supplier_id = :2 AND name = :3",
           {now, webhook.supplier_id, webhook.secret});
}

std::optional<std::string> time_text(const std::optional<std::int64_t>& at) {
    return at ? std::optional(rfc3339_ms(*at)) : std::nullopt;
}

}  // namespace

Received receive_webhook(store::Tx& tx, notify::Facts& facts, const RawWebhook& webhook, const StartWebhookRuns& start_runs) {
    const std::string digest = crypto::sha256_hex(webhook.body);
    note_use(tx, webhook, facts.now());
    const auto known = tx.first<std::string, std::string, std::string>(
        "SELECT id, state, digest FROM inbound_webhooks WHERE supplier_id = :1 AND repeat_key = :2 AND signature_ok = 1",
        {webhook.supplier_id, repeat_key(webhook, digest)});
    if (known) {
        const auto& [id, state, first_digest] = *known;
        tx.run("UPDATE inbound_webhooks SET repeats = repeats + 1, other_bodies = other_bodies + :1 WHERE id = :2",
               {first_digest != digest, id});
        // What the adapter rejected was answered 200 when it came, and is again.
        return state == "rejected" && !Json::parse(webhook.body) ? Received::rejected : Received::repeated;
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

void sync_webhook_secrets(store::Tx& tx, const std::vector<WebhookSecret>& secrets, UtcMs now) {
    for (const auto& [supplier_id, name] : tx.all<std::string, std::string>("SELECT supplier_id, name FROM webhook_secrets")) {
        const bool named = std::any_of(secrets.begin(), secrets.end(), [&, &id = supplier_id, &its = name](const auto& secret) {
            return secret.supplier_id == id && secret.name == its;
        });
        if (!named) { tx.run("DELETE FROM webhook_secrets WHERE supplier_id = :1 AND name = :2", {supplier_id, name}); }
    }
    for (const auto& secret : secrets) {
        tx.run(
            "INSERT INTO webhook_secrets (supplier_id, name, fingerprint, added_at) VALUES (:1, :2, :3, :4) ON CONFLICT "
            "(supplier_id, name) DO UPDATE SET fingerprint = excluded.fingerprint, added_at = excluded.added_at, last_used_at = "
            "NULL, uses = 0 WHERE webhook_secrets.fingerprint <> excluded.fingerprint",
            {secret.supplier_id, secret.name, secret.fingerprint, now});
    }
}

Json list_webhooks(store::Tx& tx, const WebhookFilter& filter) {
    Json list = Json::array();
    for (auto& [id, account, state, reason, secret, delivery_id, sent_at, received_at, repeats, other_bodies, bytes, peer] :
         tx.all<std::string, std::string, std::string, std::optional<std::string>, std::optional<std::string>,
                std::optional<std::string>, std::optional<std::int64_t>, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                std::string>(
             "SELECT w.id, s.name, w.state, w.reason, w.secret, w.delivery_id, w.sent_at, w.received_at, w.repeats, "
             "w.other_bodies, w.bytes, w.peer FROM inbound_webhooks w JOIN suppliers s ON s.id = w.supplier_id WHERE (:1 = '' OR "
             "s.name = :2) AND (:3 = '' OR w.state = :4) ORDER BY w.id DESC LIMIT :5",
             {filter.account, filter.account, filter.state, filter.state, filter.count})) {
        list.push(Json::object({{"id", id},
                                {"account", account},
                                {"state", state},
                                {"reason", reason},
                                {"secret", secret},
                                {"delivery_id", delivery_id},
                                {"sent_at", time_text(sent_at)},
                                {"received_at", rfc3339_ms(received_at)},
                                {"repeats", repeats},
                                {"other_bodies", other_bodies},
                                {"bytes", bytes},
                                {"peer", peer}}));
    }
    return list;
}

Json list_webhook_secrets(store::Tx& tx, const std::string& account) {
    Json list = Json::array();
    for (auto& [name, secret, added_at, last_used_at, uses] :
         tx.all<std::string, std::string, std::int64_t, std::optional<std::int64_t>, std::int64_t>(
             "SELECT s.name, k.name, k.added_at, k.last_used_at, k.uses FROM webhook_secrets k JOIN suppliers s ON s.id = "
             "k.supplier_id WHERE :1 = '' OR s.name = :2 ORDER BY s.name, k.added_at, k.name",
             {account, account})) {
        list.push(Json::object({{"account", name},
                                {"secret", secret},
                                {"added_at", rfc3339_ms(added_at)},
                                {"last_used_at", time_text(last_used_at)},
                                {"uses", uses}}));
    }
    return list;
}

}  // namespace crossdock::orders
