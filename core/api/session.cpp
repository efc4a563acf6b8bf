#include "api/session.hpp"

#include "base/ids.hpp"
#include "crypto/crypto.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace crossdock::api {
namespace {

// A name that begins so is taken by browsers only with Secure, without Domain and with Path=/ (RFC 6265bis, 4.1.3.2).
constexpr std::string_view tls_name = "__Host-crossdock";
constexpr std::string_view plain_name = "crossdock";

/// The value of that cookie in one Cookie header.
std::optional<std::string> cookie_in(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const auto end = std::min(header.find(';'), header.size());
        std::string_view one = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        while (one.starts_with(' ')) { one.remove_prefix(1); }
        while (one.ends_with(' ')) { one.remove_suffix(1); }
        if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
            return std::string(one.substr(name.size() + 1));
        }
    }
    return {};
}

bool is_cookie(std::string_view name) {
    constexpr std::string_view wanted = "cookie";
    return name.size() == wanted.size() && std::equal(name.begin(), name.end(), wanted.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
}

std::string cookie_text(const std::string& value, bool tls) {
    return std::string(tls ? tls_name : plain_name) + "=" + value + "; Path=/; HttpOnly; SameSite=Strict" +
           (tls ? "; Secure" : "");
}

}  // namespace

std::string new_session_token(Randomness& randomness) {
    std::array<unsigned char, 32> bytes{};
    randomness.fill(bytes);
    return hex(bytes);
}

std::string session_digest(const std::string& token) {
    return crypto::sha256_hex(token);
}

std::string csrf_token(const std::string& token) {
    return crypto::hmac_sha256_hex(token, "crossdock csrf");
}

bool over_tls(const http::Request& request) {
    return request.tls || request.header("X-Forwarded-Proto") == "https";
}

std::optional<std::string> session_token(const http::Request& request) {
    const auto name = over_tls(request) ? tls_name : plain_name;
    for (const auto& [header, value] : request.headers) {
        if (!is_cookie(header)) { continue; }
        if (auto found = cookie_in(value, name)) { return found; }
    }
    return {};
}

std::string session_cookie(const std::string& token, bool tls) {
    return cookie_text(token, tls);
}

std::string ended_cookie(bool tls) {
    return cookie_text("", tls) + "; Max-Age=0";
}

bool same_origin(const http::Request& request) {
    if (const auto site = request.header("Sec-Fetch-Site")) { return *site == "same-origin" || *site == "none"; }
    const auto origin = request.header("Origin");
    if (!origin) { return true; }
    const auto slashes = origin->find("://");
    return slashes != std::string::npos && origin->substr(slashes + 3) == request.header("Host");
}

void open_session(store::Tx& tx, const std::string& digest, const std::string& key_id, UtcMs now) {
    namespace rules = session_rules;
    tx.run("DELETE FROM sessions WHERE seen_at <= :1 OR created_at <= :2", {now - rules::idle_ms, now - rules::longest_ms});
    tx.run(
        "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE api_key_id = :1 ORDER BY seen_at DESC, digest "
        "LIMIT -1 OFFSET :2)",
        {key_id, rules::per_key_max - 1});
    tx.run("DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions ORDER BY seen_at DESC, digest LIMIT -1 OFFSET :1)",
           {rules::all_max - 1});
    tx.run("INSERT INTO sessions (digest, api_key_id, created_at, seen_at) VALUES (:1, :2, :3, :4)", {digest, key_id, now, now});
}

std::optional<Principal> find_session(store::Tx& tx, const std::string& digest, UtcMs now) {
    const auto row = tx.first<std::string, std::int64_t, std::int64_t>(
        "SELECT api_key_id, created_at, seen_at FROM sessions WHERE digest = :1", {digest});
    if (!row) { return {}; }
    const auto& [key_id, created, seen] = *row;
    if (now - seen >= session_rules::idle_ms || now - created >= session_rules::longest_ms) { return {}; }
    auto who = principal_of(tx, "id", key_id, now);
    if (!who) { return {}; }
    who->session = digest;
    who->session_stale = now - seen >= session_rules::seen_every_ms;
    return who;
}

void touch_session(store::Tx& tx, const std::string& digest, UtcMs now) {
    tx.run("UPDATE sessions SET seen_at = :1 WHERE digest = :2", {now, digest});
}

bool close_session(store::Tx& tx, const std::string& digest) {
    return tx.run("DELETE FROM sessions WHERE digest = :1", {digest}) > 0;
}

bool still_known(store::Tx& tx, const Principal& who, UtcMs now) {
    if (!who.session.empty()) { return find_session(tx, who.session, now).has_value(); }
    return principal_of(tx, "id", who.key_id, now).has_value();
}

}  // namespace crossdock::api
