#include "jq/scan.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace crossdock::jq;

TEST_CASE("an expression ends at the first closing braces outside of strings, brackets and comments", "[jq][unit]") {
    struct Row {
        std::string text;
        std::string inside;
    };
    const auto row =
        GENERATE(Row{".a }} rest", ".a "}, Row{"{a: {b: 1}}}} rest", "{a: {b: 1}}"}, Row{R"("}}" }})", R"("}}" )"},
                 Row{R"x("\(.a | {b: {c: "}}"}})" }})x", R"x("\(.a | {b: {c: "}}"}})" )x"}, Row{R"("\"}}" }})", R"("\"}}" )"},
                 Row{". # not }} here\n| .a }}", ". # not }} here\n| .a "}, Row{"[.[]|{a}]}}", "[.[]|{a}]"}, Row{"}}", ""},
                 Row{R"x(@base64 "\(.a)" }})x", R"x(@base64 "\(.a)" )x"});
    CAPTURE(row.text);
    const auto extent = extent_of(row.text, "}}");
    CHECK(extent.closed);
    CHECK_FALSE(extent.problem);
    CHECK(row.text.substr(0, extent.size) == row.inside);
}

TEST_CASE("brackets that do not match and strings that do not end are found at their place", "[jq][unit]") {
    struct Row {
        std::string text;
        std::size_t at;
        std::string what;
    };
    const auto row =
        GENERATE(Row{".a) | (.b", 2, "nothing is open that this `)` could close"}, Row{"[1, (2]", 6, "a `(` is closed by a `]`"},
                 Row{".a | \"open", 5, "a string is left open"}, Row{"(.a", 0, "a `(` is left open"},
                 Row{"\"\\(.a\"", 5, "a string is left open"}, Row{".a }", 3, "nothing is open that this `}` could close"},
                 Row{std::string(".a\0| env", 8), 2, "a control character does not belong into an expression"},
                 Row{std::string("\"a\x01\"", 4), 2, "a control character does not belong into an expression"},
                 Row{std::string(101, '['), 100, "nested deeper than 100 levels"},
                 Row{std::string(16 * 1024 + 1, '1'), 0, "an expression is longer than 16384 bytes"});
    CAPTURE(row.text);
    const auto extent = extent_of(row.text, "");
    REQUIRE(extent.problem);
    CHECK(extent.problem->what == row.what);
    CHECK(extent.problem->at == row.at);
}

TEST_CASE("an expression without its closing braces is not closed", "[jq][unit]") {
    const std::string text = GENERATE(".a", ".a # }}", "\"}}\"", "{a: 1}", "");
    CAPTURE(text);
    CHECK_FALSE(extent_of(text, "}}").closed);
}

TEST_CASE("words are found where they are code", "[jq][unit]") {
    CHECK(find_word(".a | env", "env") == 5);
    CHECK(find_word("\"\\(env)\"", "env") == 3);
    CHECK(find_word("$ENV.PATH", "$ENV") == 0);
    CHECK(find_word("{$ENV}", "$ENV") == 1);
    const std::string none = GENERATE(".env", "\"env\"", "# env", "environment", "$env", ".a.env", "\"\\\"env\"");
    CAPTURE(none);
    CHECK_FALSE(find_word(none, "env"));
}

TEST_CASE("places count lines and characters from 1", "[jq][unit]") {
    const std::string text = "ä.b\n  c";
    CHECK(position_of(text, 0).column == 1);
    CHECK(position_of(text, 2).column == 2);
    CHECK(position_of(text, 7).line == 2);
    CHECK(position_of(text, 7).column == 3);
}

TEST_CASE("paths that surely begin at the input are told from those that may not", "[jq][unit]") {
    struct Row {
        std::string text;
        std::string paths;
    };
    const auto row =
        GENERATE(Row{".order.id == \"A\" and .steps.submit.outcome", "0 order.id, 21 steps.submit, "}, Row{".order", "0 order, "},
                 Row{"(.a | .b) > .c.d[.e]", "1 a, 12 c.d, 17 e, "}, Row{"[.a[] | .b] + .c", "1 a, 14 c, "},
                 Row{"{x: .a, y: (.b|.c)} | .d", "4 a, 12 b, "}, Row{"\"\\(.a) .no \\(.b | .c)\" + .d", "3 a, 13 b, 25 d, "},
                 Row{"map(.a) + .b", "10 b, "}, Row{"select(.a.b)", ""}, Row{"if .a then .b else .c end", "3 a, 11 b, 19 c, "},
                 Row{"$x.a, $x .b", ""}, Row{"f.a", ""}, Row{".a.b?.c", "0 a.b, "}, Row{"(.a).b", "1 a, "},
                 Row{".a[0].b", "0 a, "}, Row{".a // .b", "0 a, 6 b, "}, Row{". as $x | .a", ""}, Row{"def f: .a; .b", ""},
                 Row{"reduce .a[] as $i (0; . + .b)", ""}, Row{"try .a catch .b", "4 a, "}, Row{"..", ""}, Row{".[\"a\"].b", ""},
                 Row{".\"a\".b", ""}, Row{".5 + .a", "5 a, "}, Row{"# .a\n.b", "5 b, "}, Row{".a |= .b", "0 a, "},
                 Row{"not .a", ""}, Row{"-.a", "1 a, "}, Row{"limit(1; .a), .b", "14 b, "});
    std::string found;
    for (const auto& path : input_paths(row.text)) {
        found += std::to_string(path.at) + " " + path.first + (path.second.empty() ? "" : "." + path.second) + ", ";
    }
    CAPTURE(row.text);
    CHECK(found == row.paths);
}
