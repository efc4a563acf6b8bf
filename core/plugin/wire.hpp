#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/stream_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::plugin {

/// What daemon and worker say to each other; docs/reference/worker-wire.md.
enum class FrameType : std::uint8_t {
    hello = 1,       ///< daemon: which library, interface and settings
    ready = 2,       ///< worker: the manifest
    refused = 3,     ///< worker: why it cannot serve; it ends
    call = 4,        ///< daemon: one operation
    answer = 5,      ///< worker: what came of it
    batch = 6,       ///< worker: inventory rows of a call
    batch_done = 7,  ///< daemon: they are stored; whether to go on
    cancel = 8,      ///< daemon: the answer is no longer wanted
    evaluate = 9,    ///< worker: an expression and a document of a call
    evaluated = 10,  ///< daemon: the expression's value, or why there is none
};

struct Frame {
    FrameType type = FrameType::hello;
    std::uint64_t call = 0;  ///< 0 in the handshake
    Json payload = {};
};

inline constexpr std::uint8_t wire_version = 2;
inline constexpr std::size_t frame_header_size = 14;
/// Of a frame `evaluate`: an expression, and a document as JSON text.
inline constexpr std::size_t expression_bytes_max = 16U << 10U;
inline constexpr std::size_t document_bytes_max = 4U << 20U;

/// Length of the payload (32 bits), version (8), type (8), call id (64), all big-endian, then the payload as JSON.
[[nodiscard]] std::string encode(const Frame& frame);

/// Cuts a stream of bytes into frames. Pure.
class FrameReader {
public:
    explicit FrameReader(std::size_t frame_max) : frame_max_(frame_max) {}

    void feed(std::string_view bytes) { buffer_.feed(bytes); }
    /// The next whole frame, or nothing yet.
    /// Errors: another version, an unknown type, longer than frame_max, a payload that is no JSON. The stream is then of no use.
    [[nodiscard]] Result<std::optional<Frame>> next();

private:
    std::size_t frame_max_;
    StreamBuffer buffer_;
};

/// The strings of a list; what is no string, or no list, is left out.
[[nodiscard]] std::vector<std::string> texts(const Json* list);

}  // namespace crossdock::plugin
