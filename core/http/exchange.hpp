#pragma once

#include "base/time.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
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
    /// How libcurl signs it; of no scheme: not at all.
    struct Signature {
        std::string scheme = {};  ///< "aws:amz:REGION:SERVICE"
        std::string id = {};
        std::string key = {};
    } signature = {};
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

/// Brings exchanges to their peers and the answers back. In a worker this is libcurl, in the daemon a way to a worker.
///
/// Threads:  any, at once; each call blocks its thread.
/// Errors:   none; what went wrong is in the result.
class Carrier {
public:
    Carrier() = default;
    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    virtual ~Carrier() = default;

    /// At most one request leaves, unless exchange.may_repeat.
    [[nodiscard]] virtual HttpResult send(const HttpExchange& exchange, const ExchangeLimits& limits) = 0;
    /// At most one message leaves.
    [[nodiscard]] virtual SmtpResult submit(const SmtpExchange& exchange, const ExchangeLimits& limits) = 0;
};

}  // namespace crossdock::http
