#pragma once

#include "base/time.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crossdock::http {

/// How far an exchange got.
enum class Transport {
    answered,  ///< a whole answer came: see status
    not_sent,  ///< nothing left (HTTP: no byte of the request; SMTP: no byte of the message)
    cut,       ///< it left, and no whole answer came back
};

/// Bounds of one exchange.
struct ExchangeLimits {
    milliseconds timeout{10'000};          ///< from the call to its end, connecting included
    BootMs not_after = 0;                  ///< checked right before the first byte; 0: none
    std::size_t body_max = 16U << 20U;     ///< of an HTTP answer; longer is `cut`
    std::size_t headers_max = 64U << 10U;  ///< of an HTTP answer; longer is `cut`
    /// Set from elsewhere: the exchange ends within about a second. Null: nobody asks.
    const std::atomic<bool>* canceled = nullptr;
};

struct HttpExchange {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// GET and HEAD that are no effects: libcurl may send them again when a reused connection turns out to be dead.
    bool may_repeat = false;
};

struct HttpResult {
    Transport transport = Transport::not_sent;
    int status = 0;
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string reason = {};
    std::optional<milliseconds> retry_after = {};
    milliseconds elapsed{0};
    bool on_wire = false;  ///< the request was about to leave
};

struct SmtpExchange {
    enum class Tls { none, starttls, implicit } tls = Tls::starttls;
    std::string host;
    std::uint16_t port = 587;
    std::string username;
    std::string password;
    std::string from;             ///< envelope, without <>
    std::vector<std::string> to;  ///< envelope
    std::string message;          ///< RFC 5322, each line ended by CR LF
};

struct SmtpResult {
    Transport transport = Transport::not_sent;
    int status = 0;  ///< the server's reply code
    std::string reason = {};
    milliseconds elapsed{0};
    bool on_wire = false;  ///< the message was about to leave
};

/// HTTP and SMTP outward, through libcurl, with connections kept for reuse.
///
/// A request leaves at most once per call: no redirects, no authentication rounds, HTTP/1.1 only, and libcurl's own re-sending on
/// a reused connection that was cut is stopped. No proxy, no environment.
///
/// Threads:  any, at once; each call blocks its thread.
/// Lifetime: make it before other threads start; it must outlive all calls.
/// Errors:   none; what went wrong is in the result.
class Outbound {
public:
    Outbound();
    ~Outbound();
    Outbound(const Outbound&) = delete;
    Outbound& operator=(const Outbound&) = delete;

    [[nodiscard]] HttpResult send(const HttpExchange& exchange, const ExchangeLimits& limits);
    [[nodiscard]] SmtpResult submit(const SmtpExchange& exchange, const ExchangeLimits& limits);

    class Pool;

private:
    std::unique_ptr<Pool> pool_;
};

}  // namespace crossdock::http
