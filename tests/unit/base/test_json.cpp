#include "base/json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <chrono>

using crossdock::Json;
using crossdock::JsonLimits;

namespace {

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace

TEST_CASE("a number in a document leaves as it came in", "[base][unit]") {
    const std::string literal =
        GENERATE("231.00", "0.1", "1e400", "-1E-400", "12345678901234567890", "98765432109876543210", "-98765432109876543210",
                 "9007199254740993", "0", "-0", "-0.0", "1E2", "1e+2", "231.000000000000000000000001", "9223372036854775807",
                 "-9223372036854775808", "18446744073709551615");
    CAPTURE(literal);
    const auto read = Json::parse("{\"n\":" + literal + ",\"l\":[" + literal + " ]}");
    REQUIRE(read.has_value());
    CHECK(read->find("n")->literal() == literal);
    CHECK(read->dump() == "{\"n\":" + literal + ",\"l\":[" + literal + "]}");
    CHECK(Json::parse(literal)->dump() == literal);
}

TEST_CASE("only a whole number that fits 64 bits counts as an integer", "[base][unit]") {
    struct Row {
        const char* literal;
        std::optional<std::int64_t> value;
    };
    const auto row =
        GENERATE(Row{"10", 10}, Row{"-3", -3}, Row{"0", 0}, Row{"9223372036854775807", INT64_MAX},
                 Row{"-9223372036854775808", INT64_MIN}, Row{"9223372036854775808", {}}, Row{"10.0", {}}, Row{"1e1", {}});
    CAPTURE(row.literal);
    CHECK(Json::parse(row.literal)->integer() == row.value);
}

TEST_CASE("members keep their order", "[base][unit]") {
    const std::string text = R"({"z":1,"a":{"y":[],"b":{}},"m":null,"t":true,"f":false})";
    CHECK(Json::parse(text)->dump() == text);
    CHECK(Json::parse(Json::parse(text)->pretty())->dump() == text);
}

TEST_CASE("a key that stands twice in one object is refused with its place", "[base][unit]") {
    struct Row {
        const char* text;
        const char* where;
    };
    const auto row =
        GENERATE(Row{R"({"a":1,"a":2})", "1:8"}, Row{"{\"a\":1,\n  \"b\":{\"c\":\":\\\"\",\"d\":0,\n\"c\" : 2}}", "3:1"},
                 Row{R"([{"a":1},{"a":1},{"b":"a","a":3,"b":4}])", "1:33"}, Row{R"({"a":1,"\u0061":2})", "1:8"});
    CAPTURE(row.text);
    const auto read = Json::parse(row.text);
    REQUIRE(read.has_error());
    CHECK(read.error().where == row.where);
    CHECK(read.error().what.find("stands twice") != std::string::npos);
}

TEST_CASE("the same key in different objects is no duplicate", "[base][unit]") {
    CHECK(Json::parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})").has_value());
}

TEST_CASE("a duplicate is found behind a thousand other keys, and a hundred thousand keys are read in time", "[base][unit]") {
    const auto wide = [](int keys) {
        std::string text = "{";
        for (int i = 0; i < keys; ++i) { text += "\"k" + std::to_string(i) + "\":0,"; }
        return text;
    };
    const auto twice = Json::parse(wide(1000) + "\"k500\":1}");
    REQUIRE(twice.has_error());
    CHECK(twice.error().what.find("k500") != std::string::npos);

    // Comparing each key with all before it takes minutes here; 5 s is generous for a sanitizer's build.
    const auto begun = std::chrono::steady_clock::now();
    CHECK(Json::parse(wide(100'000) + "\"last\":1}", JsonLimits{.bytes_max = 4 << 20})->members().size() == 100'001);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("a document nested too deep is refused with the place of the bracket too many", "[base][unit]") {
    CHECK(Json::parse(nested(64)).has_value());
    const auto deep = Json::parse("\"[[[\"", JsonLimits{.depth_max = 2});
    CHECK(deep.has_value());
    const auto read = Json::parse("[\n {\"]\": [0]}]", JsonLimits{.depth_max = 2});
    REQUIRE(read.has_error());
    CHECK(read.error().where == "2:8");
    CHECK(read.error().what.find("deeper than 2") != std::string::npos);
    CHECK(Json::parse(nested(100'000)).has_error());
}

TEST_CASE("a document that is too long is refused before it is read", "[base][unit]") {
    CHECK(Json::parse("[1,2]", JsonLimits{.bytes_max = 5}).has_value());
    CHECK(Json::parse("[1, 2]", JsonLimits{.bytes_max = 5}).has_error());
}

TEST_CASE("text that is no JSON is refused with line and column", "[base][unit]") {
    struct Row {
        std::string text;
        const char* where;
    };
    const auto row = GENERATE(Row{"", "1:1"}, Row{"{\"a\":1", "1:7"}, Row{"{\n\"a\" 1}", "2:5"}, Row{"[1] 2", "1:5"},
                              Row{"[01]", "1:3"}, Row{"{\"a\":\n  nul}", "2:6"}, Row{"[1,]", "1:4"}, Row{"{'a':1}", "1:2"},
                              Row{"// x\n1", "1:1"}, Row{"NaN", "1:1"});
    CAPTURE(row.text);
    const auto read = Json::parse(row.text);
    REQUIRE(read.has_error());
    CHECK(read.error().where == row.where);
    CHECK_FALSE(read.error().what.empty());
}

TEST_CASE("invalid UTF-8 that comes in is refused", "[base][unit]") {
    const std::string bytes = GENERATE(std::string("\xff"), std::string("\xc0\xaf"), std::string("\xed\xa0\x80"),
                                       std::string("\xf4\x90\x80\x80"), std::string("\xe2\x82"), std::string("\x80"));
    CHECK_FALSE(crossdock::is_utf8(bytes));
    CHECK(Json::parse("\"" + bytes + "\"").has_error());
    CHECK(Json::parse("{\"" + bytes + "\":1}").has_error());
}

TEST_CASE("a lone surrogate escape is refused, a pair is one character", "[base][unit]") {
    CHECK(Json::parse(R"("\ud800")").has_error());
    CHECK(Json::parse(R"("\udc00x")").has_error());
    CHECK(Json::parse(R"("\ud83d\ude00")")->as_string() == "\xF0\x9F\x98\x80");
}

TEST_CASE("invalid UTF-8 that goes out is written as U+FFFD, so that the document is valid", "[base][unit]") {
    struct Row {
        std::string in;
        std::string out;
    };
    const auto row =
        GENERATE(Row{"a\xff"
                     "b",
                     "\"a\xEF\xBF\xBD"
                     "b\""},
                 Row{"\xe2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}, Row{"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
                 Row{"\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""});
    CHECK(Json(row.in).dump() == row.out);
    CHECK(Json::parse(Json(row.in).dump()).has_value());
    CHECK(Json::parse(Json::object({{row.in, 1}}).dump()).has_value());
}

TEST_CASE("every string survives being written and read", "[base][unit]") {
    std::string all;
    for (int c = 0; c < 0x80; ++c) { all += static_cast<char>(c); }
    CHECK(Json::parse(Json(all).dump())->as_string() == all);
    CHECK(crossdock::json_quoted("a\"\\\n\x01") == R"("a\"\\\n\u0001")");
}

TEST_CASE("set replaces, push appends, and a null becomes what is needed", "[base][unit]") {
    Json document;
    document.set("a", 1)
        .set("b", Json().push("x").push(Json::number("231.00")))
        .set("a", true)
        .set("none", std::optional<std::string>{});
    CHECK(document.dump() == R"({"a":true,"b":["x",231.00],"none":null})");
    CHECK(document.boolean("a"));
    CHECK(document.text("b", "otherwise") == "otherwise");
    CHECK_FALSE(document.maybe_text("a").has_value());
    CHECK(document.integer("absent", 7) == 7);
    CHECK(document.find("absent") == nullptr);
    CHECK(Json("text").find("a") == nullptr);
}

TEST_CASE("what another JSON library accepts and refuses, we accept and refuse", "[base][unit]") {
    // Every document with one byte changed, against nlohmann's own verdict. Duplicate keys are the known difference.
    const std::string seed = R"({"a":[1,-2.5e3,"x\u00e9\n",true],"b":{"c":null}, "d":""})";
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < seed.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string text = seed;
            text[at] = static_cast<char>(byte);
            const auto ours = Json::parse(text);
            const bool theirs = nlohmann::json::accept(text);
            if (ours.has_value() != theirs) {
                CAPTURE(text);
                REQUIRE(ours.has_error());
                REQUIRE(ours.error().what.find("stands twice") != std::string::npos);
            }
            if (ours.has_value()) {
                ++accepted;
                REQUIRE(nlohmann::json::parse(ours->dump()) == nlohmann::json::parse(text));
            }
        }
    }
    CHECK(accepted > 500);
}
