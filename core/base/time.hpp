#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossdock {

/// Milliseconds since 1970-01-01T00:00:00Z, as stored in every `*_at` column.
using UtcMs = std::int64_t;
/// Milliseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, jumps never.
using BootMs = std::int64_t;
using std::chrono::milliseconds;

/// RFC 3339 with Z: "2025-10-30T18:06:39Z", with ".mmm" only where milliseconds are not zero.
[[nodiscard]] std::string rfc3339(UtcMs at);
/// Always with milliseconds, for tables that a person reads.
[[nodiscard]] std::string rfc3339_ms(UtcMs at);
/// RFC 5322 date in UTC: "Thu, 30 Oct 2025 18:06:39 +0000".
[[nodiscard]] std::string rfc5322_date(UtcMs at);

/// Reads RFC 3339 with Z or an offset; fractions beyond milliseconds are cut.
[[nodiscard]] Result<UtcMs> parse_rfc3339(std::string_view text);

/// Reads "250ms", "2s", "5m", "24h", "7d".
[[nodiscard]] Result<milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_text(milliseconds duration);

}  // namespace crossdock
