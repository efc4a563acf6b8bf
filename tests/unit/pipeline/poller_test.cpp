// Orders of which nothing is heard are asked for; what is heard in answer stands beside what webhooks say.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using support::answered;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

constexpr milliseconds silence{3'600'000};
constexpr milliseconds every{900'000};

RigOptions polled(pipeline::PollBy by = pipeline::PollBy::status) {
    RigOptions options;
    options.poll = model::PollPattern{.silent_for = silence, .every = every, .every_max = 4 * every};
    options.poll_by = by;
    return options;
}

Json evidence(const std::string& word, const std::string& at, const std::string& tracking = "",
              const std::string& reference = "PO-1") {
    return Json::object({{"reference", reference},
                         {"supplier_order_id", "S-1"},
                         {"supplier_status", word},
                         {"tracking_number", tracking},
                         {"occurred_at", at}});
}
plugin::CallAnswer says(Json::Array list) {
    return answered(Json::object({{"evidence", Json::array(std::move(list))}}));
}
plugin::CallAnswer finds(std::vector<std::string> words) {
    Json matches = Json::array();
    for (const auto& word : words) { matches.push(Json::object({{"supplier_order_id", "S-1"}, {"supplier_status", word}})); }
    return answered(Json::object({{"matches", std::move(matches)}}));
}
const plugin::CallAnswer shipped = says({evidence("Shipped", "2025-10-30T18:06:39Z", "T-1")});
const plugin::CallAnswer confirmed = says({evidence("Confirmed", "2025-10-30T18:06:00Z")});

/// An order that the supplier has taken.
void submit(EngineRig& rig) {
    rig.start();
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
}
std::size_t questions(const EngineRig& rig, const std::string& operation = "get_order_status") {
    return rig.caller.calls_of(operation).size();
}
/// Lets time pass until the n-th question; how long that was.
milliseconds until_question(EngineRig& rig, std::size_t number, milliseconds within) {
    const UtcMs from = rig.clock.utc_ms();
    REQUIRE(rig.until([&] { return questions(rig) == number; }, within));
    return milliseconds{rig.clock.utc_ms() - from};
}
std::int64_t healed(EngineRig& rig) {
    return rig.count("evidence WHERE healed = 1");
}

}  // namespace

TEST_CASE("an order that is silent for too long is asked for, not before, and what is heard is applied and told",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    rig.caller.always("get_order_status", [](const plugin::Call&) { return shipped; });
    rig.pass(silence - milliseconds{1'000});
    CHECK(questions(rig) == 0);
    CHECK(until_question(rig, 1, milliseconds{2'000}) == milliseconds{1'000});
    REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }, milliseconds{1'000}));
    const auto call = rig.caller.calls_of("get_order_status").front();
    CHECK(call.target == "phonex");
    CHECK(call.input.text("reference") == "PO-1");
    CHECK(call.input.text("supplier_order_id") == "S-1");
    CHECK_FALSE(call.effect);
    CHECK(rig.text("SELECT tracking_number FROM supplier_orders") == "T-1");
    CHECK(rig.count("notifications WHERE template = 'order.shipped'") == 1);
    CHECK(rig.text("SELECT source FROM evidence") == "poll");
    CHECK(healed(rig) == 1);
}

TEST_CASE("an account without a pattern is not asked", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    submit(rig);
    rig.pass(48 * silence);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("news by webhook put the question off", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    rig.pass(silence / 2);
    rig.caller.script("handle_webhook", confirmed);
    rig.webhook("{}");
    rig.settle();
    REQUIRE(rig.order_status() == "confirmed");
    rig.caller.always("get_order_status", [](const plugin::Call&) { return confirmed; });
    CHECK(until_question(rig, 1, 2 * silence) == silence);
}

TEST_CASE("questions that bring nothing new come less and less often, and news begin anew", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    auto answer = confirmed;
    rig.caller.always("get_order_status", [&](const plugin::Call&) { return answer; });
    CHECK(until_question(rig, 1, 2 * silence) == silence);
    // "Confirmed" was news, then it is known.
    CHECK(until_question(rig, 2, 2 * silence) == silence);
    for (const auto& [number, pause] : {std::pair{3U, every}, {4U, 2 * every}, {5U, 4 * every}, {6U, 4 * every}}) {
        const auto took = until_question(rig, number, 5 * every);
        CHECK(took <= pause);
        CHECK(took >= pause * 3 / 4);
    }
    CHECK(rig.count("evidence") == 1);
    answer = shipped;
    (void)until_question(rig, 7, 5 * every);
    REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }, milliseconds{1'000}));
    CHECK(until_question(rig, 8, 2 * silence) == silence);
}

TEST_CASE("an order that has ended, or waits for its own answer, is not asked for", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    SECTION("delivered, canceled") {
        submit(rig);
        const auto* word = GENERATE("Delivered", "Canceled");
        rig.caller.script("handle_webhook", says({evidence(word, "2025-10-30T18:06:39Z")}));
        rig.webhook("{}");
    }
    SECTION("refused") {
        rig.start();
        rig.caller.script("create_order", created(422, "", "no such SKU"));
        rig.place(order_text("PO-1"));
    }
    SECTION("not sent yet") {
        rig.start();
        rig.caller.hold("create_order");
        rig.place(order_text("PO-1"));
    }
    rig.pass(10 * silence);
    CHECK(questions(rig) == 0);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a supplier that does not answer, or speaks of another order, is asked again later and changes nothing",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    const auto bad = GENERATE(values<plugin::CallAnswer>({{plugin::CallStatus::failed, {}, "GET /v1/orders/S-1 -> 404"},
                                                          {plugin::CallStatus::unknown, {}, "the worker died"},
                                                          {plugin::CallStatus::not_sent, {}, "starting"},
                                                          answered(Json::object()),
                                                          says({evidence("Shipped", "2025-10-30T18:06:39Z", "T-9", "PO-2")}),
                                                          says({evidence("Shipped", "yesterday")}),
                                                          says({})}));
    rig.caller.script("get_order_status", bad);
    rig.caller.script("get_order_status", shipped);
    (void)until_question(rig, 1, 2 * silence);
    rig.settle();
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.count("evidence") == 0);
    const auto took = until_question(rig, 2, 2 * every);
    CHECK(took >= every * 3 / 4);
    CHECK(rig.until([&] { return rig.order_status() == "shipped"; }, milliseconds{1'000}));
}

TEST_CASE("a supplier that asks for a pause gets it", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    plugin::CallAnswer busy{plugin::CallStatus::failed, {}, "429"};
    busy.retry_after = 3 * every;
    rig.caller.script("get_order_status", busy);
    rig.caller.script("get_order_status", shipped);
    (void)until_question(rig, 1, 2 * silence);
    CHECK(until_question(rig, 2, 4 * every) == 3 * every);
}

TEST_CASE("an order that stays silent is given up and shown to a person, once", "[pipeline][unit]") {
    auto options = polled();
    options.poll->give_up_after = 3 * silence;
    EngineRig rig(PIPELINES, options);
    submit(rig);
    rig.caller.always("get_order_status", [](const plugin::Call&) { return says({}); });
    REQUIRE(rig.until([&] { return rig.text("SELECT attention FROM orders") != "NULL"; }, 10 * silence));
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Contains("phonex has said nothing new of PO-1 since"));
    const auto asked = questions(rig);
    rig.pass(30 * silence);
    CHECK(questions(rig) == asked);
    // It speaks again.
    rig.caller.script("handle_webhook", confirmed);
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return questions(rig) == asked + 1; }, 2 * silence));
}

TEST_CASE("a restart forgets no question and hurries none", "[pipeline][unit]") {
    EngineRig first(PIPELINES, polled());
    submit(first);
    first.caller.always("get_order_status", [](const plugin::Call&) { return says({}); });
    (void)until_question(first, 2, 3 * silence);
    first.settle();
    const UtcMs due = std::stoll(first.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders"));
    auto later = polled();
    later.file = first.crash_image();
    later.utc = first.clock.utc_ms() + 1'000;
    EngineRig rig(PIPELINES, later);
    rig.caller.script("get_order_status", shipped);
    rig.start();
    CHECK(rig.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders") == std::to_string(due));
    (void)until_question(rig, 1, 4 * every);
    CHECK(rig.clock.utc_ms() == due);
    CHECK(rig.until([&] { return rig.order_status() == "shipped"; }, milliseconds{1'000}));
}

TEST_CASE("a poll and a webhook that say the same are told once, whoever is first", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    const bool poll_first = GENERATE(true, false);
    rig.caller.script("handle_webhook", shipped);
    rig.caller.always("get_order_status", [](const plugin::Call&) { return shipped; });
    if (!poll_first) { rig.webhook("{}"); }
    (void)until_question(rig, 1, 2 * silence);
    rig.settle();
    if (poll_first) {
        CHECK(healed(rig) == 1);
        rig.webhook("{}");
    }
    rig.settle();
    CHECK(rig.order_status() == "shipped");
    CHECK(rig.count("evidence") == 1);
    CHECK(rig.count("facts WHERE kind = 'order.shipped'") == 1);
    CHECK(rig.count("notifications WHERE template = 'order.shipped'") == 1);
    CHECK(rig.count("inbound_webhooks WHERE state = 'applied'") == 1);
    CHECK(healed(rig) == 0);
}

TEST_CASE("a webhook that comes while its order is asked for puts the next question off", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    rig.caller.hold("get_order_status");
    REQUIRE(rig.until([&] { return rig.caller.holds(); }, 2 * silence));
    rig.caller.script("handle_webhook", confirmed);
    rig.webhook("{}");
    rig.settle();
    rig.caller.release(confirmed);
    rig.settle();
    CHECK(rig.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders") ==
          std::to_string(rig.clock.utc_ms() + silence.count()));
    CHECK(rig.text("SELECT CAST(polls AS TEXT) FROM supplier_orders") == "0");
}

TEST_CASE("a plugin that can only look orders up is asked so, and what it finds is undated", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled(pipeline::PollBy::lookup));
    submit(rig);
    SECTION("an order that has moved on") {
        rig.caller.always("find_order", [](const plugin::Call&) { return finds({"Shipped"}); });
        REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }, 2 * silence));
        CHECK(rig.text("SELECT CAST(occurred_at AS TEXT) FROM evidence") == "0");
        rig.pass(20 * every);
        CHECK(rig.count("evidence") == 1);
        CHECK(rig.count("notifications WHERE template = 'order.shipped'") == 1);
        CHECK(healed(rig) == 1);
    }
    SECTION("an answer from before what a webhook said") {
        rig.caller.script("handle_webhook", shipped);
        rig.webhook("{}");
        rig.settle();
        rig.caller.always("find_order", [](const plugin::Call&) { return finds({"Confirmed"}); });
        REQUIRE(rig.until([&] { return questions(rig, "find_order") == 1; }, 2 * silence));
        rig.settle();
        CHECK(rig.order_status() == "shipped");
        CHECK(healed(rig) == 0);
    }
    SECTION("nothing, or no status") {
        rig.caller.script("find_order", finds({}));
        rig.caller.script("find_order", finds({""}));
        REQUIRE(rig.until([&] { return questions(rig, "find_order") == 2; }, 2 * silence));
        rig.settle();
        CHECK(rig.order_status() == "submitted");
        CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    }
    SECTION("two") {
        rig.caller.always("find_order", [](const plugin::Call&) { return finds({"Shipped", "Confirmed"}); });
        REQUIRE(rig.until([&] { return questions(rig, "find_order") == 2; }, 2 * silence));
        rig.settle();
        CHECK(rig.order_status() == "submitted");
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Contains("phonex has 2 orders with our reference PO-1"));
        CHECK(rig.count("facts WHERE kind = 'order.needs_attention'") == 1);
    }
}

TEST_CASE("a plugin that can do neither is not asked, nor one that nobody serves", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled(GENERATE(pipeline::PollBy::nothing, pipeline::PollBy::status)));
    submit(rig);
    rig.caller.unserved.insert("phonex");
    rig.pass(10 * silence);
    CHECK(questions(rig) == 0);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a question that found its account quarantined was none", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    submit(rig);
    plugin::CallAnswer nobody{plugin::CallStatus::not_sent, {}, "quarantined"};
    nobody.held = true;
    rig.caller.script("get_order_status", nobody);
    rig.caller.script("get_order_status", shipped);
    (void)until_question(rig, 1, 2 * silence);
    CHECK(until_question(rig, 2, every) == milliseconds{60'000});
    CHECK(rig.until([&] { return rig.order_status() == "shipped"; }, milliseconds{1'000}));
}

TEST_CASE("an account is asked for few orders at once, and for all of them in the end", "[pipeline][unit]") {
    auto options = polled();
    options.poll->until = model::Status::shipped;
    EngineRig rig(PIPELINES, options);
    rig.start();
    constexpr int count = 40;
    for (int i = 1; i <= count; ++i) {
        rig.caller.script("create_order", created(200, "S-" + std::to_string(i)));
        rig.place(order_text("PO-" + std::to_string(i)));
    }
    REQUIRE(rig.until([&] { return rig.count("orders WHERE status = 'submitted'") == count; }));
    const auto most = rig.engine().options()->polls_max;
    for (std::size_t i = 0; i < most; ++i) { rig.caller.hold("get_order_status"); }
    rig.caller.always("get_order_status", [](const plugin::Call& call) {
        auto one = evidence("Shipped", "2025-10-30T18:06:39Z", "T", call.input.text("reference"));
        one.set("supplier_order_id", call.input.text("supplier_order_id"));
        return says({std::move(one)});
    });
    rig.pass(silence + milliseconds{60'000});
    CHECK(questions(rig) == most);
    // The scripted supplier keeps one of the open calls; answering it lets the others through.
    rig.caller.release(says({}));
    REQUIRE(rig.until([&] { return rig.count("orders WHERE status = 'shipped'") == count - static_cast<int>(most); }, every / 2));
}

TEST_CASE("an order that waits for a person, since nobody knows whether it arrived, is asked for, and an answer settles it",
          "[pipeline][unit]") {
    auto options = polled();
    options.effect_class = model::EffectClass::unsafe;
    EngineRig rig(PIPELINES, options);
    rig.start();
    rig.caller.script("create_order", support::cut());
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "parked send 1"; }));
    rig.caller.script("get_order_status", says({}));
    REQUIRE(rig.until([&] { return questions(rig) == 1; }, silence + milliseconds{60'000}));
    CHECK(rig.effect() == "parked send 1");
    rig.caller.script("get_order_status", says({evidence("Confirmed", "2025-10-30T18:06:00Z")}));
    REQUIRE(rig.until([&] { return rig.order_status() == "confirmed"; }, 2 * every));
    CHECK(rig.text("SELECT state FROM effects WHERE operation = 'create_order'") == "accepted");
    CHECK(rig.count("runs WHERE state = 'done' AND pipeline = 'order-forward'") == 1);
    CHECK(rig.count("attention WHERE resolved_at IS NULL") == 0);
    CHECK(rig.caller.calls_of("create_order").size() == 1);
}

TEST_CASE("an order that was parked is asked for after a restart, too, and given up as any other", "[pipeline][unit]") {
    auto options = polled();
    options.effect_class = model::EffectClass::unsafe;
    options.poll->give_up_after = 12 * silence;
    EngineRig first(PIPELINES, options);
    first.start();
    first.caller.script("create_order", support::cut());
    first.place(order_text("PO-1"));
    REQUIRE(first.until([&] { return first.effect() == "parked send 1"; }));
    options.file = first.crash_image();
    options.utc = first.clock.utc_ms() + 1'000;
    EngineRig rig(PIPELINES, options);
    rig.caller.always("get_order_status", [](const plugin::Call&) { return says({}); });
    rig.recover();
    rig.start();
    REQUIRE(rig.until([&] { return questions(rig) >= 1; }, 2 * silence));
    REQUIRE(rig.until([&] { return rig.count("attention WHERE topic LIKE '%silent/PO-1%'") == 1; }, 40 * silence));
    const auto asked = questions(rig);
    rig.pass(10 * silence);
    CHECK(questions(rig) == asked);
}
