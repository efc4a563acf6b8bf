#pragma once

#include "auth.hpp"
#include "template.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rest {

/// One request as the account's file describes it.
///
/// Threads: a value, const once made.
class Request {
public:
    /// What it is made of in the settings: `method`, `path`, `query`, `headers`, `body` or `form`.
    static sdk::Schema&& settings(sdk::Schema&& schema, std::string_view method);

    /// Of checked settings; `name` is the request's, for messages. Errors: std::runtime_error that names the setting.
    Request(std::string name, const sdk::Json& settings);

    /// A request that is ready to leave.
    struct Ready {
        std::string method;
        std::string target;  ///< path and query, all that is put in percent-encoded
        std::vector<sdk::Header> headers;
        std::string body;
    };
    /// Errors: std::runtime_error: an expression that fails, a part of a path that comes to nothing, to `.` or to `..`, a header
    /// with a control character.
    [[nodiscard]] Ready make(const Scope& scope) const;

    /// Adds a parameter, or replaces one of that name.
    static void set_parameter(std::string& target, std::string_view name, std::string_view value);

    [[nodiscard]] const std::string& name() const { return name_; }

private:
    [[nodiscard]] std::string path(const Scope& scope) const;

    std::string name_;
    std::string method_;
    Template path_;
    std::vector<std::pair<std::string, Template>> query_, headers_, form_;
    std::optional<Template> body_;
};

/// Sends the account's requests.
/// Threads: any.
class Client {
public:
    explicit Client(const sdk::Json& settings);

    /// Once, whatever comes of it: for effects. Errors: as Auth::sign.
    [[nodiscard]] sdk::HttpReply send(const Request::Ready& request, const sdk::Host& host);
    /// A question: asked once more with another token when the one that it brought is no longer taken.
    /// Errors: std::runtime_error with `what` and the exchange unless the status is 200; RetryLater when the peer asks for a
    /// pause.
    [[nodiscard]] sdk::HttpReply ask(const Request::Ready& request, const sdk::Host& host, const std::string& what);
    /// The same, whatever the status is.
    [[nodiscard]] sdk::HttpReply ask_for_any(const Request::Ready& request, const sdk::Host& host);

    /// The target of an absolute or relative address on this very server, below no other scheme, host or port.
    /// Errors: std::runtime_error: it is elsewhere.
    [[nodiscard]] std::string target_of(std::string_view address, std::string_view asked_for) const;

private:
    [[nodiscard]] sdk::HttpReply send_signed(const Request::Ready& request, const sdk::Host& host,
                                             std::vector<sdk::Header>& headers);

    std::string base_url_;
    Auth auth_;
};

/// What expressions see of an answer: `.status`, `.headers` (names in lower case), `.body` (null when it is no JSON), beside the
/// members of `asked`.
[[nodiscard]] sdk::Json answer_document(sdk::Json asked, const sdk::HttpReply& reply);

}  // namespace rest
