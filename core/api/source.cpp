#include "api/source.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace crossdock::api {
namespace {

constexpr std::string_view forwarded_for = "x-forwarded-for";
constexpr std::size_t network_bits = 64;

/// "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1".
std::optional<IpAddress> address_in(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) { text.remove_prefix(1); }
    while (text.ends_with(' ') || text.ends_with('\t')) { text.remove_suffix(1); }
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
    }
    const auto colon = text.find(':');
    const bool has_port = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    return IpAddress::parse(has_port ? text.substr(0, colon) : text);
}

bool is_forwarded_for(std::string_view name) {
    return name.size() == forwarded_for.size() && std::equal(name.begin(), name.end(), forwarded_for.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
}

}  // namespace

std::string source_of(const http::Request& request, const std::vector<IpNetwork>& trusted) {
    auto address = address_in(request.peer);
    if (!address) { return request.peer; }
    const auto is_trusted = [&](const IpAddress& one) {
        return std::any_of(trusted.begin(), trusted.end(), [&](const IpNetwork& network) { return network.holds(one); });
    };
    // Several headers of that name are one list, in their order (RFC 9110, 5.3).
    for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
        if (!is_forwarded_for(header->first)) { continue; }
        for (std::string_view rest = header->second;;) {
            if (!is_trusted(*address)) { return address->text(); }
            const auto comma = rest.rfind(',');
            const auto before = address_in(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
            if (!before) { return address->text(); }
            address = before;
            if (comma == std::string_view::npos) { break; }
            rest = rest.substr(0, comma);
        }
    }
    return address->text();
}

std::string caller_of(const std::string& source) {
    const auto address = IpAddress::parse(source);
    if (!address) { return source; }
    return address->is_v4() ? address->text() : address->prefix(network_bits).text() + "/64";
}

}  // namespace crossdock::api
