#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::http {

/// Why a WebSocket ends (RFC 6455, 7.4.1; from 4000 on they are the application's).
namespace close_code {
constexpr std::uint16_t normal = 1000;
constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t policy = 1008;
constexpr std::uint16_t too_big = 1009;
constexpr std::uint16_t internal_error = 1011;
constexpr std::uint16_t signed_out = 4401;
}  // namespace close_code

/// The answer 101 to an opening handshake, without its `socket`. Errors: it is none, with what is missing.
[[nodiscard]] Result<Response> accept_websocket(const Request& request);

[[nodiscard]] std::string text_frame(std::string_view text);
[[nodiscard]] std::string ping_frame();
/// `payload`: the ping's.
[[nodiscard]] std::string pong_frame(std::string_view payload);
/// A reason beyond 123 bytes is cut.
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason);

/// Reads what a client sends, which is to be little: pongs, pings, a close. Messages are taken and dropped.
///
/// Threads:  not thread-safe.
/// Limits:   a frame of frame_max bytes, messages of chatter_max bytes in all; nothing is kept but one control frame.
class SocketReader {
public:
    static constexpr std::size_t frame_max = 16U << 10U;
    static constexpr std::size_t chatter_max = 64U << 10U;

    struct Heard {
        std::optional<std::string> ping;  ///< its payload; of several the last one, which is answered (RFC 6455, 5.5.3)
        bool anything = false;            ///< a whole frame
        /// The client closes, or has done what ends it: the code to answer with.
        std::optional<std::uint16_t> close;
        std::string reason;
    };
    /// Takes the next bytes; after a close none.
    [[nodiscard]] Heard take(std::string_view bytes);

private:
    struct Frame {
        int opcode = 0;
        bool last = false;
        std::size_t head = 0;  ///< bytes in front of the payload
        std::uint64_t size = 0;
    };
    /// The head of the frame that `pending_` begins with; nothing while it is not whole.
    [[nodiscard]] std::optional<Frame> next(Heard& heard) const;
    void take_frame(const Frame& frame, Heard& heard);

    std::string pending_;
    std::size_t chatter_ = 0;
    bool in_message_ = false;
};

}  // namespace crossdock::http
