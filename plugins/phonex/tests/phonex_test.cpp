#include <crossdock/testing.hpp>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace testing = crossdock::sdk::testing;

namespace {

const char* const settings = R"({"base_url":"https://api.phonex.example/","api_key":"canary-key"})";
const char* const order = R"({"reference":"PX/1","effect_key":"key-1","supplier":"WSC",)"
                          R"("order":{"items":[{"sku":"A","quantity":1,"unit_price":231.00,"ours":1}],"extra":1}})";

testing::Plugin phonex() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

/// The cassettes are made from the dialect of the sandbox, as docs and seed describe PhoneX. None was captured from PhoneX
/// itself, so they show that the adapter keeps to that dialect, not that PhoneX speaks it.
void plays_its_cassettes() {
    testing::expect_none(testing::play_all(phonex(), CROSSDOCK_CASSETTES));
}

void has_a_cassette_for_each_operation() {
    std::set<std::string> played;
    for (const auto& entry : std::filesystem::directory_iterator(CROSSDOCK_CASSETTES)) {
        played.insert(testing::Cassette::load(entry.path()).operation);
    }
    for (const auto& operation : phonex().operations()) { testing::expect(played.count(operation) == 1, operation); }
}

void sends_members_that_are_documented_only() {
    testing::FakeHost host;
    host.answer(201, "{}");
    testing::expect(phonex().start(settings).call("create_order", order, host).ok(), "it answers");
    const auto requests = host.requests();
    testing::expect_equal(requests.size(), 1);
    testing::expect_equal(requests[0].url, "https://api.phonex.example/v1/orders");
    testing::expect_equal(requests[0].body, R"({"supplier":"WSC","order_id":"PX/1",)"
                                            R"("items":[{"sku":"A","quantity":1,"unit_price":231.00}]})");
}

void uses_a_rotated_key() {
    auto instance = phonex().start(settings);
    testing::FakeHost host;
    host.answer(200, R"({"orders":[]})").answer(200, R"({"orders":[]})");
    (void)instance.call("find_order", R"({"reference":"PX/1"})", host);
    host.set_secret("api_key", "second-key");
    (void)instance.call("find_order", R"({"reference":"PX/1"})", host);
    const auto requests = host.requests();
    testing::expect_equal(requests.at(0).header("authorization"), "Bearer canary-key");
    testing::expect_equal(requests.at(1).header("authorization"), "Bearer second-key");
    testing::expect_equal(requests.at(0).url, "https://api.phonex.example/v1/orders?reference=PX%2F1");
}

void stops_a_stock_listing_when_it_is_canceled() {
    const std::string page = R"({"page":1,"pages":2,"items":[{"sku":"A","quantity":1,"price":1.50,"currency":"USD"}]})";
    testing::FakeHost host;
    host.cancel_after_batches(1);
    host.answer(200, page).answer(200, page);
    const auto answer = phonex().start(settings).call("sync_inventory", "{}", host);
    testing::expect_equal(answer.status, testing::Status::canceled);
    testing::expect_equal(host.requests().size(), 1);
    testing::expect_equal(host.rows().size(), 1);
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("the cassettes, made from the sandbox's dialect, are played back exactly", plays_its_cassettes);
    suite.test("each operation has a cassette", has_a_cassette_for_each_operation);
    suite.test("an order is sent with the members that PhoneX documents, money as written",
               sends_members_that_are_documented_only);
    suite.test("a rotated key is used at once", uses_a_rotated_key);
    suite.test("a canceled stock listing asks for no further page", stops_a_stock_listing_when_it_is_canceled);
    return suite.run(argc, argv);
}
