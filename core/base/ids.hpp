#pragma once

#include "base/clock.hpp"

#include <string>

namespace crossdock {

/// UUIDv7 (RFC 9562) as lower-case text: ordered by time, then random.
[[nodiscard]] std::string new_id(const Clock& clock, Randomness& randomness);
[[nodiscard]] std::string uuid_v7(UtcMs now, Randomness& randomness);

/// Lower-case hex.
[[nodiscard]] std::string hex(std::span<const unsigned char> bytes);

}  // namespace crossdock
