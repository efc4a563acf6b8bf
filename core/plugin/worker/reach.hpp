#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::worker {

/// "HOST:PORT" as it stands in a URL; without a port when the URL has none.
[[nodiscard]] std::string place_of(std::string_view url);
[[nodiscard]] std::string place_of(std::string_view host, std::uint32_t port);

/// Why an exchange must not go to that place; empty when it may. An empty list is no fence.
[[nodiscard]] std::string beyond(const std::vector<std::string>& reach, std::string_view place);

}  // namespace crossdock::worker
