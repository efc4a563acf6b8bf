#include "base/ids.hpp"

#include <array>

namespace crossdock {

std::uint64_t Randomness::below(std::uint64_t bound) {
    // Rejection keeps it uniform: the values at and above the largest multiple of bound are drawn again.
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
        std::array<unsigned char, 8> bytes{};
        fill(bytes);
        std::uint64_t value = 0;
        for (const auto byte : bytes) { value = value << 8 | byte; }
        if (value < limit) { return value % bound; }
    }
}

std::string hex(std::span<const unsigned char> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string uuid_v7(UtcMs now, Randomness& randomness) {
    std::array<unsigned char, 16> bytes{};
    randomness.fill(bytes);
    const auto ms = static_cast<std::uint64_t>(now);
    for (std::size_t i = 0; i < 6; ++i) { bytes[i] = static_cast<unsigned char>(ms >> (40 - 8 * i)); }
    bytes[6] = static_cast<unsigned char>(0x70 | (bytes[6] & 0x0F));
    bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3F));
    const std::string digits = hex(bytes);
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) + "-" +
           digits.substr(20);
}

std::string new_id(const Clock& clock, Randomness& randomness) {
    return uuid_v7(clock.utc_ms(), randomness);
}

}  // namespace crossdock
