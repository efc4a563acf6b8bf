#include "model/schedule.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::model;

namespace {

UtcMs at(const std::string& text) {
    return parse_rfc3339(text).value();
}

Schedule by_cron(const std::string& text, const std::string& zone) {
    return {.cron = Cron::parse(text).value(), .zone = Zone::named(zone).value()};
}

}  // namespace

TEST_CASE("times that were missed are one, the latest, and the others are counted", "[model][unit]") {
    struct Row {
        const char* now;
        const char* latest;
        std::int64_t missed;
        const char* next;
    };
    const auto row = GENERATE(Row{"2026-03-28T00:30:00Z", "2026-03-28T00:30:00Z", 0, "2026-03-29T00:30:00Z"},
                              Row{"2026-03-29T00:29:59Z", "2026-03-28T00:30:00Z", 0, "2026-03-29T00:30:00Z"},
                              Row{"2026-03-31T12:00:00Z", "2026-03-31T00:30:00Z", 3, "2026-04-01T00:30:00Z"});
    const bool beat = GENERATE(true, false);
    const Schedule schedule = beat ? Schedule{.every = milliseconds{86'400'000}} : by_cron("30 0 * * *", "UTC");
    const Due due = coalesce(schedule, at("2026-03-28T00:30:00Z"), at(row.now));
    CHECK(rfc3339(due.at) == row.latest);
    CHECK(due.missed == row.missed);
    CHECK(rfc3339(due.next_at) == row.next);
}

TEST_CASE("a long downtime is counted up to a bound, and the next time is right all the same", "[model][unit]") {
    const Due due = coalesce(by_cron("* * * * *", "Europe/Vienna"), at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:30Z"));
    CHECK(due.missed == missed_max);
    CHECK(rfc3339(due.next_at) == "2027-01-01T00:01:00Z");
}

TEST_CASE("a beat is due at once, a cron time when it comes, one that never comes never", "[model][unit]") {
    const UtcMs now = at("2026-11-26T12:00:00Z");
    CHECK(first_due(Schedule{.every = milliseconds{1'000}}, now) == now);
    CHECK(rfc3339(first_due(by_cron("30 6 * * *", "Europe/Vienna"), now)) == "2026-11-27T05:30:00Z");
    CHECK(rfc3339(first_due(by_cron("0 0 30 2 *", "UTC"), now)) == "9999-01-01T00:00:00Z");
}

TEST_CASE("a time zone is known by its name, and UTC without any data", "[model][unit]") {
    CHECK(Zone().name() == "UTC");
    CHECK(Zone::named("Etc/UTC").value().at(0).offset == milliseconds{0});
    const auto vienna = Zone::named("Europe/Vienna").value();
    const auto summer = vienna.at(at("2026-07-01T00:00:00Z"));
    CHECK(summer.offset == milliseconds{7'200'000});
    CHECK(rfc3339(summer.begin) == "2026-03-29T01:00:00Z");
    CHECK(rfc3339(summer.end) == "2026-10-25T01:00:00Z");
    const std::string name = GENERATE("Europe/Wien", "", "../../etc/passwd", "posix/Europe/Vienna", "europe/vienna");
    CAPTURE(name);
    const auto none = Zone::named(name);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().what == "unknown time zone \"" + name + "\"");
}
