#include "crypto/crypto.hpp"
#include "running_supplier.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace std::chrono_literals;
using support::order_body;
using support::quiet_options;
using support::RunningSupplier;
using support::TemporaryFolder;
using support::WebhookReceiver;

namespace {

Json body_of(const http::LoopbackAnswer& answer) {
    return Json::parse(answer.body).value();
}

std::vector<std::string> statuses_of(const std::vector<http::Request>& webhooks) {
    std::vector<std::string> out;
    for (const auto& webhook : webhooks) { out.push_back(Json::parse(webhook.body).value().text("status")); }
    return out;
}

}  // namespace

TEST_CASE("an order is accepted, confirmed and shipped, each told by a signed webhook", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    options.accept_after = 20ms;
    options.ship_after = 40ms;
    const RunningSupplier supplier(options);
    const auto answer = supplier.call("POST", "/v1/orders", order_body()).value();
    CHECK(answer.status == 201);
    CHECK(answer.body == R"({"order_id":"PXSTKL0000347","supplier_order_id":"ORD845140","status":"pending"})");
    const auto webhooks = receiver.wait(2);
    REQUIRE(webhooks.size() == 2);
    CHECK(statuses_of(webhooks) == std::vector<std::string>{"confirmed", "shipped"});
    for (const auto& webhook : webhooks) {
        CHECK(webhook.path == "/api/webhooks/phonex");
        CHECK(webhook.header("X-PhoneX-Signature") == crypto::hmac_sha256_hex("secret", webhook.body));
        const auto body = Json::parse(webhook.body).value();
        CHECK(body.text("event") == "order.status_updated");
        CHECK(body.text("order_id") == "PXSTKL0000347");
        CHECK(body.text("supplier_order_id") == "ORD845140");
        CHECK(parse_rfc3339(body.text("updated_at")).has_value());
    }
    CHECK_FALSE(Json::parse(webhooks[0].body).value().find("tracking_number"));
    CHECK(Json::parse(webhooks[1].body).value().text("tracking_number") == "1Z999AA10123456784");
    const auto order = supplier.get("/v1/orders/ORD845140");
    CHECK(order.text("status") == "shipped");
    CHECK(order.text("tracking_number") == "1Z999AA10123456784");
    CHECK(supplier.call("GET", "/v1/orders/ORD1").value().status == 404);
}

TEST_CASE("without idempotency every POST makes an order, and each is counted", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    options.supplier_order_ids = {"X-100", "Y-7"};
    const RunningSupplier supplier(options);
    for (const char* id : {"X-100", "Y-7", "Y-8"}) {
        const auto answer =
            supplier.call("POST", "/v1/orders", order_body(), {{"Authorization", "Bearer key"}, {"Idempotency-Key", "k"}});
        CHECK(body_of(answer.value()).text("supplier_order_id") == id);
    }
    CHECK(supplier.order_count() == 3);
    CHECK(supplier.posts("PXSTKL0000347") == 3);
}

TEST_CASE("with idempotency the same key gets the first answer and makes nothing, even after a restart", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    options.idempotency = true;
    const std::vector<http::Header> headers{{"Authorization", "Bearer key"}, {"Idempotency-Key", "k1"}};
    std::string first;
    {
        const RunningSupplier supplier(options);
        first = supplier.call("POST", "/v1/orders", order_body(), headers).value().body;
        const auto again = supplier.call("POST", "/v1/orders", order_body(), headers).value();
        CHECK(again.status == 201);
        CHECK(again.body == first);
        CHECK(supplier.call("POST", "/v1/orders", order_body("OTHER"), headers).value().status == 422);
    }
    const RunningSupplier supplier(options);
    CHECK(supplier.call("POST", "/v1/orders", order_body(), headers).value().body == first);
    CHECK(supplier.order_count() == 1);
    CHECK(supplier.posts("PXSTKL0000347") == 3);
    CHECK(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    CHECK(supplier.order_count() == 2);
}

TEST_CASE("a lookup exists only when switched on and does not see young orders", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    {
        const RunningSupplier supplier(options);
        REQUIRE(supplier.call("POST", "/v1/orders", order_body("R/1 ü")).value().status == 201);
        CHECK(supplier.call("GET", "/v1/orders?reference=x").value().status == 404);
    }
    const auto target = "/v1/orders?reference=" + http::encoded("R/1 ü");
    options.lookup = true;
    {
        const RunningSupplier supplier(options);
        const auto found = supplier.get(target);
        REQUIRE(found.find("orders")->items().size() == 1);
        CHECK(found.find("orders")->items()[0].text("order_id") == "R/1 ü");
        CHECK(supplier.get("/v1/orders?reference=R").find("orders")->items().empty());
    }
    options.visible_after = 1h;
    const RunningSupplier supplier(options);
    CHECK(supplier.get(target).find("orders")->items().empty());
    CHECK(supplier.call("GET", "/v1/orders/ORD845140").value().status == 200);
}

TEST_CASE("a wrong key and a bad order are refused with a reason and make nothing", "[sandbox]") {
    struct Row {
        std::string body;
        int status;
        std::string key;
    };
    const auto row = GENERATE(
        Row{order_body(), 401, "Bearer wrong"}, Row{order_body(), 401, ""}, Row{"{", 400, "Bearer key"},
        Row{"[]", 422, "Bearer key"}, Row{R"({"order_id":"A","supplier":"w","items":[]})", 422, "Bearer key"},
        Row{R"({"order_id":"A","supplier":"w","items":[{"sku":"S","quantity":0,"unit_price":1}],"shipping_address":{}})", 422,
            "Bearer key"},
        Row{R"({"order_id":"A","supplier":"w","items":[{"sku":"S","quantity":1,"unit_price":"1"}],"shipping_address":{}})", 422,
            "Bearer key"});
    const TemporaryFolder folder;
    const RunningSupplier supplier(quiet_options(folder.path()));
    const auto answer = supplier.call("POST", "/v1/orders", row.body, {{"Authorization", row.key}}).value();
    INFO(answer.body);
    CHECK(answer.status == row.status);
    CHECK_FALSE(body_of(answer).text("error").empty());
    CHECK_FALSE(body_of(answer).text("message").empty());
    CHECK(supplier.order_count() == 0);
}

TEST_CASE("the inventory is paged with prices as written, and changes by hand last", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    options.inventory = std::filesystem::path(CROSSDOCK_SOURCE_FOLDER) / "config/sandbox-inventory.json";
    {
        const RunningSupplier supplier(options);
        const auto raw = supplier.call("GET", "/v1/inventory?page=1&page_size=10").value().body;
        CHECK(raw.find(R"("sku":"IPHONE12-64GB-A")") == std::string::npos);
        CHECK(supplier.get("/v1/inventory").find("items")->items().size() == 100);
        CHECK(supplier.call("GET", "/v1/inventory?page=0").value().status == 400);
        CHECK(supplier.call("GET", "/v1/inventory?page_size=501").value().status == 400);
        CHECK(supplier.call("GET", "/v1/inventory", {}, {}).value().status == 401);
        supplier.tell("inventory", R"({"sku":"IPHONE12-64GB-A","quantity":3,"price":229.50})");
        CHECK(supplier.call("POST", "/_sandbox/inventory", R"({"sku":"NONE","quantity":3})", {}).value().status == 404);
    }
    const RunningSupplier supplier(options);
    const auto page = supplier.get("/v1/inventory?page=1&page_size=500");
    for (const auto& item : page.find("items")->items()) {
        if (item.text("sku") != "IPHONE12-64GB-A") { continue; }
        CHECK(item.integer("quantity") == 3);
        CHECK(item.find("price")->literal() == "229.50");
    }
}

TEST_CASE("webhooks of one order keep their order and are repeated until taken", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver({500, 503, 200});
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    options.accept_after = 0ms;
    options.ship_after = 0ms;
    const RunningSupplier supplier(options);
    REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    const auto webhooks = receiver.wait(4);
    CHECK(statuses_of(webhooks) == std::vector<std::string>{"confirmed", "confirmed", "confirmed", "shipped"});
    CHECK(webhooks[0].body == webhooks[2].body);
}

TEST_CASE("a webhook refused with 4xx is not repeated and the next one is sent", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver({401});
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    options.accept_after = 0ms;
    options.ship_after = 0ms;
    const RunningSupplier supplier(options);
    REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    CHECK(statuses_of(receiver.wait(2)) == std::vector<std::string>{"confirmed", "shipped"});
}

TEST_CASE("what was not told before a restart is told after it, and the life of orders goes on", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    // Nobody listens there: the port was free a moment ago and is not ours.
    {
        const WebhookReceiver gone;
        options.webhook_url = gone.url();
    }
    options.accept_after = 0ms;
    options.ship_after = 1h;
    {
        const RunningSupplier supplier(options);
        REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (supplier.get("/_sandbox/orders").integer("webhooks_pending") == 0 && std::chrono::steady_clock::now() < deadline) {
        }
    }
    std::ofstream(folder.path() / "journal.jsonl", std::ios::app) << R"({"record":"order","refer)";
    WebhookReceiver receiver;
    options.webhook_url = receiver.url();
    options.ship_after = 0ms;
    const RunningSupplier supplier(options);
    CHECK(statuses_of(receiver.wait(2)) == std::vector<std::string>{"confirmed", "shipped"});
    REQUIRE(supplier.call("POST", "/v1/orders", order_body("NEXT")).value().status == 201);
    CHECK(supplier.get("/v1/orders/ORD845141").text("order_id") == "NEXT");
}

TEST_CASE("webhooks can be told to arrive before the order's own answer", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    const RunningSupplier supplier(options);
    supplier.tell("webhook_first", R"({"on":true})");
    const auto answer = supplier.call("POST", "/v1/orders", order_body()).value();
    CHECK(answer.status == 201);
    // No waiting here: they came before the answer did.
    CHECK(statuses_of(receiver.wait(0)) == std::vector<std::string>{"confirmed", "shipped"});
}

TEST_CASE("any body can be sent as a signed webhook, and any status given by hand", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver({200, 401});
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    const RunningSupplier supplier(options);
    CHECK(supplier.tell("webhook", R"({"body":{"event":"order.status_updated","order_id":"UNKNOWN","n":1.50}})")
              .integer("status") == 200);
    CHECK(supplier.tell("webhook", R"({"body":"not json","signature":"00"})").integer("status") == 401);
    REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    supplier.tell("orders/ORD845140", R"({"status":"canceled"})");
    const auto webhooks = receiver.wait(3);
    REQUIRE(webhooks.size() == 3);
    CHECK(webhooks[0].body == R"({"event":"order.status_updated","order_id":"UNKNOWN","n":1.50})");
    CHECK(webhooks[0].header("X-PhoneX-Signature") == crypto::hmac_sha256_hex("secret", webhooks[0].body));
    CHECK(webhooks[1].body == "not json");
    CHECK(webhooks[1].header("X-PhoneX-Signature") == "00");
    CHECK(Json::parse(webhooks[2].body).value().text("status") == "canceled");
}
