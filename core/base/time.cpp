#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace crossdock {
namespace {

using Days = std::chrono::sys_days;

struct Civil {
    int year, hour, minute, second, ms;
    unsigned month, day, weekday;
};

Civil civil(UtcMs at) {
    using namespace std::chrono;
    const sys_time<milliseconds> point{milliseconds{at}};
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss time{point - day};
    return {static_cast<int>(date.year()),
            static_cast<int>(time.hours().count()),
            static_cast<int>(time.minutes().count()),
            static_cast<int>(time.seconds().count()),
            static_cast<int>(time.subseconds().count()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            weekday{day}.c_encoding()};
}

std::string written(UtcMs at, bool with_ms) {
    const Civil c = civil(at);
    std::array<char, 48> text{};
    if (with_ms) {
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute,
                      c.second, c.ms);
    }
    else {
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                      c.second);
    }
    return text.data();
}

/// Reads exactly `count` digits at `at` and moves on; -1 when they are not digits.
int digits(std::string_view text, std::size_t& at, std::size_t count) {
    if (at + count > text.size()) { return -1; }
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9') { return -1; }
        value = value * 10 + (c - '0');
    }
    at += count;
    return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view any_of) {
    if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) { return false; }
    ++at;
    return true;
}

}  // namespace

std::string rfc3339(UtcMs at) {
    return written(at, at % 1000 != 0);
}

std::string rfc3339_ms(UtcMs at) {
    return written(at, true);
}

std::string rfc5322_date(UtcMs at) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const Civil c = civil(at);
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000", days.at(c.weekday), c.day,
                  months.at(c.month - 1), c.year, c.hour, c.minute, c.second);
    return text.data();
}

Result<UtcMs> parse_rfc3339(std::string_view text) {
    const Fault bad{"\"" + std::string(text.substr(0, 64)) + "\" is no RFC 3339 time such as 2025-10-30T18:06:39Z"};
    std::size_t at = 0;
    const int year = digits(text, at, 4);
    if (year < 0 || !skip(text, at, "-")) { return bad; }
    const int month = digits(text, at, 2);
    if (month < 0 || !skip(text, at, "-")) { return bad; }
    const int day = digits(text, at, 2);
    if (day < 0 || !skip(text, at, "Tt ")) { return bad; }
    const int hour = digits(text, at, 2);
    if (hour < 0 || !skip(text, at, ":")) { return bad; }
    const int minute = digits(text, at, 2);
    if (minute < 0 || !skip(text, at, ":")) { return bad; }
    const int second = digits(text, at, 2);
    if (second < 0 || hour > 23 || minute > 59 || second > 60) { return bad; }
    int ms = 0;
    if (skip(text, at, ".")) {
        int place = 100;
        std::size_t count = 0;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ms += (text[at] - '0') * place;
            place /= 10;
            ++at;
            ++count;
        }
        if (count == 0) { return bad; }
    }
    int offset_minutes = 0;
    if (!skip(text, at, "Zz")) {
        if (at >= text.size() || (text[at] != '+' && text[at] != '-')) { return bad; }
        const int sign = text[at] == '-' ? -1 : 1;
        ++at;
        const int offset_hour = digits(text, at, 2);
        if (offset_hour < 0 || offset_hour > 23 || !skip(text, at, ":")) { return bad; }
        const int offset_minute = digits(text, at, 2);
        if (offset_minute < 0 || offset_minute > 59) { return bad; }
        offset_minutes = sign * (offset_hour * 60 + offset_minute);
    }
    if (at != text.size()) { return bad; }
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                              std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) { return bad; }
    const auto days = Days{date}.time_since_epoch().count();
    const std::int64_t minutes = static_cast<std::int64_t>(days) * 1440 + hour * 60 + minute - offset_minutes;
    return (minutes * 60 + second) * 1000 + ms;
}

Result<milliseconds> parse_duration(std::string_view text) {
    const Fault bad{"\"" + std::string(text.substr(0, 64)) + "\" is no duration such as 250ms, 2s, 5m, 24h or 7d"};
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0 || count > 1'000'000'000) { return bad; }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "ms") { return milliseconds{count}; }
    if (unit == "s") { return milliseconds{count * 1000}; }
    if (unit == "m") { return milliseconds{count * 60'000}; }
    if (unit == "h") { return milliseconds{count * 3'600'000}; }
    if (unit == "d") { return milliseconds{count * 86'400'000}; }
    return bad;
}

std::string duration_text(milliseconds duration) {
    const auto ms = duration.count();
    if (ms != 0 && ms % 86'400'000 == 0) { return std::to_string(ms / 86'400'000) + "d"; }
    if (ms != 0 && ms % 3'600'000 == 0) { return std::to_string(ms / 3'600'000) + "h"; }
    if (ms != 0 && ms % 60'000 == 0) { return std::to_string(ms / 60'000) + "m"; }
    if (ms % 1000 == 0) { return std::to_string(ms / 1000) + "s"; }
    return std::to_string(ms) + "ms";
}

}  // namespace crossdock
