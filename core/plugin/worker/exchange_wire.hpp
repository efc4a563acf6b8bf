#pragma once

#include "base/result.hpp"
#include "base/stream_buffer.hpp"
#include "http/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace crossdock::worker {

/// The exchange is no longer wanted.
struct ExchangeCancel {};

/// What the daemon asks of a carrier.
struct HttpAsk {
    http::HttpExchange exchange;
    http::ExchangeLimits limits;  ///< without `canceled`: that is asked for by ExchangeCancel
    bool cancelable = false;
};
struct SmtpAsk {
    http::SmtpExchange exchange;
    http::ExchangeLimits limits;
    bool cancelable = false;
};

/// One message between the daemon and a carrier; docs/reference/worker-wire.md.
struct ExchangeMessage {
    std::uint64_t id = 0;
    std::variant<HttpAsk, SmtpAsk, ExchangeCancel, http::HttpResult, http::SmtpResult> what;
};

/// A longer message is none.
inline constexpr std::size_t exchange_message_max = 64U << 20U;

/// Length of what follows (32 bits), kind (8), id (64), then the members in order: numbers of 64 bits, texts behind their length,
/// all big-endian. Bodies travel as they are.
[[nodiscard]] std::string encode(const ExchangeMessage& message);

/// Cuts a stream of bytes into messages. Pure.
class ExchangeReader {
public:
    void feed(std::string_view bytes) { buffer_.feed(bytes); }
    /// The next whole message, or nothing yet.
    /// Errors: too long, an unknown kind, members that are cut short or left over. The stream is then of no use.
    [[nodiscard]] Result<std::optional<ExchangeMessage>> next();

private:
    StreamBuffer buffer_;
};

}  // namespace crossdock::worker
