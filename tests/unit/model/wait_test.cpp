#include "model/wait.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::model;

TEST_CASE("a wait ends so long after its start, or at its time", "[model][unit]") {
    const UtcMs start = parse_rfc3339("2026-11-26T12:00:00Z").value();
    struct Row {
        const char* with;
        const char* ends;
    };
    const auto row = GENERATE(
        Row{R"({"for": "2h"})", "2026-11-26T14:00:00Z"}, Row{R"({"for": "366d"})", "2027-11-27T12:00:00Z"},
        Row{R"({"until": "2026-12-01T06:30:00+01:00"})", "2026-12-01T05:30:00Z"},
        Row{R"({"until": "2020-01-01T00:00:00Z"})", "2020-01-01T00:00:00Z"}, Row{"{}", "wait takes either `for` or `until`"},
        Row{R"({"for": "1h", "until": "2026-12-01T06:30:00Z"})", "wait takes either `for` or `until`"},
        Row{R"({"for": "soon"})", "`for`: \"soon\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{R"({"for": 60})", "`for`: 60 is no duration such as 30s, 15m, 2h or 3d"},
        Row{R"({"for": null})", "`for`: null is no duration such as 30s, 15m, 2h or 3d"},
        Row{R"({"for": "0s"})", "`for`: it is 0s; it takes 1ms to 366d"},
        Row{R"({"for": "367d"})", "`for`: it is 367d; it takes 1ms to 366d"},
        Row{R"({"until": "tomorrow"})", "`until`: \"tomorrow\" is no RFC 3339 time such as 2025-10-30T18:06:39Z"},
        Row{R"({"until": 1})", "`until`: 1 is no RFC 3339 time such as 2025-10-30T18:06:39Z"},
        Row{R"({"until": "2028-01-01T00:00:00Z"})", "`until`: 2028-01-01T00:00:00Z is more than 366d away"});
    CAPTURE(row.with);
    const auto ends = wait_ends_at(Json::parse(row.with).value(), start);
    CHECK((ends ? rfc3339(*ends) : ends.error().what) == row.ends);
}
