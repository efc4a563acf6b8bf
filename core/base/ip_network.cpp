#include "base/ip_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace crossdock {
namespace {

constexpr std::size_t v4_bits = 32;
constexpr std::size_t all_bits = 128;
constexpr std::size_t mapped = 12;  ///< bytes in front of a mapped address

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    IpAddress made;
    if (inet_pton(AF_INET6, terminated.c_str(), made.bytes_.data()) == 1) { return made; }
    made.bytes_ = {};
    made.bytes_[10] = made.bytes_[11] = 0xFF;
    if (inet_pton(AF_INET, terminated.c_str(), made.bytes_.data() + mapped) == 1) { return made; }
    return {};
}

bool IpAddress::is_v4() const {
    return bytes_[10] == 0xFF && bytes_[11] == 0xFF &&
           std::all_of(bytes_.begin(), bytes_.begin() + 10, [](unsigned char byte) { return byte == 0; });
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> written{};
    if (is_v4()) { inet_ntop(AF_INET, bytes_.data() + mapped, written.data(), written.size()); }
    else { inet_ntop(AF_INET6, bytes_.data(), written.data(), written.size()); }
    return written.data();
}

IpAddress IpAddress::prefix(std::size_t bits) const {
    IpAddress made = *this;
    for (std::size_t bit = bits; bit < all_bits; ++bit) {
        auto& byte = made.bytes_.at(bit / 8);
        byte = static_cast<unsigned char>(byte & ~(0x80U >> (bit % 8)));
    }
    return made;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) { return {}; }
    IpNetwork made;
    made.first_ = *address;
    if (slash == std::string_view::npos) { return made; }
    const std::string_view length = text.substr(slash + 1);
    std::size_t bits = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
    const std::size_t most = address->is_v4() ? v4_bits : all_bits;
    if (error != std::errc{} || end != length.data() + length.size() || bits > most) { return {}; }
    made.bits_ = bits + (all_bits - most);
    if (address->prefix(made.bits_) != *address) { return {}; }
    return made;
}

}  // namespace crossdock
