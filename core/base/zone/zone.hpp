#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace date {
class time_zone;
}

namespace crossdock {

/// A stretch of time in which the clocks of a zone are not set: local time is UTC plus `offset`.
struct ZonePeriod {
    UtcMs begin = 0;  ///< its first moment
    UtcMs end = 0;    ///< the first moment after it
    milliseconds offset{0};
};

/// A time zone of the system's tz database, by its IANA name. UTC needs no database.
///
/// Threads:  a value; the data behind it is read once and never changes.
/// Limits:   Debian's data list each change of the clocks up to 2037; after that the last offset stays.
class Zone {
public:
    /// UTC.
    Zone() = default;

    /// Reads the system's files. Errors: `what`: no such zone; this system has no zone data. `where` is empty.
    [[nodiscard]] static Result<Zone> named(std::string_view name);

    [[nodiscard]] const std::string& name() const { return name_; }
    /// The period that a moment is in.
    [[nodiscard]] ZonePeriod at(UtcMs moment) const;

private:
    std::string name_ = "UTC";
    const date::time_zone* data_ = nullptr;  ///< none: UTC
};

/// All zones that the system knows, for hints; empty without zone data.
[[nodiscard]] std::vector<std::string> zone_names();

}  // namespace crossdock
