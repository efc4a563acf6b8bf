#include "model/cron.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

using namespace crossdock;
using model::Cron;

namespace {

constexpr UtcMs minute = 60'000;

Cron cron(const std::string& text) {
    auto made = Cron::parse(text);
    INFO(text << ": " << (made ? "" : made.error().what));
    REQUIRE(made.has_value());
    return *made;
}

UtcMs at(const std::string& text) {
    return parse_rfc3339(text).value();
}

std::string fault_of(const std::string& text) {
    const auto made = Cron::parse(text);
    return made ? "none" : made.error().what;
}

/// What a clock on a wall shows.
struct Wall {
    int minute, hour, day, month, weekday;
};

Wall wall(std::int64_t local_minute) {
    using namespace std::chrono;
    const sys_time<minutes> point{minutes{local_minute}};
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const auto rest = (point - day).count();
    return {static_cast<int>(rest % 60), static_cast<int>(rest / 60), static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(static_cast<unsigned>(date.month())), static_cast<int>(weekday{day}.c_encoding())};
}

using Wanted = std::function<bool(const Wall&)>;

/// The times in [from, to) at which a schedule runs, minute by minute, by the rules as docs/reference/pipeline.md words them.
std::vector<UtcMs> minute_by_minute(const Zone& zone, const Wanted& wanted, bool keeps_pace, UtcMs from, UtcMs to) {
    const auto local = [&](UtcMs moment) { return (moment + zone.at(moment).offset.count()) / minute; };
    std::vector<UtcMs> times;
    std::int64_t latest = local(from - minute);
    std::int64_t set_back = 0;
    for (UtcMs now = from; now < to; now += minute) {
        const std::int64_t shown = local(now);
        const std::int64_t before = local(now - minute);
        if (shown <= before) { set_back = before + 1 - shown; }
        bool runs = wanted(wall(shown));
        if (shown <= latest) { runs = runs && keeps_pace && wanted(wall(shown + set_back)); }
        for (std::int64_t left_out = before + 1; left_out < shown; ++left_out) {
            const bool comes_again = keeps_pace && wanted(wall(left_out + shown - before - 1));
            runs = runs || (wanted(wall(left_out)) && !comes_again);
        }
        latest = std::max(latest, shown);
        if (runs) { times.push_back(now); }
    }
    return times;
}

std::vector<std::string> shown(const std::vector<UtcMs>& times) {
    std::vector<std::string> list;
    for (const UtcMs time : times) { list.push_back(rfc3339(time)); }
    return list;
}

std::vector<UtcMs> times_of(const Cron& made, const Zone& zone, UtcMs from, UtcMs to) {
    std::vector<UtcMs> times;
    for (auto next = made.next(zone, from - 1); next && *next < to; next = made.next(zone, *next)) { times.push_back(*next); }
    return times;
}

}  // namespace

TEST_CASE("a cron time comes next when the clock on the wall says so", "[model][unit]") {
    struct Row {
        const char* text;
        const char* zone;
        const char* after;
        std::vector<std::string> next;
    };
    const auto row = GENERATE(
        Row{"30 6 * * 1-5", "UTC", "2026-11-27T06:29:59Z", {"2026-11-27T06:30:00Z", "2026-11-30T06:30:00Z"}},
        Row{"30 6 * * mon-fri", "Europe/Vienna", "2026-11-27T06:30:00Z", {"2026-11-30T05:30:00Z", "2026-12-01T05:30:00Z"}},
        Row{"0 6 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", {"2026-01-01T00:15:00Z", "2026-01-02T00:15:00Z"}},
        Row{"5,35 8-18/5 * * *",
            "UTC",
            "2026-01-01T08:05:00Z",
            {"2026-01-01T08:35:00Z", "2026-01-01T13:05:00Z", "2026-01-01T13:35:00Z", "2026-01-01T18:05:00Z"}},
        Row{"0 0 29 2 *", "UTC", "2024-02-29T00:00:00Z", {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
        Row{"0 0 29 Feb *", "UTC", "2096-02-29T00:00:00Z", {"2104-02-29T00:00:00Z"}},
        Row{"0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", {"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"}},
        Row{"@daily", "UTC", "2026-12-31T00:00:00Z", {"2027-01-01T00:00:00Z"}},
        Row{"@Weekly", "UTC", "2026-11-26T00:00:00Z", {"2026-11-29T00:00:00Z"}},
        Row{"@yearly", "UTC", "2026-11-26T00:00:00Z", {"2027-01-01T00:00:00Z"}},
        // Both days restricted: either will do. One of them with `*`: both must match.
        Row{"0 0 13 * fri",
            "UTC",
            "2026-11-05T00:00:00Z",
            {"2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z",
             "2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"}},
        Row{"0 0 */2 * mon", "UTC", "2026-11-01T00:00:00Z", {"2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"}},
        Row{"0 0 * * 7", "UTC", "2026-11-26T00:00:00Z", {"2026-11-29T00:00:00Z"}},
        Row{"0 0 * * fri-sun",
            "UTC",
            "2026-11-26T00:00:00Z",
            {"2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", "2026-12-04T00:00:00Z"}});
    CAPTURE(row.text, row.zone);
    const Cron made = cron(row.text);
    const Zone zone = Zone::named(row.zone).value();
    std::vector<std::string> next;
    UtcMs last = at(row.after);
    for (std::size_t i = 0; i < row.next.size(); ++i) {
        last = made.next(zone, last).value();
        next.push_back(rfc3339(last));
    }
    CHECK(next == row.next);
}

TEST_CASE("where the clocks are set, a time is neither lost nor doubled", "[model][unit]") {
    struct Row {
        const char* text;
        const char* zone;
        const char* after;
        std::vector<std::string> next;
    };
    const auto row = GENERATE(
        // Vienna leaves out 02:00 to 03:00 on 29 March 2026, and shows it twice on 25 October.
        Row{"30 2 * * *", "Europe/Vienna", "2026-03-28T12:00:00Z", {"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
        Row{"0,30 2 * * *", "Europe/Vienna", "2026-03-28T12:00:00Z", {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
        Row{"30 2,3 * * *",
            "Europe/Vienna",
            "2026-03-28T12:00:00Z",
            {"2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"}},
        Row{"30 2 * * *", "Europe/Vienna", "2026-10-24T12:00:00Z", {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
        Row{"*/30 * * * *",
            "Europe/Vienna",
            "2026-03-29T00:00:00Z",
            {"2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
        Row{"*/30 * * * *",
            "Europe/Vienna",
            "2026-10-25T00:00:00Z",
            {"2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"}},
        Row{"15 * * * *", "Europe/Vienna", "2026-03-29T00:00:00Z", {"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z"}},
        Row{"15 * * * *",
            "Europe/Vienna",
            "2026-10-25T00:00:00Z",
            {"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:15:00Z"}},
        Row{"0 */2 * * *",
            "Europe/Vienna",
            "2026-03-28T22:00:00Z",
            {"2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
        Row{"0 */2 * * *",
            "Europe/Vienna",
            "2026-10-24T21:00:00Z",
            {"2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"}},
        Row{"*/30 2 * * *", "Europe/Vienna", "2026-03-28T12:00:00Z", {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
        // New York: 8 March and 1 November.
        Row{"30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
        Row{"30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", {"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
        // Lord Howe Island sets its clocks by half an hour: 4 October, 5 April.
        Row{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
        Row{"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
        Row{"*/15 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:45:00Z",
            {"2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z", "2026-04-04T15:30:00Z", "2026-04-04T15:45:00Z"}},
        // Samoa had no 30 December 2011.
        Row{"30 6 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", {"2011-12-30T10:00:00Z", "2012-12-29T16:30:00Z"}});
    CAPTURE(row.text, row.zone, row.after);
    const Cron made = cron(row.text);
    const Zone zone = Zone::named(row.zone).value();
    std::vector<std::string> next;
    UtcMs last = at(row.after);
    for (std::size_t i = 0; i < row.next.size(); ++i) {
        last = made.next(zone, last).value();
        next.push_back(rfc3339(last));
    }
    CHECK(next == row.next);
}

TEST_CASE("cron times are those that a look at the clock each minute finds, in weeks in which it is set", "[model][unit]") {
    struct Text {
        const char* text;
        bool keeps_pace;
        Wanted wanted;
    };
    static const std::vector<Text> texts{
        {"30 2 * * *", false, [](const Wall& w) { return w.minute == 30 && w.hour == 2; }},
        {"0,45 1-3 * * *", false, [](const Wall& w) { return w.minute % 45 == 0 && w.hour >= 1 && w.hour <= 3; }},
        {"15 0-23 * * *", false, [](const Wall& w) { return w.minute == 15; }},
        {"* * * * *", true, [](const Wall& /*w*/) { return true; }},
        {"*/15 * * * *", true, [](const Wall& w) { return w.minute % 15 == 0; }},
        {"*/7 * * * *", true, [](const Wall& w) { return w.minute % 7 == 0; }},
        {"45 * * * *", true, [](const Wall& w) { return w.minute == 45; }},
        {"0 */2 * * *", true, [](const Wall& w) { return w.minute == 0 && w.hour % 2 == 0; }},
        {"*/5 1-2 * * *", true, [](const Wall& w) { return w.minute % 5 == 0 && (w.hour == 1 || w.hour == 2); }},
        {"*/20 2 * * sun", true, [](const Wall& w) { return w.minute % 20 == 0 && w.hour == 2 && w.weekday == 0; }},
        {"10 2 1-7 * sat", false, [](const Wall& w) { return w.minute == 10 && w.hour == 2 && (w.day <= 7 || w.weekday == 6); }},
    };
    const std::string name =
        GENERATE("Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC");
    const std::string from =
        GENERATE("2026-03-05T00:00:00Z", "2026-03-26T00:00:00Z", "2026-04-02T00:00:00Z", "2026-10-01T00:00:00Z",
                 "2026-10-22T00:00:00Z", "2026-10-29T00:00:00Z", "2026-02-12T00:00:00Z");
    const Zone zone = Zone::named(name).value();
    const UtcMs begin = at(from);
    const UtcMs end = begin + 7 * 1'440 * minute;
    for (const auto& one : texts) {
        CAPTURE(name, from, one.text);
        const auto found = times_of(cron(one.text), zone, begin, end);
        CHECK(shown(found) == shown(minute_by_minute(zone, one.wanted, one.keeps_pace, begin, end)));
    }
}

TEST_CASE("from whatever moment, the next time lies ahead, and none lies between", "[model][unit]") {
    const std::string text = GENERATE("*/15 * * * *", "30 2 * * *", "0 0 13 * fri", "59 23 28-31 * *", "@hourly");
    const std::string name = GENERATE("Europe/Vienna", "Australia/Lord_Howe");
    const Cron made = cron(text);
    const Zone zone = Zone::named(name).value();
    const UtcMs begin = at("2026-09-28T00:00:00Z");
    const auto times = times_of(made, zone, begin, begin + 40 * 1'440 * minute);
    REQUIRE_FALSE(times.empty());
    std::size_t index = 0;
    for (UtcMs moment = begin; index < times.size(); moment += 7 * minute + 12'345) {
        while (index < times.size() && times[index] <= moment) { ++index; }
        if (index == times.size()) { break; }
        CAPTURE(text, name, rfc3339(moment));
        REQUIRE(made.next(zone, moment) == times[index]);
    }
}

TEST_CASE("a date that no year has never comes", "[model][unit]") {
    const std::string text = GENERATE("0 0 30 2 *", "0 0 31 2,4,6,9,11 *");
    CHECK_FALSE(cron(text).next(Zone(), 0));
}

TEST_CASE("a wrong cron time is refused, and its field named", "[model][unit]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"", "a cron time has five fields (minute, hour, day of month, month, day of week), such as `30 6 * * 1-5`, not 0"},
        Row{"* * * *",
            "a cron time has five fields (minute, hour, day of month, month, day of week), such as `30 6 * * 1-5`, not 4"},
        Row{"0 0 6 * * *",
            "a cron time has five fields (minute, hour, day of month, month, day of week), such as `30 6 * * 1-5`, not 6"},
        Row{"60 * * * *", "the minute \"60\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"-1 * * * *", "the minute \"-1\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"0 24 * * *", "the hour \"24\" is none: it takes `*`, 0 to 23, ranges, lists and steps"},
        Row{"0 0 0 * *", "the day of month \"0\" is none: it takes `*`, 1 to 31, ranges, lists and steps"},
        Row{"0 0 * july *", "the month \"july\" is none: it takes `*`, 1 to 12, jan to dec, ranges, lists and steps"},
        Row{"0 0 * * 8", "the day of week \"8\" is none: it takes `*`, 0 to 7, sun to sat, ranges, lists and steps"},
        Row{"0 0 * * fri-mon", "the day of week \"fri-mon\" is none: it takes `*`, 0 to 7, sun to sat, ranges, lists and steps"},
        Row{"*/0 * * * *", "the minute \"*/0\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"5/15 * * * *", "the minute \"5/15\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"1,,2 * * * *", "the minute \"1,,2\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"1- * * * *", "the minute \"1-\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"9-5 * * * *", "the minute \"9-5\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"*5 * * * *", "the minute \"*5\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"+5 * * * *", "the minute \"+5\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"99999999999 * * * *", "the minute \"99999999999\" is none: it takes `*`, 0 to 59, ranges, lists and steps"},
        Row{"@reboot", "\"@reboot\" is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"});
    CHECK(fault_of(row.text) == row.fault);
}
