#pragma once

#include <string>
#include <string_view>

namespace crossdock::sdk {

/// A value as it stands in a URL's path or query: every byte but RFC 3986's unreserved characters is percent-encoded.
[[nodiscard]] inline std::string url_encoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                                c == '.' || c == '_' || c == '~';
        if (unreserved) { out += c; }
        else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte / 16];
            out += digits[byte % 16];
        }
    }
    return out;
}

}  // namespace crossdock::sdk
