// Plugins and options that are replaced while orders are under way.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using support::created;
using support::cut;
using support::EngineRig;
using support::found;
using support::order_text;
using support::RigOptions;

namespace {

constexpr const char* digest_before = "digest-of-plugin";
constexpr const char* digest_after = "digest-of-the-next";

RigOptions idempotent() {
    RigOptions options;
    options.effect_class = model::EffectClass::idempotent;
    return options;
}

/// An order whose first send ended unknown.
void cut_order(EngineRig& rig) {
    rig.caller.served = {digest_before};
    rig.start();
    rig.caller.script("create_order", cut());
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "pending send 1"; }));
}

plugin::CallAnswer by(const char* digest, plugin::CallAnswer answer) {
    answer.plugin_digest = digest;
    return answer;
}

}  // namespace

TEST_CASE("an order that may have left is sent again by the plugin that sent it, while that one is kept", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, idempotent());
    cut_order(rig);
    rig.caller.served = {digest_after, {digest_before}};
    rig.caller.script("create_order", created(200, "S-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    const auto calls = rig.caller.calls_of("create_order");
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].digest == digest_before);
    CHECK(calls[1].digest == digest_before);
    CHECK(rig.caller.calls_of("find_order").empty());
}

TEST_CASE("an order that may have left is looked up when the plugin that sent it is gone", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, idempotent());
    cut_order(rig);
    rig.caller.served = {digest_after};
    SECTION("the supplier has it") {
        rig.caller.script("find_order", by(digest_after, found({"S-1"})));
        REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
        CHECK(rig.caller.calls_of("create_order").size() == 1);
    }
    SECTION("nobody answers the lookup at first") {
        rig.caller.script("find_order", plugin::CallAnswer{plugin::CallStatus::failed, {}, "down", digest_after});
        rig.caller.script("find_order", by(digest_after, found({"S-1"})));
        REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
        CHECK(rig.caller.calls_of("create_order").size() == 1);
    }
    SECTION("the supplier does not have it: the next plugin sends it, with the same key") {
        rig.caller.always("find_order", [](const plugin::Call&) { return by(digest_after, found({})); });
        rig.caller.script("create_order", by(digest_after, created(200, "S-2")));
        REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
        const auto calls = rig.caller.calls_of("create_order");
        REQUIRE(calls.size() == 2);
        CHECK(calls[1].digest == digest_after);
        CHECK(calls[0].input.text("effect_key") == calls[1].input.text("effect_key"));
        CHECK(rig.text("SELECT plugin_digest FROM effects WHERE operation = 'create_order'") == digest_after);
    }
}

TEST_CASE("an order that may have left is parked when the next plugin cannot ask", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, idempotent());
    cut_order(rig);
    rig.caller.served = {digest_after};
    auto options = *rig.engine().options();
    options.rules["phonex"].create_order.can_ask = false;
    rig.engine().change(options);
    REQUIRE(rig.until([&] { return rig.effect().starts_with("parked"); }));
    CHECK_THAT(rig.text("SELECT reason FROM effects WHERE operation = 'create_order'"),
               Catch::Contains("the plugin that sent it has been replaced"));
    CHECK(rig.text("SELECT attention FROM orders") != "NULL");
    CHECK(rig.caller.calls_of("create_order").size() == 1);
}

TEST_CASE("an order that has not left goes by the plugin that serves when its turn comes", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, idempotent());
    rig.caller.served = {digest_before};
    rig.start();
    plugin::CallAnswer replaced{plugin::CallStatus::not_sent, {}, "replaced before anything was sent"};
    replaced.held = true;
    rig.caller.script("create_order", replaced);
    rig.caller.script("create_order", created(429, ""));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.calls_of("create_order").size() == 2; }));
    rig.caller.served = {digest_after};
    rig.caller.script("create_order", by(digest_after, created(200, "S-1")));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    CHECK(rig.caller.calls_of("create_order").back().digest == digest_after);
    // The call that nobody took was no attempt.
    CHECK(rig.effect() == "accepted send 2");
}

TEST_CASE("an order that has not left is taken for no more than its account may claim now", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, idempotent());
    rig.caller.unserved.insert("phonex");
    rig.caller.served = {digest_before};
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    auto options = *rig.engine().options();
    auto& rules = options.rules["phonex"].create_order;
    rules.effect_class = model::EffectClass::unsafe;
    const bool known = GENERATE(true, false);
    rules.plugin_known = known;
    rig.engine().change(options);
    rig.caller.unserved.clear();
    rig.caller.script("create_order", cut());
    rig.caller.script("create_order", created(200, "S-1"));
    rig.engine().wake(static_cast<unsigned>(store::Topic::effects));
    const std::string expected = known ? "parked send 1" : "accepted send 2";
    CHECK(rig.until([&] { return rig.effect() == expected; }));
}

TEST_CASE("what an account's last call answers counts, although its account was removed meanwhile", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.hold("create_order");
    rig.place(order_text("PO-1"));
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    auto options = *rig.engine().options();
    options.rules.clear();
    options.accounts.by_name.clear();
    rig.engine().change(options);
    rig.caller.release(created(200, "S-1"));
    REQUIRE(rig.until([&] { return rig.order_status("PO-1") == "submitted"; }));
}

TEST_CASE("a run goes on with the revision it began with, and the next one begins with the new one", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.hold("create_order");
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    auto options = *rig.engine().options();
    for (auto& definition : options.definitions) {
        if (definition.name != "order-forward") { continue; }
        definition = pipeline::parse_definition(definition.text + "\n# changed\n", definition.file).value();
    }
    rig.commit([&](store::Tx& tx) { rig.engine().sync(tx, options); });
    rig.engine().change(options);
    rig.caller.release(created(200, "S-1"));
    rig.caller.script("create_order", created(200, "S-2"));
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.order_status("PO-1") == "submitted" && rig.order_status("PO-2") == "submitted"; }));
    CHECK(rig.count("runs WHERE pipeline = 'order-forward'") == 2);
    CHECK(rig.text("SELECT COUNT(DISTINCT revision) || '' FROM runs WHERE pipeline = 'order-forward'") == "2");
}
