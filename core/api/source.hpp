#pragma once

#include "base/ip_network.hpp"
#include "http/message.hpp"

#include <string>
#include <vector>

namespace crossdock::api {

/// The address that a request comes from, without a port: its peer's, or what trusted proxies say in X-Forwarded-For. That is
/// read from its end, and only as far as each address is a trusted proxy's: what stands before was written by whoever wanted.
[[nodiscard]] std::string source_of(const http::Request& request, const std::vector<IpNetwork>& trusted);

/// Whom a rate is counted for: an address of version 4, and of version 6 the /64 that one customer of a provider has.
[[nodiscard]] std::string caller_of(const std::string& source);

}  // namespace crossdock::api
