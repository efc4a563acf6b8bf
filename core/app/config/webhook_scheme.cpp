#include "config/webhook_scheme.hpp"

#include "config/parts.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace crossdock::app {

/// Generated from webhook-schemes.yaml.
extern const char* const webhook_schemes_text;

namespace {

using crypto::Encoding;
using crypto::SignatureScheme;
using crypto::SignatureVariant;
using crypto::SignedPart;
using yaml::Fields;
using yaml::Node;

constexpr std::size_t secrets_max = 8;
constexpr yaml::DurationRange tolerance_range{std::chrono::seconds{1}, std::chrono::hours{24}};

/// RFC 9110, section 5.6.2: a header's name is a token.
bool is_token(std::string_view name) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

void read_header(Part& part, Fields& fields, std::string_view key, std::string& into) {
    auto written = fields.text(key);
    if (!written) { return; }
    if (!is_token(*written)) {
        part.checks.refuse(fields.place(key), "`" + std::string(key) + "` takes a header's name, not " + json_quoted(*written));
    }
    into = std::move(*written);
}

SignatureVariant read_variant(Part& part, Fields& fields) {
    static constexpr std::array<std::string_view, 3> algorithms{"hmac-sha256", "hmac-sha512", "ed25519"};
    static constexpr std::array<std::string_view, 2> encodings{"hex", "base64"};
    static constexpr std::array<std::string_view, 3> secret_encodings{"text", "hex", "base64"};
    SignatureVariant variant;
    if (fields.require("algorithm") == nullptr || fields.require("encoding") == nullptr) { return variant; }
    const auto algorithm = fields.word("algorithm", algorithms);
    const auto encoding = fields.word("encoding", encodings);
    const auto secret_encoding = fields.word("secret_encoding", secret_encodings);
    if (algorithm == "hmac-sha512") { variant.algorithm = crypto::Algorithm::hmac_sha512; }
    if (algorithm == "ed25519") { variant.algorithm = crypto::Algorithm::ed25519; }
    if (encoding == "base64") { variant.encoding = Encoding::base64; }
    if (secret_encoding == "hex") { variant.secret_encoding = Encoding::hex; }
    if (secret_encoding == "base64") { variant.secret_encoding = Encoding::base64; }
    variant.prefix = fields.text("prefix").value_or(std::string());
    variant.secret_prefix = fields.text("secret_prefix").value_or(std::string());
    check_printable(part, fields.place("prefix"), "prefix", variant.prefix);
    if (algorithm == "ed25519" && variant.secret_encoding == Encoding::text) {
        part.checks.refuse(fields.place("algorithm"),
                           "an Ed25519 public key is 32 bytes in hex or base64: add `secret_encoding`");
    }
    return variant;
}

void read_variants(Part& part, Fields& fields, SignatureScheme& scheme) {
    scheme.variants.clear();
    const Node* list = fields.list("variants");
    if (list == nullptr) {
        scheme.variants.push_back(read_variant(part, fields));
        return;
    }
    for (const auto* key : {"algorithm", "encoding", "prefix", "secret_prefix", "secret_encoding"}) {
        if (fields.has(key)) {
            part.checks.refuse(fields.place(key),
                               "`" + std::string(key) + "` stands beside `variants`; it belongs into each of them");
        }
    }
    for (const Node& item : list->items) {
        Fields one(part.checks, item, "a variant", {"algorithm", "encoding", "prefix", "secret_prefix", "secret_encoding"});
        if (!part.checks.ok()) { return; }
        scheme.variants.push_back(read_variant(part, one));
    }
    if (list->items.empty()) { part.checks.refuse(list->place, "`variants` is empty: nothing could be signed"); }
}

/// "{id}.{timestamp}.{body}", taken apart.
void read_signed(Part& part, Fields& fields, SignatureScheme& scheme) {
    static constexpr std::array<std::pair<std::string_view, SignedPart::What>, 3> known{
        {{"body", SignedPart::What::body}, {"timestamp", SignedPart::What::timestamp}, {"id", SignedPart::What::id}}};
    scheme.content.clear();
    const std::string written = fields.required_text("signed");
    const auto place = fields.place("signed");
    std::string_view rest = written;
    while (!rest.empty()) {
        const auto open = std::min(rest.find('{'), rest.size());
        if (open > 0) { scheme.content.push_back({SignedPart::What::text, std::string(rest.substr(0, open))}); }
        rest.remove_prefix(open);
        if (rest.empty()) { break; }
        const auto close = std::min(rest.find('}'), rest.size());
        const auto name = rest.substr(1, close - 1);
        const auto row = std::find_if(known.begin(), known.end(), [name](const auto& one) { return one.first == name; });
        if (close == rest.size() || row == known.end()) {
            part.checks.refuse(place, "`signed` holds " + std::string(rest.substr(0, close + 1)) +
                                          "; it takes text with {body}, {timestamp} and {id}");
            return;
        }
        if (scheme.signs(row->second)) { part.checks.refuse(place, "`signed` holds {" + std::string(name) + "} twice"); }
        scheme.content.push_back({row->second, ""});
        rest.remove_prefix(close + 1);
    }
    if (part.checks.ok() && !scheme.signs(SignedPart::What::body)) {
        part.checks.refuse(place, "`signed` has no {body}: anyone could change it");
    }
    for (std::size_t i = 0; i + 1 < scheme.content.size(); ++i) {
        if (scheme.content[i].what == SignedPart::What::id && scheme.content[i + 1].what != SignedPart::What::text) {
            part.checks.refuse(place, "`signed` needs text behind {id}, so that it is known where the id ends");
        }
    }
}

void read_time(Part& part, Fields& fields, SignatureScheme& scheme) {
    static constexpr std::array<std::string_view, 2> units{"seconds", "milliseconds"};
    const Node* map = fields.map("timestamp");
    const bool is_signed = scheme.signs(SignedPart::What::timestamp);
    if (map == nullptr) {
        if (is_signed) { part.checks.refuse(fields.place("signed"), "`signed` holds {timestamp}: add `timestamp`"); }
        return;
    }
    crypto::SendingTime time;
    Fields own(part.checks, *map, "`timestamp`", {"header", "field", "unit", "tolerance"});
    read_header(part, own, "header", time.header);
    time.field = own.text("field").value_or(std::string());
    if (time.header.empty() == time.field.empty()) {
        part.checks.refuse(map->place, "`timestamp` takes a `header`, or the `field` of the signature's own header");
    }
    if (!time.field.empty() && scheme.separator.empty()) {
        part.checks.refuse(own.place("field"), "`field` needs a `separator` between it and the signature");
    }
    if (own.word("unit", units) == units.back()) { time.unit = milliseconds{1}; }
    time.tolerance = own.duration("tolerance", tolerance_range).value_or(time.tolerance);
    if (!is_signed) {
        part.checks.refuse(map->place, "`timestamp` is not signed, so anyone could set it: `signed` has no {timestamp}");
    }
    scheme.time = std::move(time);
}

SignatureScheme read_scheme(Part& part, const Node& node, std::string name) {
    SignatureScheme scheme;
    scheme.name = std::move(name);
    Fields fields(part.checks, node, "`" + scheme.name + "`",
                  {"header", "separator", "algorithm", "encoding", "prefix", "secret_prefix", "secret_encoding", "variants",
                   "signed", "id", "timestamp"});
    if (!part.checks.ok() || fields.require("header") == nullptr) { return scheme; }
    read_header(part, fields, "header", scheme.header);
    scheme.separator = fields.text("separator").value_or(std::string());
    check_printable(part, fields.place("separator"), "separator", scheme.separator);
    read_variants(part, fields, scheme);
    if (part.checks.ok()) { read_signed(part, fields, scheme); }
    read_header(part, fields, "id", scheme.id_header);
    if (scheme.signs(SignedPart::What::id) && scheme.id_header.empty()) {
        part.checks.refuse(fields.place("signed"), "`signed` holds {id}: add `id`, the header in which it stands");
    }
    read_time(part, fields, scheme);
    return scheme;
}

SignatureScheme named_or_own(Part& part, const Node& node) {
    if (node.is_map()) { return read_scheme(part, node, "scheme"); }
    std::vector<std::string_view> names;
    for (const auto& scheme : bundled_schemes()) { names.push_back(scheme.name); }
    const auto name = yaml::word_of(part.checks, node, "scheme", names);
    return name ? *bundled_scheme(*name) : SignatureScheme{};
}

std::vector<WebhookSecretRef> read_secrets(Part& part, Fields& fields) {
    std::vector<WebhookSecretRef> secrets;
    const Node* map = fields.map("secrets");
    if (map != nullptr && fields.has("secret")) {
        part.checks.refuse(fields.place("secret"), "`webhook` takes `secret` or `secrets`, not both");
    }
    if (map == nullptr && part.checks.ok()) {
        if (const Node* secret = fields.require("secret")) {
            secrets.push_back({"secret", read_secret(part, *secret, "secret")});
        }
        return secrets;
    }
    if (map == nullptr) { return secrets; }
    if (map->entries.empty() || map->entries.size() > secrets_max) {
        part.checks.refuse(map->place, "`secrets` takes 1 to " + std::to_string(secrets_max) + " secrets by name");
    }
    for (const auto& [name, place, value] : map->entries) {
        check_name(part, place, "secrets", name);
        secrets.push_back({name, read_secret(part, value, name)});
    }
    return secrets;
}

}  // namespace

AccountConfig::Webhook read_webhook(Part& part, const Node& node) {
    Fields fields(part.checks, node, "`webhook`", {"scheme", "header", "tolerance", "secret", "secrets", "url"});
    AccountConfig::Webhook webhook;
    if (const Node* scheme = fields.require("scheme")) { webhook.scheme = named_or_own(part, *scheme); }
    read_header(part, fields, "header", webhook.scheme.header);
    if (const auto tolerance = fields.duration("tolerance", tolerance_range)) {
        if (webhook.scheme.time) { webhook.scheme.time->tolerance = *tolerance; }
        else {
            part.checks.refuse(fields.place("tolerance"), "the scheme `" + webhook.scheme.name +
                                                              "` signs no sending time, so that there is nothing to tolerate");
        }
    }
    webhook.secrets = read_secrets(part, fields);
    webhook.url = fields.text("url").value_or(std::string());
    check_printable(part, fields.place("url"), "url", webhook.url);
    return webhook;
}

const std::vector<SignatureScheme>& bundled_schemes() {
    static const std::vector<SignatureScheme> all = [] {
        std::vector<SignatureScheme> made;
        yaml::Checks checks("webhook-schemes.yaml");
        const std::vector<std::filesystem::path> none;
        Part part{checks, {}, none};
        const auto root = yaml::read(webhook_schemes_text, checks.file());
        if (!root) { checks.refuse(root.error()); }
        else {
            for (const auto& [name, place, node] : root->entries) { made.push_back(read_scheme(part, node, name)); }
        }
        if (!checks.ok()) {
            std::fprintf(stderr, "bug: %s\n", checks.fault().text().c_str());
            std::abort();
        }
        return made;
    }();
    return all;
}

const SignatureScheme* bundled_scheme(std::string_view name) {
    const auto& all = bundled_schemes();
    const auto at = std::find_if(all.begin(), all.end(), [name](const auto& scheme) { return scheme.name == name; });
    return at == all.end() ? nullptr : &*at;
}

}  // namespace crossdock::app
