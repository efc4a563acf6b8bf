#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sandbox {

/// How a supplier's API looks from outside: routes, field names, paging, authorization, the shape of errors. Read from a JSON
/// file (docs/suppliers/rest.md); the simulator behind it stays the same, with its ledger, faults and counters.
///
/// A template is JSON in which the text "$/a/b" stands for what is at that JSON pointer, "#/a/b" for the same as a number, and
/// {"each": "/list", "as": template} for a list, whose pointers begin at its elements, {"word": "/a", "of": {"ours": "theirs"}}
/// for another word. What is not there is left out.
///
/// Threads: one.
class Dialect {
public:
    /// Errors: unreadable, no JSON, an unknown member or operation; `where` is the file and the JSON pointer.
    [[nodiscard]] static Result<Dialect> load(const std::filesystem::path& file);

    /// Whether the request shows who asks. `now` is of the clock that never jumps.
    [[nodiscard]] bool authorized(const http::Request& request, std::string_view api_key, BootMs now) const;
    /// An access token for a request that asks for one; nothing for all others.
    [[nodiscard]] std::optional<http::Response> token(const http::Request& request, std::string_view api_key, BootMs now);
    /// No token is taken any more.
    void revoke() { tokens_.clear(); }
    [[nodiscard]] std::int64_t tokens_issued() const { return issued_; }

    /// The same request in PhoneX's words. Nothing: there is no such route.
    [[nodiscard]] std::optional<http::Request> understood(http::Request request) const;
    /// An answer of the simulator as this API gives it. `operation`: create_order, cancel_order, find_order, show_order,
    /// inventory.
    [[nodiscard]] http::Response presented(std::string_view operation, http::Response answer) const;
    /// A webhook's body.
    [[nodiscard]] std::string webhook(const std::string& body) const;
    [[nodiscard]] const std::string& signature_header() const { return signature_header_; }

private:
    struct Route {
        std::string operation, method, path;
        Json request, answer;   ///< templates
        std::string reference;  ///< find_order: the parameter
        std::string id;         ///< cancel_order: a pointer into the body, when it is not in the path
        int status = 0;         ///< of a good answer; 0: the simulator's
        std::string paging, parameter, size_parameter;
    };

    [[nodiscard]] Result<void> read(const Json& whole);
    [[nodiscard]] Result<Route> read_route(const Json& written, const std::string& where) const;
    [[nodiscard]] const Route* route_of(std::string_view operation) const;
    void canonical_page(const Route& route, http::Request& request) const;
    [[nodiscard]] bool client_is_known(const http::Request& request, std::string_view api_key) const;

    std::string auth_;
    std::string auth_name_;  ///< the user, the client or the header
    std::string token_path_;
    std::int64_t token_lifetime_s_ = 3600;
    std::string key_header_ = "Idempotency-Key";
    std::string signature_header_ = "X-PhoneX-Signature";
    std::vector<Route> routes_;
    std::optional<Json> webhook_;
    std::map<std::int64_t, std::int64_t> error_statuses_;
    Json error_body_;
    std::map<std::string, BootMs, std::less<>> tokens_;
    std::int64_t issued_ = 0;
};

/// Fills a template from a document: docs/suppliers/rest.md.
[[nodiscard]] Json filled(const Json& written, const Json& from);

}  // namespace crossdock::sandbox
