// Bad orders, keys and webhooks, given to a running daemon.
#include "error_rows.hpp"
#include "sandbox/mail_store.hpp"

#include <algorithm>

namespace crossdock::system_tests {
namespace {

/// A row whose order document differs from a valid one in one place.
BadInput spoiled(std::string name, std::string from, std::string to) {
    return {std::move(name),
            [from = std::move(from), to = std::move(to)](House& house) { return house.post(order_with(from, to)); }};
}

/// A row that posts that body.
BadInput posted(std::string name, std::string body) {
    return {std::move(name), [body = std::move(body)](House& house) { return house.post(body); }};
}

Seen post_with_key(House& house, const std::string& token) {
    return house.http("POST", "/v1/orders", {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
                      order_text("BAD-KEY"));
}

Seen revoked_key(House& house) {
    const auto token = house.make_key("revoked", "orders:write read");
    const auto output = house.running().crossdock({"key", "revoke", "revoked"});
    if (output.exit_code != 0) { return {"no key was revoked", output.err}; }
    return post_with_key(house, token);
}

Seen key_reused(House& house) {
    house.place("REUSED-1", {{"Idempotency-Key", "once-only"}});
    return house.post(order_text("REUSED-2"), {{"Idempotency-Key", "once-only"}});
}

Seen same_id_other_content(House& house) {
    house.place("TAKEN-1");
    std::string other = order_text("TAKEN-1");
    other.replace(other.find("\"quantity\": 10"), 14, "\"quantity\": 11");
    return house.post(other);
}

Seen get(House& house, const std::string& method, const std::string& target) {
    return house.http(method, target, {{"Authorization", "Bearer " + house.running().api_key()}});
}

Seen cancel(House& house, const std::string& order_id, const std::string& body, const std::string& key = "") {
    return house.http("POST", "/v1/orders/" + order_id + "/cancel",
                      {{"Authorization", "Bearer " + (key.empty() ? house.running().api_key() : key)}}, body);
}

std::string webhook_text(House& house, const std::string& order_id, const std::string& supplier_order_id,
                         const std::string& updated_at) {
    return R"({"event": "order.status_updated)" + house.padding() + R"(", "order_id": ")" + order_id +
           R"(", "supplier_order_id": ")" + supplier_order_id +
           R"(", "status": "shipped", "tracking_number": "1Z700001", "updated_at": ")" + updated_at + "\"}";
}

Seen forged_webhook(House& house) {
    const std::string body = webhook_text(house, "FORGED-1", "ORD1", "2025-10-30T18:06:39Z");
    auto seen = house.http("POST", "/api/webhooks/phonex",
                           {{"Content-Type", "application/json"}, {"X-PhoneX-Signature", std::string(64, 'a')}}, body);
    seen.text += house.webhook_state(body, {"refused"});
    return seen;
}

Seen unsigned_webhook(House& house) {
    const std::string body = webhook_text(house, "FORGED-2", "ORD1", "2025-10-30T18:06:39Z");
    auto seen = house.http("POST", "/api/webhooks/phonex", {{"Content-Type", "application/json"}}, body);
    seen.text += house.webhook_state(body, {"refused"});
    return seen;
}

Seen webhook_that_is_no_json(House& house) {
    const std::string body = "order_id=PXSTKL0000347&status=shipped" + house.padding();
    auto seen = house.webhook(body);
    seen.text += house.webhook_state(body, {"rejected"});
    return seen;
}

/// The text of the first alert that names it.
std::string alert(House& house, const std::string& part) {
    std::string found;
    wait_for("the alert about " + part, [&] {
        for (const auto& mail : sandbox::read_mails(house.running().mails())) {
            if (mail.to.find("alerts@") != std::string::npos && mail.text.find(part) != std::string::npos) { found = mail.text; }
        }
        return !found.empty();
    });
    return "mailed to alerts: " + found + "\n";
}

Seen webhook_that_the_adapter_rejects(House& house) {
    const std::string body = webhook_text(house, "STRANGE-1", "ORD1", "yesterday");
    auto seen = house.webhook(body);
    seen.text += house.webhook_state(body, {"rejected"});
    seen.text += alert(house, "updated_at");
    return seen;
}

/// The supplier is faster than our own order: kept, told, and applied once the order's id is known.
Seen webhook_before_its_order(House& house) {
    // The sandbox counts its ids up, so that of its next order is known once it has answered all before.
    wait_for("the earlier orders' ids", [&] {
        const auto orders = house.running().sandbox("GET", "/_sandbox/orders");
        return orders && orders->find("orders")->items().size() == house.placed().size();
    });
    const std::string next_id = "ORD" + std::to_string(700'001 + house.placed().size());
    const std::string body = webhook_text(house, "LATER-1", next_id, "2025-10-30T18:06:39Z");
    auto seen = house.webhook(body);
    seen.text += "first " + house.webhook_state(body, {"unmatched"});
    seen.text += alert(house, "that is not here");
    house.place("LATER-1");
    wait_for("LATER-1 to be shipped", [&] {
        const auto order = Json::parse(get(house, "GET", "/v1/orders/LATER-1").text);
        if (!order || order->text("status") != "shipped") { return false; }
        const Json& there = order->find("supplier_orders")->items().front();
        seen.text += "the order is " + order->text("status") + ", tracking " + there.text("tracking_number") +
                     (there.text("supplier_order_id") == next_id ? ", with that id\n" : ", with another id\n");
        return true;
    });
    seen.text += "then " + house.webhook_state(body, {"applied"});
    return seen;
}

Seen webhook_too_large(House& house) {
    return house.webhook(R"({"event": ")" + std::string(65 << 10, 'x') + "\"}");
}

}  // namespace

std::vector<BadInput> order_rows() {
    const std::string id = R"("order_id": "BAD-1")";
    const std::string quantity = "\"quantity\": 10";
    const std::string price = "231.00";
    return {
        posted("malformed JSON", "{\"order_id\": \"BAD-1\",\n \"items\": [}"),
        spoiled("duplicate key", id, id + ", " + id),
        posted("no object", "[]"),
        spoiled("missing field", id + ", ", ""),
        spoiled("`order_id` as a number", id, "\"order_id\": 347"),
        spoiled("quantity as text", quantity, "\"quantity\": \"10\""),
        spoiled("negative quantity", quantity, "\"quantity\": -3"),
        spoiled("zero quantity", quantity, "\"quantity\": 0"),
        spoiled("fractional quantity", quantity, "\"quantity\": 2.5"),
        spoiled("huge quantity", quantity, "\"quantity\": 1000001"),
        spoiled("too many decimals", price, "231.005"),
        spoiled("negative price", price, "-1.00"),
        spoiled("price as text", price, "\"231.00\""),
        spoiled("amount out of range", "10, \"unit_price\": 231.00", "1000000, \"unit_price\": 9999999999999.99"),
        spoiled("no items", R"({"sku": "IPHONE12-64GB-A", "quantity": 10, "unit_price": 231.00})", ""),
        spoiled("unknown currency", id, id + R"(, "currency": "dollar")"),
        spoiled("bad mail address", id, id + R"(, "contact": {"email": "a@b@c"})"),
        spoiled("unknown supplier", "wesellcellular", "wesellcelular"),
        spoiled("unknown customer", "worldtech-1734", "worldtech-9999"),
        spoiled("over-long id", "BAD-1", std::string(129, 'B')),
        spoiled("over-long body", id, id + R"(, "metadata": {"note": ")" + std::string(300 << 10, 'x') + "\"}"),
        {"missing key",
         [](House& house) {
             return house.http("POST", "/v1/orders", {{"Content-Type", "application/json"}}, order_text("BAD-KEY"));
         }},
        {"wrong key", [](House& house) { return post_with_key(house, "xd_" + std::string(43, 'A')); }},
        {"revoked key", revoked_key},
        {"key without the scope", [](House& house) { return post_with_key(house, house.make_key("reader", "read")); }},
        {"key of another customer",
         [](House& house) { return post_with_key(house, house.make_key("bound", "orders:write", "cellhub-2")); }},
        {"wrong media type",
         [](House& house) {
             return house.http("POST", "/v1/orders",
                               {{"Authorization", "Bearer " + house.running().api_key()},
                                {"Content-Type", "application/x-www-form-urlencoded"}},
                               order_text("BAD-1"));
         }},
        {"same `order_id`, other content", same_id_other_content},
        {"Idempotency-Key used again", key_reused},
        {"over-long Idempotency-Key",
         [](House& house) {
             return house.post(order_text("BAD-1"), {{"Idempotency-Key", std::string(256, 'k')}});
         }},
        {"unknown order", [](House& house) { return get(house, "GET", "/v1/orders/NOWHERE-1"); }},
        {"cancellation of an unknown order", [](House& house) { return cancel(house, "NOWHERE-1", ""); }},
        {"cancellation with a body that is no JSON", [](House& house) { return cancel(house, "NOWHERE-1", "because"); }},
        {"cancellation with a reason that is no text",
         [](House& house) { return cancel(house, "NOWHERE-1", R"({"reason": 7})"); }},
        {"cancellation without the scope",
         [](House& house) { return cancel(house, "NOWHERE-1", "", house.make_key("another-reader", "read")); }},
        {"unknown address", [](House& house) { return get(house, "GET", "/v1/ordres"); }},
        {"wrong method", [](House& house) { return get(house, "DELETE", "/v1/orders"); }},
        {"made-up cursor", [](House& house) { return get(house, "GET", "/v1/events?after=42"); }},
    };
}

std::vector<BadInput> webhook_rows() {
    return {
        {"wrong signature", forged_webhook},
        {"missing signature", unsigned_webhook},
        {"webhook that is no JSON", webhook_that_is_no_json},
        {"webhook that the adapter rejects", webhook_that_the_adapter_rejects},
        {"webhook for an unknown order", webhook_before_its_order},
        {"webhook to an unknown account",
         [](House& house) {
             return house.http("POST", "/api/webhooks/phonix", {{"Content-Type", "application/json"}}, "{}");
         }},
        {"over-long webhook", webhook_too_large},
        {"webhook by another method", [](House& house) { return get(house, "GET", "/api/webhooks/phonex"); }},
    };
}

}  // namespace crossdock::system_tests
