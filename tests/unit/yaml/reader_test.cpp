#include "yaml/node.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace crossdock;

TEST_CASE("a YAML file becomes a tree with the place of every value", "[yaml][unit]") {
    const auto root = yaml::read("name: Größe\nitems:\n  - 231.00\n  - \"7\"\n  - {deep: [true]}\nnone:\n", "a.yaml");
    REQUIRE(root.has_value());
    REQUIRE(root->is_map());
    REQUIRE(root->entries.size() == 3);
    CHECK(root->find("name")->text == "Größe");
    CHECK_FALSE(root->find("name")->quoted);
    const yaml::Node& items = *root->find("items");
    REQUIRE(items.items.size() == 3);
    CHECK(items.items[1].quoted);
    CHECK(items.items[1].place.line == 4);
    CHECK(items.items[1].place.column == 5);
    CHECK(items.items[2].find("deep")->items[0].place.column == 13);
    CHECK(root->find("none")->is_null());
    CHECK(root->find("none")->place.line == 6);
    CHECK(root->find("absent") == nullptr);
    CHECK(yaml::to_json(*root).dump() == R"({"name":"Größe","items":[231.00,"7",{"deep":[true]}],"none":null})");
}

TEST_CASE("text that only looks like a value of another kind stays text", "[yaml][unit]") {
    struct Row {
        const char* written;
        const char* json;
    };
    const auto row = GENERATE(Row{"no", "\"no\""}, Row{"007", "\"007\""}, Row{"'true'", "\"true\""}, Row{"1e3", "1e3"},
                              Row{"-0.50", "-0.50"}, Row{".5", "\".5\""}, Row{"0x1F", "\"0x1F\""}, Row{"true", "true"},
                              Row{"~", "null"}, Row{"'null'", "\"null\""}, Row{"1.", "\"1.\""}, Row{"|\n  12\n", "\"12\\n\""},
                              Row{"12345678901234567890123", "12345678901234567890123"}, Row{"\"\"", "\"\""});
    const auto root = yaml::read(std::string("v: ") + row.written, "a.yaml");
    REQUIRE(root.has_value());
    CHECK(yaml::to_json(*root->find("v")).dump() == row.json);
}

TEST_CASE("broken or ambiguous YAML is refused with file, line and column", "[yaml][unit]") {
    struct Row {
        std::string text;
        std::string fault;
    };
    const auto row = GENERATE(
        Row{"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key `a` stands twice; first on line 1"},
        Row{"m: {x: 1, 'x': 2}\n", "f.yaml:1:11: the key `x` stands twice; first on line 1"},
        Row{"a: &base {x: 1}\nb: *base\n",
            "f.yaml:1:4: anchors (`&base`) are not allowed; write the value out where it is needed"},
        Row{"a: *nobody\n", "f.yaml:1:4: aliases (`*name`) are not allowed; write the value out"},
        Row{"&a [*a]\n", "f.yaml:1:1: anchors (`&a`) are not allowed; write the value out where it is needed"},
        Row{"a: !!str 5\n", "f.yaml:1:4: tags (`!name`) are not allowed; write the plain value"},
        Row{"a: ! 5\n", "f.yaml:1:4: tags (`!name`) are not allowed; write the plain value"},
        Row{"a: !<x> {b: 1}\n", "f.yaml:1:4: tags (`!name`) are not allowed; write the plain value"},
        Row{"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; one file holds one"},
        Row{"a: 1\n---\n", "f.yaml:2:1: a second document begins here; one file holds one"},
        Row{"{a: 1} b\n", "f.yaml:1:8: unexpected text behind the end of the document"},
        Row{"{a: 1}\n}\n", "f.yaml:2:1: this is no valid YAML: illegal flow end"},
        Row{"[1, 2\n", "f.yaml:2:1: `,` or the closing `]` was expected"},
        Row{"a: {b: 1\nc: 2\n", "f.yaml:2:2: `,` or the closing `}` was expected"},
        Row{"a: b: c\n", "f.yaml:1:5: a `:` stands where no key can be; check the indentation or quote the text"},
        Row{"a: \"open\n", "f.yaml:1:4: the closing quote is missing"},
        Row{"a: 'it''s\n", "f.yaml:1:4: the closing quote is missing"},
        Row{"a: 'x''\n", "f.yaml:1:4: the closing quote is missing"},
        Row{"a: \"x\\\"\n", "f.yaml:1:4: the closing quote is missing"},
        Row{"a: \"open", "f.yaml:1:9: the closing quote is missing"},
        Row{"a:\n\tb: 1\n",
            "f.yaml:2:3: a `:` stands where no key can be; check the indentation or quote the text; indent with "
            "spaces, not tabs"},
        Row{"a: {v: ${{ .order }}}\n", "f.yaml:1:9: `,` or the closing `}` was expected; put quotes around \"${{ ... }}\""},
        Row{"a: 1\nb: \xC3\x28\n", "f.yaml:2:4: this is no valid UTF-8"}, Row{"ä: \xFF\n", "f.yaml:1:4: this is no valid UTF-8"},
        Row{"a: \xE2\x82", "f.yaml:1:4: this is no valid UTF-8"},
        Row{"a: 1\x04 ignored by nobody\n", "f.yaml:1:5: a control character stands here"},
        Row{std::string("a: 1\nb: \0 2\n", 12), "f.yaml:2:4: a control character stands here"},
        Row{"a: 1\rb: 2\n", "f.yaml:1:5: a control character stands here"},
        Row{"[a]: 1\n", "f.yaml:1:1: a key must be text, not a list"},
        Row{"~: 1\n", "f.yaml:1:1: a key must be text, not nothing"},
        Row{std::string(33, '[') + std::string(33, ']'), "f.yaml:1:33: nested deeper than 32 levels"});
    const auto root = yaml::read(row.text, "f.yaml");
    CAPTURE(row.text);
    REQUIRE_FALSE(root.has_value());
    CHECK(root.error().text() == row.fault);
}

TEST_CASE("a file may be as deep and as long as its limits, and no more", "[yaml][unit]") {
    CHECK(yaml::read(std::string(32, '[') + std::string(32, ']'), "f.yaml").has_value());
    CHECK(yaml::read("# " + std::string(100, 'x'), "f.yaml", {.bytes_max = 102}).has_value());
    const auto root = yaml::read("# " + std::string(101, 'x'), "f.yaml", {.bytes_max = 102});
    REQUIRE_FALSE(root.has_value());
    CHECK(root.error().text() == "f.yaml:1:1: longer than 102 bytes");
}

TEST_CASE("Windows line ends, a byte order mark, a leading marker and an empty file are no faults", "[yaml][unit]") {
    CHECK(yaml::read("a: 1\r\nb: 2\r\n", "f.yaml")->find("b")->text == "2");
    CHECK(yaml::read("\xEF\xBB\xBF"
                     "a: 1\n",
                     "f.yaml")
              ->find("a")
              ->place.column == 4);
    CHECK(yaml::read("---\na: 1\n...\n", "f.yaml")->find("a")->text == "1");
    CHECK(yaml::read("", "f.yaml")->is_null());
    CHECK(yaml::read("# nothing\n", "f.yaml")->is_null());
}

TEST_CASE("random bytes never crash the reader", "[yaml][unit]") {
    static constexpr std::string_view alphabet = "ab:-[]{}\"'#&*!|>%@`\n\n   ,?~\t0.$";
    std::uint32_t state = 20251030;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (int i = 0; i < 24; ++i) {
            state = state * 1664525U + 1013904223U;
            text += alphabet[(state >> 16U) % alphabet.size()];
        }
        const auto root = yaml::read(text, "f.yaml");
        if (!root) { REQUIRE(root.error().where.starts_with("f.yaml:")); }
    }
}

TEST_CASE("a file that cannot be read is named", "[yaml][unit]") {
    CHECK(yaml::read_file("/nowhere/a.yaml").error().text() == "/nowhere/a.yaml:1:1: there is no such file");
    CHECK(yaml::read_file("/").error().text() == "/:1:1: is no regular file");
}
