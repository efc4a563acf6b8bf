#pragma once

#include "model/cron.hpp"

#include <optional>
#include <string>

namespace crossdock::model {

/// When a pipeline runs by itself: on a beat, or by the clock on a wall.
struct Schedule {
    milliseconds every{0};  ///< the beat, at least 1 s; zero where there is a `cron`
    std::optional<Cron> cron = {};
    Zone zone = {};  ///< of `cron`
};

/// A due time, and what has become of the times up to now.
struct Due {
    UtcMs at = 0;             ///< the latest time of the schedule that is not later than now, or the last that was counted
    std::int64_t missed = 0;  ///< how many came due before it and are part of the same run
    UtcMs next_at = 0;        ///< the first time later than now
};

/// Beyond it, missed times of a `cron` are no longer counted.
inline constexpr std::int64_t missed_max = 10'000;

/// What a schedule that was due first at `due_at` comes to at `now`. Requires due_at <= now.
/// A `cron` without a time in the next eight years is due in the year 9999.
[[nodiscard]] Due coalesce(const Schedule& schedule, UtcMs due_at, UtcMs now);

/// When a schedule is first due: a beat at once, a `cron` at its next time.
[[nodiscard]] UtcMs first_due(const Schedule& schedule, UtcMs now);

/// "every 15m", "30 6 * * 1-5 Europe/Vienna".
[[nodiscard]] std::string text(const Schedule& schedule);

}  // namespace crossdock::model
