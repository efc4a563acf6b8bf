#pragma once

#include <crossdock/host.hpp>
#include <crossdock/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a plugin sends and what it is answered, as values.
namespace crossdock::sdk::testing {

/// Whether two header names are the same: ASCII letters in either case (RFC 9110, section 5.1).
[[nodiscard]] inline bool same_header(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

struct HttpRequest {
    std::string method;
    std::string url;
    std::vector<Header> headers = {};
    std::string body = {};
    std::uint32_t timeout_ms = 0;
    RequestSignature signature = {};  ///< with which the host would have signed it; of no scheme: not at all
    std::string refused = {};         ///< why the host did not send it; empty when it did

    /// The first header of that name; nothing when there is none.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const {
        for (const auto& one : headers) {
            if (same_header(one.first, name)) { return one.second; }
        }
        return {};
    }
    /// Errors: JsonError.
    [[nodiscard]] Json json() const { return Json::parse(body); }
};

struct MailRequest {
    SmtpSubmission mail = {};
    std::uint32_t timeout_ms = 0;
    std::string refused = {};  ///< as in HttpRequest
};

using Request = std::variant<HttpRequest, MailRequest>;

/// What the peer is made to answer to one request or mail.
struct Reply {
    Transport transport = Transport::answered;
    int status = 0;
    std::vector<Header> headers = {};
    std::string body = {};
    std::string reason = {};
    std::optional<std::int64_t> retry_after_ms = {};
};

namespace detail {

/// The Retry-After of an answer when it gives seconds above 0; a date is not read.
[[nodiscard]] inline std::optional<std::int64_t> retry_after_ms(const Reply& reply) {
    if (reply.retry_after_ms) { return reply.retry_after_ms; }
    for (const auto& [name, value] : reply.headers) {
        std::int32_t seconds = 0;
        const char* const end = value.data() + value.size();
        const auto [last, error] = std::from_chars(value.data(), end, seconds);
        if (same_header(name, "Retry-After") && error == std::errc{} && last == end && seconds > 0) {
            return std::int64_t{seconds} * 1000;
        }
    }
    return {};
}

[[nodiscard]] inline bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// A space, a control character or DEL.
[[nodiscard]] inline bool is_blank_or_control(char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
}

/// Why the host does not send that request, whatever the network; empty when it does. The host's own words.
[[nodiscard]] inline std::string refusal(const HttpRequest& request) {
    const auto is_token = [](std::string_view text) {
        return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    };
    if (!is_token(request.method)) { return "the method is no HTTP method"; }
    if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
        return "the URL begins with neither http:// nor https://";
    }
    if (std::any_of(request.url.begin(), request.url.end(), is_blank_or_control)) {
        return "the URL holds a space or control character";
    }
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name)) { return "a header's name is no header name"; }
        if (has_line_break(value)) { return "the header " + name + " holds a line break or NUL"; }
    }
    return {};
}

/// The same for a mail.
[[nodiscard]] inline std::string refusal(const SmtpSubmission& mail) {
    const auto bad_address = [](const std::string& address) {
        return address.empty() || has_line_break(address) || address.find_first_of(" <>") != std::string::npos;
    };
    const bool bad_host = std::any_of(mail.host.begin(), mail.host.end(), is_blank_or_control) ||
                          mail.host.find_first_of("/@?#\\") != std::string::npos;
    if (mail.host.empty() || bad_host) { return "the SMTP host is no host name"; }
    // A line break in an address would become a further command, that is, a further recipient.
    if (bad_address(mail.from)) { return "the sender's address is empty or holds a line break, NUL, space or angle bracket"; }
    if (mail.to.empty()) { return "there is no recipient"; }
    if (std::any_of(mail.to.begin(), mail.to.end(), bad_address)) {
        return "a recipient's address is empty or holds a line break, NUL, space or angle bracket";
    }
    if (has_line_break(mail.username) || has_line_break(mail.password)) {
        return "the SMTP user name or password holds a line break or NUL";
    }
    const std::string& message = mail.message;
    if (!message.ends_with("\r\n")) { return "the message does not end with CR LF"; }
    for (std::size_t i = 0; i < message.size(); ++i) {
        const bool bare = (message[i] == '\n' && (i == 0 || message[i - 1] != '\r')) ||
                          (message[i] == '\r' && (i + 1 == message.size() || message[i + 1] != '\n'));
        if (bare) { return "a line of the message is not ended by CR LF"; }
        if (message[i] == '\0') { return "the message holds NUL"; }
    }
    return {};
}

}  // namespace detail

}  // namespace crossdock::sdk::testing
