#include <crossdock/json.hpp>

#include <catch2/catch.hpp>

using crossdock::sdk::Json;
using crossdock::sdk::JsonError;

TEST_CASE("a document is written as it was read, numbers to the digit", "[sdk][unit]") {
    const std::string text =
        GENERATE(R"({"unit_price":231.00,"tax":0.1,"e":1E+5,"n":-0,"big":123456789012345678901234567890})", R"([])", R"({})",
                 R"([true,false,null,"",[[]],{"a":{}}])", R"("tab\t \"q\" \\ é € 😀 \u0001")");
    CHECK(Json::parse(text).dump() == text);
    CHECK(Json::parse(" \r\n\t" + text + " ").dump() == text);
}

TEST_CASE("escapes are read as the characters that they mean", "[sdk][unit]") {
    CHECK(Json::parse(R"("\u00e9\u20ac\ud83d\ude00\/\b\f\n\r")").text() == "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\b\f\n\r");
}

TEST_CASE("what is no JSON is refused", "[sdk][unit]") {
    const std::string text = GENERATE("", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "-", "1e", "+1", "nul", "\"a", "\"\\x\"",
                                      "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u12G4\"", "\"\x01\"", "1 2",
                                      "{\"a\":1,\"a\":2}", "{1:2}", "'a'", "NaN");
    CHECK_THROWS_AS(Json::parse(text), JsonError);
}

TEST_CASE("nesting has a limit", "[sdk][unit]") {
    CHECK_NOTHROW(Json::parse(std::string(96, '[') + "1" + std::string(96, ']')));
    CHECK_THROWS_AS(Json::parse(std::string(97, '[') + std::string(97, ']')), JsonError);
    CHECK_THROWS_AS(Json::parse(std::string(100'000, '[')), JsonError);
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD when written", "[sdk][unit]") {
    const std::string bytes = GENERATE("\x80", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82");
    const auto written = Json(bytes).dump();
    CHECK(written.find("\xEF\xBF\xBD") != std::string::npos);
    CHECK(Json::parse(written).dump() == written);
}

TEST_CASE("a pointer finds what it names", "[sdk][unit]") {
    const auto json = Json::parse(R"({"a":{"b/c":[10,{"~":"x"}]},"":1})");
    CHECK(json.at("/a/b~1c/0")->integer() == 10);
    CHECK(json.at("/a/b~1c/1/~0")->text() == "x");
    CHECK(json.at("")->is_object());
    CHECK(json.at("/")->integer() == 1);
    CHECK(json.at("/a/b~1c/2") == nullptr);
    CHECK(json.at("/a/b~1c/-") == nullptr);
    CHECK(json.at("/x/y") == nullptr);
    CHECK_THROWS_AS(json.at("a"), JsonError);
}

TEST_CASE("a field that is needed is named when it is absent or of another kind", "[sdk][unit]") {
    const auto json = Json::parse(R"({"n":1.5,"s":"x"})");
    CHECK_THROWS_WITH(json.need_text("q"), "\"q\" is missing");
    CHECK_THROWS_WITH(json.need_text("n"), "\"n\" is no string");
    CHECK_THROWS_WITH(json.need_integer("n"), "\"n\" is no integer");
    CHECK_THROWS_WITH(json.need_array("s"), "\"s\" is no array");
    CHECK_FALSE(Json::parse("9223372036854775808").integer());
    CHECK(Json::parse("-9223372036854775808").integer() == INT64_MIN);
}
