#include "reach.hpp"

#include <algorithm>

namespace crossdock::worker {

std::string place_of(std::string_view url) {
    constexpr std::string_view behind_scheme = "://";
    if (const auto at = url.find(behind_scheme); at != std::string_view::npos) { url.remove_prefix(at + behind_scheme.size()); }
    return std::string(url.substr(0, url.find_first_of("/?#")));
}

std::string place_of(std::string_view host, std::uint32_t port) {
    return std::string(host) + ":" + std::to_string(port);
}

std::string beyond(const std::vector<std::string>& reach, std::string_view place) {
    if (reach.empty() || std::find(reach.begin(), reach.end(), place) != reach.end()) { return {}; }
    return "the plugin wants to reach " + std::string(place) +
           ", and may reach only what its settings of the types url, host and port name";
}

}  // namespace crossdock::worker
