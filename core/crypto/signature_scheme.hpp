#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::crypto {

enum class Algorithm { hmac_sha256, hmac_sha512, ed25519 };
enum class Encoding { text, hex, base64 };  ///< hex: lower case; base64: RFC 4648, section 4, padded

/// One way of signing that a scheme accepts.
struct SignatureVariant {
    Algorithm algorithm = Algorithm::hmac_sha256;
    Encoding encoding = Encoding::hex;          ///< of the signature; never text
    std::string prefix = {};                    ///< stands before it in the header, such as "sha256="
    std::string secret_prefix = {};             ///< by which a secret is known to be of this variant, such as "whsec_"
    Encoding secret_encoding = Encoding::text;  ///< how the secret's bytes are written behind it
};

/// A piece of what is signed.
struct SignedPart {
    enum class What { text, body, id, timestamp } what = What::body;
    std::string text = {};
};

/// When the sender sent, as it signs it.
struct SendingTime {
    std::string header = {};  ///< where it stands; empty: in the signature's own header, behind `field`
    std::string field = {};   ///< such as "t="
    milliseconds unit{1'000};
    milliseconds tolerance{300'000};  ///< into the past and into the future
};

/// How a sender signs its webhooks, as data. The defaults are PhoneX's way: lower-case hex of HMAC-SHA256 over the raw body.
struct SignatureScheme {
    std::string name = "phonex";
    std::string header = "X-PhoneX-Signature";
    std::string separator = {};  ///< between several signatures (and fields) in one header; empty: there is one
    std::vector<SignatureVariant> variants = {SignatureVariant{}};
    std::vector<SignedPart> content = {SignedPart{}};
    std::optional<SendingTime> time = {};
    std::string id_header = {};  ///< of the delivery id; empty: it has none

    [[nodiscard]] bool signs(SignedPart::What what) const;
};

/// A secret, or the sender's public key, ready for use. Never logged.
struct WebhookKey {
    std::string name;         ///< as the config names it
    std::size_t variant = 0;  ///< of the scheme
    std::string bytes = {};
};

/// Reads a secret as the scheme writes it. Errors: without a prefix that the scheme knows, badly encoded, of a wrong length;
/// no message holds any of it.
[[nodiscard]] Result<WebhookKey> webhook_key(const SignatureScheme& scheme, std::string name, std::string_view secret);
/// The same for the signing side: of Ed25519, whsk_ and base64 of the private key (Standard Webhooks' spelling).
[[nodiscard]] Result<WebhookKey> signing_key(const SignatureScheme& scheme, std::string_view secret);

/// What a right signature says.
struct Verified {
    std::size_t key = 0;           ///< which of the keys; of several that match, the first
    std::string delivery_id = {};  ///< empty: none, or one that is unsigned and malformed
    bool id_signed = false;        ///< only then may it tell a repeat from a new one
    std::optional<UtcMs> sent_at = {};
};

struct SignatureCheck {
    std::optional<Verified> verified = {};
    bool stale = false;       ///< rightly signed, but not lately
    std::string reason = {};  ///< when not verified: header and fault
};

using HeaderOf = std::function<std::optional<std::string>(std::string_view)>;

/// Whether a webhook is signed with one of the keys. Pure; reads nothing of the body but its bytes. Every key is tried with every
/// signature that is there, by comparisons in constant time, so that the time taken does not tell which key is right.
/// Limits: 16 signatures in a header; a delivery id of 256 visible ASCII characters.
[[nodiscard]] SignatureCheck check_signature(const SignatureScheme& scheme, const std::vector<WebhookKey>& keys,
                                             const HeaderOf& header, std::string_view body, UtcMs now);

/// The headers that a sender adds. Requires a key of signing_key().
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sign_webhook(const SignatureScheme& scheme, const WebhookKey& key,
                                                                            std::string_view body, std::string_view id,
                                                                            UtcMs now);

}  // namespace crossdock::crypto
