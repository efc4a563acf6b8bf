#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::api {

/// So often at most it is stored that a key is used.
inline constexpr std::int64_t used_every_ms = 60'000;

/// Who asks: an API key that is known, not revoked and not expired.
struct Principal {
    std::string key_id;
    std::vector<std::string> scopes;         ///< orders:write, read, admin (which has all)
    std::optional<std::string> customer_id;  ///< bound to one customer
    std::string name = {};                   ///< the key's
    std::string session = {};                ///< the digest of the page's session; empty: the key itself came
    bool session_stale = false;              ///< it should be stored that the session was seen
    std::string owner = {};                  ///< whose orders it repeats: the key at the beginning of its rotations
    bool use_stale = false;                  ///< it should be stored that the key was used

    [[nodiscard]] bool may(const std::string& scope) const;
    /// "key NAME (ID)", for the audit.
    [[nodiscard]] std::string actor() const { return "key " + name + " (" + key_id + ")"; }
};

/// The token of "Authorization: Bearer ...".
[[nodiscard]] std::optional<std::string> bearer_token(const std::optional<std::string>& header);

/// Keys are stored as SHA-256 of the whole token: 256 random bits need no slow hash, and imported ones that look guessable are
/// refused.
[[nodiscard]] std::optional<Principal> find_principal(store::Tx& tx, const std::string& token, UtcMs now);
/// The same by a column that is unique: "key_hash" or "id".
[[nodiscard]] std::optional<Principal> principal_of(store::Tx& tx, const char* column, const std::string& value, UtcMs now);
/// Stores that a key was used. Inside a commit.
void touch_key(store::Tx& tx, const std::string& id, UtcMs now);

struct NewKey {
    std::string name;
    std::vector<std::string> scopes;
    std::optional<std::string> customer_id;
    std::string token;
    bool imported = false;  ///< made by another system
    std::optional<UtcMs> expires_at = {};
    std::optional<std::string> owner_id = {};  ///< the key whose place it takes, or whose place that one took
};

/// Errors: no name, unknown scope; an imported token that is no bearer token, or looks guessable.
[[nodiscard]] Result<> check_key(const NewKey& key);
/// The key's id; nothing when that token is there already.
[[nodiscard]] std::optional<std::string> add_key(store::Tx& tx, const NewKey& key, const std::string& id, UtcMs now);
/// Gives a key a successor with its name, scopes and customer, and lets it end at `ends_at`, or before when it ends by itself.
/// Errors: no such key that is valid, or several of that name.
struct Rotated {
    std::string old_id;
    std::string name;
    std::string new_id;
    UtcMs ends_at = 0;  ///< of the old one
};
[[nodiscard]] Result<Rotated> rotate_key(store::Tx& tx, const std::string& id_or_name, const std::string& token,
                                         const std::string& new_id, UtcMs ends_at, UtcMs now);
[[nodiscard]] bool revoke_key(store::Tx& tx, const std::string& id_or_name, UtcMs now);
[[nodiscard]] Json list_keys(store::Tx& tx);

}  // namespace crossdock::api
