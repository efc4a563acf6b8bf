#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <set>

using namespace crossdock;
using model::EffectClass;
using support::created;
using support::cut;
using support::EngineRig;
using support::found;
using support::of_class;
using support::order_text;
using support::quiet;
using support::RigOptions;

namespace {

void expect_accepted_once(EngineRig& rig, const std::string& id) {
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.text("SELECT supplier_order_id FROM supplier_orders") == id);
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(rig.count("notifications WHERE template = 'order.accepted' AND sent = 1") == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.caller.unexpected == 0);
}

}  // namespace

TEST_CASE("an order is sent to its supplier once, and the customer is told once", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", created(201, "S-1"));
    rig.place(order_text("PO-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    rig.pass(milliseconds{120'000});
    expect_accepted_once(rig, "S-1");
    const auto calls = rig.caller.calls_of("create_order");
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].target == "phonex");
    CHECK(calls[0].effect);
    CHECK(calls[0].not_after > 0);
    CHECK(calls[0].input.text("reference") == "PO-1");
    CHECK_THAT(calls[0].input.dump(), Catch::Matchers::Contains("231.00"));
    CHECK(rig.caller.calls_of("deliver").size() == 1);
    CHECK(rig.text("SELECT plugin_digest FROM effects WHERE operation = 'create_order'") == "digest-of-plugin");
}

TEST_CASE("an order that the supplier refuses is rejected and told, not tried again", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", created(422, "", "no such SKU"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    rig.pass(milliseconds{600'000});
    CHECK(rig.order_status() == "rejected");
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.effect() == "refused send 1");
    CHECK(rig.count("notifications WHERE template = 'order.rejected' AND sent = 1") == 1);
}

TEST_CASE("what was not sent is tried again, with the same key, until it goes through", "[pipeline][unit]") {
    const auto not_sent = GENERATE(values<plugin::CallAnswer>({{plugin::CallStatus::not_sent, {}, "no worker"},
                                                               {plugin::CallStatus::failed, {}, "no route"},
                                                               created(429, ""),
                                                               created(503, "")}));
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.start();
    rig.caller.script("create_order", not_sent);
    rig.caller.script("create_order", not_sent);
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    expect_accepted_once(rig, "S-1");
    std::set<std::string> keys;
    for (const auto& call : rig.caller.calls_of("create_order")) { keys.insert(call.input.text("effect_key")); }
    CHECK(keys.size() == 1);
    CHECK(rig.caller.calls_of("create_order").size() == 3);
}

TEST_CASE("an order that can never be sent ends with a person, after the attempts that its step allows", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    for (int i = 0; i < 100; ++i) {
        rig.caller.script("create_order", plugin::CallAnswer{plugin::CallStatus::not_sent, {}, "no worker"});
    }
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect().starts_with("dead"); }, milliseconds{86'400'000}));
    rig.pass(milliseconds{600'000});
    CHECK(rig.effect() == "dead send 100");
    CHECK(rig.caller.unexpected == 0);
    CHECK(rig.count("runs WHERE state = 'failed'") == 1);
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("attempts used up"));
    CHECK(rig.count("notifications WHERE email = 'ops@reseller.example' AND sent = 1") == 1);
}

TEST_CASE("an unknown outcome is sent again with the same key where the supplier honours it", "[pipeline][unit]") {
    const auto unknown =
        GENERATE(values<plugin::CallAnswer>({cut(),
                                             created(500, ""),
                                             created(504, ""),
                                             created(200, ""),
                                             created(401, ""),
                                             {plugin::CallStatus::unknown, {}, "the worker died"},
                                             support::answered(Json::object({{"transport", "of a new kind"}}))}));
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    rig.caller.script("create_order", unknown);
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    expect_accepted_once(rig, "S-1");
    const auto calls = rig.caller.calls_of("create_order");
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].input.dump() == calls[1].input.dump());
    CHECK_FALSE(calls[0].input.text("effect_key").empty());
    CHECK(rig.caller.calls_of("find_order").empty());
}

TEST_CASE("an order that was taken without an id is asked for, and never sent again by itself", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(GENERATE(EffectClass::lookup, EffectClass::idempotent)));
    rig.start();
    auto taken = created(200, "");
    taken.output.set("id_follows", true);
    rig.caller.script("create_order", taken);
    SECTION("its id is found") {
        rig.caller.script("find_order", found({}));
        rig.caller.script("find_order", found({"S-1"}));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        expect_accepted_once(rig, "S-1");
        CHECK(rig.text("SELECT outcome FROM effect_attempts WHERE operation = 'create_order'") == "taken");
    }
    SECTION("it never shows up: a person looks") {
        rig.caller.always("find_order", [](const plugin::Call&) { return found({}); });
        rig.place(order_text("PO-1"));
        rig.pass(milliseconds{3'600'000});
        CHECK_THAT(rig.text("SELECT attention FROM orders"),
                   Catch::Matchers::Contains("the supplier took it, and does not show it"));
    }
    CHECK(rig.caller.calls_of("create_order").size() == 1);
}

TEST_CASE("an unknown outcome is looked up before anything is sent again", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::lookup));
    rig.start();
    rig.caller.script("create_order", cut());
    SECTION("found: nothing is sent") {
        rig.caller.script("find_order", found({"S-1"}));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        expect_accepted_once(rig, "S-1");
        CHECK(rig.caller.calls_of("create_order").size() == 1);
        CHECK(rig.caller.calls_of("find_order").front().input.text("reference") == "PO-1");
        CHECK_FALSE(rig.caller.calls_of("find_order").front().effect);
    }
    SECTION("absent: it is sent again only after it would have become visible") {
        const UtcMs begun = rig.clock.utc_ms();
        UtcMs sent_again = 0;
        rig.caller.always("find_order", [](const plugin::Call&) { return found({}); });
        rig.caller.script("create_order", created(200, "S-1"));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] {
            if (sent_again == 0 && rig.caller.calls_of("create_order").size() == 2) { sent_again = rig.clock.utc_ms(); }
            return quiet(rig);
        }));
        expect_accepted_once(rig, "S-1");
        // not_after 5 s + request timeout 10 s + visible_within 60 s
        CHECK(sent_again - begun >= 75'000);
        CHECK(sent_again - begun < 80'000);
        // Now and then before that time, and once at it.
        CHECK(rig.caller.calls_of("find_order").size() > 2);
        CHECK(rig.caller.calls_of("find_order").size() < 30);
    }
    SECTION("a lookup that fails is no answer: asked again") {
        rig.caller.script("find_order", cut());
        rig.caller.script("find_order", plugin::CallAnswer{plugin::CallStatus::unknown, {}, "hung"});
        rig.caller.script("find_order", found({"S-1"}));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        expect_accepted_once(rig, "S-1");
        CHECK(rig.caller.calls_of("create_order").size() == 1);
        CHECK(rig.caller.calls_of("find_order").size() == 3);
    }
    SECTION("two matches: a person decides") {
        rig.caller.script("find_order", found({"S-1", "S-2"}));
        rig.place(order_text("PO-1"));
        rig.pass(milliseconds{3'600'000});
        CHECK(rig.effect() == "parked ask 1");
        CHECK(rig.caller.unexpected == 0);
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("2 orders with our reference"));
        CHECK(rig.text("SELECT supplier_order_id FROM supplier_orders") == "NULL");
    }
}

TEST_CASE("a key that is no longer honoured is not used: the supplier is asked", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    rig.caller.hold("create_order");
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.pass(milliseconds{3'600'000});
    rig.caller.script("find_order", found({"S-1"}));
    rig.caller.release(cut());
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    expect_accepted_once(rig, "S-1");
}

TEST_CASE("an unknown outcome at a supplier that cannot be asked is never sent blindly", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.start();
    rig.caller.script("create_order", cut());
    rig.place(order_text("PO-1"));
    rig.pass(milliseconds{24 * 3'600'000});
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.caller.calls_of("find_order").empty());
    CHECK(rig.effect() == "parked send 1");
    CHECK(rig.order_status() == "pending");
    CHECK(rig.count("facts WHERE kind = 'order.needs_attention'") == 1);
    CHECK(rig.count("notifications WHERE email = 'ops@reseller.example' AND sent = 1") == 1);
}

TEST_CASE("a webhook that comes before the answer settles the order, and the late answer changes nothing", "[pipeline][unit]") {
    const auto late = GENERATE(values<plugin::CallAnswer>({created(200, "S-1"), cut(), created(422, "", "too late")}));
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.start();
    rig.caller.hold("create_order");
    rig.caller.script(
        "handle_webhook",
        support::answered(Json::object({{"evidence", Json::array({Json::object({{"reference", "PO-1"},
                                                                                {"supplier_order_id", "S-1"},
                                                                                {"supplier_status", "Confirmed"},
                                                                                {"occurred_at", "2025-10-30T18:06:39Z"}})})}})));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.webhook(R"({"order":"S-1"})");
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "confirmed");
    CHECK(rig.effect() == "accepted send 1");
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "applied");
    rig.caller.release(late);
    rig.pass(milliseconds{600'000});
    CHECK(rig.order_status() == "confirmed");
    CHECK(rig.effect() == "accepted send 1");
    CHECK(rig.count("notifications WHERE template = 'order.accepted'") == 1);
    CHECK(rig.count("notifications WHERE template = 'order.rejected'") == 0);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.count("runs WHERE state = 'done'") == 2);
}

TEST_CASE("a late answer with another id than the webhook's is shown to a person", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.hold("create_order");
    rig.caller.script("handle_webhook", support::answered(Json::object({{"evidence", Json::array({Json::object({
                                                                                         {"reference", "PO-1"},
                                                                                         {"supplier_order_id", "S-1"},
                                                                                         {"supplier_status", "Confirmed"},
                                                                                     })})}})));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return rig.order_status() == "confirmed"; }));
    rig.caller.release(created(200, "S-2"));
    rig.settle();
    CHECK(rig.text("SELECT supplier_order_id FROM supplier_orders") == "S-1");
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("S-2"));
}

TEST_CASE("an order that was under way when the daemon was killed is resolved by its class", "[pipeline][unit]") {
    const auto effect_class = GENERATE(EffectClass::idempotent, EffectClass::lookup, EffectClass::unsafe);
    EngineRig before(PIPELINES, of_class(effect_class));
    before.start();
    before.caller.hold("create_order");
    before.place(order_text("PO-1"));
    REQUIRE(before.until([&] { return before.caller.holds(); }));
    RigOptions options = of_class(effect_class);
    options.file = before.crash_image();
    options.utc = before.clock.utc_ms() + 1'000;

    EngineRig rig(PIPELINES, options);
    CHECK(rig.effect() == "sending send 1");
    rig.caller.script("create_order", created(200, "S-1"));
    rig.caller.script("find_order", found({"S-1"}));
    rig.recover();
    rig.start();
    (void)rig.until([&] { return quiet(rig); }, milliseconds{60'000});
    CHECK(rig.text("SELECT outcome FROM effect_attempts WHERE number = 1") == "unknown");
    const auto sent = rig.caller.calls_of("create_order");
    if (effect_class == EffectClass::idempotent) {
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].input.dump() == before.caller.calls_of("create_order")[0].input.dump());
        expect_accepted_once(rig, "S-1");
    }
    else if (effect_class == EffectClass::lookup) {
        CHECK(sent.empty());
        expect_accepted_once(rig, "S-1");
    }
    else {
        CHECK(sent.empty());
        CHECK(rig.caller.calls_of("find_order").empty());
        CHECK(rig.effect() == "parked send 1");
        CHECK(rig.text("SELECT attention FROM orders") != "NULL");
    }
    before.caller.release(cut());
}

TEST_CASE("an order that was stored and not yet sent when the daemon was killed is sent once after it", "[pipeline][unit]") {
    EngineRig before(PIPELINES, of_class(EffectClass::unsafe));
    before.place(order_text("PO-1"));
    RigOptions options = of_class(EffectClass::unsafe);
    options.file = before.crash_image();
    EngineRig rig(PIPELINES, options);
    rig.caller.script("create_order", created(200, "S-1"));
    rig.recover();
    rig.start();
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    expect_accepted_once(rig, "S-1");
}

TEST_CASE("a clean stop waits for what is under way and burns no attempt of what is not", "[pipeline][unit]") {
    RigOptions one_at_once = of_class(EffectClass::unsafe);
    one_at_once.effects_max = 1;
    EngineRig rig(PIPELINES, one_at_once);
    rig.start();
    rig.caller.hold("create_order");
    rig.place(order_text("PO-1"));
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    SECTION("the answer comes within the grace") {
        rig.clock.after(milliseconds{2'000}, [&] { rig.caller.release(created(200, "S-1")); });
        CHECK(rig.stop(milliseconds{30'000}));
        CHECK(rig.order_status("PO-1") == "submitted");
    }
    SECTION("the answer comes too late") {
        CHECK_FALSE(rig.stop(milliseconds{30'000}));
        CHECK(rig.count("effects WHERE order_id = 'PO-1' AND state = 'sending' AND attempts = 1") == 1);
        rig.caller.release(cut());
        rig.settle();
    }
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.count("effects WHERE order_id = 'PO-2' AND state = 'pending' AND attempts = 0") == 1);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a mail that the server puts off is sent later, one that it refuses is shown to a person", "[pipeline][unit]") {
    const auto mail = [](int status) {
        return support::answered(Json::object({{"transport", "answered"}, {"status", status}, {"reason", "said so"}}));
    };
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", created(200, "S-1"));
    SECTION("put off") {
        rig.caller.script("deliver", mail(451));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(rig.caller.calls_of("deliver").size() == 2);
        CHECK(rig.count("notifications WHERE sent = 1 AND repeats = 0") == 1);
    }
    SECTION("cut: the same message again, and counted") {
        rig.caller.script("deliver", cut());
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        const auto sent = rig.caller.calls_of("deliver");
        REQUIRE(sent.size() == 2);
        CHECK(sent[0].input.dump() == sent[1].input.dump());
        CHECK(rig.count("notifications WHERE sent = 1 AND repeats = 1") == 1);
    }
    SECTION("refused") {
        rig.caller.script("deliver", mail(550));
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(rig.count("notifications WHERE template = 'order.accepted' AND sent = 0") == 1);
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("said so"));
    }
}
