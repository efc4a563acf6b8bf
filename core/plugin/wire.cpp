#include "plugin/wire.hpp"

#include <utility>

namespace crossdock::plugin {
namespace {

/// Deeper than an API body may be, since documents travel inside a call.
constexpr std::size_t depth_max = 80;

template <class Integer>
void put(std::string& out, Integer value) {
    for (int shift = static_cast<int>(sizeof(Integer) - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
}

std::uint64_t take(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) { value = (value << 8U) | static_cast<unsigned char>(c); }
    return value;
}

}  // namespace

std::string encode(const Frame& frame) {
    const std::string payload = frame.payload.dump();
    std::string out;
    out.reserve(frame_header_size + payload.size());
    put(out, static_cast<std::uint32_t>(payload.size()));
    put(out, wire_version);
    put(out, static_cast<std::uint8_t>(frame.type));
    put(out, frame.call);
    return out += payload;
}

Result<std::optional<Frame>> FrameReader::next() {
    const std::string_view waiting = buffer_.waiting();
    if (waiting.size() < frame_header_size) { return std::optional<Frame>{}; }
    const auto length = static_cast<std::size_t>(take(waiting.substr(0, 4)));
    const auto version = take(waiting.substr(4, 1));
    const auto type = take(waiting.substr(5, 1));
    if (version != wire_version) {
        return Fault{
            "a frame of wire version " + std::to_string(version) + " came, " + std::to_string(wire_version) + " is spoken here",
            {},
            Advice::reconnect};
    }
    if (type < static_cast<std::uint64_t>(FrameType::hello) || type > static_cast<std::uint64_t>(FrameType::evaluated)) {
        return Fault{"a frame of unknown type " + std::to_string(type) + " came", {}, Advice::reconnect};
    }
    if (length > frame_max_) {
        return Fault{"a frame of " + std::to_string(length) + " bytes came, " + std::to_string(frame_max_) + " are allowed",
                     {},
                     Advice::reconnect};
    }
    if (waiting.size() - frame_header_size < length) { return std::optional<Frame>{}; }
    auto payload = Json::parse(waiting.substr(frame_header_size, length), {frame_max_, depth_max});
    if (!payload) { return Fault{"a frame's payload is no JSON: " + payload.error().text(), {}, Advice::reconnect}; }
    Frame frame{static_cast<FrameType>(type), take(waiting.substr(6, 8)), std::move(*payload)};
    buffer_.drop(frame_header_size + length);
    return std::optional<Frame>(std::move(frame));
}

std::vector<std::string> texts(const Json* list) {
    std::vector<std::string> made;
    if (list == nullptr || !list->is_array()) { return made; }
    for (const auto& one : list->items()) {
        if (one.is_string()) { made.push_back(one.as_string()); }
    }
    return made;
}

}  // namespace crossdock::plugin
