#include "api/auth.hpp"

#include "crypto/crypto.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace crossdock::api {
namespace {

constexpr std::array<std::string_view, 3> known_scopes{"orders:write", "read", "admin"};

std::vector<std::string> split(const std::string& scopes) {
    std::vector<std::string> list;
    std::istringstream words(scopes);
    for (std::string word; words >> word;) { list.push_back(word); }
    return list;
}

std::string joined(const std::vector<std::string>& scopes) {
    std::string text;
    for (const auto& scope : scopes) { text += (text.empty() ? "" : " ") + scope; }
    return text;
}

/// What is at most known of a text by its letters alone: its length times their Shannon entropy. Random texts come close to what
/// they are worth, words and repetitions stay far below.
double bits_of(std::string_view text) {
    std::array<double, 256> count{};
    for (const char c : text) { count.at(static_cast<unsigned char>(c)) += 1; }
    double bits = 0;
    for (const double one : count) {
        if (one > 0) { bits += one * std::log2(static_cast<double>(text.size()) / one); }
    }
    return bits;
}

/// A bearer token of another system, as it is. Errors: none of the key stands in them.
Result<> check_imported(std::string_view token) {
    constexpr std::size_t length_min = 16;
    constexpr std::size_t length_max = 2048;
    constexpr double bits_min = 60;
    const auto refused = [](const std::string& what) { return Fault{what, "standard input"}; };
    if (token.empty()) { return refused("no key came in: write it to standard input, alone, on one line"); }
    const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
    if (!std::all_of(token.begin(), token.end(), visible)) {
        return refused(
            "a key is one word of visible ASCII characters, as it stands behind `Authorization: Bearer `; this one has "
            "white space or other characters in it");
    }
    if (token.size() > length_max) { return refused("a key has at most " + std::to_string(length_max) + " characters"); }
    if (token.size() < length_min || bits_of(token) < bits_min) {
        return refused("this key is too easy to guess: it takes " + std::to_string(length_min) +
                       " characters or more that look random. Have the platform use a new one: crossdock key create");
    }
    return {};
}

}  // namespace

bool Principal::may(const std::string& scope) const {
    return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& own) { return own == scope || own == "admin"; });
}

std::optional<std::string> bearer_token(const std::optional<std::string>& header) {
    constexpr std::string_view prefix = "Bearer ";
    if (!header || header->size() <= prefix.size() || header->substr(0, prefix.size()) != prefix) { return {}; }
    return header->substr(prefix.size());
}

std::optional<Principal> principal_of(store::Tx& tx, const char* column, const std::string& value, UtcMs now) {
    const auto row = tx.first<std::string, std::string, std::optional<std::string>, std::string, std::optional<std::string>,
                              std::optional<std::int64_t>>(
        std::string("SELECT id, scopes, customer_id, name, owner_id, last_used_at FROM api_keys WHERE revoked_at IS NULL AND "
                    "(expires_at IS NULL OR expires_at > :1) AND ") +
            column + " = :2",
        {now, value});
    if (!row) { return {}; }
    const auto& [id, scopes, customer, name, owner, used] = *row;
    Principal who;
    who.key_id = id;
    who.scopes = split(scopes);
    who.customer_id = customer;
    who.name = name;
    who.owner = owner.value_or(id);
    who.use_stale = !used || now - *used >= used_every_ms;
    return who;
}

std::optional<Principal> find_principal(store::Tx& tx, const std::string& token, UtcMs now) {
    return principal_of(tx, "key_hash", crypto::sha256_hex(token), now);
}

void touch_key(store::Tx& tx, const std::string& id, UtcMs now) {
    tx.run("UPDATE api_keys SET last_used_at = :1 WHERE id = :2", {now, id});
}

Result<> check_key(const NewKey& key) {
    if (key.name.empty() || key.name.size() > 128) { return Fault{"must have 1 to 128 bytes", "name"}; }
    if (key.scopes.empty()) { return Fault{"at least one of orders:write, read, admin", "scopes"}; }
    for (const auto& scope : key.scopes) {
        if (std::find(known_scopes.begin(), known_scopes.end(), scope) == known_scopes.end()) {
            return Fault{"unknown scope \"" + scope + "\"; known are orders:write, read, admin", "scopes"};
        }
    }
    if (key.imported) { return check_imported(key.token); }
    if (key.token.size() < 16) { return Fault{"a key has at least 16 characters", "token"}; }
    return {};
}

std::optional<std::string> add_key(store::Tx& tx, const NewKey& key, const std::string& id, UtcMs now) {
    const auto added = tx.run(
        "INSERT INTO api_keys (id, name, key_hash, scopes, customer_id, created_at, imported, expires_at, owner_id) "
        "VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9) ON CONFLICT (key_hash) DO NOTHING",
        {id, key.name, crypto::sha256_hex(key.token), joined(key.scopes), key.customer_id, now, key.imported, key.expires_at,
         key.owner_id});
    if (added == 0) { return {}; }
    return id;
}

bool revoke_key(store::Tx& tx, const std::string& id_or_name, UtcMs now) {
    return tx.run("UPDATE api_keys SET revoked_at = :1 WHERE (id = :2 OR name = :3) AND revoked_at IS NULL",
                  {now, id_or_name, id_or_name}) > 0;
}

Result<Rotated> rotate_key(store::Tx& tx, const std::string& id_or_name, const std::string& token, const std::string& new_id,
                           UtcMs ends_at, UtcMs now) {
    // Those that end by themselves have been rotated, unless no other one is meant.
    const auto found = tx.all<std::string, std::string, std::string, std::optional<std::string>, std::optional<std::string>,
                              std::optional<std::int64_t>>(
        "SELECT id, name, scopes, customer_id, owner_id, expires_at FROM api_keys WHERE (id = :1 OR name = :2) AND revoked_at IS "
        "NULL AND (expires_at IS NULL OR expires_at > :3) ORDER BY expires_at IS NOT NULL, created_at, id",
        {id_or_name, id_or_name, now});
    if (found.empty()) {
        return Fault{"there is no such key, or it is revoked or has expired; `crossdock key list` shows them", id_or_name};
    }
    if (found.size() > 1 && std::get<5>(found[0]).has_value() == std::get<5>(found[1]).has_value()) {
        return Fault{"more than one key has this name; name one by its id, which `crossdock key list` shows", id_or_name};
    }
    const auto& [id, name, scopes, customer, owner, expires] = found.front();
    const NewKey key{name, split(scopes), customer, token, false, {}, owner.value_or(id)};
    if (!add_key(tx, key, new_id, now)) { return Fault{"the new key is here already", "token"}; }
    const Rotated made{id, name, new_id, expires ? std::min(*expires, ends_at) : ends_at};
    tx.run("UPDATE api_keys SET expires_at = :1 WHERE id = :2", {made.ends_at, id});
    return made;
}

Json list_keys(store::Tx& tx) {
    const auto time = [](const std::optional<std::int64_t>& at) { return at ? Json(rfc3339(*at)) : Json(); };
    Json list = Json::array();
    for (auto& [id, name, scopes, customer, created, revoked, imported, used, expires, owner] :
         tx.all<std::string, std::string, std::string, std::optional<std::string>, std::int64_t, std::optional<std::int64_t>,
                std::int64_t, std::optional<std::int64_t>, std::optional<std::int64_t>, std::optional<std::string>>(
             "SELECT id, name, scopes, customer_id, created_at, revoked_at, imported, last_used_at, expires_at, owner_id FROM "
             "api_keys ORDER BY created_at, id")) {
        list.push(Json::object({{"id", id},
                                {"name", name},
                                {"scopes", scopes},
                                {"customer_id", customer},
                                {"created_at", rfc3339(created)},
                                {"imported", imported != 0},
                                {"last_used_at", time(used)},
                                {"expires_at", time(expires)},
                                {"revoked_at", time(revoked)},
                                {"in_place_of", owner}}));
    }
    return list;
}

}  // namespace crossdock::api
