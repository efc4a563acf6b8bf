#include "base/time.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;

TEST_CASE("an RFC 3339 time is read to the millisecond and written in UTC", "[base][unit]") {
    struct Row {
        const char* text;
        UtcMs at;
        const char* written;
    };
    const auto row = GENERATE(Row{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
                              Row{"2025-10-30T18:06:39Z", 1'761'847'599'000, "2025-10-30T18:06:39Z"},
                              Row{"2025-10-30t18:06:39z", 1'761'847'599'000, "2025-10-30T18:06:39Z"},
                              Row{"2025-10-30 18:06:39.5Z", 1'761'847'599'500, "2025-10-30T18:06:39.500Z"},
                              Row{"2025-10-30T18:06:39.1239Z", 1'761'847'599'123, "2025-10-30T18:06:39.123Z"},
                              Row{"2025-10-30T20:06:39+02:00", 1'761'847'599'000, "2025-10-30T18:06:39Z"},
                              Row{"2025-10-30T12:36:39-05:30", 1'761'847'599'000, "2025-10-30T18:06:39Z"},
                              Row{"2024-02-29T00:00:00Z", 1'709'164'800'000, "2024-02-29T00:00:00Z"},
                              Row{"2016-12-31T23:59:60Z", 1'483'228'800'000, "2017-01-01T00:00:00Z"},
                              Row{"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"});
    CAPTURE(row.text);
    const auto read = parse_rfc3339(row.text);
    REQUIRE(read.has_value());
    CHECK(*read == row.at);
    CHECK(rfc3339(*read) == row.written);
    CHECK(*parse_rfc3339(rfc3339_ms(*read)) == row.at);
}

TEST_CASE("what is no RFC 3339 time is refused and named", "[base][unit]") {
    const std::string text =
        GENERATE("", "now", "2025-10-30", "2025-10-30T18:06:39", "2025-10-30T18:06Z", "2025-13-01T00:00:00Z",
                 "2025-02-29T00:00:00Z", "2025-10-30T24:00:00Z", "2025-10-30T18:60:00Z", "2025-10-30T18:06:61Z",
                 "2025-10-30T18:06:39.Z", "2025-10-30T18:06:39+0200", "2025-10-30T18:06:39+24:00", "2025-10-30T18:06:39Z ",
                 "25-10-30T18:06:39Z", "2025-10-30T18:06:-1Z", "1761847599");
    CAPTURE(text);
    const auto read = parse_rfc3339(text);
    REQUIRE(read.has_error());
    CHECK(read.error().what.find('"' + text + '"') == 0);
}

TEST_CASE("tables show milliseconds always, mails have an RFC 5322 date", "[base][unit]") {
    CHECK(rfc3339_ms(1'761'847'599'000) == "2025-10-30T18:06:39.000Z");
    CHECK(rfc5322_date(1'761'847'599'999) == "Thu, 30 Oct 2025 18:06:39 +0000");
    CHECK(rfc5322_date(0) == "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST_CASE("durations are read in their five units and written in the largest that fits", "[base][unit]") {
    struct Row {
        const char* text;
        std::int64_t ms;
        const char* written;
    };
    const auto row = GENERATE(Row{"250ms", 250, "250ms"}, Row{"2s", 2'000, "2s"}, Row{"5m", 300'000, "5m"},
                              Row{"24h", 86'400'000, "1d"}, Row{"7d", 604'800'000, "7d"}, Row{"0ms", 0, "0s"},
                              Row{"90s", 90'000, "90s"}, Row{"1500ms", 1'500, "1500ms"}, Row{"60m", 3'600'000, "1h"});
    CAPTURE(row.text);
    CHECK(parse_duration(row.text)->count() == row.ms);
    CHECK(duration_text(milliseconds{row.ms}) == row.written);
}

TEST_CASE("what is no duration is refused", "[base][unit]") {
    const std::string text = GENERATE("", "s", "5", "-5s", "5 s", "5sec", "1.5s", "0x5s", "99999999999999999999s", "2000000000d");
    CAPTURE(text);
    CHECK(parse_duration(text).has_error());
}
