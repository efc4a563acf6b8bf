#pragma once

#include "zone/zone.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crossdock::model {

/// Times by the clock on a wall, as crontab(5) writes them: minute, hour, day of month, month, day of week.
///
/// A field is `*`, a number, a range `a-b`, a list of these, and `*` or a range with a step: `*/15`, `8-18/2`. Months and days
/// have names of three letters; Sunday is 0 and 7. `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and
/// `@annually` stand for all five fields. When both day fields are restricted, a day that matches either of them matches.
///
/// Threads:  a value. Pure: no clock, no I/O.
class Cron {
public:
    /// Errors: `what` names the field and what it takes. `where` is empty.
    [[nodiscard]] static Result<Cron> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

    /// The first time later than `after`; none within eight years, in which each date that exists comes at least once.
    ///
    /// Where the clocks are set forward, a time that they leave out falls on the first moment that they show afterwards. Where
    /// they are set back, a time that they show twice counts once, the first time. With `*` at the beginning of minute or hour
    /// the pace goes on through both: such a time falls where the clock would show it, had it not been set.
    [[nodiscard]] std::optional<UtcMs> next(const Zone& zone, UtcMs after) const;

private:
    [[nodiscard]] bool matches(std::int64_t local_minute) const;
    [[nodiscard]] bool day_matches(std::int64_t local_day) const;
    /// The first matching minute in [from, end), counted from 1970 on the wall.
    [[nodiscard]] std::optional<std::int64_t> match_within(std::int64_t from, std::int64_t end) const;
    [[nodiscard]] bool falls_on_gaps_end(std::int64_t gap_begin, std::int64_t gap_end) const;

    std::string text_;
    std::uint64_t minutes_ = 0;  ///< bit n: minute n; the same for the others
    std::uint64_t hours_ = 0;
    std::uint64_t days_ = 0;
    std::uint64_t months_ = 0;
    std::uint64_t weekdays_ = 0;  ///< Sunday is 0
    bool any_day_ = false;        ///< the day of month begins with `*`
    bool any_weekday_ = false;
    bool keeps_pace_ = false;  ///< minute or hour begins with `*`
};

}  // namespace crossdock::model
