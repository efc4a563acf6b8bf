#include "auth.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace rest {
namespace {

/// A token without a lifetime (RFC 6749, section 5.1 only recommends to give one).
constexpr std::int64_t lifetime_otherwise_s = 300;
constexpr std::int64_t lifetime_max_s = 86'400;
/// A token is renewed so long before its end, or when a quarter of its lifetime is left if that is later.
constexpr std::int64_t margin_ms = 30'000;

std::int64_t now_of(const sdk::Host& host) {
    return host.raw()->boot_ms(host.raw()->context);
}

/// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = (bits << 8U) | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) { out += at + i > bytes.size() ? '=' : digits[(bits >> (18U - 6U * i)) & 63U]; }
    }
    return out;
}

std::string basic(std::string_view name, std::string_view password) {
    return "Basic " + base64(std::string(name) + ":" + std::string(password));
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (value.empty()) { continue; }
        out += (out.empty() ? "" : "&") + name + "=" + sdk::url_encoded(value);
    }
    return out;
}

}  // namespace

sdk::Schema&& Auth::settings(sdk::Schema&& schema, const std::optional<Way>& way) {
    auto&& auth = std::move(schema).kinds(
        "auth", "how a request says who asks", "kind",
        {{"none", sdk::Schema{}},
         {"bearer", sdk::Schema{}},
         {"basic", sdk::Schema{}.text("username", "the user's name; the password is the credential `password`")},
         {"header", sdk::Schema{}.text("name", "the header that carries the credential `api_key`")},
         {"oauth2", sdk::Schema{}
                        .text("client_id", "the client's id; its secret is the credential `client_secret`")
                        .text("scope", "what is asked for")
                        .optional()
                        .text("audience", "for whom; some servers want it")
                        .optional()
                        .choice("credentials_in", "how the client says who it is", {"header", "body"}, "header")}});
    auto&& made = way ? std::move(auth).when(way->setting, way->word) : std::move(auth);
    return std::move(made)
        .secret("api_key", "for auth of the kinds bearer and header")
        .optional()
        .secret("password", "for auth of the kind basic")
        .optional()
        .secret("client_secret", "for auth of the kind oauth2")
        .optional()
        .url("token_url", "for auth of the kind oauth2: where access tokens are fetched")
        .optional()
        .prepares();
}

Auth::Auth(const sdk::Json& settings) {
    const auto* auth = settings.find("auth");
    if (auth == nullptr) { throw std::runtime_error("the setting \"auth\" is missing (how a request says who asks)"); }
    const auto kind = auth->need_text("kind");
    if (kind == "bearer") { kind_ = Kind::bearer; }
    else if (kind == "basic") {
        kind_ = Kind::basic;
        name_ = auth->need_text("username");
    }
    else if (kind == "header") {
        kind_ = Kind::header;
        name_ = auth->need_text("name");
    }
    else if (kind == "oauth2") {
        kind_ = Kind::oauth2;
        token_url_ = settings.text("token_url").value_or("");
        if (token_url_.empty()) {
            throw std::runtime_error("the setting \"token_url\" is missing: `auth` is of the kind oauth2");
        }
        client_id_ = auth->need_text("client_id");
        scope_ = auth->text("scope").value_or("");
        audience_ = auth->text("audience").value_or("");
        in_body_ = auth->text("credentials_in") == "body";
    }
}

void Auth::sign(std::vector<sdk::Header>& headers, const sdk::Host& host) {
    switch (kind_) {
        case Kind::none: return;
        case Kind::bearer: headers.emplace_back("Authorization", "Bearer " + host.secret("api_key")); return;
        case Kind::basic: headers.emplace_back("Authorization", basic(name_, host.secret("password"))); return;
        case Kind::header: headers.emplace_back(name_, host.secret("api_key")); return;
        case Kind::oauth2: break;
    }
    const std::scoped_lock lock(mutex_);
    if (token_.empty() || now_of(host) >= fresh_until_) { fetch(host); }
    headers.emplace_back("Authorization", "Bearer " + token_);
}

bool Auth::give_up(const std::vector<sdk::Header>& headers) {
    if (kind_ != Kind::oauth2) { return false; }
    const std::scoped_lock lock(mutex_);
    const auto used = [this](const sdk::Header& header) { return header.second == "Bearer " + token_; };
    if (std::any_of(headers.begin(), headers.end(), used)) { token_.clear(); }
    return true;
}

sdk::HttpReply Auth::ask(const sdk::Host& host) const {
    std::vector<std::pair<std::string, std::string>> fields{
        {"grant_type", "client_credentials"}, {"scope", scope_}, {"audience", audience_}};
    std::vector<sdk::Header> headers{{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    const auto secret = host.secret("client_secret");
    if (in_body_) {
        fields.emplace_back("client_id", client_id_);
        fields.emplace_back("client_secret", secret);
    }
    // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    else { headers.emplace_back("Authorization", basic(sdk::url_encoded(client_id_), sdk::url_encoded(secret))); }
    return host.http().send("POST", token_url_, headers, form(fields));
}

void Auth::fetch(const sdk::Host& host) {
    const auto asked_at = now_of(host);
    token_.clear();
    const auto reply = ask(host);
    const std::string failed = "there is no access token: " + reply.exchange;
    if (reply.retry_after_ms) { throw sdk::RetryLater(failed, *reply.retry_after_ms); }
    if (!reply.answered(200)) { throw std::runtime_error(failed); }
    const auto answer = reply.json();
    auto token = answer ? answer->text("access_token") : std::nullopt;
    if (!token || token->empty()) { throw std::runtime_error(failed + ": the answer has no access_token"); }
    std::int64_t lifetime_s = lifetime_otherwise_s;
    if (const auto* given = answer->find("expires_in")) { lifetime_s = given->integer().value_or(lifetime_s); }
    const auto lifetime_ms = std::clamp<std::int64_t>(lifetime_s, 0, lifetime_max_s) * 1000;
    // Counted from before it was asked for: it cannot have been issued earlier.
    fresh_until_ = asked_at + lifetime_ms - std::min(margin_ms, lifetime_ms / 4);
    token_ = std::move(*token);
}

}  // namespace rest
