// What a stranger may put into a webhook's headers, under libFuzzer (`./dev fuzz`): no crash, nothing forged is taken, and what
// is rightly signed is.
#include "crypto/signature_scheme.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

using namespace crossdock;
using crypto::Encoding;
using crypto::SignatureScheme;
using What = crypto::SignedPart::What;

namespace {

constexpr UtcMs now = 1'761'847'599'000;

SignatureScheme listed() {
    SignatureScheme scheme;
    scheme.header = "S";
    scheme.separator = " ";
    scheme.variants = {{.encoding = Encoding::base64, .prefix = "v1,"},
                       {.algorithm = crypto::Algorithm::ed25519, .encoding = Encoding::base64, .prefix = "v1a,"}};
    scheme.content = {{What::id, ""}, {What::text, "."}, {What::timestamp, ""}, {What::text, "."}, {What::body, ""}};
    scheme.time = crypto::SendingTime{.header = "T"};
    scheme.id_header = "I";
    return scheme;
}

SignatureScheme with_time_inside() {
    SignatureScheme scheme;
    scheme.header = "S";
    scheme.separator = ",";
    scheme.variants = {{.prefix = "v1="}};
    scheme.content = {{What::timestamp, ""}, {What::text, "."}, {What::body, ""}};
    scheme.time = crypto::SendingTime{.field = "t="};
    return scheme;
}

SignatureScheme plain() {
    SignatureScheme scheme;
    scheme.header = "S";
    scheme.variants = {{.algorithm = crypto::Algorithm::hmac_sha512, .prefix = "sha512="}};
    scheme.id_header = "I";
    return scheme;
}

struct Bench {
    SignatureScheme scheme;
    std::vector<crypto::WebhookKey> keys;
};

const std::array<Bench, 3>& benches() {
    // Two secrets, and the public key of RFC 8032, section 7.1, test 1.
    static const std::string public_key =
        "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07"
        "\x51\x1a";
    static const std::array<Bench, 3> all{
        Bench{listed(), {{"a", 0, "one secret"}, {"b", 0, "another secret"}, {"c", 1, public_key}}},
        Bench{with_time_inside(), {{"a", 0, "one secret"}, {"b", 0, "another secret"}}},
        Bench{plain(), {{"a", 0, "one secret"}}}};
    return all;
}

using Headers = std::map<std::string, std::string>;

crypto::SignatureCheck check(const Bench& bench, const Headers& headers, const std::string& body) {
    const crypto::HeaderOf header = [&](std::string_view name) {
        const auto found = headers.find(std::string(name));
        return found == headers.end() ? std::nullopt : std::optional(found->second);
    };
    return crypto::check_signature(bench.scheme, bench.keys, header, body, now);
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

}  // namespace

/// The first byte chooses the scheme; then the signature's header, the time, the id and the body, parted by line ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) { return 0; }
    const auto& bench = benches().at(data[0] % benches().size());
    std::string rest(reinterpret_cast<const char*>(data + 1), size - 1);
    const auto next = [&rest] {
        const auto end = std::min(rest.find('\n'), rest.size());
        std::string line = rest.substr(0, end);
        rest.erase(0, end + 1);
        return line;
    };
    Headers headers;
    headers["S"] = next();
    headers["T"] = next();
    headers["I"] = next();
    const auto found = check(bench, headers, rest);
    if (found.verified || found.stale) { fail("what nobody signed was taken"); }
    if (found.reason.empty()) { fail("a refusal without a reason"); }

    Headers made;
    for (auto& [name, value] : crypto::sign_webhook(bench.scheme, bench.keys[0], rest, headers["I"], now)) { made[name] = value; }
    const auto right = check(bench, made, rest);
    const bool bad_id = right.reason.find("delivery id") != std::string::npos;
    if (!right.verified && !bad_id) { fail("what was rightly signed was refused"); }
    if (right.verified && check(bench, made, rest + "x").verified) { fail("another body was taken"); }
    return 0;
}
