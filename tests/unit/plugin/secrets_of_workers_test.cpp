// Secrets are read from servers that look at what they are asked, as Vault and AWS Secrets Manager do.
#include "crypto/crypto.hpp"
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <sstream>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

WorkerSpec keeper(const std::string& plugin, const std::string& settings) {
    auto spec = supplier_spec(std::filesystem::path(PLUGINS) / ("lib" + plugin + ".so"), Json::parse(settings).value());
    spec.interface = "crossdock.secrets/1";
    spec.fenced = true;
    return spec;
}

CallAnswer read(Floor& floor, const std::string& input) {
    Call call;
    call.target = "acme";
    call.operation = "read";
    call.input = Json::parse(input).value();
    call.timeout = milliseconds(20'000);
    return floor.wait(floor.workers->call(std::move(call), {}));
}

/// A request as it came: method, target, headers in lower case, body.
struct Came {
    std::string method, target, body;
    std::map<std::string, std::string> headers;
};

Came parsed(const std::string& request) {
    Came came;
    const auto end = request.find("\r\n\r\n");
    came.body = request.substr(end + 4);
    std::istringstream lines(request.substr(0, end));
    std::string line;
    std::getline(lines, line);
    std::istringstream(line) >> came.method >> came.target;
    while (std::getline(lines, line)) {
        if (line.ends_with('\r')) { line.pop_back(); }
        auto name = line.substr(0, line.find(':'));
        std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
        came.headers[name] = line.substr(line.find(':') + 2);
    }
    return came;
}

std::string hmac(const std::string& key, const std::string& data) {
    return crypto::hmac_sha256(key, data);
}

/// The signature that a request without a query must have: AWS, "Create a signed AWS API request" (Signature Version 4).
std::string sigv4(const Came& came, const std::string& key, const std::string& region, const std::string& service,
                  const std::string& signed_headers) {
    std::string canonical = came.method + "\n" + came.target + "\n\n";
    std::istringstream names(signed_headers);
    for (std::string name; std::getline(names, name, ';');) { canonical += name + ":" + came.headers.at(name) + "\n"; }
    canonical += "\n" + signed_headers + "\n" + crypto::sha256_hex(came.body);
    const auto at = came.headers.at("x-amz-date");
    const auto day = at.substr(0, 8);
    const auto scope = day + "/" + region + "/" + service + "/aws4_request";
    const auto to_sign = "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + crypto::sha256_hex(canonical);
    const auto signing = hmac(hmac(hmac(hmac("AWS4" + key, day), region), service), "aws4_request");
    return crypto::hmac_sha256_hex(signing, to_sign);
}

/// "Signature=..." and "SignedHeaders=..." of an Authorization header.
std::string part(const std::string& authorization, const std::string& name) {
    const auto from = authorization.find(name + "=") + name.size() + 1;
    return authorization.substr(from, authorization.find(',', from) - from);
}

constexpr const char* aws_settings =
    R"(","region":"eu-central-1","access_key_id":"AKIDEXAMPLE","secret_access_key":"canary-of-aws"})";

}  // namespace

TEST_CASE("the check of signatures agrees with the one that AWS publishes", "[workers][unit]") {
    // AWS Signature Version 4 test suite, get-vanilla: its key is made up for that suite.
    const Came came{"GET", "/", "", {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}}};
    CHECK(sigv4(came, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service", "host;x-amz-date") ==
          "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("a request to AWS Secrets Manager is signed as AWS checks it", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(http_answer(200, R"({"SecretString":"canary-value"})"));
    });
    Floor floor;
    REQUIRE(
        floor.wait(floor.workers->start(keeper("aws-secrets", R"({"base_url":")" + server.url() + aws_settings))).has_value());
    const auto answer = read(floor, R"({"name":"prod/phonex"})");
    INFO(answer.text);
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("value") == "canary-value");
    const auto came = parsed(server.notes().at(0));
    CHECK(came.method == "POST");
    CHECK(came.target == "/");
    CHECK(came.body == R"({"SecretId":"prod/phonex"})");
    CHECK(came.headers.at("x-amz-target") == "secretsmanager.GetSecretValue");
    CHECK(came.headers.at("content-type") == "application/x-amz-json-1.1");
    const auto authorization = came.headers.at("authorization");
    INFO(authorization);
    CHECK_THAT(authorization,
               Catch::StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + came.headers.at("x-amz-date").substr(0, 8) +
                                 "/eu-central-1/secretsmanager/aws4_request"));
    const auto names = part(authorization, "SignedHeaders");
    for (const char* const name : {"content-type", "host", "x-amz-date", "x-amz-target"}) { CHECK_THAT(names, Contains(name)); }
    CHECK(part(authorization, "Signature") == sigv4(came, "canary-of-aws", "eu-central-1", "secretsmanager", names));
    CHECK(part(authorization, "Signature") != sigv4(came, "another key", "eu-central-1", "secretsmanager", names));
}

TEST_CASE("a secret of Vault is read by a token that an AppRole gets", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        while (true) {
            const auto request = peer.read_request();
            if (request.empty()) { return; }
            server.note(request);
            const auto came = parsed(request);
            if (came.target == "/v1/auth/approle/login") {
                const bool known = came.body == R"({"role_id":"r-1","secret_id":"canary-id"})";
                peer.write(known ? http_answer(200, R"({"auth":{"client_token":"canary-session"}})")
                                 : http_answer(400, R"({"errors":["invalid role or secret ID"]})"));
                continue;
            }
            const auto token = came.headers.find("x-vault-token");
            if (token == came.headers.end() || token->second != "canary-session") {
                peer.write(http_answer(403, R"({"errors":["permission denied"]})"));
            }
            else if (came.target != "/v1/secret/data/phonex") { peer.write(http_answer(404, R"({"errors":[]})")); }
            else { peer.write(http_answer(200, R"({"data":{"data":{"api_key":"canary-value"},"metadata":{}}})")); }
        }
    });
    const std::string secret_id = GENERATE("canary-id", "canary-wrong");
    Floor floor;
    REQUIRE(floor
                .wait(floor.workers->start(keeper(
                    "vault", R"({"base_url":")" + server.url() + R"(","role_id":"r-1","secret_id":")" + secret_id + "\"}")))
                .has_value());
    const auto answer = read(floor, R"({"name":"phonex","field":"api_key"})");
    if (secret_id != "canary-id") {
        CHECK(answer.status == CallStatus::failed);
        CHECK_THAT(answer.text, Contains("the sign-in failed") && Contains("invalid role or secret ID") && !Contains("canary"));
        return;
    }
    CHECK(answer.output.text("value") == "canary-value");
    CHECK_THAT(read(floor, R"({"name":"other"})").text, Contains("there is no secret other"));
}
