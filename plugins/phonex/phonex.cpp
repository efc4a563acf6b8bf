#include "inventory.hpp"

#include <crossdock/sdk.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace phonex {
namespace {

/// "2025-10-30T18:06:39Z", with or without fractions and offsets: the shape only, the engine reads the value.
bool looks_like_rfc3339(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < shape.size() + 1) { return false; }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i]) { return false; }
    }
    return true;
}

constexpr std::string_view stock_event = "inventory.updated";

/// The body of POST /v1/orders: the members that PhoneX documents, each as the client wrote it.
sdk::Json order_body(const sdk::Order& order) {
    sdk::Json body = sdk::Json::object();
    body.set("supplier", order.supplier).set("order_id", order.reference).copy(order.document, "customer_id");
    sdk::Json items = sdk::Json::array();
    for (const auto& item : order.document.need_array("items").items()) {
        sdk::Json made = sdk::Json::object();
        items.push(made.copy(item, "sku").copy(item, "quantity").copy(item, "unit_price"));
    }
    return body.set("items", std::move(items)).copy(order.document, "shipping_address").copy(order.document, "metadata");
}

}  // namespace

/// Talks to the PhoneX middleware. Which facts about its API are verified and which inferred: docs/suppliers/phonex.md.
class PhoneX final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "phonex",
                                            .version = "1.0.0",
                                            .create_order = sdk::EffectClass::idempotent,
                                            .cancel_order = sdk::EffectClass::idempotent};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("base_url", "Root of PhoneX's API, for example https://api.phonex.com")
            .secret("api_key", "Issued by PhoneX, sent as a bearer token");
    }

    explicit PhoneX(const sdk::Host& host) {
        const auto settings = host.settings();
        base_url_ = settings.need_text("base_url");
        while (!base_url_.empty() && base_url_.back() == '/') { base_url_.pop_back(); }
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto reply = host.http().post(base_url_ + "/v1/orders", order_body(order),
                                            {authorization(host), {"Idempotency-Key", order.effect_key}});
        return sdk::Submission::from(
            reply, {.id = "/supplier_order_id", .status = "/status", .reason = "/error", .reference = "/order_id"},
            order.reference);
    }

    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        const auto reply =
            host.http().get(base_url_ + "/v1/orders?reference=" + sdk::url_encoded(reference), {authorization(host)});
        sdk::Lookup found{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange};
        if (!reply.reason.empty()) { found.reason = reply.reason; }
        if (!reply.answered(200)) { return found; }
        try {
            found.matches = matches(sdk::Json::parse(reply.body), reference);
        } catch (const sdk::JsonError& error) { found.reason = std::string("the answer was not understood: ") + error.what(); }
        return found;
    }

    /// PhoneX's documents name no such request: it is used only where the account's file has `operations: cancel_order`.
    sdk::Submission cancel_order(const sdk::Cancellation& wish, sdk::Host& host) override {
        const auto& id = wish.order.supplier_order_id ? *wish.order.supplier_order_id : wish.order.reference;
        sdk::Json body = sdk::Json::object();
        body.set("order_id", wish.order.reference).set_if("reason", wish.reason);
        const auto reply = host.http().post(base_url_ + "/v1/orders/" + sdk::url_encoded(id) + "/cancel", body,
                                            {authorization(host), {"Idempotency-Key", wish.effect_key}});
        return sdk::Submission::from(
            reply, {.id = "/supplier_order_id", .status = "/status", .reason = "/error", .reference = "/order_id"},
            wish.order.reference);
    }

    /// One order as it stands, in the words and with the time of the webhook that would have said so: whoever comes second says
    /// nothing new. Before the supplier's id is known, by our reference: of two orders with one reference both are reported, each
    /// with its id, and the engine has a person look.
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        const std::string id = order.supplier_order_id.value_or("");
        const auto target =
            id.empty() ? "/v1/orders?reference=" + sdk::url_encoded(order.reference) : "/v1/orders/" + sdk::url_encoded(id);
        const auto reply = host.http().get(base_url_ + target, {authorization(host)});
        if (reply.retry_after_ms) { throw sdk::RetryLater(reply.exchange, *reply.retry_after_ms); }
        if (!reply.answered(200)) { throw std::runtime_error(reply.exchange); }
        const auto body = sdk::Json::parse(reply.body);
        std::vector<sdk::Evidence> found;
        if (!id.empty()) {
            found.push_back(evidence_of(body, "order.status"));
            if (found.front().reference != order.reference) {
                throw std::runtime_error("the answer speaks of the order " + found.front().reference + ", not of " +
                                         order.reference);
            }
            return found;
        }
        for (const auto& one : body.need_array("orders").items()) {
            if (one.need_text("order_id") == order.reference) { found.push_back(evidence_of(one, "order.status")); }
        }
        return found;
    }

    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        Listing listing;
        for (std::int64_t page = 1;; ++page) {
            if (host.canceled()) { throw sdk::Canceled(); }
            const auto reply = host.http().get(base_url_ + "/v1/inventory?page=" + std::to_string(page) + "&page_size=100",
                                               {authorization(host)});
            if (reply.retry_after_ms) {
                throw sdk::RetryLater("inventory page " + std::to_string(page) + ": " + reply.exchange, *reply.retry_after_ms);
            }
            if (!reply.answered(200)) {
                throw std::runtime_error("inventory page " + std::to_string(page) + ": " + reply.exchange);
            }
            const auto body = body_of(reply, page);
            // Of the first page: what comes later is newer at most.
            if (const auto time = body.text("as_of"); time && page == 1) { sink.as_of(*time); }
            sink.emit(listing.page(body, page));
            if (page >= listing.pages()) { return reply.exchange; }
        }
    }

    sdk::WebhookReport read_webhook(const sdk::Webhook& webhook, sdk::Host& /*host*/) override {
        const auto payload = sdk::Json::parse(webhook.body);
        if (!payload.is_object()) { throw sdk::JsonError("the payload is no JSON object"); }
        auto event = payload.need_text("event");
        sdk::WebhookReport report;
        if (event != stock_event) {
            report.evidence.push_back(evidence_of(payload, std::move(event)));
            return report;
        }
        report.stock_as_of = payload.need_text("updated_at");
        if (!looks_like_rfc3339(report.stock_as_of)) { throw sdk::JsonError("\"updated_at\" is no RFC 3339 time"); }
        for (const auto& item : payload.need_array("items").items()) { report.stock.push_back(told_row(item)); }
        return report;
    }

private:
    /// A webhook and an answer to a question write an order alike.
    static sdk::Evidence evidence_of(const sdk::Json& order, std::string event) {
        sdk::Evidence evidence;
        evidence.event = std::move(event);
        evidence.reference = order.need_text("order_id");
        evidence.supplier_order_id = optional_text(order, "supplier_order_id");
        evidence.supplier_status = order.need_text("status");
        evidence.tracking_number = optional_text(order, "tracking_number");
        evidence.occurred_at = order.need_text("updated_at");
        if (const auto* items = order.find("items"); items != nullptr && !items->is_null()) {
            for (const auto& item : order.need_array("items").items()) {
                evidence.lines.push_back({item.need_text("sku"), item.need_text("state"), item.need_integer("quantity")});
            }
        }
        if (evidence.reference.empty()) { throw sdk::JsonError("\"order_id\" is empty"); }
        if (evidence.supplier_status.empty()) { throw sdk::JsonError("\"status\" is empty"); }
        if (!looks_like_rfc3339(evidence.occurred_at)) { throw sdk::JsonError("\"updated_at\" is no RFC 3339 time"); }
        return evidence;
    }

    static std::optional<std::string> optional_text(const sdk::Json& payload, std::string_view key) {
        const auto* member = payload.find(key);
        if (member == nullptr || member->is_null()) { return {}; }
        auto value = payload.need_text(key);
        if (value.empty()) { return {}; }
        return value;
    }

    /// Only orders that repeat our reference exactly count: a supplier may search by prefix.
    static std::vector<sdk::Lookup::Match> matches(const sdk::Json& body, const std::string& reference) {
        std::vector<sdk::Lookup::Match> found;
        for (const auto& order : body.need_array("orders").items()) {
            if (order.need_text("order_id") != reference) { continue; }
            found.push_back({order.need_text("supplier_order_id"), order.text("status").value_or("")});
        }
        return found;
    }

    static sdk::Json body_of(const sdk::HttpReply& reply, std::int64_t page) {
        try {
            return sdk::Json::parse(reply.body);
        } catch (const sdk::JsonError& error) {
            throw std::runtime_error("inventory page " + std::to_string(page) + ": " + error.what());
        }
    }

    /// Asked for at each request: the key may be rotated while we serve.
    static sdk::Header authorization(const sdk::Host& host) { return {"Authorization", "Bearer " + host.secret("api_key")}; }

    std::string base_url_;
};

}  // namespace phonex

CROSSDOCK_EXPORT_SUPPLIER(phonex::PhoneX)
