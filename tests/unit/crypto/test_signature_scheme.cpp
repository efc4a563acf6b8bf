#include "base/json.hpp"
#include "crypto/crypto.hpp"
#include "crypto/signature_scheme.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace crossdock;
using crypto::Algorithm;
using crypto::Encoding;
using crypto::SignatureScheme;
using What = crypto::SignedPart::What;

namespace {

constexpr UtcMs now = 1'761'847'599'000;

std::string bytes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
    return out;
}

using Headers = std::map<std::string, std::string>;

crypto::SignatureCheck check(const SignatureScheme& scheme, const std::vector<crypto::WebhookKey>& keys, const Headers& headers,
                             const std::string& body, UtcMs at = now) {
    const crypto::HeaderOf header = [&](std::string_view name) {
        const auto found = headers.find(std::string(name));
        return found == headers.end() ? std::nullopt : std::optional(found->second);
    };
    return crypto::check_signature(scheme, keys, header, body, at);
}

/// Hex of one signature over the body alone.
SignatureScheme plain(Algorithm algorithm) {
    SignatureScheme scheme;
    scheme.header = "S";
    scheme.variants = {
        {.algorithm = algorithm, .secret_encoding = algorithm == Algorithm::ed25519 ? Encoding::hex : Encoding::text}};
    return scheme;
}

/// Several signatures, an id and a time, all signed.
SignatureScheme full() {
    SignatureScheme scheme;
    scheme.name = "full";
    scheme.header = "S";
    scheme.separator = " ";
    scheme.variants = {{.encoding = Encoding::base64, .prefix = "v1,"},
                       {.algorithm = Algorithm::ed25519,
                        .encoding = Encoding::base64,
                        .prefix = "v1a,",
                        .secret_prefix = "pk_",
                        .secret_encoding = Encoding::hex}};
    scheme.variants[0].secret_prefix = "sec_";
    scheme.content = {{What::id, ""}, {What::text, "."}, {What::timestamp, ""}, {What::text, "."}, {What::body, ""}};
    scheme.time = crypto::SendingTime{.header = "T"};
    scheme.id_header = "I";
    return scheme;
}

Headers signed_by(const SignatureScheme& scheme, const crypto::WebhookKey& key, const std::string& body,
                  const std::string& id = "msg_1", UtcMs at = now) {
    Headers headers;
    for (auto& [name, value] : crypto::sign_webhook(scheme, key, body, id, at)) { headers[name] = value; }
    return headers;
}

}  // namespace

TEST_CASE("signatures agree with RFC 4231 and RFC 8032", "[crypto]") {
    struct Row {
        Algorithm algorithm;
        std::string secret, message, signature;
    };
    const auto row = GENERATE(
        // RFC 4231, test cases 1, 2 and 6, SHA-256 and SHA-512.
        Row{Algorithm::hmac_sha256, std::string(20, '\x0b'), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        Row{Algorithm::hmac_sha256, "Jefe", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        Row{Algorithm::hmac_sha256, std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        Row{Algorithm::hmac_sha512, std::string(20, '\x0b'), "Hi There",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e69"
            "6c2"
            "03a126854"},
        Row{Algorithm::hmac_sha512, "Jefe", "what do ya want for nothing?",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e"
            "070"
            "a38bce737"},
        // RFC 8032, section 7.1, tests 1 to 3: the public key, the message, the signature.
        Row{Algorithm::ed25519, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551"
            "41"
            "438e7a100b"},
        Row{Algorithm::ed25519, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
            "29"
            "1612bb0c00"},
        Row{Algorithm::ed25519, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027"
            "be"
            "ceea1ec40a"});
    const auto scheme = plain(row.algorithm);
    const auto key = crypto::webhook_key(scheme, "k", row.secret);
    REQUIRE(key.has_value());
    CHECK(check(scheme, {*key}, {{"S", row.signature}}, row.message).verified);
    CHECK_FALSE(check(scheme, {*key}, {{"S", row.signature}}, row.message + "x").verified);
    std::string other = row.signature;
    other[0] = other[0] == '0' ? '1' : '0';
    CHECK_FALSE(check(scheme, {*key}, {{"S", other}}, row.message).verified);
    CHECK_FALSE(check(scheme, {*key}, {{"S", row.signature + "00"}}, row.message).verified);
}

TEST_CASE("a signature by Ed25519 is made from the private key that RFC 8032 has", "[crypto]") {
    const auto scheme = plain(Algorithm::ed25519);
    const std::string seed = bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    const auto key = crypto::signing_key(scheme, "whsk_" + crypto::base64(seed));
    REQUIRE(key.has_value());
    CHECK(crypto::sign_webhook(scheme, *key, "\xaf\x82", "", now).at(0).second.starts_with("6291d657deec24024827e69c3abe01a3"));
    const std::string whole = seed + bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    CHECK(crypto::signing_key(scheme, "whsk_" + crypto::base64(whole))->bytes == seed);
    CHECK(crypto::signing_key(scheme, "whsk_" + crypto::base64("short")).has_error());
    // With what a receiver has nobody can sign.
    CHECK(crypto::signing_key(scheme, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025").has_error());
}

TEST_CASE("each of several secrets fits, and the answer names which", "[crypto]") {
    const auto scheme = full();
    const std::vector<crypto::WebhookKey> keys{{"old", 0, "first"}, {"new", 0, "second"}};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto found = check(scheme, keys, signed_by(scheme, keys[i], "{}"), "{}");
        REQUIRE(found.verified);
        CHECK(found.verified->key == i);
        CHECK(found.verified->delivery_id == "msg_1");
        CHECK(found.verified->id_signed);
        CHECK(found.verified->sent_at == now);
    }
    // A sender that rotates signs with both.
    auto headers = signed_by(scheme, keys[0], "{}");
    headers["S"] = "v9,nothing " + signed_by(scheme, keys[1], "{}")["S"] + " " + headers["S"];
    CHECK(check(scheme, keys, headers, "{}").verified->key == 0);
    CHECK(check(scheme, {keys[1]}, headers, "{}").verified);
    CHECK_FALSE(check(scheme, {{"third", 0, "third"}}, headers, "{}").verified);
}

TEST_CASE("a refusal names the header and what is wrong with it", "[crypto]") {
    const auto scheme = full();
    const crypto::WebhookKey key{"k", 0, "secret"};
    const auto good = signed_by(scheme, key, "{}");
    const auto reason = [&](const std::string& header, const std::optional<std::string>& value) {
        auto headers = good;
        headers.erase(header);
        if (value) { headers[header] = *value; }
        const auto found = check(scheme, {key}, headers, "{}");
        CHECK_FALSE(found.verified);
        CHECK_FALSE(found.stale);
        return found.reason;
    };
    CHECK(check(scheme, {key}, good, "{}").verified);
    CHECK(reason("S", {}) == "the header S is missing");
    CHECK(reason("S", "") == "the header S has no signature that begins with \"v1,\"");
    CHECK(reason("S", "v1a,AAAA") == "the header S has no signature that begins with \"v1,\"");
    CHECK(reason("S", "v1,AAAA") == "the signature does not match the body (S)");
    CHECK(reason("S", "v1,") == "the signature does not match the body (S)");
    std::string many;
    for (int i = 0; i < 17; ++i) { many += "v1,AAAA "; }
    CHECK(reason("S", many + good.at("S")) == "the header S has more than 16 signatures");
    CHECK(reason("T", {}) == "the header T is missing");
    for (const auto* text : {"", "soon", "-5", "+5", "17e8", "1761847599.5", " 1761847599", "1761847599 ", "1234567890123456"}) {
        CHECK(reason("T", text) == "T: " + json_quoted(text) + " is no time in seconds since 1970");
    }
    CHECK(reason("T", "1761847598") == "the signature does not match the body (S)");
    CHECK(reason("I", {}) == "the header I is missing");
    CHECK(reason("I", "msg_2") == "the signature does not match the body (S)");
    for (const auto& text : {std::string(), std::string(257, 'a'), std::string("a b"), std::string("\xc3\xa4")}) {
        CHECK(reason("I", text) == "the header I holds no delivery id that could be signed");
    }
    CHECK(check(scheme, {}, good, "{}").reason.starts_with("the header S has no signature"));
}

TEST_CASE("one signature fits one delivery id, wherever its dots stand", "[crypto]") {
    const auto scheme = full();
    const crypto::WebhookKey key{"k", 0, "secret"};
    // What is signed, "a.1761847599.5.{}", could be read with the id "a" or with "a.1761847599" and the time 5.
    const auto headers = signed_by(scheme, key, "1761847599.{}", "a");
    REQUIRE(check(scheme, {key}, headers, "1761847599.{}").verified);
    Headers forged{{"S", headers.at("S")}, {"T", "1761847599"}, {"I", "a.1761847599"}};
    CHECK(check(scheme, {key}, forged, "{}").reason == "the header I holds no delivery id that could be signed");
}

TEST_CASE("an old or early webhook is stale, and only where its time is signed", "[crypto]") {
    const auto scheme = full();
    const crypto::WebhookKey key{"k", 0, "secret"};
    const auto at = [&](UtcMs sent) { return check(scheme, {key}, signed_by(scheme, key, "{}", "msg_1", sent), "{}"); };
    CHECK(at(now - 300'000).verified);
    CHECK(at(now + 300'000).verified);
    CHECK(at(now - 301'000).stale);
    CHECK(at(now - 301'000).reason == "T is 301 s old, more than 5m");
    CHECK(at(now + 301'000).reason == "T is 301 s ahead of our clock, more than 5m");
    // A forged one is not told that it is old.
    auto forged = signed_by(scheme, {"other", 0, "other"}, "{}", "msg_1", now - 301'000);
    CHECK_FALSE(check(scheme, {key}, forged, "{}").stale);

    auto untimed = plain(Algorithm::hmac_sha256);
    CHECK(check(untimed, {key}, signed_by(untimed, key, "{}", "", 0), "{}").verified);
}

TEST_CASE("an id that is not signed is shown and counts for nothing", "[crypto]") {
    auto scheme = plain(Algorithm::hmac_sha256);
    scheme.id_header = "I";
    const crypto::WebhookKey key{"k", 0, "secret"};
    const auto headers = signed_by(scheme, key, "{}", "delivery-1");
    CHECK(check(scheme, {key}, headers, "{}").verified->delivery_id == "delivery-1");
    CHECK_FALSE(check(scheme, {key}, headers, "{}").verified->id_signed);
    CHECK(check(scheme, {key}, {{"S", headers.at("S")}}, "{}").verified->delivery_id.empty());
    CHECK(check(scheme, {key}, {{"S", headers.at("S")}, {"I", "bad id"}}, "{}").verified->delivery_id.empty());
}

TEST_CASE("a time that stands inside the signature's header is read from there", "[crypto]") {
    SignatureScheme scheme;
    scheme.header = "S";
    scheme.separator = ",";
    scheme.variants = {{.prefix = "v1="}};
    scheme.content = {{What::timestamp, ""}, {What::text, "."}, {What::body, ""}};
    scheme.time = crypto::SendingTime{.field = "t="};
    const crypto::WebhookKey key{"k", 0, "secret"};
    const auto headers = signed_by(scheme, key, "{}");
    CHECK(headers.at("S").starts_with("t=1761847599,v1="));
    CHECK(check(scheme, {key}, headers, "{}").verified->sent_at == now);
    const auto signature = headers.at("S").substr(headers.at("S").find("v1="));
    CHECK(check(scheme, {key}, {{"S", signature}}, "{}").reason == "the header S has no t=");
    CHECK(check(scheme, {key}, {{"S", "t=x," + signature}}, "{}").reason == "t= in S: \"x\" is no time in seconds since 1970");
    CHECK(check(scheme, {key}, headers, "{}", now + 600'000).reason == "t= in S is 600 s old, more than 5m");
}

TEST_CASE("a secret that is not written as its scheme wants is refused without being shown", "[crypto]") {
    auto scheme = full();
    scheme.variants[0].secret_encoding = Encoding::base64;
    const auto fault = [&](const std::string& secret) {
        const auto key = crypto::webhook_key(scheme, "k", secret);
        REQUIRE(key.has_error());
        return key.error().what;
    };
    CHECK(fault("hunter2") == "the secret does not begin with sec_ or pk_, as the scheme `full` writes it");
    CHECK(fault("sec_hunter2") == "the secret is no valid base64 behind sec_");
    CHECK(fault("sec_") == "the secret is empty behind sec_");
    CHECK(fault("pk_hunter2") == "the secret is no valid hex behind pk_");
    CHECK(fault("pk_3d40") == "the secret has 2 bytes behind pk_; an Ed25519 public key has 32");
    CHECK(crypto::webhook_key(scheme, "k", "sec_aGk=")->bytes == "hi");
    CHECK(crypto::webhook_key(scheme, "k", "sec_aGk=")->variant == 0);
}
