#pragma once

#include <crossdock/sdk.hpp>

#include <cstdint>
#include <string>

namespace wesellcellular {

namespace sdk = crossdock::sdk;

/// A whole RFC 5322 message with the order's CSV file attached (RFC 2045, base64). The same order has the same Message-ID each
/// time.
[[nodiscard]] std::string order_mail(const sdk::Order& order, const std::string& csv, const std::string& file_name,
                                     const std::string& from, const std::string& to, std::int64_t utc_ms);

}  // namespace wesellcellular
