// Steps whose `with` and `if` hold expressions for jq: what the worker answers is scripted here.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <fstream>

using namespace crossdock;
using Catch::Matchers::Contains;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;
using support::TemporaryFolder;

namespace {

/// One pipeline of one create_order step, whose lines from the third one on are given.
class OnePipeline {
public:
    explicit OnePipeline(const std::string& step) {
        std::ofstream(folder_.path() / "p.yaml") << "pipeline: p\ntrigger: { order: placed }\nsteps:\n  - id: submit\n    use: "
                                                    "supplier.create_order\n"
                                                 << step;
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] static RigOptions options() {
        RigOptions options;
        options.pipelines = {"p"};
        return options;
    }

private:
    TemporaryFolder folder_;
};

const std::string two_expressions =
    "    if: ${{ .order.items | length > 1 }}\n    with:\n      supplier: 'phone${{ \"x\" }}'\n      order: ${{ .order | "
    "del(.items) }}\n";

plugin::CallAnswer results(const std::string& list) {
    return support::answered(Json::object({{"results", Json::parse(list).value()}}));
}
const plugin::CallAnswer all_good = results(R"([{"value":"x"},{"value":{"id":"PO-1","price":231.00}},{"value":true}])");
const plugin::CallAnswer died{plugin::CallStatus::unknown, {}, "the worker ended: killed by signal 6 (Aborted)"};

std::string run_state(EngineRig& rig) {
    return rig.text("SELECT state || ' ' || attempts || ' ' || deaths || ' ' || COALESCE(reason, '') FROM runs");
}

}  // namespace

TEST_CASE("a step's expressions are evaluated together, once, and what they gave is journaled and sent", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions);
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    rig.caller.script("evaluate", all_good);
    rig.caller.script("create_order", created(503, ""));
    rig.caller.script("create_order", created(201, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    const auto calls = rig.caller.calls_of("evaluate");
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].target == "crossdock.expressions");
    CHECK_FALSE(calls[0].effect);
    CHECK(calls[0].timeout == milliseconds{2'000});
    CHECK(calls[0].input.find("expressions")->dump() == R"x(["\"x\"",".order | del(.items)",".order.items | length > 1"])x");
    CHECK_THAT(calls[0].input.find("input")->dump(), Contains("231.00") && Contains(R"("steps":{})"));
    CHECK(rig.text("SELECT with_json FROM steps") == R"({"supplier":"phonex","order":{"id":"PO-1","price":231.00}})");
    const auto sent = rig.caller.calls_of("create_order");
    REQUIRE(sent.size() == 2);
    CHECK(sent[1].input.find("order")->dump() == R"({"id":"PO-1","price":231.00})");
    CHECK(run_state(rig) == "done 0 0 ");
}

TEST_CASE("a step that its condition skips needs no other value", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions);
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    const std::string condition = GENERATE("false", "null");
    rig.caller.script("evaluate", results(R"([{"error":"no x"},{"error":"no order"},{"value":)" + condition + "}]"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(rig.text("SELECT outcome FROM steps") == R"({"outcome":"skipped"})");
    CHECK(rig.caller.calls_of("create_order").empty());
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("an expression that fails is a failed attempt that names its place, and the step's retry applies", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions + "    retry: { attempts: 3, backoff: 1s }\n");
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    struct Row {
        plugin::CallAnswer answer;
        std::string reason;
    };
    const auto row = GENERATE(
        values<Row>({{results(R"([{"value":"x"},{"error":"no items here"},{"value":true}])"),
                      "p.yaml:9:18: `.order | del(.items)`: no items here"},
                     {results(R"([{"value":"x"},{"value":1},{"error":"it gives no value"}])"),
                      "p.yaml:6:13: `.order.items | length > 1`: it gives no value"},
                     {results("[]"), "its expressions could not be evaluated: the expression worker's answer makes no sense"},
                     {{plugin::CallStatus::not_sent, {}, "no worker is called crossdock.expressions"},
                      "its expressions could not be evaluated: no worker is called crossdock.expressions"}}));
    rig.caller.script("evaluate", row.answer);
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE attempts = 1") == 1; }));
    CHECK_THAT(run_state(rig), Contains("active 1 0 ") && Contains(row.reason));
    SECTION("and may succeed later") {
        rig.caller.script("evaluate", all_good);
        rig.caller.script("create_order", created(201, "S-1"));
        REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    }
    SECTION("until the attempts are used up, and a person is asked") {
        rig.caller.script("evaluate", row.answer);
        rig.caller.script("evaluate", row.answer);
        REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'failed'") == 1; }));
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Contains(row.reason));
        CHECK(rig.caller.calls_of("evaluate").size() == 3);
    }
}

TEST_CASE("a run that was active when three expression workers died is a dead letter", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions + "    retry: { attempts: 100, backoff: 1s }\n");
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    for (int i = 0; i < 3; ++i) { rig.caller.script("evaluate", died); }
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE attempts = 1") == 1; }));
    CHECK_THAT(run_state(rig), Contains("active 1 1 "));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'failed'") == 1; }));
    CHECK(run_state(rig) ==
          "failed 3 3 its expressions could not be evaluated: the worker ended: killed by signal 6 (Aborted); 3 "
          "processes died over it");
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Contains("3 processes died over it"));
    CHECK(rig.caller.calls_of("evaluate").size() == 3);
}

TEST_CASE("deaths with a success or a plain failure between them do not add up", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions + "    retry: { attempts: 100, backoff: 1s }\n");
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    for (const auto& answer : {died, died, results(R"([{"error":"e"},{"value":1},{"value":true}])"), died, died, all_good}) {
        rig.caller.script("evaluate", answer);
    }
    rig.caller.script("create_order", created(201, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(run_state(rig) == "done 0 0 ");
}

TEST_CASE("a run that was active when the daemon died three times is a dead letter", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions);
    auto options = OnePipeline::options();
    std::vector<std::unique_ptr<EngineRig>> rigs;
    for (int death = 0; death < 3; ++death) {
        auto& rig = *rigs.emplace_back(std::make_unique<EngineRig>(pipeline.folder(), options));
        rig.caller.hold("evaluate");
        rig.recover();
        rig.start();
        if (death == 0) { rig.place(order_text("PO-1")); }
        REQUIRE(rig.until([&] { return rig.caller.holds(); }));
        options.file = rig.crash_image();
        options.utc = rig.clock.utc_ms() + 1'000;
    }
    EngineRig last(pipeline.folder(), options);
    last.start();
    REQUIRE(last.until([&] { return last.count("runs WHERE state = 'failed'") == 1; }));
    CHECK(run_state(last) == "failed 0 3 it was active when 3 processes died, one after the other");
    CHECK(last.caller.calls_of("evaluate").empty());
    for (auto& rig : rigs) { rig->caller.release(died); }
}

TEST_CASE("one step's expressions are with the worker at a time, so that it takes no others along", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions);
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    rig.caller.hold("evaluate");
    rig.caller.script("evaluate", all_good);
    rig.caller.script("evaluate", all_good);
    rig.caller.script("create_order", created(201, "S-1"));
    rig.caller.script("create_order", created(201, "S-2"));
    rig.caller.script("create_order", created(201, "S-3"));
    for (const char* id : {"PO-1", "PO-2", "PO-3"}) { rig.place(order_text(id)); }
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    CHECK(rig.caller.calls_of("evaluate").size() == 1);
    rig.caller.release(all_good);
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 3; }));
    CHECK(rig.caller.calls_of("evaluate").size() == 3);
}

TEST_CASE("a daemon without expressions of its own knows when runs of an earlier revision have some", "[pipeline][unit]") {
    const OnePipeline pipeline(two_expressions);
    EngineRig rig(pipeline.folder(), OnePipeline::options());
    rig.start();
    const std::function<bool(store::Tx&)> look = [](store::Tx& tx) { return pipeline::unfinished_runs_have_expressions(tx); };
    CHECK_FALSE(rig.value_of(rig.store().read<bool>(look)).value().value());
    rig.caller.hold("evaluate");
    rig.place(order_text("PO-1"));
    CHECK(rig.value_of(rig.store().read<bool>(look)).value().value());
    rig.caller.script("create_order", created(201, "S-1"));
    rig.caller.release(all_good);
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK_FALSE(rig.value_of(rig.store().read<bool>(look)).value().value());
}
