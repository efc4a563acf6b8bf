#include "running_supplier.hpp"
#include "support/raw_socket.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace std::chrono_literals;
using support::order_body;
using support::quiet_options;
using support::RawSocket;
using support::RunningSupplier;
using support::TemporaryFolder;
using support::WebhookReceiver;

namespace {

std::string raw_post(const std::string& body) {
    return "POST /v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer key\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("each fault of an order does and answers what it says, once", "[sandbox]") {
    struct Row {
        std::string fault;
        int status;  ///< 0: cut
        std::size_t orders;
    };
    const auto row =
        GENERATE(Row{R"("kind":"cut_before_accept")", 0, 0}, Row{R"("kind":"cut_after_accept")", 0, 1},
                 Row{R"("kind":"cut_reused_after_accept")", 201, 1}, Row{R"("kind":"status","status":503)", 503, 0},
                 Row{R"("kind":"status","status":500,"accept":true)", 500, 1}, Row{R"("kind":"garbage")", 200, 1},
                 Row{R"("kind":"slow","delay_ms":30)", 201, 1}, Row{R"("kind":"slow","delay_ms":30,"accept":true)", 201, 1});
    INFO(row.fault);
    const TemporaryFolder folder;
    const RunningSupplier supplier(quiet_options(folder.path()));
    supplier.tell("faults", R"({"operation":"create_order",)" + row.fault + "}");
    const auto answer = supplier.call("POST", "/v1/orders", order_body());
    CHECK((answer.has_error() ? 0 : answer.value().status) == row.status);
    CHECK(supplier.order_count() == row.orders);
    CHECK(supplier.posts("PXSTKL0000347") == 1);
    if (row.fault.find("reused") != std::string::npos) { return; }
    CHECK(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
}

TEST_CASE("a reused connection is cut after the order was accepted, a fresh one is not", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSupplier supplier(quiet_options(folder.path()));
    supplier.tell("faults", R"({"operation":"create_order","kind":"cut_reused_after_accept"})");
    RawSocket client(supplier.port());
    REQUIRE(client.send(raw_post(order_body("A"))));
    CHECK(client.read_response().starts_with("HTTP/1.1 201 "));
    REQUIRE(client.send(raw_post(order_body("B"))));
    CHECK(client.read_all().empty());
    CHECK(client.ended());
    CHECK(supplier.order_count() == 2);
    CHECK(supplier.posts("B") == 1);
}

TEST_CASE("a refusal may ask for patience", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSupplier supplier(quiet_options(folder.path()));
    supplier.tell("faults", R"({"operation":"create_order","kind":"status","status":429,"retry_after_s":7,"times":2})");
    for (int i = 0; i < 2; ++i) {
        const auto answer = supplier.call("POST", "/v1/orders", order_body()).value();
        CHECK(answer.status == 429);
        CHECK(answer.header("Retry-After") == "7");
    }
    CHECK(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    CHECK(supplier.posts("PXSTKL0000347") == 3);
}

TEST_CASE("an order is accepted even when its client did not wait for the answer", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSupplier supplier(quiet_options(folder.path()));
    supplier.tell("faults", R"({"operation":"create_order","kind":"slow","delay_ms":50})");
    {
        RawSocket client(supplier.port());
        REQUIRE(client.send(raw_post(order_body())));
        client.end_sending();
        client.close();
    }
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (supplier.order_count() == 0 && std::chrono::steady_clock::now() < deadline) {}
    CHECK(supplier.order_count() == 1);
}

TEST_CASE("faults of reading spoil one answer and no more", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = quiet_options(folder.path());
    options.lookup = true;
    const RunningSupplier supplier(options);
    const auto operation = GENERATE("find_order", "inventory");
    const std::string target = operation == std::string("inventory") ? "/v1/inventory" : "/v1/orders?reference=A";
    const auto arm = [&](const std::string& rest) {
        supplier.tell("faults", std::string(R"({"operation":")") + operation + "\"," + rest + "}");
    };
    arm(R"("kind":"cut_before_accept")");
    CHECK(supplier.call("GET", target).has_error());
    arm(R"("kind":"status","status":502)");
    CHECK(supplier.call("GET", target).value().status == 502);
    arm(R"("kind":"garbage")");
    CHECK(Json::parse(supplier.call("GET", target).value().body).has_error());
    arm(R"("kind":"slow","delay_ms":20)");
    CHECK(supplier.call("GET", target).value().status == 200);
    CHECK(supplier.call("GET", target).value().status == 200);
    arm(R"("kind":"garbage","times":-1)");
    CHECK(supplier.call("DELETE", "/_sandbox/faults").value().status == 200);
    CHECK(Json::parse(supplier.call("GET", target).value().body).has_value());
    CHECK(supplier.call("POST", "/_sandbox/faults", R"({"operation":"x","kind":"slow"})").value().status == 422);
}

TEST_CASE("webhooks can be doubled, forged and lost on purpose, and arrive in the end", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    const RunningSupplier supplier(options);
    const auto kind = GENERATE("cut_after_accept", "cut_before_accept", "garbage");
    supplier.tell("faults", std::string(R"({"operation":"webhook","kind":")") + kind + "\"}");
    REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    supplier.tell("orders/ORD845140", R"({"status":"confirmed"})");
    const std::size_t expected = kind == std::string("cut_before_accept") ? 1 : 2;
    const auto webhooks = receiver.wait(expected);
    REQUIRE(webhooks.size() == expected);
    CHECK(webhooks.front().body == webhooks.back().body);
    const bool same_signature = webhooks.front().header("X-PhoneX-Signature") == webhooks.back().header("X-PhoneX-Signature");
    CHECK(same_signature == (kind != std::string("garbage")));
}

TEST_CASE("a share of the webhooks can be dropped for good, the same ones for the same seed", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    constexpr std::size_t orders = 40;
    std::vector<std::string> dropped;
    const auto drops = [](const Json& shown) {
        std::vector<std::string> bodies;
        for (const auto& body : shown.find("dropped")->items()) {
            bodies.push_back(body.text("order_id") + " " + body.text("status"));
        }
        return bodies;
    };
    {
        const RunningSupplier supplier(options);
        supplier.tell("webhooks", R"({"drop_percent":30,"seed":7})");
        for (std::size_t i = 0; i < orders; ++i) {
            const auto answer = supplier.call("POST", "/v1/orders", order_body("PX" + std::to_string(i))).value();
            supplier.tell("orders/" + Json::parse(answer.body)->text("supplier_order_id"), R"({"status":"confirmed"})");
        }
        // The last one is not dropped, and behind it nothing is under way.
        supplier.tell("webhooks", R"({"drop_percent":0})");
        supplier.tell("orders/ORD845140", R"({"status":"shipped"})");
        dropped = drops(supplier.get("/_sandbox/webhooks"));
        CHECK(dropped.size() > orders / 10);
        CHECK(dropped.size() < orders / 2);
        const auto came = receiver.wait(orders + 1 - dropped.size());
        CHECK(came.size() == orders + 1 - dropped.size());
        for (const auto& request : came) {
            const auto body = Json::parse(request.body).value();
            CHECK(std::find(dropped.begin(), dropped.end(), body.text("order_id") + " " + body.text("status")) == dropped.end());
        }
    }
    const RunningSupplier again(options);
    CHECK(drops(again.get("/_sandbox/webhooks")) == dropped);
    CHECK(again.get("/_sandbox/webhooks").integer("drop_percent") == 0);
    for (const auto* wrong : {R"({"drop_percent":101})", R"({"drop_percent":-1})", R"({})", R"({"drop_percent":1,"seed":"x"})"}) {
        CHECK(again.call("POST", "/_sandbox/webhooks", wrong, {}).value().status == 422);
    }
}

TEST_CASE("an order is shown with the words and the time that its webhook had", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = quiet_options(folder.path());
    options.webhook_url = receiver.url();
    const RunningSupplier supplier(options);
    REQUIRE(supplier.call("POST", "/v1/orders", order_body()).value().status == 201);
    const auto* status = GENERATE("confirmed", "shipped");
    supplier.tell("orders/ORD845140", std::string(R"({"status":")") + status + "\"}");
    const auto webhooks = receiver.wait(1);
    REQUIRE(webhooks.size() == 1);
    const auto told = Json::parse(webhooks.front().body).value();
    const auto shown = supplier.get("/v1/orders/ORD845140");
    for (const auto* member : {"order_id", "supplier_order_id", "status", "tracking_number", "updated_at"}) {
        CHECK(told.text(member) == shown.text(member));
    }
}

TEST_CASE("a busy port, a taken folder and senseless options are faults that say so", "[sandbox]") {
    const TemporaryFolder folder;
    const TemporaryFolder other;
    const RunningSupplier supplier(quiet_options(folder.path()));
    boost::asio::io_context context;
    SystemClock clock(context.get_executor());
    auto options = quiet_options(other.path());
    options.port = supplier.port();
    CHECK(sandbox::Supplier::start(context.get_executor(), clock, options).error().what.find("is in use by another program") !=
          std::string::npos);
    CHECK(sandbox::Supplier::start(context.get_executor(), clock, quiet_options(folder.path())).error().where ==
          folder.path().string());
    options = quiet_options(other.path());
    options.webhook_url = GENERATE("https://127.0.0.1/x", "http://example.org/x", "http://127.0.0.1:0/x", "nonsense");
    CHECK(sandbox::Supplier::start(context.get_executor(), clock, options).error().where == options.webhook_url);
}
