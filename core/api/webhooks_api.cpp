#include "api/api.hpp"
#include "api/problem.hpp"
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "orders/webhooks.hpp"

namespace crossdock::api {

Task<http::Response> Api::refuse_webhook(http::Request request, std::string supplier_id, std::string account,
                                         std::string reason) {
    Log::warning("a webhook was refused",
                 {{"account", account}, {"reason", reason}, {"peer", request.peer}, {"bytes", request.body.size()}});
    orders::RawWebhook raw;
    raw.account = account;
    raw.supplier_id = supplier_id;
    raw.content_type = request.header("Content-Type").value_or("");
    raw.body = std::move(request.body);
    raw.peer = request.peer;
    std::function<int(store::Tx&)> unit = [this, raw = std::move(raw), reason](store::Tx& tx) {
        orders::refuse_webhook(tx, facts_, raw, reason);
        return 0;
    };
    auto stored = co_await store_.commit<int>(Commit::webhook_refuse, std::move(unit));
    if (!stored && says_full(stored.error())) { co_return unavailable(stored.error(), "Nothing was stored."); }
    if (!stored) { Log::error("a refused webhook could not be logged", {{"fault", stored.error().text()}}); }
    co_return problem(401, "signature", "The webhook's signature is wrong", reason);
}

Task<http::Response> Api::webhook(http::Request request, std::string account) {
    const auto options = options_.get();
    const auto* known = options->accounts.named(account);
    const auto scheme = options->webhooks.find(account);
    if (known == nullptr || scheme == options->webhooks.end()) {
        co_return problem(404, "not-found", "No account takes webhooks here", account.substr(0, 200));
    }
    if (request.body.size() > options->webhook_body_max) {
        Log::warning("a webhook was too large", {{"account", account}, {"bytes", request.body.size()}, {"peer", request.peer}});
        co_return problem(413, "too-large", "The webhook is too large",
                          "At most " + std::to_string(options->webhook_body_max) + " bytes.");
    }
    const auto signature = request.header(scheme->second.header);
    const std::string supplier_id = known->supplier_id;
    if (!signature) {
        co_return co_await refuse_webhook(std::move(request), supplier_id, account,
                                          "the header " + scheme->second.header + " is missing");
    }
    if (!crypto::equal_constant_time(*signature, crypto::hmac_sha256_hex(scheme->second.secret, request.body))) {
        co_return co_await refuse_webhook(std::move(request), supplier_id, account, "the signature does not match the body");
    }
    if (auto refused = co_await take_work()) { co_return unavailable(*refused, "The webhook was not stored; send it again."); }
    orders::RawWebhook raw;
    raw.account = account;
    raw.supplier_id = supplier_id;
    raw.content_type = request.header("Content-Type").value_or("");
    raw.peer = request.peer;
    raw.body = std::move(request.body);
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
    Log::info("webhook", {{"account", account}, {"what", what}, {"bytes", bytes}, {"peer", request.peer}});
    if (*received == orders::Received::rejected) {
        co_return problem(400, "syntax", "The webhook is no JSON document", "It is kept as rejected.");
    }
    co_return json_answer(200, "{}");
}

}  // namespace crossdock::api
