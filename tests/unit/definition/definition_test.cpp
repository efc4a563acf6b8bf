#include "definition/definition.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace crossdock;
using pipeline::parse_definition;

namespace {

/// A pipeline with one good step, then the given text at line 7 (steps are indented by two).
std::string with_step(const std::string& text, const std::string& trigger = "{ order: placed }") {
    return "pipeline: p\ntrigger: " + trigger +
           "\nsteps:\n  - id: first\n    use: supplier.sync_inventory\n    with: { account: a }\n" + text;
}

pipeline::Definition good(const std::string& text, const std::string& file = "p.yaml") {
    auto made = parse_definition(text, file);
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    return std::move(made).value();
}

std::string fault_of(const std::string& text) {
    const auto made = parse_definition(text, "p.yaml");
    return made ? "none" : made.error().text();
}

pipeline::Definition shipped(const std::string& name) {
    const std::string file = std::string(CROSSDOCK_SOURCE) + "/pipelines/" + name + ".yaml";
    const auto text = yaml::read_text(file);
    REQUIRE(text.has_value());
    auto made = good(*text, file);
    CHECK(made.name == name);
    return made;
}

const pipeline::Value& input(const pipeline::Step& step, const std::string& name) {
    for (const auto& [key, value] : step.with) {
        if (key == name) { return value; }
    }
    FAIL("no input " << name);
    return step.with.front().second;
}

}  // namespace

TEST_CASE("order-forward sends the stored order as it was written", "[definition][unit]") {
    const auto made = shipped("order-forward");
    CHECK(made.trigger.kind == pipeline::Trigger::Kind::order);
    CHECK(made.trigger.event == "placed");
    REQUIRE(made.steps.size() == 1);
    const auto& submit = made.steps[0];
    CHECK(submit.id == "submit");
    CHECK(submit.use == "supplier.create_order");
    CHECK(submit.retry.attempts == 100);
    CHECK(submit.retry.backoff == milliseconds{2'000});
    CHECK(submit.retry.backoff_max == milliseconds{300'000});
    const auto document = Json::parse(R"({"order":{"supplier":"wesellcellular","items":[{"unit_price":231.00}]},"steps":{}})");
    CHECK(input(submit, "supplier").evaluate(*document).as_string() == "wesellcellular");
    CHECK(input(submit, "order").evaluate(*document).dump() ==
          R"({"supplier":"wesellcellular","items":[{"unit_price":231.00}]})");
}

TEST_CASE("status-ingest applies what the adapter translated", "[definition][unit]") {
    const auto made = shipped("status-ingest");
    CHECK(made.trigger.kind == pipeline::Trigger::Kind::webhook);
    REQUIRE(made.steps.size() == 2);
    CHECK(made.steps[0].use == "supplier.handle_webhook");
    CHECK(made.steps[1].use == "order.apply_evidence");
    const auto document = Json::parse(R"({"webhook":{"account":"phonex"},"steps":{"translate":{"evidence":[1]}}})");
    CHECK(input(made.steps[1], "evidence").evaluate(*document).dump() == "[1]");
    CHECK(input(made.steps[1], "account").evaluate(*document).as_string() == "phonex");
}

TEST_CASE("inventory-sync runs every 15 minutes", "[definition][unit]") {
    const auto made = shipped("inventory-sync");
    CHECK(made.trigger.kind == pipeline::Trigger::Kind::schedule);
    CHECK(made.trigger.schedule.every == milliseconds{900'000});
    REQUIRE(made.steps.size() == 2);
    CHECK(input(made.steps[0], "account").evaluate(Json()).as_string() == "phonex");
}

TEST_CASE("every shipped pipeline loads and bears its file's name", "[definition][unit]") {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(CROSSDOCK_SOURCE) + "/pipelines")) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(".yaml") || name.ends_with(".test.yaml")) { continue; }
        (void)shipped(entry.path().stem().string());
        ++count;
    }
    CHECK(count >= 3);
}

TEST_CASE("a pipeline's digest names its exact text", "[definition][unit]") {
    const std::string text =
        "pipeline: p\ntrigger: { schedule: { every: 1s } }\nsteps:\n- use: supplier.sync_inventory\n  with: { account: a }\n";
    const auto made = good(text);
    CHECK(made.text == text);
    CHECK(made.digest.size() == 64);
    CHECK(made.steps[0].id == "step-1");
    const auto commented = good(text + "# a comment\n");
    CHECK(commented.digest != made.digest);
    CHECK(good(text, "other.yaml").digest == made.digest);
}

TEST_CASE("a path copies members, indexes, quoted names and the whole document", "[definition][unit]") {
    struct Row {
        const char* path;
        const char* json;
    };
    const auto row =
        GENERATE(Row{".order.id", "\"A\""}, Row{".order.items[1].q", "3"}, Row{".order.\"odd key\"", "1"},
                 Row{".order.\"a.b\"[0]", "231.00"}, Row{".order.\"q\\\"}}\"", "7"}, Row{".order.items[9].q", "null"},
                 Row{".order.none.deeper", "null"}, Row{".order.id[0]", "null"}, Row{".steps.first.n", "20000000000000000001"});
    const auto document = Json::parse(R"({"order":{"id":"A","items":[{"q":2},{"q":3}],"odd key":1,"a.b":[231.00],"q\"}}":7},
                                          "steps":{"first":{"n":20000000000000000001}}})");
    REQUIRE(document.has_value());
    const auto made = good(
        with_step("  - use: order.apply_evidence\n    with: { account: a, evidence: '${{ " + std::string(row.path) + " }}' }\n"));
    CHECK(input(made.steps[1], "evidence").evaluate(*document).dump() == row.json);
}

TEST_CASE("mappings, lists and literals keep their form around paths", "[definition][unit]") {
    const auto made =
        good(with_step("  - use: order.apply_evidence\n    if: ${{ .order }}\n    with:\n      account: a\n"
                       "      evidence: { all: [1.50, '2', true, \"${{.order.x}}\", \"${{ . }}\"] }\n"));
    const auto document = Json::parse(R"({"order":{"x":"X"}})");
    CHECK(input(made.steps[1], "evidence").evaluate(*document).dump() == R"({"all":[1.50,"2",true,"X",{"order":{"x":"X"}}]})");
    REQUIRE(made.steps[1].condition);
    CHECK(std::get<pipeline::PathExpression>(made.steps[1].condition->content).source == ".order");
}

TEST_CASE("an expression that cannot be one is refused at its place", "[definition][unit]") {
    struct Row {
        std::string scalar;
        std::string fault;
        int column = 17;
    };
    const auto row = GENERATE(
        Row{"'${{ }}'", "the expression is empty"}, Row{"'${{ .order.\"x }}'", "a string is left open", 29},
        Row{"'é ${{ (.order ] }}'", "a `(` is closed by a `]`", 32},
        Row{"'${{ .order) }}'", "nothing is open that this `)` could close", 28},
        Row{"${{ .order # cut }}",
            "the closing `}}` is missing; YAML cuts plain text at ` #`, so put quotes around it: \"${{ ... }}\""},
        Row{"'${{ .order'", "the closing `}}` is missing"},
        Row{"'${{ .order # }}'", "the closing `}}` is missing; a `#` makes the rest of its line a comment"},
        Row{"'${{ .order ${{ .order }}'", "the closing `}}` is missing"},
        Row{"'${{ .account }}'",
            "`.account` begins with `.account`, which no run has; known are: order, webhook, schedule, steps"},
        Row{"'${{ .oder.id }}'", "`.oder.id` begins with `.oder`, which no run has; did you mean `order`?"},
        Row{"'a ${{ .oder.id }} b'", "`.oder.id` begins with `.oder`, which no run has; did you mean `order`?"},
        Row{"'${{ .webhook.body }}'",
            "`.webhook.body` is never there: this pipeline's trigger gives its runs `.order` and `.steps`"},
        Row{"'${{ .steps.frist.x }}'", "`.steps.frist.x` names the unknown step `frist`; did you mean `first`?"},
        Row{"'${{ .steps.me.x }}'", "`.steps.me.x` names the step `me`, which has not run yet; only steps above this one have"},
        Row{"'${{ .steps.late-1.x }}'",
            "names with other signs than letters, digits and `_` are quoted: `.steps.\"late-1\"`, not `.steps.late-1`"},
        Row{"'${{ .steps.\"late-1\".x }}'",
            "`.steps.\"late-1\".x` names the step `late-1`, which has not run yet; only steps above this one have"},
        Row{"'${{ .order.n > 1 and .steps.frist.x }}'", "`.steps.frist` names the unknown step `frist`; did you mean `first`?",
            39},
        Row{"'${{ .oder.n + 1 }}'", "`.oder.n` begins with `.oder`, which no run has; did you mean `order`?", 22},
        Row{"'${{ .steps[0] }}'", "`.steps` is asked by a step's id, for example `.steps.submit`, not by a number"});
    const std::string text =
        with_step("  - id: me\n    use: order.apply_evidence\n    with:\n      account: a\n      evidence: " + row.scalar +
                  "\n  - id: late-1\n    use: supplier.sync_inventory\n    with: { account: a }\n");
    CAPTURE(row.scalar);
    CHECK(fault_of(text) == "p.yaml:11:" + std::to_string(row.column) + ": " + row.fault);
}

TEST_CASE("anything but a lone path is kept for jq, with its place", "[definition][unit]") {
    struct Row {
        std::string scalar;
        std::string source;
        int line = 11;
        int column = 22;
    };
    const auto row =
        GENERATE(Row{"'${{ .order.total > 5 }}'", ".order.total > 5"}, Row{"'${{ length }}'", "length"}, Row{"'${{ .. }}'", ".."},
                 Row{"'${{ .[0] }}'", ".[0]"}, Row{"'${{ .order[] }}'", ".order[]"}, Row{"'${{ .order. }}'", ".order."},
                 Row{"'${{ .order.größe }}'", ".order.größe"}, Row{"'${{ .steps.first-1 }}'", ".steps.first-1"},
                 Row{"'${{ {a: {b: \"}}\"}} }}'", "{a: {b: \"}}\"}}"}, Row{"'${{{a: {b: 1}}}}'", "{a: {b: 1}}", 11, 21},
                 Row{"'ä ${{ 1 + 1 }} x'", "1 + 1", 11, 24},
                 Row{"${{ .order.id == \"A\" and true }}", ".order.id == \"A\" and true", 11, 21},
                 Row{"|\n        ${{\n          .order |\n            length\n        }}", ".order |\n    length", 13, 11},
                 // Two quotes for one: the text is not found as it stands, so its value's place is all that is known.
                 Row{"'${{ \"it''s\" | length }}'", "\"it's\" | length", 11, 17});
    CAPTURE(row.scalar);
    const auto made = good(with_step(
        "  - id: me\n    use: order.apply_evidence\n    with:\n      account: a\n      evidence: " + row.scalar + "\n"));
    REQUIRE(made.steps[1].expressions.size() == 1);
    CHECK(made.has_expressions());
    const auto& expression = made.steps[1].expressions[0];
    CHECK(expression.source == row.source);
    CHECK(expression.place_of(1, 1).line == row.line);
    CHECK(expression.place_of(1, 1).column == row.column);
}

TEST_CASE("a place within an expression of several lines is one in the file", "[definition][unit]") {
    const auto made =
        good(with_step("  - use: order.apply_evidence\n    with:\n      account: a\n      evidence: |-\n"
                       "        ${{ .order |\n\n            length + x\n        }}\n"));
    const auto& expression = made.steps[1].expressions.at(0);
    CHECK(expression.exact);
    CHECK(expression.source == ".order |\n\n    length + x");
    CHECK(expression.place_of(3, 14).line == 13);
    CHECK(expression.place_of(3, 14).column == 22);
    CHECK(expression.place_of(9, 1).line == 13);
}

TEST_CASE("computed values go where their expressions stand, and into text", "[definition][unit]") {
    const auto made =
        good(with_step("  - use: order.apply_evidence\n    if: ${{ .order.n > 1 }}\n    with:\n      account: 'a-${{ .order.id "
                       "}}-${{ .order.n + 1 }}${{ .order.none "
                       "}}'\n      evidence: [\"${{ .order.n | tostring }}\", '${{ .order.n }}', 'is ${{ .order.n }}: ${{ .order "
                       "}} ${{ null }}', "
                       "{ deep: '${{ [1] }}' }]\n"));
    const auto& step = made.steps[1];
    std::vector<std::string> sources;
    for (const auto& one : step.expressions) { sources.push_back(one.source); }
    CHECK(sources == std::vector<std::string>{".order.n + 1", ".order.n | tostring", "null", "[1]", ".order.n > 1"});
    const auto document = Json::parse(R"({"order":{"id":"X","n":231.00}})").value();
    const std::vector<Json> computed{Json(232), Json("231"), Json(), Json::array({Json(1)}), Json(true)};
    CHECK(input(step, "account").evaluate(document, computed).as_string() == "a-X-232");
    CHECK(input(step, "evidence").evaluate(document, computed).dump() ==
          R"(["231",231.00,"is 231.00: {\"id\":\"X\",\"n\":231.00} ",{"deep":[1]}])");
    CHECK(step.condition->evaluate(document, computed).as_boolean());
    CHECK_FALSE(shipped("order-forward").has_expressions());
}

TEST_CASE("a wrong pipeline is refused with file, line and column", "[definition][unit]") {
    struct Row {
        std::string text;
        std::string fault;
    };
    const std::string head = "pipeline: p\ntrigger: { order: placed }\n";
    const std::string create = "    with: { supplier: a, order: '${{ .order }}' }\n";
    const auto row = GENERATE_COPY(
        Row{"", "p.yaml:1:1: a pipeline takes a map with the keys pipeline, trigger or steps, not nothing"},
        Row{"pipeline: p\ntrigerr: {}\nsteps: []\n", "p.yaml:2:1: unknown key `trigerr`; did you mean `trigger`?"},
        Row{"pipeline: p\nsteps: []\n", "p.yaml:1:1: a pipeline lacks the key `trigger`"},
        Row{"pipeline: ../p\ntrigger: { order: placed }\nsteps: []\n",
            "p.yaml:1:11: a pipeline's name takes letters, digits and `-`, at most 64, and begins with a letter"},
        Row{head + "steps: []\n", "p.yaml:3:8: `steps` takes a list with at least one step"},
        Row{"pipeline: p\ntrigger: placed\nsteps: []\n",
            "p.yaml:2:10: `trigger` takes a map with the keys order, webhook or schedule, not text"},
        Row{"pipeline: p\ntrigger: {}\nsteps: []\n",
            "p.yaml:2:10: a trigger is exactly one of `order: placed`, `webhook: received` and `schedule: { every: 15m }`"},
        Row{"pipeline: p\ntrigger: { order: placed, webhook: received }\nsteps: []\n",
            "p.yaml:2:10: a trigger is exactly one of `order: placed`, `webhook: received` and `schedule: { every: 15m }`"},
        Row{"pipeline: p\ntrigger: { order: place }\nsteps: []\n",
            "p.yaml:2:19: `order`: unknown value \"place\"; did you mean `placed`?"},
        Row{"pipeline: p\ntrigger: { schedule: { every: 999ms } }\nsteps: []\n",
            "p.yaml:2:31: `every` is 999ms; it takes 1s to 366d"},
        Row{"pipeline: p\ntrigger: { schedule: {} }\nsteps: []\n",
            "p.yaml:2:22: `schedule` takes either `every: 15m` or `cron: \"30 6 * * 1-5\"`"},
        Row{"pipeline: p\ntrigger: { schedule: { every: 1h, cron: '@daily' } }\nsteps: []\n",
            "p.yaml:2:22: `schedule` takes either `every: 15m` or `cron: \"30 6 * * 1-5\"`"},
        Row{"pipeline: p\ntrigger: { schedule: { cron: '30 25 * * *' } }\nsteps: []\n",
            "p.yaml:2:30: `cron`: the hour \"25\" is none: it takes `*`, 0 to 23, ranges, lists and steps"},
        Row{"pipeline: p\ntrigger: { schedule: { cron: '0 0 30 2 *' } }\nsteps: []\n",
            "p.yaml:2:30: `cron`: \"0 0 30 2 *\" never comes: no month of its months has such a day"},
        Row{"pipeline: p\ntrigger: { schedule: { cron: '@daily', timezone: Europe/Viena } }\nsteps: []\n",
            "p.yaml:2:50: unknown time zone \"Europe/Viena\"; did you mean `Europe/Vienna`?"},
        Row{"pipeline: p\ntrigger: { schedule: { every: 1h, timezone: UTC } }\nsteps: []\n",
            "p.yaml:2:45: `timezone` belongs to `cron`; `every` counts from the last time"},
        Row{with_step("  - use: wait\n"), "p.yaml:7:5: wait takes either `for: 2h` or `until`, a time"},
        Row{with_step("  - use: wait\n    with: { for: 2h, until: '${{ .order.at }}' }\n"),
            "p.yaml:7:5: wait takes either `for: 2h` or `until`, a time"},
        Row{with_step("  - use: wait\n    with: { for: 2 hours }\n"),
            "p.yaml:8:18: `for`: \"2 hours\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{with_step("  - use: wait\n    with: { for: [2h] }\n"), "p.yaml:8:18: `for` takes text, not a list"},
        Row{with_step("  - use: wait\n    with: { for: 400d }\n"), "p.yaml:8:18: `for`: it is 400d; it takes 1ms to 366d"},
        Row{with_step("  - use: wait\n    with: { until: '2026-02-30T00:00:00Z' }\n"),
            "p.yaml:8:20: `until`: \"2026-02-30T00:00:00Z\" is no RFC 3339 time such as 2025-10-30T18:06:39Z"},
        Row{with_step("  - use: wait_for\n    with: { event: order.shipped }\n"),
            "p.yaml:8:11: wait_for lacks the input `timeout`"},
        Row{with_step("  - use: wait_for\n    with: { event: order.shiped, timeout: 3d }\n"),
            "p.yaml:8:20: `event`: unknown event `order.shiped`; did you mean `order.shipped`?"},
        Row{with_step("  - use: wait_for\n    with: { event: order.shipped, timeout: 3 }\n"),
            "p.yaml:8:44: `timeout`: 3 is no duration such as 30s, 15m, 2h or 3d"},
        Row{"pipeline: p\ntrigger: { webhook: received }\nsteps:\n  - use: wait_for\n    with: { event: order.shipped, timeout: "
            "3d }\n",
            "p.yaml:4:5: wait_for waits for what becomes of an order: it needs `trigger: { order: placed }`"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    retry: { deadline: 10ms }\n"),
            "p.yaml:9:24: `deadline` is 10ms; it takes 1s to 366d"},
        Row{with_step("  - id: first\n    use: supplier.create_order\n" + create),
            "p.yaml:7:9: the step id `first` stands twice; first on line 4"},
        Row{with_step("  - id: a b\n    use: supplier.create_order\n" + create),
            "p.yaml:7:9: a step's id takes letters, digits, `_` and `-`, at most 64, and begins with a letter"},
        Row{with_step("  - id: two\n" + create), "p.yaml:7:5: a step lacks the key `use`"},
        Row{with_step("  - use: supplier.creat_order\n" + create),
            "p.yaml:7:10: unknown step type `supplier.creat_order`; did you mean `supplier.create_order`?"},
        Row{with_step("  - use: shell\n"),
            "p.yaml:7:10: unknown step type `shell`; known are: supplier.create_order, supplier.handle_webhook, "
            "order.apply_evidence, "
            "supplier.sync_inventory, inventory.apply, notify, wait, wait_for"},
        Row{with_step("  - use: supplier.create_order\n    with: { supplier: a }\n"),
            "p.yaml:8:11: supplier.create_order lacks the input `order`"},
        Row{with_step("  - use: supplier.create_order\n"), "p.yaml:7:5: supplier.create_order lacks the input `supplier`"},
        Row{with_step("  - use: supplier.create_order\n    with:\n      suplier: a\n"),
            "p.yaml:9:7: unknown input `suplier` of supplier.create_order; did you mean `supplier`?"},
        Row{with_step("  - use: supplier.create_order\n    with:\n      supplier:\n      order: 1\n"),
            "p.yaml:9:7: the input `supplier` has no value"},
        Row{with_step("  - use: supplier.create_order\n    with: [a]\n"), "p.yaml:8:11: `with` takes a map, not a list"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    retry: { attempts: 0 }\n"),
            "p.yaml:9:24: `attempts` is 0; it takes 1 to 100"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    retry: { backoff: soon }\n"),
            "p.yaml:9:23: `backoff`: \"soon\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    retry: { backoff: 10s, backoff_max: 5s }\n"),
            "p.yaml:9:41: `backoff_max` (5s) is shorter than `backoff` (10s)"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    retry: 3\n"),
            "p.yaml:9:12: `retry` takes a map with the keys attempts, backoff, backoff_max or deadline, not text"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    if: true\n"),
            "p.yaml:9:9: `if` takes an expression: \"${{ ... }}\""},
        Row{with_step("  - use: supplier.create_order\n" + create + "    if: 'not ${{ .order.id }}'\n"),
            "p.yaml:9:9: `if` takes one expression, without text around it"},
        Row{with_step("  - use: supplier.create_order\n" + create + "    foreach: x\n"),
            "p.yaml:9:5: unknown key `foreach`; known are: id, use, with, if, retry"},
        Row{with_step("  - use: supplier.create_order\n    with: { supplier: { '${{ .order }}': 1 }, order: 1 }\n"),
            "p.yaml:8:25: an expression cannot be a key"},
        Row{"pipeline: p\npipeline: q\n", "p.yaml:2:1: the key `pipeline` stands twice; first on line 1"});
    CAPTURE(row.text);
    CHECK(fault_of(row.text) == row.fault);
}

TEST_CASE("a long first backoff without a maximum is its own maximum", "[definition][unit]") {
    const auto made = good(
        with_step("  - use: inventory.apply\n    with: { account: a, feed: 1, low_stock: 3 }\n    retry: { backoff: 1h }\n"));
    CHECK(made.steps[1].retry.backoff_max == milliseconds{3'600'000});
}

TEST_CASE("a schedule follows the clock on a wall, in UTC where no zone is named", "[definition][unit]") {
    const std::string steps = "steps:\n  - use: wait\n    with: { for: 1h }\n";
    const auto vienna =
        good("pipeline: p\ntrigger: { schedule: { cron: \"30 6 * * mon-fri\", timezone: Europe/Vienna } }\n" + steps);
    CHECK(text(vienna.trigger.schedule) == "30 6 * * mon-fri Europe/Vienna");
    const auto plain = good("pipeline: p\ntrigger:\n  schedule:\n    cron: 30 6 * * 1,3\n" + steps);
    CHECK(text(plain.trigger.schedule) == "30 6 * * 1,3 UTC");
    CHECK(text(shipped("inventory-sync").trigger.schedule) == "every 15m");
}

TEST_CASE("waits and deadlines are read, and expressions among them are left to the step's start", "[definition][unit]") {
    const auto made = good(with_step(
        "  - use: wait\n    with: { until: '${{ .order.at }}' }\n  - use: wait_for\n    with: { event: order.delivered, "
        "timeout: '${{ .order.patience }}' }\n    retry: { deadline: 24h }\n"));
    CHECK_FALSE(made.steps[1].retry.deadline);
    CHECK(made.steps[2].retry.deadline == milliseconds{86'400'000});
}

TEST_CASE("the pipelines that the reference shows load", "[definition][unit]") {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(CROSSDOCK_SOURCE) + "/tests/docs/pipelines")) {
        CHECK(good(yaml::read_text(entry.path()).value(), entry.path().string()).name == entry.path().stem().string());
        ++count;
    }
    CHECK(count == 2);
}

TEST_CASE("the reference names each step type and each input", "[definition][unit]") {
    const std::string page = yaml::read_text(std::string(CROSSDOCK_SOURCE) + "/docs/reference/pipeline.md").value();
    for (const auto& type : pipeline::step_types()) {
        const auto row = page.find("\n| `" + std::string(type.use) + "` |");
        CAPTURE(type.use);
        REQUIRE(row != std::string::npos);
        const std::string line = page.substr(row + 1, page.find('\n', row + 1) - row - 1);
        for (const auto* list : {&type.required, &type.optional}) {
            for (const auto input : *list) { CHECK_THAT(line, Catch::Matchers::Contains("`" + std::string(input) + "`")); }
        }
    }
}
