#include "crypto/signature_scheme.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"
#include "crypto/crypto.hpp"
#include "crypto/openssl.hpp"

#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace crossdock::crypto {
namespace {

constexpr std::size_t signatures_max = 16;
constexpr std::size_t id_length_max = 256;
constexpr std::size_t ed25519_key_size = 32;
constexpr std::size_t ed25519_signature_size = 64;

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Ed25519Key = std::unique_ptr<EVP_PKEY, KeyFree>;

std::string hmac(Algorithm algorithm, std::string_view key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const auto* const hash = algorithm == Algorithm::hmac_sha512 ? EVP_sha512() : EVP_sha256();
    const char* key_bytes = key.empty() ? "" : key.data();
    must(HMAC(hash, key_bytes, static_cast<int>(key.size()), bytes_of(message.data()), message.size(), digest.data(), &length) !=
             nullptr,
         "HMAC");
    return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string encoded(Encoding encoding, std::string_view bytes) {
    if (encoding == Encoding::base64) { return base64(bytes); }
    return hex({bytes_of(bytes.data()), bytes.size()});
}

Result<std::string> from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned char byte = 0;
        const auto pair = text.substr(i, 2);
        const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
        if (pair.size() != 2 || error != std::errc{} || end != pair.data() + 2) { return Fault{"no valid hex"}; }
        bytes += static_cast<char>(byte);
    }
    return good(std::move(bytes));
}

Result<std::string> decoded(Encoding encoding, std::string_view text) {
    switch (encoding) {
        case Encoding::hex: return from_hex(text);
        case Encoding::base64: return from_base64(text);
        case Encoding::text: break;
    }
    return good(std::string(text));
}

/// The key and the message are public knowledge to the sender's other receivers; there is nothing to hide in the time it takes.
bool verify_ed25519(std::string_view key, Encoding encoding, std::string_view written, std::string_view message) {
    const auto signature = decoded(encoding, written);
    if (!signature || signature->size() != ed25519_signature_size) { return false; }
    const Ed25519Key own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.data()), key.size()));
    const DigestContext context(EVP_MD_CTX_new());
    must(context != nullptr, "Ed25519");
    const bool right = own != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, own.get()) == 1 &&
                       EVP_DigestVerify(context.get(), bytes_of(signature->data()), signature->size(), bytes_of(message.data()),
                                        message.size()) == 1;
    ERR_clear_error();
    return right;
}

std::string sign_ed25519(std::string_view seed, std::string_view message) {
    const Ed25519Key own(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed.data()), seed.size()));
    const DigestContext context(EVP_MD_CTX_new());
    std::array<unsigned char, ed25519_signature_size> signature{};
    std::size_t length = signature.size();
    must(own != nullptr && context != nullptr && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, own.get()) == 1 &&
             EVP_DigestSign(context.get(), signature.data(), &length, bytes_of(message.data()), message.size()) == 1,
         "Ed25519");
    return {reinterpret_cast<const char*>(signature.data()), length};
}

/// The header's parts; the whole of it when the scheme has no separator.
std::vector<std::string_view> split(std::string_view header, std::string_view separator) {
    std::vector<std::string_view> parts;
    while (!separator.empty()) {
        const auto at = header.find(separator);
        if (at == std::string_view::npos) { break; }
        parts.push_back(header.substr(0, at));
        header.remove_prefix(at + separator.size());
    }
    parts.push_back(header);
    return parts;
}

struct Candidate {
    std::size_t variant;
    std::string_view written;
};

/// The signatures of variants for which there is a key.
std::vector<Candidate> candidates_of(const SignatureScheme& scheme, const std::vector<WebhookKey>& keys,
                                     const std::vector<std::string_view>& parts) {
    std::vector<Candidate> found;
    for (std::size_t i = 0; i < scheme.variants.size(); ++i) {
        const auto has_variant = [i](const WebhookKey& key) { return key.variant == i; };
        if (std::none_of(keys.begin(), keys.end(), has_variant)) { continue; }
        const std::string_view prefix = scheme.variants[i].prefix;
        for (const auto part : parts) {
            if (part.starts_with(prefix)) { found.push_back({i, part.substr(prefix.size())}); }
        }
    }
    return found;
}

std::string no_signature(const SignatureScheme& scheme, const std::vector<WebhookKey>& keys) {
    std::string prefixes;
    for (std::size_t i = 0; i < scheme.variants.size(); ++i) {
        const auto has_variant = [i](const WebhookKey& key) { return key.variant == i; };
        if (std::none_of(keys.begin(), keys.end(), has_variant)) { continue; }
        prefixes += (prefixes.empty() ? "" : " or ") + json_quoted(scheme.variants[i].prefix);
    }
    return "the header " + scheme.header + " has no signature that begins with " + prefixes;
}

bool is_visible(char c) {
    return c > 0x20 && c < 0x7F;
}

/// What follows the id in what is signed must not stand in it: else one signature would fit several ids.
bool is_id(const SignatureScheme& scheme, std::string_view id) {
    if (id.empty() || id.size() > id_length_max || !std::all_of(id.begin(), id.end(), is_visible)) { return false; }
    for (std::size_t i = 0; i + 1 < scheme.content.size(); ++i) {
        const auto& next = scheme.content[i + 1];
        if (scheme.content[i].what == SignedPart::What::id && next.what == SignedPart::What::text &&
            id.find(next.text) != std::string_view::npos) {
            return false;
        }
    }
    return true;
}

/// What came beside the body.
struct Beside {
    std::string id = {};
    std::string time_text = {};
    std::int64_t time = 0;  ///< in the scheme's unit
    std::string fault = {};
};

std::string time_name(const SendingTime& time, const SignatureScheme& scheme) {
    return time.header.empty() ? time.field + " in " + scheme.header : time.header;
}

void read_time(const SignatureScheme& scheme, const HeaderOf& header, const std::vector<std::string_view>& parts, Beside& into) {
    const SendingTime& time = *scheme.time;
    std::optional<std::string> text;
    if (!time.header.empty()) { text = header(time.header); }
    else {
        const auto at = std::find_if(parts.begin(), parts.end(), [&](auto part) { return part.starts_with(time.field); });
        if (at != parts.end()) { text = at->substr(time.field.size()); }
    }
    if (!text) {
        into.fault = time.header.empty() ? "the header " + scheme.header + " has no " + time.field
                                         : "the header " + time.header + " is missing";
        return;
    }
    constexpr std::size_t digits_max = 15;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), into.time);
    if (error != std::errc{} || end != text->data() + text->size() || text->size() > digits_max || text->front() == '-') {
        into.fault = time_name(time, scheme) + ": " + json_quoted(text->substr(0, 40)) + " is no time in " +
                     (time.unit.count() == 1 ? "milliseconds" : "seconds") + " since 1970";
        return;
    }
    into.time_text = std::move(*text);
}

Beside read_beside(const SignatureScheme& scheme, const HeaderOf& header, const std::vector<std::string_view>& parts) {
    Beside beside;
    if (!scheme.id_header.empty()) {
        const auto given = header(scheme.id_header);
        const bool is_signed = scheme.signs(SignedPart::What::id);
        const bool fits = given && is_id(scheme, *given);
        if (fits) { beside.id = *given; }
        else if (is_signed && !given) { beside.fault = "the header " + scheme.id_header + " is missing"; }
        else if (is_signed) { beside.fault = "the header " + scheme.id_header + " holds no delivery id that could be signed"; }
    }
    if (beside.fault.empty() && scheme.time) { read_time(scheme, header, parts, beside); }
    return beside;
}

std::string content_of(const SignatureScheme& scheme, std::string_view body, std::string_view id, std::string_view time) {
    std::string content;
    content.reserve(body.size() + id.size() + time.size() + 16);
    for (const auto& part : scheme.content) {
        switch (part.what) {
            case SignedPart::What::text: content += part.text; break;
            case SignedPart::What::body: content += body; break;
            case SignedPart::What::id: content += id; break;
            case SignedPart::What::timestamp: content += time; break;
        }
    }
    return content;
}

/// The first key with which one of the candidates was made; keys.size() when there is none. Looks at all of them either way.
std::size_t matching_key(const SignatureScheme& scheme, const std::vector<WebhookKey>& keys,
                         const std::vector<Candidate>& candidates, std::string_view content) {
    std::size_t match = keys.size();
    for (std::size_t k = keys.size(); k-- > 0;) {
        const auto& key = keys[k];
        const auto& variant = scheme.variants.at(key.variant);
        const bool symmetric = variant.algorithm != Algorithm::ed25519;
        const std::string expected =
            symmetric ? encoded(variant.encoding, hmac(variant.algorithm, key.bytes, content)) : std::string();
        bool right = false;
        for (const auto& candidate : candidates) {
            if (candidate.variant != key.variant) { continue; }
            const bool same = symmetric ? equal_constant_time(candidate.written, expected)
                                        : verify_ed25519(key.bytes, variant.encoding, candidate.written, content);
            right |= same;
        }
        match = right ? k : match;
    }
    return match;
}

SignatureCheck refused(std::string reason) {
    return {.reason = std::move(reason)};
}

}  // namespace

bool SignatureScheme::signs(SignedPart::What what) const {
    return std::any_of(content.begin(), content.end(), [what](const SignedPart& part) { return part.what == what; });
}

Result<WebhookKey> webhook_key(const SignatureScheme& scheme, std::string name, std::string_view secret) {
    std::string prefixes;
    for (std::size_t i = 0; i < scheme.variants.size(); ++i) {
        const auto& variant = scheme.variants[i];
        prefixes += (prefixes.empty() ? "" : " or ") + variant.secret_prefix;
        if (!secret.starts_with(variant.secret_prefix)) { continue; }
        auto bytes = decoded(variant.secret_encoding, secret.substr(variant.secret_prefix.size()));
        const std::string behind = variant.secret_prefix.empty() ? "" : " behind " + variant.secret_prefix;
        if (!bytes) { return Fault{"the secret is " + bytes.error().what + behind}; }
        if (variant.algorithm == Algorithm::ed25519 && bytes->size() != ed25519_key_size) {
            return Fault{"the secret has " + std::to_string(bytes->size()) + " bytes" + behind +
                         "; an Ed25519 public key has 32"};
        }
        if (bytes->empty()) { return Fault{"the secret is empty" + behind}; }
        return WebhookKey{std::move(name), i, std::move(*bytes)};
    }
    return Fault{"the secret does not begin with " + prefixes + ", as the scheme `" + scheme.name + "` writes it"};
}

Result<WebhookKey> signing_key(const SignatureScheme& scheme, std::string_view secret) {
    constexpr std::string_view private_prefix = "whsk_";
    if (secret.starts_with(private_prefix)) {
        for (std::size_t i = 0; i < scheme.variants.size(); ++i) {
            if (scheme.variants[i].algorithm != Algorithm::ed25519) { continue; }
            auto bytes = from_base64(secret.substr(private_prefix.size()));
            // 64 bytes: the seed with the public key behind it, as libsodium keeps a private key.
            if (!bytes || (bytes->size() != ed25519_key_size && bytes->size() != 2 * ed25519_key_size)) {
                return Fault{"the secret is no Ed25519 private key behind whsk_: base64 of 32 bytes, or of 64"};
            }
            return WebhookKey{"", i, bytes->substr(0, ed25519_key_size)};
        }
    }
    auto key = webhook_key(scheme, "", secret);
    if (key && scheme.variants[key->variant].algorithm == Algorithm::ed25519) {
        return Fault{"the secret is a public key, with which nothing can be signed; give the private one, whsk_..."};
    }
    return key;
}

SignatureCheck check_signature(const SignatureScheme& scheme, const std::vector<WebhookKey>& keys, const HeaderOf& header,
                               std::string_view body, UtcMs now) {
    const auto written = header(scheme.header);
    if (!written) { return refused("the header " + scheme.header + " is missing"); }
    const auto parts = split(*written, scheme.separator);
    const auto candidates = candidates_of(scheme, keys, parts);
    if (candidates.empty()) { return refused(no_signature(scheme, keys)); }
    if (candidates.size() > signatures_max) {
        return refused("the header " + scheme.header + " has more than " + std::to_string(signatures_max) + " signatures");
    }
    const auto beside = read_beside(scheme, header, parts);
    if (!beside.fault.empty()) { return refused(beside.fault); }
    const bool body_alone = scheme.content.size() == 1 && scheme.content.front().what == SignedPart::What::body;
    const std::string content = body_alone ? std::string() : content_of(scheme, body, beside.id, beside.time_text);
    const auto key = matching_key(scheme, keys, candidates, body_alone ? body : content);
    if (key == keys.size()) { return refused("the signature does not match the body (" + scheme.header + ")"); }
    Verified verified{key, beside.id, scheme.signs(SignedPart::What::id), {}};
    if (scheme.time) {
        verified.sent_at = beside.time * scheme.time->unit.count();
        const auto age = now - *verified.sent_at;
        if (std::abs(age) > scheme.time->tolerance.count()) {
            return {.stale = true,
                    .reason = time_name(*scheme.time, scheme) + " is " + std::to_string(std::abs(age) / 1'000) + " s " +
                              (age > 0 ? "old" : "ahead of our clock") + ", more than " + duration_text(scheme.time->tolerance)};
        }
    }
    return {.verified = std::move(verified)};
}

std::vector<std::pair<std::string, std::string>> sign_webhook(const SignatureScheme& scheme, const WebhookKey& key,
                                                              std::string_view body, std::string_view id, UtcMs now) {
    const auto& variant = scheme.variants.at(key.variant);
    const std::string time = scheme.time ? std::to_string(now / scheme.time->unit.count()) : "";
    const std::string content = content_of(scheme, body, id, time);
    const std::string signature = variant.prefix + encoded(variant.encoding, variant.algorithm == Algorithm::ed25519
                                                                                 ? sign_ed25519(key.bytes, content)
                                                                                 : hmac(variant.algorithm, key.bytes, content));
    std::vector<std::pair<std::string, std::string>> headers;
    if (!scheme.id_header.empty()) { headers.emplace_back(scheme.id_header, id); }
    if (scheme.time && !scheme.time->header.empty()) { headers.emplace_back(scheme.time->header, time); }
    const bool time_inside = scheme.time && scheme.time->header.empty();
    headers.emplace_back(scheme.header, time_inside ? scheme.time->field + time + scheme.separator + signature : signature);
    return headers;
}

}  // namespace crossdock::crypto
