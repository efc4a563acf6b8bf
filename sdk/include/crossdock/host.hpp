#pragma once

#include <crossdock/abi.h>
#include <crossdock/json.hpp>
#include <crossdock/structs.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::sdk {

/// Thrown when the host no longer wants the answer; let it pass.
class Canceled : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "canceled"; }
};

/// Thrown by an operation that failed because its peer is busy: a fault with its text, and the pause that the peer asked for.
class RetryLater : public std::runtime_error {
public:
    RetryLater(const std::string& what, std::int64_t delay_ms) : std::runtime_error(what), delay_ms_(delay_ms) {}
    [[nodiscard]] std::int64_t delay_ms() const { return delay_ms_; }

private:
    std::int64_t delay_ms_;
};

/// How far an exchange got.
enum class Transport {
    answered,  ///< the peer answered: see status
    not_sent,  ///< nothing left
    cut,       ///< it left, and no whole answer came back
};

[[nodiscard]] constexpr std::string_view name(Transport transport) {
    return transport == Transport::answered ? "answered" : transport == Transport::not_sent ? "not_sent" : "cut";
}

[[nodiscard]] constexpr Transport transport_of(std::uint32_t raw) {
    return raw == XD_ANSWERED ? Transport::answered : raw == XD_NOT_SENT ? Transport::not_sent : Transport::cut;
}

using Header = std::pair<std::string, std::string>;

/// One HTTP exchange as it went. A value: it outlives the host's buffers.
struct HttpReply {
    Transport transport = Transport::not_sent;
    int status = 0;
    std::string body;
    std::vector<Header> headers;
    std::string reason;                          ///< why there is no answer
    std::optional<std::int64_t> retry_after_ms;  ///< the peer asked to wait that long
    std::string exchange;                        ///< "POST /v1/orders -> 201 in 12 ms"

    [[nodiscard]] bool answered(int expected) const { return transport == Transport::answered && status == expected; }
    /// The body as JSON, or nothing when there is no answer or it is no JSON.
    [[nodiscard]] std::optional<Json> json() const {
        if (transport != Transport::answered) { return {}; }
        try {
            return Json::parse(body);
        } catch (const JsonError&) { return {}; }
    }
};

/// How the host signs a request as it leaves.
struct RequestSignature {
    std::string scheme;  ///< "aws:amz:REGION:SERVICE": AWS Signature Version 4
    std::string id;      ///< the access key's id
    std::string key;     ///< the secret that belongs to it
};

/// HTTP through the host: TLS, pooled connections, limits and time limits are the host's.
class Http {
public:
    explicit Http(const xd_host* host) : host_(host) {}

    /// `url` is absolute, http:// or https://.
    [[nodiscard]] HttpReply send(std::string_view method, std::string_view url, const std::vector<Header>& headers = {},
                                 std::string_view body = {}) const {
        return send_signed({}, method, url, headers, body);
    }
    /// The same, signed. A plugin that does so needs ABI revision 5: an older host would send the request unsigned.
    [[nodiscard]] HttpReply send_signed(const RequestSignature& signature, std::string_view method, std::string_view url,
                                        const std::vector<Header>& headers = {}, std::string_view body = {}) const {
        std::vector<xd_header> raw;
        raw.reserve(headers.size());
        for (const auto& header : headers) { raw.push_back({text(header.first), text(header.second)}); }
        xd_http_request request{};
        request.size = sizeof(request);
        request.method = text(method);
        request.url = text(url);
        request.headers = raw.data();
        request.header_count = raw.size();
        request.body = text(body);
        request.signature = text(signature.scheme);
        request.signing_id = text(signature.id);
        request.signing_key = text(signature.key);
        xd_http_reply answer{};
        answer.size = sizeof(answer);
        answer.retry_after_ms = -1;
        host_->http(host_->context, &request, &answer);
        return read(method, url, answer);
    }
    [[nodiscard]] HttpReply get(std::string_view url, const std::vector<Header>& headers = {}) const {
        return send("GET", url, headers);
    }
    [[nodiscard]] HttpReply post(std::string_view url, const Json& body, std::vector<Header> headers = {}) const {
        headers.emplace_back("Content-Type", "application/json");
        return send("POST", url, headers, body.dump());
    }

private:
    static HttpReply read(std::string_view method, std::string_view url, const xd_http_reply& answer) {
        HttpReply reply;
        reply.transport = transport_of(answer.transport);
        reply.status = answer.status;
        reply.body = view(answer.body);
        for (std::size_t i = 0; i < answer.header_count; ++i) {
            reply.headers.emplace_back(view(answer.headers[i].name), view(answer.headers[i].value));
        }
        reply.reason = view(answer.reason);
        if (answer.retry_after_ms >= 0) { reply.retry_after_ms = answer.retry_after_ms; }
        const auto root = url.find("://");
        const auto path = root == std::string_view::npos ? root : url.find('/', root + 3);
        reply.exchange =
            std::string(method) + " " + std::string(path == std::string_view::npos ? "/" : url.substr(path)) + " -> ";
        if (reply.transport == Transport::answered) { reply.exchange += std::to_string(reply.status); }
        else { reply.exchange += reply.transport == Transport::cut ? "cut" : "not sent"; }
        reply.exchange += " in " + std::to_string(answer.elapsed_ms) + " ms";
        if (!reply.reason.empty()) { reply.exchange += " (" + reply.reason + ")"; }
        return reply;
    }

    const xd_host* host_;
};

/// One message to be submitted over SMTP.
struct SmtpSubmission {
    enum class Tls : std::uint32_t { none = XD_TLS_NONE, starttls = XD_TLS_STARTTLS, implicit = XD_TLS_IMPLICIT };
    std::string host = {};
    std::uint16_t port = 587;
    Tls tls = Tls::starttls;
    std::string username = {};  ///< empty: no authentication
    std::string password = {};
    std::string from = {};             ///< envelope, without <>
    std::vector<std::string> to = {};  ///< envelope
    std::string message = {};          ///< RFC 5322, lines ended by CR LF
};

struct SmtpReply {
    Transport transport = Transport::not_sent;
    int status = 0;  ///< the server's reply code
    std::string reason;
    std::string exchange;  ///< "SMTP mail.example:25 -> 250 in 12 ms"
};

/// Files in the account's own folder: a cursor, the last page seen. Flat; a name has 1 to 128 of A-Z a-z 0-9 . _ -, and does not
/// begin with a dot; a file has at most 16 MiB.
///
/// Errors: std::runtime_error with the host's words; a host older than ABI revision 2 has no files.
class Files {
public:
    explicit Files(const xd_host* host) : host_(host) {}

    /// Nothing when there is no such file.
    [[nodiscard]] std::optional<std::string> read(std::string_view name) const {
        xd_text content{};
        if (!done(XD_HAS(host_, xd_host, file_read) ? host_->file_read(host_->context, text(name), &content)
                                                    : XD_NOT_SUPPORTED)) {
            return {};
        }
        return std::string(view(content));
    }
    /// Replaces the file at once and whole, durably.
    void write(std::string_view name, std::string_view content) const {
        (void)done(XD_HAS(host_, xd_host, file_write) ? host_->file_write(host_->context, text(name), text(content))
                                                      : XD_NOT_SUPPORTED);
    }
    /// False when there was none.
    bool remove(std::string_view name) const {
        return done(XD_HAS(host_, xd_host, file_remove) ? host_->file_remove(host_->context, text(name)) : XD_NOT_SUPPORTED);
    }
    /// Sorted.
    [[nodiscard]] std::vector<std::string> list() const {
        xd_text names{};
        (void)done(XD_HAS(host_, xd_host, file_list) ? host_->file_list(host_->context, &names) : XD_NOT_SUPPORTED);
        std::vector<std::string> list;
        const auto read = Json::parse(view(names));
        for (const auto& one : read.items()) { list.push_back(one.text()); }
        return list;
    }

private:
    [[nodiscard]] bool done(std::uint32_t status) const {
        if (status == XD_OK || status == XD_NOT_FOUND) { return status == XD_OK; }
        if (status == XD_NOT_SUPPORTED) { throw std::runtime_error("this host is too old: it gives its plugins no files"); }
        throw std::runtime_error(std::string(view(host_->problem(host_->context))));
    }

    const xd_host* host_;
};

/// The host's services, for one call of one operation.
/// Threads: the operation's own. Lifetime: the call.
class Host {
public:
    explicit Host(const xd_host* host) : host_(host) {}

    [[nodiscard]] Http http() const { return Http(host_); }

    [[nodiscard]] SmtpReply submit(const SmtpSubmission& mail) const {
        std::vector<xd_text> to;
        to.reserve(mail.to.size());
        for (const auto& address : mail.to) { to.push_back(text(address)); }
        xd_smtp_submission raw{};
        raw.size = sizeof(raw);
        raw.tls = static_cast<std::uint32_t>(mail.tls);
        raw.host = text(mail.host);
        raw.port = mail.port;
        raw.username = text(mail.username);
        raw.password = text(mail.password);
        raw.from = text(mail.from);
        raw.to = to.data();
        raw.to_count = to.size();
        raw.message = text(mail.message);
        xd_smtp_reply answer{};
        answer.size = sizeof(answer);
        host_->smtp(host_->context, &raw, &answer);
        SmtpReply reply;
        reply.transport = transport_of(answer.transport);
        reply.status = answer.status;
        reply.reason = view(answer.reason);
        reply.exchange = "SMTP " + mail.host + ":" + std::to_string(mail.port) + " -> " +
                         (reply.transport == Transport::answered ? std::to_string(reply.status)
                          : reply.transport == Transport::cut    ? "cut"
                                                                 : "not sent") +
                         " in " + std::to_string(answer.elapsed_ms) + " ms";
        return reply;
    }

    /// The account's settings, checked, with defaults; the secrets are not among them.
    [[nodiscard]] Json settings() const { return Json::parse(view(host_->settings(host_->context))); }

    /// A secret setting, or nothing when the account gives none. Ask at each use: it may be rotated while the plugin serves.
    [[nodiscard]] std::optional<std::string> find_secret(std::string_view name) const {
        xd_text value{};
        // A host of revision 1 has it among the settings.
        if (!XD_HAS(host_, xd_host, secret)) { return settings().text(name); }
        if (host_->secret(host_->context, text(name), &value) != XD_OK) { return {}; }
        return std::string(view(value));
    }
    /// Errors: std::runtime_error when the account gives none.
    [[nodiscard]] std::string secret(std::string_view name) const {
        auto found = find_secret(name);
        if (!found) { throw std::runtime_error("the secret \"" + std::string(name) + "\" is missing"); }
        return std::move(*found);
    }

    [[nodiscard]] Files files() const { return Files(host_); }

    /// What a jq expression gives for a document: exactly one value. Runs in a process of its own; blocks for at most 10 s. An
    /// expression has at most 16 KiB, the document 4 MiB, the value 1 MiB.
    ///
    /// Errors: std::runtime_error with the host's words: it does not compile ("line 1, column 7: ..."), it fails with this
    /// document, it takes longer than 2 s, something is too large; a host older than ABI revision 3 evaluates nothing. Canceled
    /// when the answer is no longer wanted.
    [[nodiscard]] Json evaluate(std::string_view expression, const Json& document) const {
        if (!XD_HAS(host_, xd_host, evaluate)) { throw std::runtime_error("this host is too old: it evaluates no expressions"); }
        xd_text value{};
        const auto sent = document.dump();
        const auto status = host_->evaluate(host_->context, text(expression), text(sent), &value);
        if (status == XD_CANCELED) { throw Canceled(); }
        if (status != XD_OK) { throw std::runtime_error(std::string(view(host_->problem(host_->context)))); }
        return Json::parse(view(value));
    }

    /// HMAC-SHA256 (RFC 2104) of `data` under `key`, both any bytes: its 32 bytes, for requests that are signed.
    /// Errors: std::runtime_error; a host older than ABI revision 4 has none.
    [[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data) const {
        if (!XD_HAS(host_, xd_host, hmac)) { throw std::runtime_error("this host is too old: it signs nothing"); }
        xd_text mac{};
        if (host_->hmac(host_->context, XD_HMAC_SHA256, text(key), text(data), &mac) != XD_OK) {
            throw std::runtime_error(std::string(view(host_->problem(host_->context))));
        }
        return std::string(view(mac));
    }

    void debug(std::string_view message) const { host_->log(host_->context, XD_LOG_DEBUG, text(message)); }
    void info(std::string_view message) const { host_->log(host_->context, XD_LOG_INFO, text(message)); }
    void warning(std::string_view message) const { host_->log(host_->context, XD_LOG_WARNING, text(message)); }
    void error(std::string_view message) const { host_->log(host_->context, XD_LOG_ERROR, text(message)); }

    /// Milliseconds since 1970.
    [[nodiscard]] std::int64_t utc_ms() const { return host_->utc_ms(host_->context); }

    /// Whether an effect must not act any more: its time is over (Order::not_after_boot_ms), or the call was canceled. Ask right
    /// before what cannot be taken back.
    [[nodiscard]] bool too_late(const std::optional<std::int64_t>& not_after_boot_ms) const {
        return canceled() || (not_after_boot_ms && host_->boot_ms(host_->context) > *not_after_boot_ms);
    }

    [[nodiscard]] bool canceled() const { return host_->canceled(host_->context) != 0; }

    /// For InventorySink.
    [[nodiscard]] const xd_host* raw() const { return host_; }

private:
    const xd_host* host_;
};

}  // namespace crossdock::sdk
