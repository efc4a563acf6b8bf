// Time that outlives the process: schedules by the clock on a wall, steps that wait, and deadlines.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <fstream>

using namespace crossdock;
using Catch::Matchers::Contains;
using model::EffectClass;
using support::created;
using support::cut;
using support::EngineRig;
using support::found;
using support::order_text;
using support::RigOptions;
using support::TemporaryFolder;

namespace {

constexpr milliseconds minute{60'000};
constexpr milliseconds hour = 60 * minute;
constexpr milliseconds day = 24 * hour;

/// A folder with the pipeline `p`: its trigger and its steps.
class OnePipeline {
public:
    OnePipeline(const std::string& trigger, const std::string& steps) {
        std::ofstream(folder_.path() / "p.yaml") << "pipeline: p\ntrigger: { " << trigger << " }\nsteps:\n" << steps;
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

private:
    TemporaryFolder folder_;
};

RigOptions at(const std::string& time, const std::filesystem::path& file = {}) {
    RigOptions options;
    options.pipelines = {"p"};
    options.utc = parse_rfc3339(time).value();
    options.file = file;
    return options;
}

const std::string half_past_two = R"(schedule: { cron: "30 2 * * *", timezone: Europe/Vienna })";
const std::string short_work = "  - use: wait\n    with: { for: 1s }\n";
const std::string long_work = "  - use: wait\n    with: { for: 60h }\n";
const std::string placed = "order: placed";

std::string triggers(EngineRig& rig) {
    return rig.text("SELECT group_concat(trigger_json, ' ') FROM (SELECT trigger_json FROM runs ORDER BY created_at)");
}
std::string schedule(EngineRig& rig) {
    return rfc3339(std::stoll(rig.text("SELECT CAST(next_at AS TEXT) FROM schedules"))) + " " +
           rig.text("SELECT CAST(passed_over AS TEXT) FROM schedules");
}
std::string outcome(EngineRig& rig, const std::string& step) {
    return rig.text("SELECT state || ' ' || outcome FROM steps WHERE step_id = :1", {step});
}

void tell(EngineRig& rig, const std::string& word, const std::string& time, const std::string& tracking = "") {
    orders::Evidence evidence;
    evidence.reference = "PO-1";
    evidence.supplier_order_id = "S-1";
    evidence.supplier_status = word;
    evidence.tracking_number = tracking;
    evidence.occurred_at = parse_rfc3339(time).value();
    rig.commit([&](store::Tx& tx) { (void)orders::apply_evidence(tx, rig.facts, rig.account, evidence); });
    rig.settle();
}

}  // namespace

TEST_CASE("a cron schedule starts a run at its local time, once a day, whatever is done to the clocks", "[pipeline][unit]") {
    const OnePipeline pipeline(half_past_two, short_work);
    EngineRig rig(pipeline.folder(), at("2026-10-24T00:00:00Z"));
    rig.start();
    CHECK(rig.count("runs") == 0);
    rig.pass(3 * day);
    CHECK(triggers(rig) == R"({"schedule":{"at":"2026-10-24T00:30:00Z","missed":0}} )"
                           R"({"schedule":{"at":"2026-10-25T00:30:00Z","missed":0}} )"
                           R"({"schedule":{"at":"2026-10-26T01:30:00Z","missed":0}})");
    CHECK(rig.count("runs WHERE state = 'done'") == 3);
}

TEST_CASE("after a downtime one run stands for all times that were missed, and says so", "[pipeline][unit]") {
    const OnePipeline pipeline(half_past_two, short_work);
    EngineRig first(pipeline.folder(), at("2026-03-27T00:00:00Z"));
    first.start();
    first.pass(2 * hour);
    CHECK(first.count("runs WHERE state = 'done'") == 1);
    EngineRig rig(pipeline.folder(), at("2026-03-31T12:00:00Z", first.crash_image()));
    rig.start();
    rig.pass(2 * hour);
    CHECK(triggers(rig) == R"({"schedule":{"at":"2026-03-27T01:30:00Z","missed":0}} )"
                           R"({"schedule":{"at":"2026-03-31T00:30:00Z","missed":3}})");
    CHECK(schedule(rig) == "2026-04-01T00:30:00Z 0");
}

TEST_CASE("a cron schedule whose last run is under way is passed over, and that is counted", "[pipeline][unit]") {
    const OnePipeline pipeline(half_past_two, long_work);
    EngineRig rig(pipeline.folder(), at("2026-06-01T00:00:00Z"));
    rig.start();
    rig.pass(3 * day);
    CHECK(rig.count("runs") == 1);
    CHECK(schedule(rig) == "2026-06-04T00:30:00Z 2");
    rig.pass(day);
    CHECK(rig.count("runs") == 2);
}

TEST_CASE("a clock that is set back starts no run for a time that had one", "[pipeline][unit]") {
    const OnePipeline pipeline(half_past_two, short_work);
    EngineRig first(pipeline.folder(), at("2026-06-01T00:29:00Z"));
    first.start();
    first.pass(2 * minute);
    REQUIRE(first.count("runs WHERE state = 'done'") == 1);
    SECTION("while the engine runs") {
        first.clock.set_utc(parse_rfc3339("2026-05-31T23:00:00Z").value());
        first.pass(3 * hour);
        CHECK(first.count("runs") == 1);
    }
    SECTION("before it starts again") {
        EngineRig rig(pipeline.folder(), at("2026-06-01T00:00:00Z", first.crash_image()));
        (void)rig.randomness.below(2);  // or it makes the same ids
        rig.start();
        CHECK(schedule(rig) == "2026-06-01T00:30:00Z 0");
        rig.pass(hour);
        CHECK(rig.count("runs") == 1);
        CHECK(schedule(rig) == "2026-06-02T00:30:00Z 0");
    }
}

TEST_CASE("a schedule that was changed is due by what it says now, and by nothing of before", "[pipeline][unit]") {
    const OnePipeline before(R"(schedule: { cron: "30 2 * * *" })", short_work);
    EngineRig first(before.folder(), at("2026-06-01T02:00:00Z"));
    CHECK(schedule(first) == "2026-06-01T02:30:00Z 0");
    struct Row {
        const char* trigger;
        const char* next;
    };
    const auto row = GENERATE(Row{R"(schedule: { cron: "30 2 * * *" })", "2026-06-01T02:30:00Z 0"},
                              Row{R"(schedule: { cron: "30 2 * * *", timezone: America/New_York })", "2026-06-05T06:30:00Z 0"},
                              Row{R"(schedule: { cron: "0 12 * * *" })", "2026-06-05T12:00:00Z 0"},
                              Row{R"(schedule: { every: 15m })", "2026-06-05T03:00:00Z 0"});
    const OnePipeline now(row.trigger, short_work);
    EngineRig rig(now.folder(), at("2026-06-05T03:00:00Z", first.crash_image()));
    CHECK(schedule(rig) == row.next);
}

TEST_CASE("a wait ends when it was to end, whatever becomes of the process meanwhile", "[pipeline][unit]") {
    const OnePipeline pipeline(placed, GENERATE("  - id: pause\n    use: wait\n    with: { for: 2h }\n",
                                                "  - id: pause\n    use: wait\n    with: { until: '2026-06-01T12:00:00Z' }\n"));
    EngineRig first(pipeline.folder(), at("2026-06-01T10:00:00Z"));
    first.start();
    first.place(order_text("PO-1"));
    first.pass(90 * minute);
    CHECK(first.text("SELECT state || ' ' || reason FROM runs") == "active waits until 2026-06-01T12:00:00Z");
    SECTION("started again before") {
        EngineRig rig(pipeline.folder(), at("2026-06-01T11:40:00Z", first.crash_image()));
        rig.start();
        REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }, hour));
        CHECK(rfc3339(rig.clock.utc_ms()) == "2026-06-01T12:00:00Z");
        CHECK(outcome(rig, "pause") == R"(done {"outcome":"done","until":"2026-06-01T12:00:00Z"})");
    }
    SECTION("started again after") {
        EngineRig rig(pipeline.folder(), at("2026-06-02T00:00:00Z", first.crash_image()));
        rig.start();
        CHECK(rig.count("runs WHERE state = 'done'") == 1);
    }
}

TEST_CASE("a wait whose input makes no sense fails its run, and a person hears of it", "[pipeline][unit]") {
    const OnePipeline pipeline(placed, "  - use: wait\n    with: { until: '${{ .order.requested_at }}' }\n");
    EngineRig rig(pipeline.folder(), at("2026-06-01T10:00:00Z"));
    rig.start();
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'failed'") == 1; }));
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Contains("`until`: null is no RFC 3339 time"));
}

TEST_CASE("a step waits for what becomes of the order, and goes on with the fact, or without", "[pipeline][unit]") {
    const OnePipeline pipeline(placed,
                               "  - id: submit\n    use: supplier.create_order\n    with: { supplier: phonex, order: '${{ .order "
                               "}}' }\n  - id: shipped\n    use: wait_for\n    with: { event: order.shipped, timeout: 3d }\n");
    EngineRig first(pipeline.folder(), at("2026-06-01T10:00:00Z"));
    first.start();
    first.caller.script("create_order", created(201, "S-1"));
    SECTION("it happens while the step waits") {
        first.place(order_text("PO-1"));
        first.pass(hour);
        CHECK_THAT(first.text("SELECT reason FROM runs"), Contains("waits for order.shipped, until 2026-06-04T10:00:00Z"));
        tell(first, "Confirmed", "2026-06-01T10:30:00Z");
        CHECK(first.count("runs WHERE state = 'active'") == 1);
        const bool restarts = GENERATE(false, true);
        if (restarts) {
            EngineRig rig(pipeline.folder(), at("2026-06-01T12:00:00Z", first.crash_image()));
            rig.start();
            tell(rig, "Shipped", "2026-06-01T11:30:00Z", "T-1");
            CHECK(rig.count("runs WHERE state = 'done'") == 1);
        }
        else {
            const UtcMs before = first.clock.utc_ms();
            tell(first, "Shipped", "2026-06-01T11:00:00Z", "T-1");
            CHECK(first.clock.utc_ms() == before);  // no time passes, so no timer was waited for
            CHECK(first.count("runs WHERE state = 'done'") == 1);
            CHECK(first.count("runs WHERE awaits IS NOT NULL") == 0);
            CHECK_THAT(outcome(first, "shipped"), Contains(R"("outcome":"happened","event":"order.shipped")") &&
                                                      Contains(R"("at":"2026-06-01T11:00:00Z")") &&
                                                      Contains(R"("tracking_number":"T-1")"));
        }
    }
    SECTION("it has happened before the step begins") {
        first.place(order_text("PO-1"));
        tell(first, "Shipped", "2026-06-01T11:00:00Z", "T-1");
        CHECK(first.count("runs WHERE state = 'done'") == 1);
        CHECK_THAT(outcome(first, "shipped"), Contains("happened"));
    }
    SECTION("it happens between the fact's commit and a crash") {
        first.place(order_text("PO-1"));
        first.pass(hour);
        REQUIRE(first.stop(milliseconds{1'000}));
        tell(first, "Shipped", "2026-06-01T11:00:00Z", "T-1");
        EngineRig rig(pipeline.folder(), at("2026-06-01T12:00:00Z", first.crash_image()));
        rig.start();
        CHECK(rig.count("runs WHERE state = 'done'") == 1);
    }
    SECTION("it does not happen") {
        first.place(order_text("PO-1"));
        first.pass(2 * day);
        EngineRig rig(pipeline.folder(), at("2026-06-03T11:00:00Z", first.crash_image()));
        rig.start();
        REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }, 3 * day));
        CHECK(rfc3339(rig.clock.utc_ms()) == "2026-06-04T10:00:00Z");
        CHECK(outcome(rig, "shipped") == R"(done {"outcome":"timeout","event":"order.shipped"})");
        tell(rig, "Shipped", "2026-06-04T11:00:00Z", "T-1");
        CHECK(rig.count("runs WHERE state = 'done'") == 1);
    }
}

TEST_CASE("what another order meets wakes nobody", "[pipeline][unit]") {
    const OnePipeline pipeline(placed, "  - use: wait_for\n    with: { event: order.shipped, timeout: 3d }\n");
    EngineRig rig(pipeline.folder(), at("2026-06-01T10:00:00Z"));
    rig.start();
    rig.place(order_text("PO-1"));
    rig.place(order_text("PO-2"));
    rig.settle();
    tell(rig, "Shipped", "2026-06-01T11:00:00Z", "T-1");
    CHECK(rig.text("SELECT order_id FROM runs WHERE state = 'done'") == "PO-1");
    CHECK(rig.text("SELECT awaits FROM runs WHERE order_id = 'PO-2'") == "order.shipped");
}

TEST_CASE("no attempt begins after an effect's deadline", "[pipeline][unit]") {
    const OnePipeline pipeline(placed,
                               "  - id: submit\n    use: supplier.create_order\n    with: { supplier: phonex, order: '${{ .order "
                               "}}' }\n    retry: { attempts: 100, backoff: 10m, backoff_max: 10m, deadline: 1h }\n");
    RigOptions options = at("2026-06-01T10:00:00Z");
    options.effect_class = EffectClass::lookup;
    SECTION("what could never be sent is a dead letter") {
        EngineRig rig(pipeline.folder(), options);
        rig.start();
        for (int i = 0; i < 100; ++i) { rig.caller.script("create_order", created(503, "")); }
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return rig.effect().starts_with("dead"); }, day));
        CHECK(rig.clock.utc_ms() <= options.utc + hour.count());
        CHECK(rig.text("SELECT reason FROM effects") == "its deadline of 1h leaves no further attempt; nothing was sent");
        rig.pass(2 * hour);
        CHECK(rig.count("effect_attempts WHERE operation = 'create_order' AND started_at > :1", {options.utc + hour.count()}) ==
              0);
        CHECK(rig.count("effect_attempts WHERE operation = 'create_order'") > 6);
    }
    SECTION("what was due in a downtime is not sent when that is over") {
        EngineRig first(pipeline.folder(), options);
        first.start();
        first.caller.script("create_order", created(503, ""));
        first.place(order_text("PO-1"));
        first.settle();
        REQUIRE(first.effect() == "pending send 1");
        RigOptions later = at("2026-06-01T11:00:01Z", first.crash_image());
        EngineRig rig(pipeline.folder(), later);
        rig.recover();
        rig.start();
        CHECK(rig.effect() == "dead send 1");
        CHECK(rig.caller.calls_of("create_order").empty());
        CHECK(rig.count("runs WHERE state = 'failed'") == 1);
    }
    SECTION("what may have left is asked for all the same, and never sent again") {
        EngineRig first(pipeline.folder(), options);
        first.start();
        first.caller.script("create_order", cut());
        first.place(order_text("PO-1"));
        first.settle();
        RigOptions later = at("2026-06-01T12:00:00Z", first.crash_image());
        later.effect_class = EffectClass::lookup;
        EngineRig rig(pipeline.folder(), later);
        const bool is_there = GENERATE(true, false);
        rig.caller.script("find_order", is_there ? found({"S-1"}) : found({}));
        rig.recover();
        rig.start();
        CHECK(rig.effect() == (is_there ? "accepted ask 1" : "dead ask 1"));
        rig.pass(hour);
        CHECK(rig.caller.unexpected == 0);
    }
}

TEST_CASE("a key that is still valid sends nothing after the deadline", "[pipeline][unit]") {
    const OnePipeline pipeline(placed,
                               "  - id: submit\n    use: supplier.create_order\n    with: { supplier: phonex, order: '${{ .order "
                               "}}' }\n    retry: { attempts: 100, backoff: 10m, backoff_max: 10m, deadline: 30m }\n");
    RigOptions options = at("2026-06-01T10:00:00Z");
    options.effect_class = EffectClass::idempotent;
    EngineRig first(pipeline.folder(), options);
    first.start();
    first.caller.script("create_order", cut());
    first.place(order_text("PO-1"));
    first.settle();
    REQUIRE(first.effect() == "pending send 1");
    RigOptions later = at("2026-06-01T10:40:00Z", first.crash_image());
    later.effect_class = EffectClass::idempotent;
    EngineRig rig(pipeline.folder(), later);
    rig.caller.script("find_order", found({"S-1"}));
    rig.recover();
    rig.start();
    CHECK(rig.effect() == "accepted ask 1");
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a step that fails until its deadline fails its run", "[pipeline][unit]") {
    const OnePipeline pipeline("schedule: { every: 366d }",
                               "  - use: supplier.sync_inventory\n    with: { account: phonex }\n    retry: { attempts: 100, "
                               "backoff: 10m, backoff_max: 10m, deadline: 1h }\n");
    EngineRig rig(pipeline.folder(), at("2026-06-01T10:00:00Z"));
    rig.start();
    const UtcMs begun = rig.clock.utc_ms();
    SECTION("while the engine runs") {
        REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'failed'") == 1; }, day));
        CHECK(rig.clock.utc_ms() <= begun + hour.count());
        CHECK_THAT(rig.text("SELECT reason FROM runs"), Contains("its deadline of 1h leaves no further attempt"));
    }
    SECTION("in a downtime") {
        REQUIRE(rig.caller.calls_of("sync_inventory").size() == 1);
        EngineRig later(pipeline.folder(), at("2026-06-01T12:00:00Z", rig.crash_image()));
        later.start();
        CHECK(later.count("runs WHERE state = 'failed'") == 1);
        CHECK(later.caller.calls_of("sync_inventory").empty());
        CHECK(later.text("SELECT reason FROM runs") == "its deadline of 1h has passed");
    }
}
