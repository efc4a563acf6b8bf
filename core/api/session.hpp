#pragma once

#include "api/auth.hpp"
#include "base/clock.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace crossdock::api {

/// How long somebody who signed in to the page stays so, and how many may at once.
namespace session_rules {
constexpr std::int64_t idle_ms = 8LL * 3'600 * 1'000;          ///< without a request
constexpr std::int64_t longest_ms = 7LL * 24 * 3'600 * 1'000;  ///< whatever they do
constexpr std::int64_t seen_every_ms = 60'000;                 ///< so often at most it is stored that they are there
constexpr std::int64_t per_key_max = 20;                       ///< one more signs out the one that was not seen for longest
constexpr std::int64_t all_max = 1'000;
}  // namespace session_rules

/// 32 random bytes in hex: what the cookie holds. The store has its digest only.
[[nodiscard]] std::string new_session_token(Randomness& randomness);
[[nodiscard]] std::string session_digest(const std::string& token);
/// What every changing request of the session brings beside the cookie. Nobody who lacks the cookie can make it.
[[nodiscard]] std::string csrf_token(const std::string& token);

/// The request came over TLS: to this listener, or to a proxy that says so.
[[nodiscard]] bool over_tls(const http::Request& request);
/// The token of the request's cookie; over TLS only the one whose name binds it to this host.
[[nodiscard]] std::optional<std::string> session_token(const http::Request& request);
/// The value of Set-Cookie.
[[nodiscard]] std::string session_cookie(const std::string& token, bool tls);
[[nodiscard]] std::string ended_cookie(bool tls);

/// False when a page of another site made the browser send this. What is no browser is taken at its word.
[[nodiscard]] bool same_origin(const http::Request& request);

/// Signs in with a key. Removes sessions that are over, and those beyond the bounds. Inside a commit.
void open_session(store::Tx& tx, const std::string& digest, const std::string& key_id, UtcMs now);
/// Who it is; nothing when it has ended, or its key has been revoked.
[[nodiscard]] std::optional<Principal> find_session(store::Tx& tx, const std::string& digest, UtcMs now);
void touch_session(store::Tx& tx, const std::string& digest, UtcMs now);
/// False when there was none.
bool close_session(store::Tx& tx, const std::string& digest);

/// Whether somebody who was let in still would be: a stream asks before each batch.
[[nodiscard]] bool still_known(store::Tx& tx, const Principal& who, UtcMs now);

}  // namespace crossdock::api
