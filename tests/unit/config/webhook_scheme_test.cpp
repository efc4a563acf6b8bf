#include "config/webhook_scheme.hpp"

#include "config/config.hpp"
#include "folder.hpp"

#include <map>

using namespace crossdock;

namespace {

using Headers = std::map<std::string, std::string>;

crypto::SignatureCheck check(const crypto::SignatureScheme& scheme, const std::string& secret, const Headers& headers,
                             const std::string& body, UtcMs now) {
    const auto key = crypto::webhook_key(scheme, "k", secret);
    REQUIRE(key.has_value());
    const crypto::HeaderOf header = [&](std::string_view name) {
        const auto found = headers.find(std::string(name));
        return found == headers.end() ? std::nullopt : std::optional(found->second);
    };
    return crypto::check_signature(scheme, {*key}, header, body, now);
}

const crypto::SignatureScheme& bundled(const std::string& name) {
    const auto* scheme = app::bundled_scheme(name);
    REQUIRE(scheme != nullptr);
    return *scheme;
}

/// What is wrong with a supplier file that ends with this `webhook` block, which begins on line 4; "none" when nothing is.
std::string fault_of(const std::string& webhook) {
    const Folder folder;
    folder.write("suppliers/acme.yaml", "account: acme\nplugin: phonex\napi_endpoint: https://api.acme.example\n" + webhook);
    folder.write("crossdock.yaml", "suppliers: [suppliers/acme.yaml]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    if (made) { return "none"; }
    const std::string place = (folder / "suppliers/acme.yaml").string() + ":";
    const std::string text = made.error().text();
    REQUIRE(text.starts_with(place));
    return text.substr(place.size());
}

/// A scheme of one's own: as it is right, with one line in another's place. Line 6 of the file is the first.
std::string own_scheme(const std::string& line, const std::string& instead) {
    std::string text =
        "webhook:\n"
        "  scheme:\n"
        "    header: X-Acme-Signature\n"
        "    separator: ','\n"
        "    algorithm: hmac-sha256\n"
        "    encoding: base64\n"
        "    prefix: v2=\n"
        "    signed: '{id}:{timestamp}:{body}'\n"
        "    id: X-Acme-Id\n"
        "    timestamp: { header: X-Acme-Time, unit: milliseconds, tolerance: 2m }\n"
        "  secret: { env: A }\n";
    if (line.empty()) { return text; }
    const auto at = text.find(line);
    REQUIRE(at != std::string::npos);
    return text.replace(at, line.size(), instead);
}

}  // namespace

TEST_CASE("the scheme standard-webhooks takes what its reference implementations sign", "[config][unit]") {
    // The vector of the libraries in https://github.com/standard-webhooks/standard-webhooks, which Svix's have, too.
    const auto& scheme = bundled("standard-webhooks");
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const std::string body = R"({"test": 2432232314})";
    const UtcMs sent = 1'614'265'330'000;
    Headers headers{{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                    {"webhook-timestamp", "1614265330"},
                    {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}};
    const auto found = check(scheme, secret, headers, body, sent + 299'000);
    REQUIRE(found.verified);
    CHECK(found.verified->delivery_id == "msg_p5jXN8AQM9LWM0D4loKWxJek");
    CHECK(found.verified->id_signed);
    CHECK(found.verified->sent_at == sent);
    CHECK(check(scheme, secret, headers, body, sent + 301'000).stale);
    headers["webhook-signature"] = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,g0hM " + headers["webhook-signature"];
    CHECK(check(scheme, secret, headers, body, sent).verified);
    CHECK_FALSE(check(scheme, secret, headers, body + " ", sent).verified);
}

TEST_CASE("the scheme standard-webhooks takes v1a by a public key, and v1 by no public key", "[config][unit]") {
    // No vector for v1a is published together with its key; this key pair is that of RFC 8032, section 7.1, test 1.
    const auto& scheme = bundled("standard-webhooks");
    const auto right = crypto::signing_key(scheme, "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    REQUIRE(right.has_value());
    Headers headers;
    for (auto& [name, value] : crypto::sign_webhook(scheme, *right, "{}", "msg_1", 1'000'000'000)) { headers[name] = value; }
    CHECK(headers["webhook-signature"].starts_with("v1a,"));
    const std::string public_key = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    CHECK(check(scheme, public_key, headers, "{}", 1'000'000'000).verified);
    CHECK_FALSE(check(scheme, public_key, headers, "[]", 1'000'000'000).verified);
    headers["webhook-signature"] = "v1," + headers["webhook-signature"].substr(4);
    CHECK(check(scheme, public_key, headers, "{}", 1'000'000'000).reason ==
          "the header webhook-signature has no signature that begins with \"v1a,\"");
}

TEST_CASE("the scheme github takes GitHub's documented example", "[config][unit]") {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    const auto& scheme = bundled("github");
    const std::string right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const Headers headers{{"X-Hub-Signature-256", right}, {"X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"}};
    const auto found = check(scheme, "It's a Secret to Everybody", headers, "Hello, World!", 0);
    REQUIRE(found.verified);
    CHECK(found.verified->delivery_id == "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    CHECK_FALSE(found.verified->id_signed);
    CHECK_FALSE(found.verified->sent_at);
    CHECK_FALSE(
        check(scheme, "It's a Secret to Everybody", {{"X-Hub-Signature-256", right.substr(7)}}, "Hello, World!", 0).verified);
}

TEST_CASE("the other bundled schemes put the same signature where their senders put it", "[config][unit]") {
    // RFC 4231, test case 2, as each of them writes it.
    const std::string secret = "Jefe";
    const std::string body = "what do ya want for nothing?";
    CHECK(check(bundled("phonex"), secret,
                {{"X-PhoneX-Signature", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}}, body, 0)
              .verified);
    CHECK_FALSE(check(bundled("phonex"), secret,
                      {{"X-PhoneX-Signature", "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"}}, body, 0)
                    .verified);
    CHECK(check(bundled("shopify"), secret, {{"X-Shopify-Hmac-Sha256", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="}}, body, 0)
              .verified);
    // Stripe publishes no vector; what is signed is the time, a dot and the body.
    const auto signature = crypto::sign_webhook(bundled("stripe"), {"k", 0, "whsec_x"}, "{}", "", 1'492'774'577'000).at(0).second;
    CHECK(signature.starts_with("t=1492774577,v1="));
    CHECK(check(bundled("stripe"), "whsec_x", {{"Stripe-Signature", signature + ",v0=6ffbb59b2300aae63f272406069a9788598b792a"}},
                "{}", 1'492'774'577'000)
              .verified);
    CHECK(check(bundled("stripe"), "whsec_x", {{"Stripe-Signature", signature}}, "{}", 1'492'774'877'001).stale);
}

TEST_CASE("a scheme of one's own is read as it is written", "[config][unit]") {
    CHECK(fault_of(own_scheme("", "")) == "none");
    const Folder folder;
    folder.write("suppliers/acme.yaml",
                 "account: acme\nplugin: phonex\napi_endpoint: https://api.acme.example\n" + own_scheme("", ""));
    folder.write("crossdock.yaml", "suppliers: [suppliers/acme.yaml]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}}).value();
    const auto& scheme = made.accounts.at(0).webhook->scheme;
    const auto headers = crypto::sign_webhook(scheme, {"k", 0, "Jefe"}, "{}", "id-1", 1'700'000'000'123);
    CHECK(headers == std::vector<std::pair<std::string, std::string>>{
                         {"X-Acme-Id", "id-1"}, {"X-Acme-Time", "1700000000123"}, {"X-Acme-Signature", headers.back().second}});
    CHECK(check(scheme, "Jefe", Headers(headers.begin(), headers.end()), "{}", 1'700'000'120'123).verified);
    CHECK(check(scheme, "Jefe", Headers(headers.begin(), headers.end()), "{}", 1'700'000'120'124).stale);
}

TEST_CASE("a wrong scheme is refused with file, line and column", "[config][unit]") {
    struct Row {
        const char *line, *instead, *fault;
    };
    const auto row = GENERATE(
        Row{"    header: X-Acme-Signature\n", "", "6:5: `scheme` lacks the key `header`"},
        Row{"X-Acme-Signature", "'X: y'", "6:13: `header` takes a header's name, not \"X: y\""},
        Row{"    algorithm: hmac-sha256\n", "", "6:5: `scheme` lacks the key `algorithm`"},
        Row{"hmac-sha256", "hmac-sha265", "8:16: `algorithm`: unknown value \"hmac-sha265\"; did you mean `hmac-sha256`?"},
        Row{"hmac-sha256", "ed25519", "8:16: an Ed25519 public key is 32 bytes in hex or base64: add `secret_encoding`"},
        Row{"base64", "base46", "9:15: `encoding`: unknown value \"base46\"; did you mean `base64`?"},
        Row{"base64", "text", "9:15: `encoding`: unknown value \"text\"; known are: hex, base64"},
        Row{"'{id}:{timestamp}:{body}'", "'{id}:{timestamp}:'", "11:13: `signed` has no {body}: anyone could change it"},
        Row{"{body}'", "{body}{body}'", "11:13: `signed` holds {body} twice"},
        Row{"{body}'", "{payload}'", "11:13: `signed` holds {payload}; it takes text with {body}, {timestamp} and {id}"},
        Row{"{body}'", "{body'", "11:13: `signed` holds {body; it takes text with {body}, {timestamp} and {id}"},
        Row{"{id}:{t", "{id}{t", "11:13: `signed` needs text behind {id}, so that it is known where the id ends"},
        Row{"    id: X-Acme-Id\n", "", "11:13: `signed` holds {id}: add `id`, the header in which it stands"},
        Row{"'{id}:{timestamp}:{body}'", "'{id}:{body}'",
            "13:16: `timestamp` is not signed, so anyone could set it: `signed` has no {timestamp}"},
        Row{"    timestamp: { header: X-Acme-Time, unit: milliseconds, tolerance: 2m }\n", "",
            "11:13: `signed` holds {timestamp}: add `timestamp`"},
        Row{"header: X-Acme-Time, ", "", "13:16: `timestamp` takes a `header`, or the `field` of the signature's own header"},
        Row{"header: X-Acme-Time",
            "header: X, field: t=", "13:16: `timestamp` takes a `header`, or the `field` of the signature's own header"},
        Row{"unit: milliseconds", "unit: minutes", "13:45: `unit`: unknown value \"minutes\"; known are: seconds, milliseconds"},
        Row{"tolerance: 2m", "tolerance: 2", "13:70: `tolerance`: \"2\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{"tolerance: 2m", "tolerance: 0s", "13:70: `tolerance` is 0s; it takes 1s to 1d"},
        Row{"    prefix: v2=\n", "    prefx: v2=\n", "10:5: unknown key `prefx`; did you mean `prefix`?"},
        Row{"    prefix: v2=\n", "    variants: [{ algorithm: hmac-sha256, encoding: hex }]\n",
            "8:16: `algorithm` stands beside `variants`; it belongs into each of them"},
        Row{"    algorithm: hmac-sha256\n    encoding: base64\n    prefix: v2=\n", "    variants: []\n",
            "8:15: `variants` is empty: nothing could be signed"},
        Row{"    separator: ','\n    algorithm: hmac-sha256\n    encoding: base64\n    prefix: v2=\n",
            "    algorithm: hmac-sha256\n    encoding: base64\n", "none"});
    CAPTURE(row.line, row.instead);
    CHECK(fault_of(own_scheme(row.line, row.instead)) == row.fault);
}

TEST_CASE("a field of the signature's header needs a separator, and a tolerance a time", "[config][unit]") {
    CHECK(fault_of("webhook:\n  secret: { env: A }\n  scheme: { header: S, algorithm: hmac-sha256, encoding: hex, signed: "
                   "'{timestamp}.{body}', timestamp: { field: t= } }\n") ==
          "6:113: `field` needs a `separator` between it and the signature");
    CHECK(fault_of("webhook: { scheme: github, tolerance: 1m, secret: { env: A } }\n") ==
          "4:39: the scheme `github` signs no sending time, so that there is nothing to tolerate");
    CHECK(fault_of("webhook: { scheme: stripe, tolerance: 2d, secret: { env: A } }\n") ==
          "4:39: `tolerance` is 2d; it takes 1s to 1d");
    CHECK(fault_of("webhook: { scheme: stripe, tolerance: 10m, secret: { env: A } }\n") == "none");
    CHECK(fault_of("webhook: { scheme: gitub, secret: { env: A } }\n") ==
          "4:20: `scheme`: unknown value \"gitub\"; did you mean `github`?");
    CHECK(fault_of("webhook: { scheme: [github], secret: { env: A } }\n") ==
          "4:20: `scheme` takes phonex, standard-webhooks, github, shopify or stripe, not a list");
}

TEST_CASE("secrets stand alone or under names, each once", "[config][unit]") {
    struct Row {
        const char *webhook, *fault;
    };
    const auto row = GENERATE(
        Row{"scheme: phonex, secrets: { old: { env: A }, new: secret://b }", "none"},
        Row{"scheme: phonex", "4:10: `webhook` lacks the key `secret`"},
        Row{"scheme: phonex, secret: { env: A }, secrets: { b: { env: B } }",
            "4:36: `webhook` takes `secret` or `secrets`, not both"},
        Row{"scheme: phonex, secrets: {}", "4:37: `secrets` takes 1 to 8 secrets by name"},
        Row{"scheme: phonex, secrets: { a: { env: A }, b: { env: A }, c: { env: A }, d: { env: A }, e: { env: A }, f: { env: A "
            "}, "
            "g: { env: A }, h: { env: A }, i: { env: A } }",
            "4:37: `secrets` takes 1 to 8 secrets by name"},
        Row{"scheme: phonex, secrets: [{ env: A }]", "4:37: `secrets` takes a map, not a list"},
        Row{"scheme: phonex, secrets: { Old: { env: A } }",
            "4:39: `secrets` takes lower-case letters, digits, `_` and `-`, at most 64, not \"Old\""},
        Row{"scheme: phonex, secrets: { old: { env: A }, old: { env: B } }", "4:56: the key `old` stands twice; first on line 4"},
        Row{"scheme: phonex, secrets: { old: hunter2 }",
            "4:44: `old`: a secret is never written into the config; it takes {env: NAME}, {file: PATH} or secret://name"});
    CAPTURE(row.webhook);
    CHECK(fault_of(std::string("webhook: { ") + row.webhook + " }\n") == row.fault);
}
