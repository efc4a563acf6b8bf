#include <crossdock/testing.hpp>

#include <string>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;

namespace {

testing::Plugin vault() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

const std::string by_token = R"({"base_url":"https://vault.example:8200/","token":"canary-token"})";
const std::string by_role =
    R"({"base_url":"https://vault.example:8200","mount":"kv","namespace":"team/a","role_id":"r-1","secret_id":"canary-id"})";

/// The document that Vault's documentation shows for a read of KV version 2, shortened.
std::string kept(const std::string& data) {
    return R"({"request_id":"1","data":{"data":)" + data + R"(,"metadata":{"version":2,"destroyed":false}}})";
}

std::string value_of(const testing::Answer& called) {
    testing::expect_equal(called.fault, "");
    return called.document.need_text("value");
}

void has(const std::string& text, const std::string& part) {
    testing::expect(text.find(part) != std::string::npos, text + " has no " + part);
}

void reads_a_field_by_token() {
    testing::FakeHost host;
    host.answer(200, kept(R"({"api_key":"canary-value","other":"x"})"));
    auto instance = vault().start(by_token);
    testing::expect_equal(value_of(instance.call("read", R"({"name":"suppliers/phone x","field":"api_key"})", host)),
                          "canary-value");
    const auto asked = host.requests().at(0);
    testing::expect_equal(asked.method, "GET");
    testing::expect_equal(asked.url, "https://vault.example:8200/v1/secret/data/suppliers/phone%20x");
    testing::expect_equal(asked.header("X-Vault-Token").value_or(""), "canary-token");
    testing::expect_equal(asked.header("X-Vault-Request").value_or(""), "true");
}

void signs_in_by_role() {
    testing::FakeHost host;
    host.answer(200, R"({"auth":{"client_token":"canary-session","lease_duration":1200}})");
    host.answer(200, kept(R"({"only":"canary-value"})"));
    auto instance = vault().start(by_role);
    testing::expect_equal(value_of(instance.call("read", R"({"name":"phonex"})", host)), "canary-value");
    testing::expect_equal(host.requests().at(0).url, "https://vault.example:8200/v1/auth/approle/login");
    testing::expect_equal(host.requests().at(0).body, R"({"role_id":"r-1","secret_id":"canary-id"})");
    testing::expect_equal(host.requests().at(1).url, "https://vault.example:8200/v1/kv/data/phonex");
    const auto requests = host.requests();
    for (const auto& asked : requests) { testing::expect_equal(asked.header("X-Vault-Namespace").value_or(""), "team/a"); }
    testing::expect_equal(host.requests().at(1).header("X-Vault-Token").value_or(""), "canary-session");
}

void says_what_is_wrong() {
    const auto fault = [](int status, const std::string& body, const std::string& wanted) {
        testing::FakeHost host;
        host.answer(status, body);
        auto instance = vault().start(by_token);
        auto told = instance.call("read", wanted, host).fault;
        testing::expect(told.find("canary") == std::string::npos, "no value is shown: " + told);
        return told;
    };
    const std::string wanted = R"({"name":"phonex","field":"api_key"})";
    has(fault(404, R"({"errors":[]})", wanted), "there is no secret phonex");
    has(fault(403, R"({"errors":["permission denied"]})", wanted), "403 in 0 ms: permission denied");
    has(fault(503, R"({"errors":["Vault is sealed"]})", wanted), "Vault is sealed");
    has(fault(200, R"({"data":{"api_key":"canary"}})", wanted), "is secret of version 2?");
    has(fault(200, kept(R"({"key":"canary"})"), wanted), "phonex has no field api_key; it has key");
    has(fault(200, kept(R"({"api_key":5})"), wanted), "the field api_key of phonex is no text");
    has(fault(200, kept(R"({"a":"canary","b":"canary"})"), R"({"name":"phonex"})"), "several fields; say which `field`: a, b");
    has(fault(200, "<html>", wanted), "200 in 0 ms");
}

void needs_something_to_ask_with() {
    const auto refusal = [](const std::string& given) { return testing::expect_throws([given] { (void)vault().start(given); }); };
    has(refusal(R"({"base_url":"https://vault.example"})"), "\"token\" is missing");
    has(refusal(R"({"base_url":"https://vault.example","role_id":"r"})"), "\"secret_id\" is missing");
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("a field is read by token", reads_a_field_by_token);
    suite.test("an AppRole signs in first", signs_in_by_role);
    suite.test("what is wrong is said in Vault's words, without a value", says_what_is_wrong);
    suite.test("settings without anything to ask with are refused", needs_something_to_ask_with);
    return suite.run(argc, argv);
}
