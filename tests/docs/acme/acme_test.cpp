#include <crossdock/testing.hpp>

#include <string>

namespace testing = crossdock::sdk::testing;

namespace {

const std::string settings = R"({"base_url": "https://b2b.acme.example", "api_key": "a-key-for-tests", "dealer": "D-17"})";

const std::string order = R"({"reference": "PX1", "effect_key": "key-1", "supplier": "acme",
    "order": {"order_id": "PX1", "items": [{"sku": "A-64", "quantity": 10, "unit_price": 231.00}]}})";

}  // namespace

int main(int argc, char** argv) {
    const auto plugin = testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
    testing::Suite suite;

    suite.test("each recorded conversation is held again",
               [&] { testing::expect_none(testing::play_all(plugin, CROSSDOCK_CASSETTES)); });

    suite.test("an order whose answer is lost has no id", [&] {
        testing::FakeHost host;
        host.cut();
        const auto answer = plugin.start(settings).call("create_order", order, host);
        testing::expect_equal(host.requests().size(), 1);
        testing::expect_equal(answer.document.need_text("transport"), "cut");
        testing::expect(!answer.document.text("supplier_order_id"), "an id was made up");
    });

    suite.test("a refusal says why", [&] {
        testing::FakeHost host;
        host.answer(422, R"({"error": {"text": "part A-64 is discontinued"}})");
        const auto answer = plugin.start(settings).call("create_order", order, host);
        testing::expect_equal(answer.document.need_integer("status"), 422);
        testing::expect_equal(answer.document.need_text("reason"), "part A-64 is discontinued");
    });

    suite.test("a search that ACME did not answer is not an empty one", [&] {
        testing::FakeHost host;
        host.answer(503, "down for maintenance");
        const auto answer = plugin.start(settings).call("find_order", R"({"reference": "PX1"})", host);
        testing::expect(answer.ok() && answer.document.find("matches") == nullptr, "it says that there is no such order");
    });

    suite.test("a stock list that goes in circles is refused", [&] {
        testing::FakeHost host;
        const std::string page = R"({"stock": [{"part": "A", "on_hand": 1, "price": 9.50, "currency": "USD"}], "next": "c1"})";
        host.answer(200, page).answer(200, page);
        const auto answer = plugin.start(settings).call("sync_inventory", "{}", host);
        testing::expect(!answer.ok(), "the sync says that it is complete");
        testing::expect_equal(host.requests().size(), 2);
    });

    suite.test("a busy stock list asks for a pause", [&] {
        testing::FakeHost host;
        host.answer(429, "", {{"Retry-After", "30"}});
        const auto answer = plugin.start(settings).call("sync_inventory", "{}", host);
        testing::expect_equal(answer.retry_after_ms.value_or(0), 30'000);
    });

    suite.test("a webhook that is not understood names the field", [&] {
        testing::FakeHost host;
        const auto answer =
            plugin.start(settings).call("handle_webhook", R"({"body": "{\"type\": \"ping\"}", "headers": {}})", host);
        testing::expect(!answer.ok(), "it was understood");
        testing::expect(answer.fault.find("po_number") != std::string::npos, answer.fault);
    });

    return suite.run(argc, argv);
}
