#pragma once

#include <crossdock/sdk.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rest {

namespace sdk = crossdock::sdk;

/// One of several ways that a plugin has to its supplier: a setting, and the word in it that chooses this one.
struct Way {
    std::string_view setting;
    std::string_view word;
    std::vector<std::string_view> operations_elsewhere = {};  ///< besides create_order, what the other ways have
};

/// How the account's requests say who asks: the setting `auth`.
///
/// Threads: any. A token is fetched by one call while the others wait for it.
class Auth {
public:
    /// Errors: std::runtime_error that names a missing setting.
    explicit Auth(const sdk::Json& settings);

    /// Adds the setting, and the credentials that its kinds take.
    static sdk::Schema&& settings(sdk::Schema&& schema, const std::optional<Way>& way);

    /// Adds to a request what proves who asks. With `kind: oauth2` that may take a request for a token first.
    /// Errors: std::runtime_error when there is no token to be had, with the status that the token's server gave; RetryLater.
    void sign(std::vector<sdk::Header>& headers, const sdk::Host& host);

    /// What a 401 says of the token that those headers brought: it is given up, unless another one was fetched since.
    /// True when there was such a token, so that asking once more may help.
    [[nodiscard]] bool give_up(const std::vector<sdk::Header>& headers);

private:
    enum class Kind { none, bearer, basic, header, oauth2 };
    void fetch(const sdk::Host& host);
    [[nodiscard]] sdk::HttpReply ask(const sdk::Host& host) const;

    Kind kind_ = Kind::none;
    std::string name_;  // of the header, or of the user
    std::string token_url_, client_id_, scope_, audience_;
    bool in_body_ = false;

    std::mutex mutex_;
    std::string token_;
    std::int64_t fresh_until_ = 0;  // by the clock that never jumps
};

}  // namespace rest
