#include "support.hpp"

#include <set>

namespace wesellcellular::tests {
namespace {

using crossdock::sdk::Json;
using testing::expect;
using testing::expect_equal;

/// The settings of config/suppliers/examples/wesellcellular-api.yaml (a test of the tree compares the two), with address and key.
Json api_settings(const Json& more) {
    std::ifstream in(std::string(CROSSDOCK_CASSETTES) + "/../tests/api.json", std::ios::binary);
    expect(in.is_open(), "tests/api.json");
    auto settings = Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    for (const auto& [key, value] : more.members()) { settings.set(key, value); }
    return settings;
}

Json reachable() {
    return api_settings(Json::parse(R"({"base_url":"https://api.wesellcellular.example","api_key":"canary-key"})"));
}

testing::Plugin plugin() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

/// The answers are made up as the sandbox's dialect gives them: WesellCellular publishes no API.
void plays_its_cassettes() {
    std::size_t played = 0;
    for (const auto& entry : std::filesystem::directory_iterator(CROSSDOCK_CASSETTES)) {
        auto cassette = testing::Cassette::load(entry.path());
        cassette.settings = api_settings(cassette.settings);
        const auto differences = testing::play(plugin(), cassette);
        expect(differences.empty(),
               entry.path().filename().string() + ": " + (differences.empty() ? std::string() : differences.front()));
        ++played;
    }
    expect(played >= 13, "there are cassettes");
}

void has_a_cassette_for_each_operation() {
    std::set<std::string> played;
    for (const auto& entry : std::filesystem::directory_iterator(CROSSDOCK_CASSETTES)) {
        played.insert(testing::Cassette::load(entry.path()).operation);
    }
    for (const auto& operation : plugin().operations()) { expect(played.contains(operation), operation); }
}

/// Each mode has operations that the other lacks, and settings of its own.
void keeps_the_modes_apart() {
    const Folder inbox, outbox;
    Json portal = Json::object();
    portal.set("mode", "portal").set("inbox", inbox.path().string()).set("outbox", outbox.path().string());
    for (const char* const operation : {"cancel_order", "handle_webhook"}) {
        testing::FakeHost host;
        const auto answer = plugin().start(portal).call(operation, R"({"reference":"R","effect_key":"k","body":"{}"})", host);
        expect_equal(answer.status, testing::Status::not_supported, operation);
        expect_equal(host.requests().size(), 0, operation);
    }
    struct Row {
        const char* name;
        const char* complaint;
    };
    for (const Row& row :
         {Row{"create_order", "the setting \"create_order\" is missing (how an order is placed)"},
          Row{"auth", "the setting \"auth\" is missing"}, Row{"base_url", "the setting \"base_url\" is missing"}}) {
        const auto said = testing::expect_throws([&] { (void)plugin().start(reachable().set(row.name, Json())); });
        expect(said.find(row.complaint) != std::string::npos, said);
    }
    const auto said = testing::expect_throws([&] { (void)plugin().start(reachable().set("inbox", "/srv")); });
    expect(said.find("the setting \"inbox\" is for `mode: portal` alone") != std::string::npos, said);
}

void lacks_what_the_account_does_not_give() {
    testing::FakeHost host;
    const auto answer = plugin()
                            .start(reachable().set("cancel_order", Json()))
                            .call("cancel_order", R"({"reference":"R","effect_key":"k"})", host);
    expect_equal(answer.status, testing::Status::not_supported);
    expect_equal(host.requests().size(), 0);
}

}  // namespace

void add_api_tests(testing::Suite& suite) {
    suite.test("api: the cassettes, made from the sandbox's dialect, are played back exactly", plays_its_cassettes);
    suite.test("api: each operation has a cassette", has_a_cassette_for_each_operation);
    suite.test("each mode has its own settings and operations", keeps_the_modes_apart);
    suite.test("api: an operation that the account gives no request for is not there", lacks_what_the_account_does_not_give);
}

}  // namespace wesellcellular::tests
