#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "http/loopback.hpp"
#include "sandbox/simulator.hpp"

#include <algorithm>
#include <charconv>

namespace crossdock::sandbox {
namespace {

constexpr milliseconds backoff_first{200};
constexpr milliseconds backoff_max{2'000};
constexpr milliseconds webhook_timeout{10'000};
constexpr milliseconds webhook_first_patience{10'000};

bool settled(const Result<int>& status) {
    if (status.has_error()) { return false; }
    const int code = status.value();
    if (code == 408 || code == 429) { return false; }
    return (code >= 200 && code < 300) || (code >= 400 && code < 500);
}

/// One attempt, with the faults armed for webhooks. True: delivered, or refused for good.
Task<bool> attempt(std::shared_ptr<Simulator> self, std::string body) {
    using Kind = SupplierFault::Kind;
    if (self->dialect) { body = self->dialect->webhook(body); }
    auto signature = signature_of(*self, body);
    const auto fault = self->faults.take("webhook", true);
    if (fault && fault->kind == Kind::slow) { co_await wait_unless_stopped(self, fault->delay); }
    if (self->stopping || (fault && fault->kind == Kind::cut_before_accept)) { co_return false; }
    if (fault && fault->kind == Kind::garbage) { signature = signature_of(*self, "not " + body); }
    const auto status = co_await send_webhook(self, body, std::move(signature));
    if (status.has_error()) { Log::debug("a webhook was not delivered", {{"reason", status.error().text()}}); }
    else if (!settled(status)) { Log::debug("a webhook was not taken", {{"status", status.value()}}); }
    // Any other fault: as if the answer had been lost, so that the same body is sent once more.
    co_return settled(status) && (!fault || fault->kind == Kind::slow);
}

/// Sends or drops an order's oldest webhook. True: it is no longer pending.
Task<bool> dispose(std::shared_ptr<Simulator> self, std::string supplier_order_id) {
    std::string body = self->ledger.pending_webhooks().at(supplier_order_id).front();
    const auto parsed = Json::parse(body);
    if (parsed && self->webhook_drops.drops(supplier_order_id, parsed->text("status"))) {
        co_return self->record(Ledger::webhook_dropped(supplier_order_id)).has_value();
    }
    const bool done = co_await attempt(self, std::move(body));
    if (self->stopping || !done) { co_return false; }
    co_return self->record(Ledger::webhook_done(supplier_order_id)).has_value();
}

/// Sends an order's webhooks one after the other until none is left.
Task<void> deliver(std::shared_ptr<Simulator> self, std::string supplier_order_id) {
    milliseconds backoff = backoff_first;
    while (!self->stopping) {
        if (!self->ledger.pending_webhooks().contains(supplier_order_id)) { break; }
        const bool done = co_await dispose(self, supplier_order_id);
        if (self->stopping) { break; }
        if (done) {
            backoff = backoff_first;
            self->delivered.notify();
            continue;
        }
        co_await wait_unless_stopped(self, backoff);
        backoff = std::min(backoff * 2, backoff_max);
    }
    self->delivering.erase(supplier_order_id);
}

}  // namespace

bool WebhookDrops::drops(std::string_view supplier_order_id, std::string_view status) const {
    const auto drawn =
        crypto::sha256_hex(std::to_string(seed) + "/" + std::string(supplier_order_id) + "/" + std::string(status));
    return std::stoll(drawn.substr(0, 8), nullptr, 16) % 100 < percent;
}

Result<WebhookTarget> WebhookTarget::parse(const std::string& url) {
    const Fault bad{"must be http://127.0.0.1:PORT/PATH", url, Advice::stop};
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) { return bad; }
    const auto slash = std::min(url.find('/', scheme.size()), url.size());
    WebhookTarget made;
    std::string_view place = std::string_view(url).substr(scheme.size(), slash - scheme.size());
    if (slash < url.size()) { made.path = url.substr(slash); }
    if (const auto colon = place.rfind(':'); colon != std::string_view::npos) {
        const auto digits = place.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), made.port);
        if (error != std::errc{} || end != digits.data() + digits.size() || made.port == 0) { return bad; }
        place = place.substr(0, colon);
    }
    if (place != "localhost" && !place.starts_with("127.")) { return bad; }
    made.host = std::string(place);
    return made;
}

Task<void> wait_unless_stopped(std::shared_ptr<Simulator> simulator, milliseconds delay) {
    const auto ticket = simulator->stopped.ticket();
    if (simulator->stopping) { co_return; }
    co_await simulator->stopped.wait(ticket, delay);
}

std::vector<http::Header> signature_of(const Simulator& simulator, const std::string& body) {
    const auto id = "msg_" + crypto::sha256_hex(body).substr(0, 24);
    auto scheme = simulator.options.webhook_scheme;
    if (simulator.dialect) { scheme.header = simulator.dialect->signature_header(); }
    return crypto::sign_webhook(scheme, simulator.webhook_key, body, id, simulator.clock.utc_ms());
}

Task<Result<int>> send_webhook(std::shared_ptr<Simulator> simulator, std::string body, std::vector<http::Header> signature) {
    if (!simulator->target) { co_return Fault{"no webhook_url is set"}; }
    http::LoopbackCall call;
    call.host = simulator->target->host;
    call.port = simulator->target->port;
    call.method = "POST";
    call.target = simulator->target->path;
    call.headers.emplace_back("Content-Type", "application/json");
    call.headers.insert(call.headers.end(), signature.begin(), signature.end());
    call.body = std::move(body);
    call.timeout = webhook_timeout;
    const auto answer = co_await http::exchange_async(std::move(call));
    if (answer.has_error()) { co_return answer.error(); }
    co_return answer.value().status;
}

Task<void> wait_for_webhooks(std::shared_ptr<Simulator> simulator, std::string supplier_order_id) {
    const auto until = simulator->clock.boot_ms() + webhook_first_patience.count();
    for (;;) {
        const auto ticket = simulator->delivered.ticket();
        const auto left = until - simulator->clock.boot_ms();
        if (simulator->stopping || left <= 0 || !simulator->ledger.pending_webhooks().contains(supplier_order_id)) { co_return; }
        co_await simulator->delivered.wait(ticket, milliseconds{left});
    }
}

void Simulator::deliver_pending(const std::string& supplier_order_id) {
    if (stopping || !target || !ledger.pending_webhooks().contains(supplier_order_id)) { return; }
    if (!delivering.insert(supplier_order_id).second) { return; }
    spawn(executor, deliver(shared_from_this(), supplier_order_id));
}

}  // namespace crossdock::sandbox
