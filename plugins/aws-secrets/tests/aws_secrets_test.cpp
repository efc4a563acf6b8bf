#include <crossdock/testing.hpp>

#include <string>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;

namespace {

testing::Plugin aws() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

std::string settings(const std::string& more = "") {
    return R"({"base_url":"https://secretsmanager.eu-central-1.amazonaws.com","region":"eu-central-1","access_key_id":"AKIDEXAMPLE",)"
           R"("secret_access_key":"canary-key")" +
           more + "}";
}

void has(const std::string& text, const std::string& part) {
    testing::expect(text.find(part) != std::string::npos, text + " has no " + part);
}

void reads_a_secret() {
    testing::FakeHost host;
    host.answer(200, R"({"Name":"phonex","SecretString":"canary-value","VersionStages":["AWSCURRENT"]})");
    auto instance = aws().start(settings(R"(,"session_token":"canary-session")"));
    const auto called = instance.call("read", R"({"name":"prod/phonex"})", host);
    testing::expect_equal(called.fault, "");
    testing::expect_equal(called.document.need_text("value"), "canary-value");
    const auto asked = host.requests().at(0);
    testing::expect_equal(asked.method, "POST");
    testing::expect_equal(asked.url, "https://secretsmanager.eu-central-1.amazonaws.com/");
    testing::expect_equal(asked.body, R"({"SecretId":"prod/phonex"})");
    testing::expect_equal(asked.header("X-Amz-Target").value_or(""), "secretsmanager.GetSecretValue");
    testing::expect_equal(asked.header("Content-Type").value_or(""), "application/x-amz-json-1.1");
    testing::expect_equal(asked.header("X-Amz-Security-Token").value_or(""), "canary-session");
    testing::expect_equal(asked.signature.scheme, "aws:amz:eu-central-1:secretsmanager");
    testing::expect_equal(asked.signature.id, "AKIDEXAMPLE");
    testing::expect_equal(asked.signature.key, "canary-key");
}

void reads_a_field() {
    testing::FakeHost host;
    host.answer(200, R"({"SecretString":"{\"api_key\":\"canary-value\",\"n\":5}"})");
    auto instance = aws().start(settings());
    testing::expect_equal(instance.call("read", R"({"name":"p","field":"api_key"})", host).document.need_text("value"),
                          "canary-value");
}

void says_what_is_wrong() {
    const auto fault = [](int status, const std::string& body, const std::string& wanted) {
        testing::FakeHost host;
        host.answer(status, body);
        auto instance = aws().start(settings());
        auto told = instance.call("read", wanted, host).fault;
        testing::expect(told.find("canary") == std::string::npos, "no value is shown: " + told);
        return told;
    };
    const std::string whole = R"({"name":"p"})";
    const std::string field = R"({"name":"p","field":"k"})";
    has(fault(400, R"({"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."})",
              whole),
        "ResourceNotFoundException: Secrets Manager can't find");
    has(fault(403, R"({"message":"The security token is invalid"})", whole), "403 in 0 ms: The security token is invalid");
    has(fault(200, R"({"SecretBinary":"AAAA"})", whole), "p is binary");
    has(fault(200, R"({"SecretString":"canary"})", field), "p has no field k");
    has(fault(200, R"({"SecretString":"{\"k\":5,\"c\":\"canary\"}"})", field), "the field k of p is no text");
    has(fault(500, "down", whole), "500");
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("a secret is read, with what the host needs to sign", reads_a_secret);
    suite.test("a field is read of a secret that is an object", reads_a_field);
    suite.test("what is wrong is said in AWS's words, without a value", says_what_is_wrong);
    return suite.run(argc, argv);
}
