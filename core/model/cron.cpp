#include "model/cron.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <vector>

namespace crossdock::model {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_minutes = 1'440;
constexpr std::int64_t search_ms = std::int64_t{8} * 366 * day_minutes * minute_ms;

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
    std::string_view name;
    int least, most;
    std::span<const std::string_view> names = {};  ///< of the values from `least` on
};

constexpr Field minute_field{"minute", 0, 59};
constexpr Field hour_field{"hour", 0, 23};
constexpr Field day_field{"day of month", 1, 31};
constexpr Field month_field{"month", 1, 12, month_names};
constexpr Field weekday_field{"day of week", 0, 7, day_names};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> nicknames{{{"@hourly", "0 * * * *"},
                                                                                  {"@daily", "0 0 * * *"},
                                                                                  {"@midnight", "0 0 * * *"},
                                                                                  {"@weekly", "0 0 * * 0"},
                                                                                  {"@monthly", "0 0 1 * *"},
                                                                                  {"@yearly", "0 0 1 1 *"},
                                                                                  {"@annually", "0 0 1 1 *"}}};

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

bool has_bit(std::uint64_t set, int bit) {
    return (set >> static_cast<unsigned>(bit) & 1U) != 0;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    std::size_t at = 0;
    while (true) {
        const auto end = text.find_first_of(separators, at);
        parts.push_back(text.substr(at, end - at));
        if (end == std::string_view::npos) { return parts; }
        at = end + 1;
    }
}

Fault refused(const Field& field, std::string_view text) {
    std::string takes = std::to_string(field.least) + " to " + std::to_string(field.most);
    if (!field.names.empty()) { takes += ", " + std::string(field.names.front()) + " to " + std::string(field.names.back()); }
    return Fault{"the " + std::string(field.name) + " \"" + std::string(text.substr(0, 40)) + "\" is none: it takes `*`, " +
                 takes + ", ranges, lists and steps"};
}

std::optional<int> number_of(std::string_view text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) { return {}; }
    return number;
}

std::optional<int> value_of(const Field& field, std::string_view text) {
    const auto named = std::find(field.names.begin(), field.names.end(), lower(text));
    if (named != field.names.end()) { return field.least + static_cast<int>(named - field.names.begin()); }
    const auto number = number_of(text);
    if (!number || *number < field.least || *number > field.most) { return {}; }
    return number;
}

/// One item of a list: `*`, `5`, `5-9`, each but the number with a step. Its values are added to `set`.
bool add_item(const Field& field, std::string_view item, std::uint64_t& set) {
    const auto slash = item.find('/');
    const std::string_view range = item.substr(0, slash);
    int step = 1;
    if (slash != std::string_view::npos) {
        const auto number = number_of(item.substr(slash + 1));
        if (!number || *number < 1 || *number > field.most) { return false; }
        step = *number;
    }
    int first = field.least;
    int last = field.most;
    if (range != "*") {
        const auto dash = range.find('-');
        const auto begin = value_of(field, range.substr(0, dash));
        if (!begin || (dash == std::string_view::npos && slash != std::string_view::npos)) { return false; }
        auto end = dash == std::string_view::npos ? begin : value_of(field, range.substr(dash + 1));
        // Sunday ends a week as well as it begins one: `fri-sun`.
        if (end == 0 && *begin > 0 && field.most == weekday_field.most) { end = weekday_field.most; }
        if (!end || *end < *begin) { return false; }
        first = *begin;
        last = *end;
    }
    for (int value = first; value <= last; value += step) { set |= std::uint64_t{1} << static_cast<unsigned>(value); }
    return true;
}

Result<std::uint64_t> set_of(const Field& field, std::string_view text) {
    std::uint64_t set = 0;
    for (const auto item : split(text, ",")) {
        if (!add_item(field, item, set)) { return refused(field, text); }
    }
    return set;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
    std::string_view meant = text;
    if (text.starts_with("@")) {
        const std::string word = lower(text);
        const auto known = std::find_if(nicknames.begin(), nicknames.end(), [&](const auto& row) { return row.first == word; });
        if (known == nicknames.end()) {
            return Fault{"\"" + std::string(text.substr(0, 40)) +
                         "\" is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"};
        }
        meant = known->second;
    }
    std::vector<std::string_view> words = split(meant, " \t");
    std::erase_if(words, [](std::string_view word) { return word.empty(); });
    if (words.size() != 5) {
        return Fault{
            "a cron time has five fields (minute, hour, day of month, month, day of week), such as `30 6 * * 1-5`, not " +
            std::to_string(words.size())};
    }
    Cron made;
    made.text_ = std::string(text);
    const std::array<std::pair<const Field*, std::uint64_t*>, 5> fields{{{&minute_field, &made.minutes_},
                                                                         {&hour_field, &made.hours_},
                                                                         {&day_field, &made.days_},
                                                                         {&month_field, &made.months_},
                                                                         {&weekday_field, &made.weekdays_}}};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto set = set_of(*fields.at(i).first, words[i]);
        if (!set) { return set.error(); }
        *fields.at(i).second = *set;
    }
    if (has_bit(made.weekdays_, 7)) { made.weekdays_ |= 1U; }
    made.keeps_pace_ = words[0].starts_with("*") || words[1].starts_with("*");
    made.any_day_ = words[2].starts_with("*");
    made.any_weekday_ = words[4].starts_with("*");
    return made;
}

bool Cron::day_matches(std::int64_t local_day) const {
    using namespace std::chrono;
    const sys_days day{days{local_day}};
    const year_month_day date{day};
    if (!has_bit(months_, static_cast<int>(static_cast<unsigned>(date.month())))) { return false; }
    const bool by_date = has_bit(days_, static_cast<int>(static_cast<unsigned>(date.day())));
    const bool by_weekday = has_bit(weekdays_, static_cast<int>(weekday{day}.c_encoding()));
    return any_day_ || any_weekday_ ? by_date && by_weekday : by_date || by_weekday;
}

bool Cron::matches(std::int64_t local_minute) const {
    const std::int64_t day = floor_div(local_minute, day_minutes);
    const auto minute = static_cast<int>(local_minute - day * day_minutes);
    return has_bit(hours_, minute / 60) && has_bit(minutes_, minute % 60) && day_matches(day);
}

std::optional<std::int64_t> Cron::match_within(std::int64_t from, std::int64_t end) const {
    std::int64_t at = from;
    while (at < end) {
        const std::int64_t day = floor_div(at, day_minutes);
        const std::int64_t next_day = (day + 1) * day_minutes;
        if (!day_matches(day)) {
            at = next_day;
            continue;
        }
        for (; at < next_day && at < end; ++at) {
            const auto minute = static_cast<int>(at - day * day_minutes);
            if (has_bit(hours_, minute / 60) && has_bit(minutes_, minute % 60)) { return at; }
        }
    }
    return {};
}

/// Whether a time that the clocks leave out is made up for when they go on, at the gap's end. One that keeps its pace is not, if
/// the clock shows a matching time again when that one would have come.
bool Cron::falls_on_gaps_end(std::int64_t gap_begin, std::int64_t gap_end) const {
    for (auto at = match_within(gap_begin, gap_end); at; at = match_within(*at + 1, gap_end)) {
        if (!keeps_pace_ || !matches(*at + gap_end - gap_begin)) { return true; }
    }
    return false;
}

std::optional<UtcMs> Cron::next(const Zone& zone, UtcMs after) const {
    const UtcMs until = after + search_ms;
    UtcMs from = after + 1;
    while (from <= until) {
        const ZonePeriod period = zone.at(from);
        const std::int64_t offset = period.offset.count();
        std::int64_t first = floor_div(from + offset + minute_ms - 1, minute_ms);
        const UtcMs end = std::min(period.end, until + 1);
        const std::int64_t last = floor_div(end + offset + minute_ms - 1, minute_ms);
        // How the clocks were set when this period began, in minutes; UTC's has no beginning.
        const bool begins = period.begin > 0;
        const std::int64_t change = begins ? (offset - zone.at(period.begin - 1).offset.count()) / minute_ms : 0;
        const std::int64_t begun = begins ? floor_div(period.begin + offset + minute_ms - 1, minute_ms) : first;
        if (change > 0 && from <= period.begin && falls_on_gaps_end(begun - change, begun)) { return period.begin; }
        // A clock that was set back shows [begun, begun - change) for the second time.
        const std::int64_t new_from = change < 0 ? begun - change : begun;
        for (; first < new_from; ++first) {
            if (keeps_pace_ && matches(first) && matches(first - change)) { break; }
        }
        if (const auto found = match_within(first, last)) { return *found * minute_ms - offset; }
        from = end;
    }
    return {};
}

}  // namespace crossdock::model
