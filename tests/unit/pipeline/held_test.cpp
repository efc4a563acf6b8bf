// Accounts and channels that nobody serves until a person says so, and such as are slow: what is theirs waits, and nobody else's.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

constexpr auto all_topics = static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects);

plugin::CallAnswer nobody() {
    plugin::CallAnswer answer{plugin::CallStatus::not_sent, {}, "quarantined"};
    answer.held = true;
    return answer;
}

}  // namespace

TEST_CASE("what is for a quarantined account waits in the store without an attempt, for days, and then goes",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.caller.unserved.insert("phonex");
    rig.start();
    rig.place(order_text("PO-1"));
    rig.pass(milliseconds{48 * 3'600'000});
    CHECK(rig.caller.calls.empty());
    CHECK(rig.effect() == "pending send 0");
    CHECK(rig.count("effect_attempts") == 0);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");

    rig.caller.unserved.clear();
    rig.caller.script("create_order", created(200, "S-1"));
    rig.engine().wake(all_topics);
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
}

TEST_CASE("an effect that found its account quarantined has made no attempt", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", nobody());
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    CHECK(rig.effect() == "accepted send 1");
    CHECK(rig.caller.calls_of("create_order").size() == 2);
    CHECK(rig.caller.calls_of("create_order")[0].input.text("effect_key") ==
          rig.caller.calls_of("create_order")[1].input.text("effect_key"));
}

TEST_CASE("a webhook of a quarantined account is translated later, however often nobody took it", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    for (int time = 0; time < 200; ++time) { rig.caller.script("handle_webhook", nobody()); }
    rig.webhook(R"({"status":"Shipped"})");
    REQUIRE(rig.until([&] { return rig.caller.calls_of("handle_webhook").size() == 200; }, milliseconds{24 * 3'600'000}));
    CHECK(rig.text("SELECT state FROM runs") == "active");
    CHECK(rig.count("runs WHERE attempts > 0") == 0);
    CHECK(rig.text("SELECT state FROM inbound_webhooks") != "rejected");
}

TEST_CASE("an account that is slow holds up no other account or channel", "[pipeline][unit]") {
    RigOptions one_at_once;
    one_at_once.effects_max = 1;
    EngineRig rig(PIPELINES, one_at_once);
    rig.start();
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("notifications WHERE sent = 1") == 1; }));
    // Its second order stays with the supplier; a third waits behind it.
    rig.caller.hold("create_order");
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.place(order_text("PO-3"));
    rig.commit([&](store::Tx& tx) { rig.facts.needs_attention(tx, "PO-1", "test", "somebody should look"); });
    REQUIRE(rig.until([&] { return rig.count("notifications WHERE sent = 1 AND template = 'order.needs_attention'") == 1; }));
    CHECK(rig.caller.holds());
    CHECK(rig.caller.calls_of("create_order").size() == 2);
    rig.caller.script("create_order", created(200, "S-3"));
    rig.caller.release(created(200, "S-2"));
    REQUIRE(rig.until([&] { return rig.order_status("PO-3") == "submitted"; }));
    CHECK(rig.caller.unexpected == 0);
}
