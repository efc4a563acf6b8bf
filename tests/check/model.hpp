#pragma once

#include <crossdock/sdk.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// A supplier adapter with every operation that passes `crossdock plugin check`; the bad ones beside it each break one thing.
namespace model {

namespace sdk = crossdock::sdk;

class Model : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "model",
                                            .version = "1.0.0",
                                            .create_order = sdk::EffectClass::idempotent,
                                            .cancel_order = sdk::EffectClass::idempotent};

    static sdk::Schema settings() {
        return sdk::Schema{}.url("base_url", "Root of the API").secret("api_key", "Sent as a bearer token");
    }

    explicit Model(const sdk::Host& host) : base_url_(host.settings().need_text("base_url")) {
        while (base_url_.ends_with('/')) { base_url_.pop_back(); }
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        return receipt(send_order(order, host, {{"Idempotency-Key", order.effect_key}}), order.reference);
    }

    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        const auto reply = get("/orders?reference=" + reference, host);
        sdk::Lookup found{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange};
        if (!reply.answered(200)) { return found; }
        try {
            const auto body = sdk::Json::parse(reply.body);
            std::vector<sdk::Lookup::Match> matches;
            for (const auto& order : body.need_array("orders").items()) {
                if (order.need_text("order_id") != reference) { continue; }
                matches.push_back({order.need_text("supplier_order_id"), order.text("status").value_or("")});
            }
            found.matches = std::move(matches);
        } catch (const sdk::JsonError& error) { found.reason = error.what(); }
        return found;
    }

    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        const auto reply = get("/orders/" + order.supplier_order_id.value_or(""), host);
        if (reply.retry_after_ms) { throw sdk::RetryLater(reply.exchange, *reply.retry_after_ms); }
        if (!reply.answered(200)) { throw std::runtime_error(reply.exchange); }
        return {evidence_of(sdk::Json::parse(reply.body), "order.status")};
    }

    sdk::Submission cancel_order(const sdk::Cancellation& order, sdk::Host& host) override {
        const auto reply = host.http().send("DELETE", base_url_ + "/orders/" + order.order.supplier_order_id.value_or(""),
                                            {authorization(host), {"Idempotency-Key", order.effect_key}});
        sdk::Submission made{.transport = reply.transport, .status = reply.status, .retry_after_ms = reply.retry_after_ms};
        made.exchange = reply.exchange;
        return made;
    }

    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        std::int64_t pages = 1;
        std::string exchange;
        for (std::int64_t number = 1; number <= pages; ++number) {
            const auto body = page(number, host, exchange);
            if (body.need_integer("page") != number) {
                throw std::runtime_error("page " + std::to_string(number) + " is another one");
            }
            if (number > 1 && body.need_integer("pages") != pages) {
                throw std::runtime_error("the number of pages has changed");
            }
            pages = body.need_integer("pages");
            if (number < pages && body.need_array("items").items().empty()) { throw std::runtime_error("a page is empty"); }
            emit(body, sink);
        }
        return exchange;
    }

    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& /*host*/) override {
        const auto payload = sdk::Json::parse(webhook.body);
        return {evidence_of(payload, payload.need_text("event"))};
    }

protected:
    static sdk::Header authorization(const sdk::Host& host) { return {"Authorization", "Bearer " + host.secret("api_key")}; }

    [[nodiscard]] sdk::HttpReply get(const std::string& target, sdk::Host& host) const {
        return host.http().get(base_url_ + target, {authorization(host)});
    }

    [[nodiscard]] sdk::HttpReply send_order(const sdk::Order& order, sdk::Host& host, std::vector<sdk::Header> headers) const {
        sdk::Json body = sdk::Json::object();
        body.set("order_id", order.reference).copy(order.document, "items");
        headers.push_back(authorization(host));
        return host.http().post(base_url_ + "/orders", body, std::move(headers));
    }

    [[nodiscard]] static sdk::Submission receipt(const sdk::HttpReply& reply, const std::string& reference) {
        return sdk::Submission::from(
            reply, {.id = "/supplier_order_id", .status = "/status", .reason = "/message", .reference = "/order_id"}, reference);
    }

    /// One page; a page that did not come is an exception.
    [[nodiscard]] sdk::Json page(std::int64_t number, sdk::Host& host, std::string& exchange) const {
        if (host.canceled()) { throw sdk::Canceled(); }
        const auto reply = get("/stock?page=" + std::to_string(number), host);
        if (reply.retry_after_ms) { throw sdk::RetryLater(reply.exchange, *reply.retry_after_ms); }
        if (!reply.answered(200)) { throw std::runtime_error(reply.exchange); }
        exchange = reply.exchange;
        return sdk::Json::parse(reply.body);
    }

    static void emit(const sdk::Json& body, sdk::InventorySink& sink) {
        std::vector<sdk::InventoryRow> rows;
        for (const auto& item : body.need_array("items").items()) {
            sdk::InventoryRow row;
            row.sku = item.need_text("sku");
            row.quantity = item.need_integer("quantity");
            const auto* price = item.find("price");
            row.price = price == nullptr ? "" : price->text();
            rows.push_back(std::move(row));
        }
        sink.emit(rows);
    }

    static sdk::Evidence evidence_of(const sdk::Json& payload, std::string event) {
        sdk::Evidence evidence;
        evidence.event = std::move(event);
        evidence.reference = payload.need_text("order_id");
        evidence.supplier_order_id = payload.text("supplier_order_id");
        evidence.supplier_status = payload.need_text("status");
        evidence.tracking_number = payload.text("tracking_number");
        evidence.occurred_at = payload.need_text("updated_at");
        return evidence;
    }

    std::string base_url_;
};

}  // namespace model
