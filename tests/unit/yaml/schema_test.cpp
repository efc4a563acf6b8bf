#include "yaml/schema.hpp"
#include "yaml/words.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace crossdock;

namespace {

std::string first_fault(const std::string& text) {
    const auto root = yaml::read(text, "f.yaml");
    if (!root) { return "unreadable: " + root.error().text(); }
    yaml::Checks checks("f.yaml");
    yaml::Fields fields(checks, *root, "the file", {"name", "count", "on", "wait", "codes", "level", "map", "list"});
    static constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
    (void)fields.required_text("name");
    (void)fields.integer("count", {1, 10});
    (void)fields.boolean("on");
    (void)fields.duration("wait", {milliseconds{1'000}, milliseconds{60'000}});
    (void)fields.integers("codes", {100, 599});
    (void)fields.word("level", levels);
    (void)fields.map("map");
    (void)fields.list("list");
    return checks.ok() ? "none" : checks.fault().text();
}

}  // namespace

TEST_CASE("a wrong value is refused with its place, its key and what is wanted", "[yaml][unit]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"{name: a, count: 10, on: true, wait: 1m, codes: [200, 201], level: info, map: {}, list: []}", "none"},
        Row{"nmae: a", "f.yaml:1:1: unknown key `nmae`; did you mean `name`?"},
        Row{"name: a\ncolour: b", "f.yaml:2:1: unknown key `colour`; known are: name, count, on, wait, codes, level, map, list"},
        Row{"count: 1", "f.yaml:1:1: the file lacks the key `name`"},
        Row{"- a", "f.yaml:1:1: the file takes a map with the keys name, count, on, wait, codes, level, map or list, not a list"},
        Row{"name:\ncount: 1", "f.yaml:1:1: `name` has no value; it takes text"}, Row{"name: ''", "f.yaml:1:7: `name` is empty"},
        Row{"name: [a]", "f.yaml:1:7: `name` takes text, not a list"},
        Row{"name: a\ncount: 11", "f.yaml:2:8: `count` is 11; it takes 1 to 10"},
        Row{"name: a\ncount: 1.5", "f.yaml:2:8: `count` takes a whole number, not \"1.5\""},
        Row{"name: a\ncount: '5'", "f.yaml:2:8: `count` takes a whole number, not \"5\""},
        Row{"name: a\ncount: 99999999999999999999", "f.yaml:2:8: `count` takes a whole number, not \"99999999999999999999\""},
        Row{"name: a\non: yes", "f.yaml:2:5: `on` takes true or false, not \"yes\""},
        Row{"name: a\nwait: 5 minutes", "f.yaml:2:7: `wait`: \"5 minutes\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{"name: a\nwait: 2m", "f.yaml:2:7: `wait` is 2m; it takes 1s to 1m"},
        Row{"name: a\ncodes: 200", "f.yaml:2:8: `codes` takes a list of whole numbers such as [200, 201], not text"},
        Row{"name: a\ncodes: [200, 999]", "f.yaml:2:14: `codes` is 999; it takes 100 to 599"},
        Row{"name: a\ncodes: [200, 200]", "f.yaml:2:14: `codes` names 200 twice"},
        Row{"name: a\nlevel: wraning", "f.yaml:2:8: `level`: unknown value \"wraning\"; did you mean `warning`?"},
        Row{"name: a\nmap: 1", "f.yaml:2:6: `map` takes a map, not text"},
        Row{"name: a\nlist: {}", "f.yaml:2:7: `list` takes a list, not a map"},
        Row{"count: 11\nnaem: 1", "f.yaml:2:1: unknown key `naem`; did you mean `name`?"});
    CAPTURE(row.text);
    CHECK(first_fault(row.text) == row.fault);
}

TEST_CASE("the nearest known word is offered, a distant one is not", "[yaml][unit]") {
    static constexpr std::array<std::string_view, 3> known{"trigger", "steps", "if"};
    CHECK(yaml::nearest("trigerr", known) == "trigger");
    CHECK(yaml::nearest("step", known) == "steps");
    CHECK(yaml::nearest("fi", known) == "if");
    CHECK_FALSE(yaml::nearest("xy", known));
    CHECK_FALSE(yaml::nearest("webhook", known));
    CHECK_FALSE(yaml::nearest("", known));
    CHECK_FALSE(yaml::nearest(std::string(10'000, 't'), known));
    CHECK(yaml::hint("zzz", {}).empty());
}
