#include "sandbox/portal.hpp"
#include "sandbox/simulator.hpp"

namespace crossdock::sandbox {
namespace {

using Shared = std::shared_ptr<Simulator>;

http::Response show_orders(const Simulator& self) {
    Json orders = Json::array();
    for (const auto& order : self.ledger.orders()) { orders.push(shown(order)); }
    Json posts = Json::object();
    for (const auto& [reference, count] : self.ledger.posts()) { posts.set(reference, count); }
    std::int64_t pending = 0;
    for (const auto& [id, bodies] : self.ledger.pending_webhooks()) { pending += static_cast<std::int64_t>(bodies.size()); }
    return json_response(
        200, Json::object({{"orders", std::move(orders)}, {"posts", std::move(posts)}, {"webhooks_pending", pending}}));
}

/// {"sku", "quantity", "price", "webhook"}: changes an item; with `webhook` it is told of at once, once.
Task<http::Response> change_stock(Shared shared, Json body) {
    Simulator& self = *shared;
    const Json* quantity = body.find("quantity");
    const Json* price = body.find("price");
    if (quantity != nullptr && !is_quantity(*quantity)) {
        co_return error_response(422, "invalid", "quantity must be an integer from 0 or a text such as \"100+\"");
    }
    if (price != nullptr && !price->is_number()) { co_return error_response(422, "invalid", "price must be a number"); }
    const auto sku = body.text("sku");
    if (self.ledger.inventory().find(sku) == nullptr) { co_return error_response(404, "not_found", "no such sku"); }
    if (auto written = self.record(Ledger::stock(sku, quantity, price)); written.has_error()) {
        co_return error_response(503, "disk", written.error().text());
    }
    const Json item = *self.ledger.inventory().find(sku);
    if (body.boolean("webhook")) {
        const auto text =
            Json::object(
                {{"event", "inventory.updated"}, {"updated_at", rfc3339_ms(self.clock.utc_ms())}, {"items", Json::array({item})}})
                .dump();
        const auto status = co_await send_webhook(shared, text, signature_of(self, text));
        if (status.has_error()) { co_return error_response(502, "not_delivered", status.error().text()); }
    }
    co_return json_response(200, item);
}

/// {"status", "items": a list of sku, state and quantity, "tracking_number"}: gives an order any status by hand, of these pieces
/// alone when there are any, tells it by webhook and goes on with its life from there.
http::Response set_status(Simulator& self, const std::string& id, const Json& body) {
    const auto status = body.text("status");
    if (status.empty()) { return error_response(422, "invalid", "status must be a text that is not empty"); }
    if (self.ledger.find(id) == nullptr) { return error_response(404, "not_found", "no such order"); }
    const Json* items = body.find("items");
    if (items != nullptr && !items->is_array()) { return error_response(422, "invalid", "items must be a list"); }
    const auto tracking = body.text("tracking_number");
    if (auto moved = self.advance(id, status, items == nullptr ? Json::array() : *items, tracking); moved.has_error()) {
        return error_response(503, "disk", moved.error().text());
    }
    self.plan(*self.ledger.find(id));
    return json_response(200, shown(*self.ledger.find(id)));
}

http::Response arm_fault(Simulator& self, const Json& body) {
    if (auto armed = self.faults.arm(body); armed.has_error()) { return error_response(422, "invalid", armed.error().text()); }
    return json_response(200, Json::object({{"faults", self.faults.show()}}));
}

http::Response show_webhooks(const Simulator& self) {
    Json dropped = Json::array();
    for (const auto& body : self.ledger.dropped_webhooks()) {
        if (auto parsed = Json::parse(body)) { dropped.push(std::move(*parsed)); }
    }
    return json_response(200, Json::object({{"drop_percent", self.webhook_drops.percent},
                                            {"seed", self.webhook_drops.seed},
                                            {"dropped", std::move(dropped)}}));
}

/// {"drop_percent": 0 to 100, "seed": an integer}: from now on that share of webhooks is dropped instead of sent. What was
/// dropped is shown, and kept over a restart; the share is not.
http::Response drop_webhooks(Simulator& self, const Json& body) {
    const Json* percent = body.find("drop_percent");
    const auto value = percent == nullptr ? std::nullopt : percent->integer();
    if (!value || *value < 0 || *value > 100) {
        return error_response(422, "invalid", "drop_percent must be an integer from 0 to 100");
    }
    const Json* seed = body.find("seed");
    if (seed != nullptr && !seed->integer()) { return error_response(422, "invalid", "seed must be an integer"); }
    self.webhook_drops = {*value, body.integer("seed")};
    return show_webhooks(self);
}

/// {"body": any JSON, or a text that is sent as it is, "signature": instead of the right one}: sent once; {"status"} of the
/// answer.
Task<http::Response> send_by_hand(Shared self, Json order) {
    const Json* body = order.find("body");
    if (body == nullptr) { co_return error_response(422, "invalid", "body is missing"); }
    const std::string text = body->is_string() ? body->as_string() : body->dump();
    auto signature = signature_of(*self, text);
    if (auto given = order.maybe_text("signature")) {
        for (auto& [header, value] : signature) {
            if (header == self->options.webhook_scheme.header) { value = *given; }
        }
    }
    const auto status = co_await send_webhook(self, text, std::move(signature));
    if (status.has_error()) { co_return error_response(502, "not_delivered", status.error().text()); }
    co_return json_response(200, Json::object({{"status", status.value()}}));
}

}  // namespace

Task<http::Response> control(Shared simulator, http::Request request) {
    const std::string name = request.path.substr(std::string_view("/_sandbox/").size());
    constexpr std::string_view one_order = "orders/";
    if (request.method == "GET" && name == "orders") { co_return show_orders(*simulator); }
    if (request.method == "GET" && name == "faults") {
        co_return json_response(200, Json::object({{"faults", simulator->faults.show()}}));
    }
    if (request.method == "GET" && name == "webhooks") { co_return show_webhooks(*simulator); }
    if (name == "tokens" && simulator->dialect) {
        if (request.method == "DELETE") { simulator->dialect->revoke(); }
        co_return json_response(200, Json::object({{"issued", simulator->dialect->tokens_issued()}}));
    }
    if (request.method == "DELETE" && name == "faults") {
        simulator->faults.clear();
        co_return json_response(200, Json::object({{"faults", simulator->faults.show()}}));
    }
    if (request.method != "POST") { co_return error_response(404, "not_found", "no such control"); }
    auto body = Json::parse(request.body);
    if (body.has_error()) { co_return error_response(400, "malformed", "the body is no JSON: " + body.error().text()); }
    if (name == "faults") { co_return arm_fault(*simulator, body.value()); }
    if (name == "faults/mix") {
        if (auto mixed = simulator->faults.mix(body.value().integer("percent"), body.value().integer("seed", 1)); !mixed) {
            co_return error_response(422, "invalid", mixed.error().text());
        }
        co_return json_response(200, body.value());
    }
    if (name == "portal") { co_return change_portal(*simulator, body.value()); }
    if (name == "webhooks") { co_return drop_webhooks(*simulator, body.value()); }
    if (name == "inventory") { co_return co_await change_stock(simulator, std::move(body).value()); }
    if (name == "webhook") { co_return co_await send_by_hand(simulator, std::move(body).value()); }
    if (name == "webhook_first") {
        simulator->webhook_first = body.value().boolean("on");
        co_return json_response(200, Json::object({{"on", simulator->webhook_first}}));
    }
    if (name.starts_with(one_order)) {
        co_return set_status(*simulator, http::decoded(std::string_view(name).substr(one_order.size())), body.value());
    }
    co_return error_response(404, "not_found", "no such control");
}

}  // namespace crossdock::sandbox
