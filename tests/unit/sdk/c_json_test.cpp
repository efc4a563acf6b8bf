#include <crossdock/c_json.h>
#include <crossdock/json.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern "C" size_t c_json_order_in_c(xd_text input, char* out, size_t room);

namespace sdk = crossdock::sdk;

namespace {

using namespace std::string_literals;

xd_text slice(std::string_view text) {
    return {text.data(), text.size()};
}

std::string shown(xd_text text) {
    return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

std::string at(const std::string& json, const char* pointer) {
    return shown(xd_json_at(slice(json), pointer));
}

/// A string value's content, or nothing.
std::optional<std::string> decoded(std::string_view value) {
    char buffer[256];
    std::size_t size = 0;
    if (xd_json_string(slice(value), buffer, sizeof(buffer), &size) != XD_JSON_DECODED) { return {}; }
    CHECK(buffer[size] == '\0');
    return std::string(buffer, size);
}

bool well_formed_to_the_sdk(const std::string& text) {
    try {
        (void)sdk::Json::parse(text);
        return true;
    } catch (const sdk::JsonError&) { return false; }
}

/// Visits everything that can be reached; answers how many values there were.
int walk(xd_text value) {
    int count = 1;
    xd_json_items items = xd_json_items_of(value);
    xd_text key{}, item{};
    char buffer[16];
    std::int64_t integer = 0;
    (void)xd_json_string(value, buffer, sizeof(buffer), nullptr);
    (void)xd_json_integer(value, &integer);
    (void)xd_json_is(value, slice("id"));
    while (xd_json_next(&items, &key, &item) != 0) {
        (void)xd_json_string(key, buffer, sizeof(buffer), nullptr);
        count += walk(item);
    }
    return count;
}

}  // namespace

TEST_CASE("a JSON pointer finds a value as it was written", "[sdk][unit]") {
    const std::string json =
        R"( {"order":{"total":231.00,"items":[{"sku":"A"},{"sku":"B\u0041"}],"a/b":1,"m~n":2,"":3,"é":4,"x\ty":5},"none":null} )";
    CHECK(at(json, "/order/total") == "231.00");
    CHECK(at(json, "/order/items/1/sku") == R"("B\u0041")");
    CHECK(at(json, "/order/items/0") == R"({"sku":"A"})");
    CHECK(at(json, "/order/a~1b") == "1");
    CHECK(at(json, "/order/m~0n") == "2");
    CHECK(at(json, "/order/") == "3");
    CHECK(at(json, "/order/é") == "4");
    CHECK(at(json, "/order/x\ty") == "5");
    CHECK(at(json, "/none") == "null");
    CHECK(at(json, "").front() == '{');
    const auto* const missing =
        GENERATE("/orde", "/orders", "/order/items/2", "/order/items/01", "/order/items/-", "/order/items/x",
                 "/order/items/99999999999999999999", "/order/total/x", "order", "/none/a");
    INFO(missing);
    CHECK(at(json, missing).empty());
}

TEST_CASE("the kind of a value is told", "[sdk][unit]") {
    struct Row {
        const char* text;
        xd_json_kind kind;
    };
    const auto row = GENERATE(Row{"", XD_JSON_NONE}, Row{"null", XD_JSON_NULL}, Row{"true", XD_JSON_BOOLEAN},
                              Row{"-1.5e3", XD_JSON_NUMBER}, Row{"\"\"", XD_JSON_STRING}, Row{" [1]", XD_JSON_ARRAY},
                              Row{"{}", XD_JSON_OBJECT}, Row{"?", XD_JSON_NONE}, Row{"  ", XD_JSON_NONE});
    INFO(row.text);
    CHECK(xd_json_kind_of(slice(row.text)) == row.kind);
}

TEST_CASE("a string is decoded with all its escapes, or not at all", "[sdk][unit]") {
    CHECK(decoded(R"("plain")") == "plain");
    CHECK(decoded(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(decoded(R"("\u00e9\u20AC\ud83d\ude00é")") == "é€😀é");
    CHECK(decoded(R"("a\u0000b")") == "a\0b"s);
    CHECK(decoded(R"("")") == "");
    const auto* const bad = GENERATE(R"("\ud83d")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00")", R"("\u12")",
                                     R"("\u12g4")", R"("\x")", R"("\)", R"("open)", "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"",
                                     "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "7", "null", "");
    INFO(bad);
    CHECK_FALSE(decoded(bad));
}

TEST_CASE("a string that does not fit is refused whole, and says how long it is", "[sdk][unit]") {
    char buffer[4] = {'x', 'x', 'x', 'x'};
    std::size_t size = 0;
    CHECK(xd_json_string(slice(R"("abc")"), buffer, 4, &size) == XD_JSON_DECODED);
    CHECK(std::string(buffer) == "abc");
    CHECK(xd_json_string(slice(R"("abcd")"), buffer, 4, &size) == XD_JSON_TOO_LONG);
    CHECK(size == 4);
    CHECK(buffer[0] == '\0');
    CHECK(xd_json_string(slice(R"("€€")"), nullptr, 0, &size) == XD_JSON_TOO_LONG);
    CHECK(size == 6);
}

TEST_CASE("a string is compared by what it means", "[sdk][unit]") {
    CHECK(xd_json_is(slice(R"("sh\u0069pped")"), slice("shipped")) == 1);
    CHECK(xd_json_is(slice(R"("shipped")"), slice("shippe")) == 0);
    CHECK(xd_json_is(slice(R"("shippe")"), slice("shipped")) == 0);
    CHECK(xd_json_is(slice("7"), slice("7")) == 0);
    CHECK(xd_json_is(slice(R"("")"), slice("")) == 1);
}

TEST_CASE("an integer is one that fits 64 bits, without fraction or exponent", "[sdk][unit]") {
    std::int64_t value = 0;
    CHECK(xd_json_integer(slice("9223372036854775807"), &value) == 1);
    CHECK(value == INT64_MAX);
    CHECK(xd_json_integer(slice("-9223372036854775808"), &value) == 1);
    CHECK(value == INT64_MIN);
    CHECK(xd_json_integer(slice("-0"), &value) == 1);
    CHECK(value == 0);
    const auto* const none = GENERATE("9223372036854775808", "-9223372036854775809", "18446744073709551616", "1.0", "1e3",
                                      "\"1\"", "-", "", "99999999999999999999999");
    INFO(none);
    CHECK(xd_json_integer(slice(none), &value) == 0);
}

TEST_CASE("items and members are walked in order, and damage ends the walk", "[sdk][unit]") {
    struct Row {
        const char* json;
        const char* seen;
        int malformed;
    };
    const auto row = GENERATE(Row{R"([1, "a" ,[2],{}])", R"(1|"a"|[2]|{}|)", 0}, Row{"[]", "", 0}, Row{"[ ]", "", 0},
                              Row{R"({"k":1,"k":2})", R"("k"=1|"k"=2|)", 0}, Row{"7", "", 0}, Row{"[1 2]", "1|", 1},
                              Row{"[1,", "1|", 1}, Row{"[1,]", "1|", 1}, Row{"[1", "1|", 1}, Row{"[", "", 1},
                              Row{R"({"a":1,b:2})", R"("a"=1|)", 1}, Row{R"({"a" 1})", "", 1}, Row{R"({"a":)", "", 1});
    INFO(row.json);
    xd_json_items items = xd_json_items_of(slice(row.json));
    xd_text key{}, value{};
    std::string seen;
    while (xd_json_next(&items, &key, &value) != 0) { seen += (key.size == 0 ? "" : shown(key) + "=") + shown(value) + "|"; }
    CHECK(seen == row.seen);
    CHECK(items.malformed == row.malformed);
    CHECK(xd_json_next(&items, &key, &value) == 0);
}

TEST_CASE("what the SDK's own reader calls JSON is valid here, and nothing else", "[sdk][unit]") {
    const auto* const text =
        GENERATE("null", " 1 ", "-0.5E+2", "\"a\"", "[1,[2,{\"a\":[]}]]", "{\"a\":{\"b\":null}}", "", " ", "nul", "nulll", "01",
                 "-", "1.", ".5", "1e", "+1", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "1 2",
                 "[1}", "{\"a\":1]", "\"\t\"", "\"\\", "'a'", "true false", "NaN", "\xEF\xBB\xBF{}");
    INFO(text);
    CHECK((xd_json_valid(slice(text)) == 1) == well_formed_to_the_sdk(text));
}

TEST_CASE("nesting is bounded", "[sdk][unit]") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(xd_json_valid(slice(nested(XD_JSON_DEPTH_MAX))) == 1);
    CHECK(xd_json_valid(slice(nested(XD_JSON_DEPTH_MAX + 1))) == 0);
    CHECK(xd_json_valid(slice(std::string(1 << 20, '['))) == 0);
    CHECK(xd_json_valid(slice(std::string(1 << 20, '{'))) == 0);
}

TEST_CASE("no truncation and no flipped byte makes it read outside the text", "[sdk][unit]") {
    // The copies have their exact size, so that the address sanitizer sees a read behind them.
    const std::string json = R"({"id":"a\u00e9\ud83d\ude00","n":-1.25e3,"list":[true,false,null,{"é":"\\"}],"other":"z"})";
    const auto touch = [](const std::string& text) {
        const std::unique_ptr<char[]> exact(new char[text.size()]);
        std::memcpy(exact.get(), text.data(), text.size());
        const xd_text given{exact.get(), text.size()};
        int values = walk(given);
        for (const char* pointer : {"", "/id", "/n", "/list/3/é", "/list/9"}) { values += walk(xd_json_at(given, pointer)); }
        return values + xd_json_valid(given);
    };
    CHECK(touch(json) == 25);
    int disagreed = 0;
    for (std::size_t size = 0; size < json.size(); ++size) {
        (void)touch(json.substr(0, size));
        CHECK(xd_json_valid(slice(json.substr(0, size))) == 0);
    }
    for (std::size_t place = 0; place < json.size(); ++place) {
        for (const char byte : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'u', ' ', '\0', '\x80', '\xff'}) {
            std::string changed = json;
            changed[place] = byte;
            (void)touch(changed);
            // The SDK's reader lets bytes pass that are no UTF-8.
            if (xd_json_valid(slice(changed)) == 1 && !well_formed_to_the_sdk(changed)) { ++disagreed; }
        }
    }
    CHECK(disagreed == 0);
}

TEST_CASE("a written document is JSON, whatever is put in", "[sdk][unit]") {
    xd_json_writer writer;
    xd_json_init(&writer, 4096);
    xd_json_begin_object(&writer, nullptr);
    xd_json_add_string(&writer, "text", slice("q\"b\\s/\n\r\t\x01\x1f é😀"));
    xd_json_add_string(&writer, "broken", slice("a\xff\xe2\x82z"));
    xd_json_add_string(&writer, "nothing", slice(""));
    xd_json_add_integer(&writer, "min", INT64_MIN);
    xd_json_add_integer(&writer, "zero", 0);
    xd_json_add_boolean(&writer, "yes", 1);
    xd_json_add_raw(&writer, "price", slice("231.00"));
    xd_json_add_raw(&writer, "absent", slice(""));
    xd_json_begin_array(&writer, "list");
    xd_json_add_boolean(&writer, nullptr, 0);
    xd_json_begin_object(&writer, nullptr);
    xd_json_end(&writer);
    xd_json_end(&writer);
    CHECK(shown(xd_json_written(&writer)).empty());
    xd_json_end(&writer);
    const std::string written = shown(xd_json_written(&writer));
    CHECK(written == R"({"text":"q\"b\\s/\n\r\t\u0001\u001f é😀","broken":"a)"
                     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                     R"(z","nothing":"","min":-9223372036854775808,"zero":0,"yes":true,"price":231.00,"list":[false,{}]})");
    CHECK(xd_json_valid(slice(written)) == 1);
    xd_json_free(&writer);
    CHECK(shown(xd_json_written(&writer)).empty());
}

TEST_CASE("a writer says what went wrong, and hands out nothing then", "[sdk][unit]") {
    xd_json_writer writer;
    SECTION("full") {
        xd_json_init(&writer, 8);
        xd_json_add_string(&writer, nullptr, slice("123456"));
        CHECK(shown(xd_json_written(&writer)) == "\"123456\"");
        xd_json_free(&writer);
        xd_json_init(&writer, 8);
        xd_json_add_string(&writer, nullptr, slice("1234567"));
        CHECK(writer.trouble == XD_JSON_FULL);
    }
    SECTION("a member without a key") {
        xd_json_init(&writer, 100);
        xd_json_begin_object(&writer, nullptr);
        xd_json_add_integer(&writer, nullptr, 1);
        CHECK(writer.trouble == XD_JSON_MISUSED);
    }
    SECTION("a key in an array") {
        xd_json_init(&writer, 100);
        xd_json_begin_array(&writer, nullptr);
        xd_json_add_integer(&writer, "key", 1);
        CHECK(writer.trouble == XD_JSON_MISUSED);
    }
    SECTION("two documents") {
        xd_json_init(&writer, 100);
        xd_json_add_integer(&writer, nullptr, 1);
        xd_json_add_integer(&writer, nullptr, 2);
        CHECK(writer.trouble == XD_JSON_MISUSED);
    }
    SECTION("an end too many") {
        xd_json_init(&writer, 100);
        xd_json_end(&writer);
        CHECK(writer.trouble == XD_JSON_MISUSED);
    }
    SECTION("too deep") {
        xd_json_init(&writer, 1000);
        for (int i = 0; i <= XD_JSON_DEPTH_MAX; ++i) { xd_json_begin_array(&writer, nullptr); }
        CHECK(writer.trouble == XD_JSON_MISUSED);
    }
    xd_json_end(&writer);
    CHECK(shown(xd_json_written(&writer)).empty());
    xd_json_free(&writer);
}

TEST_CASE("a writer grows to its limit and no further", "[sdk][unit]") {
    xd_json_writer writer;
    xd_json_init(&writer, 100'000);
    xd_json_begin_array(&writer, nullptr);
    const std::string piece(997, 'x');
    int added = 0;
    while (writer.trouble == XD_JSON_WELL && added < 1000) {
        xd_json_add_string(&writer, nullptr, slice(piece));
        ++added;
    }
    CHECK(added == 101);
    CHECK(writer.trouble == XD_JSON_FULL);
    CHECK(writer.room <= 100'000);
    xd_json_free(&writer);
}

TEST_CASE("plain C copies an order, numbers as written", "[sdk][unit]") {
    char out[512];
    const std::string input =
        R"({"reference":"PX\u0031","effect_key":"k","order":{"items":[{"sku":"A","quantity":10,"unit_price":231.00},{"sku":"B"}]}})";
    const auto size = c_json_order_in_c(slice(input), out, sizeof(out));
    CHECK(std::string(out, size) ==
          R"({"reference":"PX1","items":[{"sku":"A","quantity":10,"unit_price":231.00},{"sku":"B"}],"lines":2})");
    CHECK(c_json_order_in_c(slice("{}"), out, sizeof(out)) == 0);
    CHECK(c_json_order_in_c(slice(input), out, 20) == 0);
}
