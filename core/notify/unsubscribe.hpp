#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

namespace crossdock::notify {

/// Where recipients reach the daemon, and what their links are signed with.
struct UnsubscribeOptions {
    std::string base_url = {};  ///< without a slash behind it; empty: no mail offers it
    std::string key = {};       ///< secret
    milliseconds valid_for{std::chrono::hours{24 * 180}};
};

/// Who no longer wants to be told, and where.
struct Unsubscription {
    std::string channel;
    std::string recipient;
    UtcMs until = 0;  ///< the link holds no longer than this
};

/// The path below which links lead.
inline constexpr std::string_view unsubscribe_path = "/unsubscribe/";

/// What stands behind the path: the subscription in base64url, a dot, and the base64url of its HMAC-SHA256. Whoever has a mail
/// can read in it whom it was sent to, and nobody can make one for another recipient.
[[nodiscard]] std::string unsubscribe_token(std::string_view key, const Unsubscription& who);

/// Errors: `what` for people: it is none of ours, it has expired. The signature is checked first, in constant time.
[[nodiscard]] Result<Unsubscription> read_unsubscribe_token(std::string_view key, std::string_view token, UtcMs now);

/// The whole link; empty without a base URL or key.
[[nodiscard]] std::string unsubscribe_link(const UnsubscribeOptions& options, const std::string& channel,
                                           const std::string& recipient, UtcMs now);

}  // namespace crossdock::notify
