#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Where an exchange goes: "host:port".
namespace crossdock {

/// "host:port" of a URL, the host in lower case, the port of its scheme when it has none. User data before an `@` stays a part of
/// the host, so that it is no place that anybody named.
[[nodiscard]] std::string place_of(std::string_view url);
[[nodiscard]] std::string place_of(std::string_view host, std::uint32_t port);

/// Whether a text is "HOST:PORT", without scheme, user and path.
[[nodiscard]] bool is_place(std::string_view text);

/// The host alone, as written: "[::1]" of "http://[::1]:8080/x".
[[nodiscard]] std::string_view host_of(std::string_view url);

/// Whether a host is this machine's own: `localhost`, 127.0.0.0/8, ::1.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace crossdock
