#include "base/place.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace crossdock {
namespace {

constexpr std::string_view behind_scheme = "://";

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return made;
}

/// What stands between the scheme and the path.
std::string_view authority_of(std::string_view url) {
    if (const auto at = url.find(behind_scheme); at != std::string_view::npos) { url.remove_prefix(at + behind_scheme.size()); }
    return url.substr(0, url.find_first_of("/?#"));
}

/// Where ":PORT" begins; npos when there is none. The colons of an IPv6 address stand in brackets.
std::size_t port_at(std::string_view authority) {
    const auto bracket = authority.rfind(']');
    return authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

}  // namespace

std::string_view host_of(std::string_view url) {
    auto authority = authority_of(url);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) { authority.remove_prefix(at + 1); }
    return authority.substr(0, port_at(authority));
}

std::string place_of(std::string_view url) {
    const auto authority = authority_of(url);
    auto place = lower(authority);
    if (port_at(authority) == std::string_view::npos) { place += lower(url.substr(0, 5)) == "https" ? ":443" : ":80"; }
    return place;
}

std::string place_of(std::string_view host, std::uint32_t port) {
    return lower(host) + ":" + std::to_string(port);
}

bool is_place(std::string_view text) {
    const auto colon = port_at(text);
    if (colon == 0 || colon == std::string_view::npos || text.find_first_of("/?#@\\ ") != std::string_view::npos) {
        return false;
    }
    const auto digits = text.substr(colon + 1);
    int port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc{} && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

bool is_loopback(std::string_view host) {
    const auto name = lower(host);
    if (name == "localhost" || name == "[::1]" || name == "::1") { return true; }
    in_addr address{};
    return inet_pton(AF_INET, name.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
}

}  // namespace crossdock
