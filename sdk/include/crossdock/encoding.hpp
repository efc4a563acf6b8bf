#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crossdock::sdk {

/// Bytes as lower-case hexadecimal digits.
[[nodiscard]] inline std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

/// Bytes as base64 (RFC 4648, section 4), padded, in one line.
[[nodiscard]] inline std::string base64(std::string_view bytes) {
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U; };
        const unsigned three = (byte(0) << 16U) | (byte(1) << 8U) | byte(2);
        out += digits[three >> 18U];
        out += digits[(three >> 12U) & 63U];
        out += i + 1 < bytes.size() ? digits[(three >> 6U) & 63U] : '=';
        out += i + 2 < bytes.size() ? digits[three & 63U] : '=';
    }
    return out;
}

/// The bytes of a text in base64; nothing when it is none, or not the one that `base64` makes of them.
[[nodiscard]] inline std::optional<std::string> base64_bytes(std::string_view text) {
    const auto value = [](char c) -> unsigned {
        if (c >= 'A' && c <= 'Z') { return static_cast<unsigned>(c - 'A'); }
        if (c >= 'a' && c <= 'z') { return static_cast<unsigned>(c - 'a') + 26; }
        if (c >= '0' && c <= '9') { return static_cast<unsigned>(c - '0') + 52; }
        return c == '+' ? 62 : c == '/' ? 63 : 0;
    };
    std::string out;
    for (std::size_t i = 0; i + 4 <= text.size(); i += 4) {
        const unsigned three =
            (value(text[i]) << 18U) | (value(text[i + 1]) << 12U) | (value(text[i + 2]) << 6U) | value(text[i + 3]);
        out += static_cast<char>((three >> 16U) & 255U);
        if (text[i + 2] != '=') { out += static_cast<char>((three >> 8U) & 255U); }
        if (text[i + 3] != '=') { out += static_cast<char>(three & 255U); }
    }
    // Anything that is no base64 comes out as another text.
    if (base64(out) != text) { return {}; }
    return out;
}

}  // namespace crossdock::sdk
