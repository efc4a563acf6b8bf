#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crossdock {

/// An IP address; those of version 4 are mapped into version 6 (::ffff:192.0.2.1, RFC 4291, 2.5.5.2).
class IpAddress {
public:
    /// "192.0.2.1", "2001:db8::1"; without a port, brackets or a zone. Nothing when it is none.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] bool is_v4() const;
    /// An address of version 4 in its own notation, also when it came mapped.
    [[nodiscard]] std::string text() const;
    /// The same with all but the first `bits` (of 128) cleared.
    [[nodiscard]] IpAddress prefix(std::size_t bits) const;
    [[nodiscard]] bool operator==(const IpAddress&) const = default;

private:
    std::array<unsigned char, 16> bytes_{};
};

/// Addresses with a common beginning.
class IpNetwork {
public:
    /// "10.0.0.0/8", "2001:db8::/32", or a lone address. Nothing when it is none, or has bits behind its length.
    [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text);

    [[nodiscard]] bool holds(const IpAddress& address) const { return address.prefix(bits_) == first_; }
    [[nodiscard]] bool operator==(const IpNetwork&) const = default;

private:
    IpAddress first_;
    std::size_t bits_ = 128;
};

}  // namespace crossdock
