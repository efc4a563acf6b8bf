#include "api/api.hpp"
#include "api/problem.hpp"
#include "api/source.hpp"
#include "base/log.hpp"

#include <utility>

namespace crossdock::api {

Task<http::Response> Api::refuse_webhook(orders::RawWebhook raw, bool stale, std::string reason) {
    Log::warning("a webhook was refused",
                 {{"account", raw.account}, {"reason", reason}, {"peer", raw.peer}, {"bytes", raw.body.size()}});
    std::function<int(store::Tx&)> unit = [this, raw = std::move(raw), reason](store::Tx& tx) {
        orders::refuse_webhook(tx, facts_, raw, reason);
        return 0;
    };
    auto stored = co_await store_.commit<int>(Commit::webhook_refuse, std::move(unit));
    if (!stored && says_full(stored.error())) { co_return unavailable(stored.error(), "Nothing was stored."); }
    if (!stored) { Log::error("a refused webhook could not be logged", {{"fault", stored.error().text()}}); }
    if (stale) { co_return problem(401, "stale", "The webhook was sent too long ago, or its clock is wrong", reason); }
    co_return problem(401, "signature", "The webhook's signature is wrong", reason);
}

Task<http::Response> Api::webhook(http::Request request, std::string account) {
    const auto options = options_.get();
    const auto* known = options->accounts.named(account);
    const auto scheme = options->webhooks.find(account);
    if (known == nullptr || scheme == options->webhooks.end()) {
        co_return problem(404, "not-found", "No account takes webhooks here", account.substr(0, 200));
    }
    // Before the signature is checked, which costs more than to refuse, and a commit for each that is forged.
    if (const auto over = over_rate(webhook_source_, caller_of(request.source), request)) {
        co_return too_many(*over, "Too many webhooks come from this address; this one was not stored.");
    }
    if (request.body.size() > options->webhook_body_max) {
        Log::warning("a webhook was too large", {{"account", account}, {"bytes", request.body.size()}, {"peer", request.peer}});
        co_return problem(413, "too-large", "The webhook is too large",
                          "At most " + std::to_string(options->webhook_body_max) + " bytes.");
    }
    const crypto::HeaderOf header = [&request](std::string_view name) { return request.header(name); };
    auto checked = crypto::check_signature(scheme->second.scheme, scheme->second.keys, header, request.body, clock_.utc_ms());
    orders::RawWebhook raw;
    raw.account = account;
    raw.supplier_id = known->supplier_id;
    raw.content_type = request.header("Content-Type").value_or("");
    raw.peer = request.peer;
    raw.body = std::exchange(request.body, {});
    if (!checked.verified) { co_return co_await refuse_webhook(std::move(raw), checked.stale, std::move(checked.reason)); }
    // Behind the signature: nobody uses up what the account's own supplier may send.
    if (const auto over = over_rate(webhook_account_, account, request)) {
        co_return too_many(*over, "Too many webhooks come for this account; this one was not stored.");
    }
    if (auto refused = co_await take_work()) { co_return unavailable(*refused, "The webhook was not stored; send it again."); }
    raw.secret = scheme->second.keys.at(checked.verified->key).name;
    raw.delivery_id = checked.verified->delivery_id;
    raw.id_signed = checked.verified->id_signed;
    raw.sent_at = checked.verified->sent_at;
    const auto bytes = raw.body.size();
    std::function<orders::Received(store::Tx&)> unit = [this, raw = std::move(raw)](store::Tx& tx) {
        const orders::StartWebhookRuns start_runs = [this](store::Tx& inside, const std::string& id, const Json& document) {
            engine_.start_webhook_runs(inside, id, document);
        };
        return orders::receive_webhook(tx, facts_, raw, start_runs);
    };
    auto received = co_await store_.commit<orders::Received>(Commit::webhook_receive, std::move(unit));
    if (!received) {
        if (!says_full(received.error())) {
            Log::error("a webhook could not be stored and was not accepted",
                       {{"account", account}, {"fault", received.error().text()}});
        }
        co_return unavailable(received.error(), "The webhook was not stored; send it again.");
    }
    const char* what = *received == orders::Received::stored     ? "stored"
                       : *received == orders::Received::repeated ? "repeated"
                                                                 : "rejected";
    Log::info("webhook", {{"account", account},
                          {"what", what},
                          {"bytes", bytes},
                          {"peer", request.peer},
                          {"request", request.notes ? request.notes->id : ""}});
    if (*received == orders::Received::rejected) {
        co_return problem(400, "syntax", "The webhook is no JSON document", "It is kept as rejected.");
    }
    co_return json_answer(200, "{}");
}

}  // namespace crossdock::api
