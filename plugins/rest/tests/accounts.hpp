#pragma once

#include <crossdock/testing.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace testing = crossdock::sdk::testing;
namespace sdk = crossdock::sdk;

inline testing::Plugin plugin() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

/// The settings of a shipped example, as they stand in its YAML file (a test of the tree compares the two), with secrets.
inline sdk::Json example(const std::string& account, const sdk::Json& more) {
    const std::string file = std::string(CROSSDOCK_CASSETTES) + "/../tests/" + account + ".json";
    std::ifstream in(file, std::ios::binary);
    testing::expect(in.is_open(), file);
    auto settings = sdk::Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    for (const auto& [key, value] : more.members()) { settings.set(key, value); }
    return settings;
}

/// An account with create_order alone.
inline sdk::Json minimal(const std::string& create = R"({"path":"/orders","id":"${{ .body.id }}"})") {
    sdk::Json settings = sdk::Json::object();
    settings.set("base_url", "https://api.acme.example").set("auth", sdk::Json::parse(R"({"kind":"none"})"));
    return settings.set("create_order", sdk::Json::parse(create));
}

inline sdk::Json with_find(const std::string& find) {
    auto settings = minimal();
    return settings.set("find_order", sdk::Json::parse(find));
}

void add_paging_tests(testing::Suite& suite);
void add_auth_tests(testing::Suite& suite);
void add_joined_tests(testing::Suite& suite);
void add_evidence_tests(testing::Suite& suite);
