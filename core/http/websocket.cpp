#include "http/websocket.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace crossdock::http {
namespace {

// RFC 6455, 5.2.
constexpr int continuation = 0x0;
constexpr int text = 0x1;
constexpr int binary = 0x2;
constexpr int closing = 0x8;
constexpr int ping = 0x9;
constexpr int pong = 0xA;
constexpr unsigned final_bit = 0x80;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t mask_size = 4;
constexpr std::size_t control_max = 125;

unsigned byte_at(std::string_view bytes, std::size_t index) {
    return static_cast<unsigned char>(bytes[index]);
}

bool same(char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(a) == lower(b);
}

/// Whether a list of tokens has that one (RFC 9110, 5.6.1), in all headers of that name.
bool lists(const Request& request, std::string_view name, std::string_view token) {
    for (const auto& [header, value] : request.headers) {
        if (!std::equal(header.begin(), header.end(), name.begin(), name.end(), same)) { continue; }
        for (std::string_view rest = value; !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            auto one = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            while (one.starts_with(' ') || one.starts_with('\t')) { one.remove_prefix(1); }
            while (one.ends_with(' ') || one.ends_with('\t')) { one.remove_suffix(1); }
            if (std::equal(one.begin(), one.end(), token.begin(), token.end(), same)) { return true; }
        }
    }
    return false;
}

/// 16 bytes in base64.
bool is_key(std::string_view key) {
    constexpr std::size_t length = 24;
    const auto known = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    };
    return key.size() == length && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, known);
}

std::string accept_of(const std::string& key) {
    const std::string signed_text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest.data());
    std::array<unsigned char, 32> written{};
    const int size = EVP_EncodeBlock(written.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(written.data()), static_cast<std::size_t>(size)};
}

std::string frame(int opcode, std::string_view payload) {
    std::string made;
    made += static_cast<char>(final_bit | static_cast<unsigned>(opcode));
    constexpr std::size_t two_bytes = 0xFFFF;
    if (payload.size() <= control_max) { made += static_cast<char>(payload.size()); }
    else {
        const int bytes = payload.size() <= two_bytes ? 2 : 8;
        made += static_cast<char>(bytes == 2 ? 126 : 127);
        for (int i = bytes - 1; i >= 0; --i) { made += static_cast<char>((payload.size() >> (8 * i)) & 0xFFU); }
    }
    return made.append(payload);
}

bool is_control(int opcode) {
    return (opcode & 0x8) != 0;
}

/// Codes that a client may send (RFC 6455, 7.4).
bool may_be_sent(unsigned code) {
    constexpr std::array reserved{1004U, 1005U, 1006U};
    const bool named = code >= 1000 && code <= 1014 && std::find(reserved.begin(), reserved.end(), code) == reserved.end();
    return named || (code >= 3000 && code <= 4999);
}

void fail(SocketReader::Heard& heard, std::uint16_t code, const char* reason) {
    heard.close = code;
    heard.reason = reason;
}

}  // namespace

Result<Response> accept_websocket(const Request& request) {
    if (request.method != "GET") { return Fault{"a WebSocket is opened by GET"}; }
    if (!lists(request, "Upgrade", "websocket")) { return Fault{"the header `Upgrade: websocket` is missing"}; }
    if (!lists(request, "Connection", "Upgrade")) { return Fault{"the header `Connection: Upgrade` is missing"}; }
    if (request.header("Sec-WebSocket-Version") != "13") { return Fault{"the header `Sec-WebSocket-Version: 13` is missing"}; }
    const auto key = request.header("Sec-WebSocket-Key");
    if (!key || request.count("Sec-WebSocket-Key") > 1 || !is_key(*key)) {
        return Fault{"`Sec-WebSocket-Key` takes 16 bytes in base64"};
    }
    Response made;
    made.status = 101;
    made.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept_of(*key)}};
    return made;
}

std::string text_frame(std::string_view payload) {
    return frame(text, payload);
}

std::string ping_frame() {
    return frame(ping, "");
}

std::string pong_frame(std::string_view payload) {
    return frame(pong, payload);
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
    std::string payload;
    payload += static_cast<char>(code >> 8U);
    payload += static_cast<char>(code & 0xFFU);
    payload += reason.substr(0, control_max - 2);
    return frame(closing, payload);
}

std::optional<SocketReader::Frame> SocketReader::next(Heard& heard) const {
    if (pending_.size() < 2) { return {}; }
    const unsigned first = byte_at(pending_, 0);
    const unsigned second = byte_at(pending_, 1);
    Frame made;
    made.opcode = static_cast<int>(first & 0xFU);
    made.last = (first & final_bit) != 0;
    made.size = second & 0x7FU;
    const bool known = made.opcode <= binary || (made.opcode >= closing && made.opcode <= pong);
    if (!known || (first & 0x70U) != 0 || (second & mask_bit) == 0) {
        fail(heard, close_code::protocol_error, "a frame of no known kind, or without a mask");
        return {};
    }
    if (is_control(made.opcode) && (!made.last || made.size > control_max)) {
        fail(heard, close_code::protocol_error, "a control frame in pieces or of more than 125 bytes");
        return {};
    }
    const std::size_t extended = made.size == 126 ? 2 : made.size == 127 ? 8 : 0;
    made.head = 2 + extended + mask_size;
    if (pending_.size() < made.head) { return {}; }
    if (extended > 0) {
        made.size = 0;
        for (std::size_t i = 0; i < extended; ++i) { made.size = (made.size << 8U) | byte_at(pending_, 2 + i); }
    }
    if (made.size > frame_max) {
        fail(heard, close_code::too_big, "nothing of that size is read here");
        return {};
    }
    return made;
}

void SocketReader::take_frame(const Frame& frame, Heard& heard) {
    const auto mask = std::string_view(pending_).substr(frame.head - mask_size, mask_size);
    std::string payload = pending_.substr(frame.head, frame.size);
    for (std::size_t i = 0; i < payload.size(); ++i) { payload[i] = static_cast<char>(payload[i] ^ mask[i % mask_size]); }
    heard.anything = true;
    if (frame.opcode == ping) { heard.ping = std::move(payload); }
    else if (frame.opcode == closing) {
        const unsigned code = payload.size() < 2 ? close_code::normal : (byte_at(payload, 0) << 8U) | byte_at(payload, 1);
        if (payload.size() == 1 || !may_be_sent(code)) { return fail(heard, close_code::protocol_error, "no such code"); }
        heard.close = static_cast<std::uint16_t>(code);
    }
    else if (!is_control(frame.opcode)) {
        if ((frame.opcode == continuation) != in_message_) {
            return fail(heard, close_code::protocol_error, "a message inside of another, or the rest of none");
        }
        in_message_ = !frame.last;
        chatter_ += payload.size();
        if (chatter_ > chatter_max) { fail(heard, close_code::policy, "nothing is read here"); }
    }
}

SocketReader::Heard SocketReader::take(std::string_view bytes) {
    Heard heard;
    pending_ += bytes;
    while (!heard.close) {
        const auto frame = next(heard);
        if (!frame || pending_.size() < frame->head + frame->size) { break; }
        take_frame(*frame, heard);
        pending_.erase(0, frame->head + frame->size);
    }
    return heard;
}

}  // namespace crossdock::http
