// What waits for a person, and what a person may say to it; what was given up, and how it is taken up again.
#include <catch2/catch.hpp>

#include "orders/explain.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using model::EffectClass;
using pipeline::Resolution;
using support::answered;
using support::created;
using support::cut;
using support::EngineRig;
using support::of_class;
using support::order_text;
using support::quiet;
using support::RigOptions;

namespace {

/// An order whose only attempt may have arrived, at a supplier that can neither deduplicate nor be asked.
void park(EngineRig& rig) {
    rig.start();
    rig.caller.script("create_order", cut());
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "parked send 1"; }));
}

Json attention(EngineRig& rig, bool all = false) {
    return rig.look<Json>([&](store::Tx& tx) { return *notify::list_attention(tx, all, 100).find("attention"); });
}

std::string choices(const Json& entry) {
    std::string text;
    for (const auto& choice : entry.find("choices")->items()) { text += choice.as_string() + " "; }
    return text;
}

Resolution say(Resolution::What what, std::int64_t number = 1, const std::string& id = "") {
    return {.what = what, .number = number, .supplier_order_id = id, .note = "asked by phone", .by = "a test"};
}

plugin::CallAnswer reports(const std::string& reference, const std::string& word, const std::string& id = "S-9") {
    return answered(Json::object({{"evidence", Json::array({Json::object({{"reference", reference},
                                                                          {"supplier_order_id", id},
                                                                          {"supplier_status", word},
                                                                          {"occurred_at", "2025-10-30T18:06:39Z"}})})}}));
}

plugin::CallAnswer nobody_there() {
    return {plugin::CallStatus::not_sent, {}, "no worker"};
}

std::vector<pipeline::DeadLetter> letters(EngineRig& rig, const pipeline::DeadLetterFilter& filter = {}) {
    return rig.look<std::vector<pipeline::DeadLetter>>([&](store::Tx& tx) { return pipeline::dead_letters(tx, filter); });
}

/// An order that was tried a hundred times and never left.
void give_up(EngineRig& rig, const std::string& id) {
    for (int i = 0; i < 100; ++i) { rig.caller.script("create_order", nobody_there()); }
    rig.place(order_text(id));
    REQUIRE(rig.until([&] { return rig.count("effects WHERE order_id = :1 AND state = 'dead'", {id}) == 1; },
                      milliseconds{86'400'000}));
}

}  // namespace

TEST_CASE("a parked order is shown with what may be said to it, and goes on when a person adopts its id",
          "[pipeline][attention][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    park(rig);
    const auto open = attention(rig);
    REQUIRE(open.items().size() == 1);
    CHECK(open.items()[0].integer("number") == 1);
    CHECK(open.items()[0].text("order_id") == "PO-1");
    CHECK(choices(open.items()[0]) == "adopt resend cancel ");
    CHECK_FALSE(rig.resolve(say(Resolution::What::done)).refusal.empty());
    CHECK_FALSE(rig.resolve(say(Resolution::What::adopt, 2, "S-1")).refusal.empty());
    CHECK(rig.order_status() == "pending");

    CHECK(rig.resolve(say(Resolution::What::adopt, 1, "S-1")).text == "adopted as S-1");
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.effect() == "accepted send 1");
    CHECK(rig.text("SELECT supplier_order_id FROM supplier_orders") == "S-1");
    CHECK(rig.count("notifications WHERE template = 'order.accepted' AND sent = 1") == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.text("SELECT actor || ' ' || action || ' ' || subject || ' ' || detail FROM audit_log") ==
          "a test attention.resolve #1 PO-1 adopt: adopted as S-1; asked by phone");
    CHECK(attention(rig).items().empty());
    CHECK(attention(rig, true).items().at(0).text("resolved_by") == "a test");
    CHECK_FALSE(rig.resolve(say(Resolution::What::resend)).refusal.empty());
}

TEST_CASE("an id that another order has is not adopted", "[pipeline][attention][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    park(rig);
    rig.caller.script("create_order", created(201, "S-2"));
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.order_status("PO-2") == "submitted"; }));
    CHECK_THAT(rig.resolve(say(Resolution::What::adopt, 1, "S-2")).refusal, Catch::Matchers::Contains("PO-2"));
    CHECK(rig.effect() != "accepted send 1");
    CHECK(attention(rig).items().size() == 1);
}

TEST_CASE("a person's resend is a new order with a new reference and key, and what is heard of the old one is shown",
          "[pipeline][attention][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    park(rig);
    rig.caller.script("create_order", created(201, "S-2"));
    CHECK(rig.resolve(say(Resolution::What::resend)).text == "sent again as PO-1-2");
    REQUIRE(rig.until([&] { return quiet(rig); }));
    const auto calls = rig.caller.calls_of("create_order");
    REQUIRE(calls.size() == 2);
    CHECK(calls[1].input.text("reference") == "PO-1-2");
    CHECK(calls[0].input.text("effect_key").ends_with("//1"));
    CHECK(calls[1].input.text("effect_key").ends_with("//2"));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.count("order_lines WHERE accepted = ordered") == 2);
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");

    rig.caller.script("handle_webhook", reports("PO-1", "Shipped", "S-1"));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return rig.count("evidence") == 1 && quiet(rig); }));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.count("notifications WHERE template IN ('order.shipped', 'order.canceled')") == 0);
    CHECK(rig.count("notifications WHERE template = 'order.accepted'") == 1);
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("it may have the order nevertheless"));
}

TEST_CASE("a parked order that is not to be is canceled", "[pipeline][attention][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    park(rig);
    CHECK(rig.resolve(say(Resolution::What::cancel)).refusal.empty());
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "canceled");
    CHECK(rig.effect() == "withdrawn send 1");
    CHECK(rig.count("notifications WHERE template = 'order.canceled' AND sent = 1") == 1);
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
}

TEST_CASE("evidence that settles a parked order, or a dead one, ends what waited for a person", "[pipeline][attention][unit]") {
    const auto dead = GENERATE(false, true);
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    if (dead) {
        rig.start();
        give_up(rig, "PO-1");
    }
    else { park(rig); }
    REQUIRE(attention(rig).items().size() == 1);
    rig.caller.script("handle_webhook", reports("PO-1", "Confirmed"));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return rig.order_status() == "confirmed" && quiet(rig); }));
    CHECK(attention(rig).items().empty());
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.count("runs WHERE pipeline = 'order-forward' AND state = 'done'") == 1);
}

TEST_CASE("what a person has seen to may open again, and is told again", "[pipeline][attention][unit]") {
    EngineRig rig(PIPELINES);
    const auto raise = [&](const std::string& reason) {
        rig.commit([&](store::Tx& tx) { rig.facts.needs_attention(tx, "PO-1", "topic", reason); });
    };
    rig.place(order_text("PO-1"));
    raise("first");
    raise("the same, told otherwise");
    CHECK(attention(rig).items().size() == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "the same, told otherwise");
    CHECK(rig.resolve(say(Resolution::What::done)).refusal.empty());
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    raise("again");
    CHECK(rig.text("SELECT attention FROM orders") == "again");
    CHECK(rig.count("facts WHERE kind = 'order.needs_attention'") == 2);
    CHECK(rig.count("notifications WHERE template = 'order.needs_attention'") == 2);
}

TEST_CASE("a dead letter is replayed with its key, and its order is placed once", "[pipeline][dead-letter][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    give_up(rig, "PO-1");
    const auto found = letters(rig);
    REQUIRE(found.size() == 1);
    CHECK(found[0].pipeline == "order-forward");
    CHECK(found[0].step == "submit");
    CHECK(found[0].target == "phonex");
    CHECK(found[0].order_id == "PO-1");
    CHECK(found[0].attempts == 100);

    pipeline::Replay wanted{.preview = true, .by = "a test"};
    CHECK(rig.replay(wanted).letters.size() == 1);
    rig.pass(milliseconds{600'000});
    CHECK(rig.effect() == "dead send 100");
    CHECK(letters(rig).size() == 1);

    rig.caller.script("create_order", created(201, "S-1"));
    wanted.preview = false;
    CHECK(rig.replay(wanted).letters.size() == 1);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    const auto calls = rig.caller.calls_of("create_order");
    CHECK(calls.front().input.text("effect_key") == calls.back().input.text("effect_key"));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(letters(rig).empty());
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.count("audit_log WHERE action = 'dead-letter.replay'") == 1);
}

TEST_CASE("many dead letters are replayed by what they have in common, at a pace", "[pipeline][dead-letter][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    for (const auto* id : {"PO-1", "PO-2", "PO-3"}) { give_up(rig, id); }
    CHECK(letters(rig, {.order_id = "PO-2"}).size() == 1);
    CHECK(letters(rig, {.account = "other"}).empty());
    CHECK(letters(rig, {.reason = "attempts used up"}).size() == 3);
    CHECK(letters(rig, {.ids = {letters(rig)[0].id.substr(0, 36)}}).size() == 1);
    for (const auto* id : {"S-1", "S-2", "S-3"}) { rig.caller.script("create_order", created(201, id)); }
    const UtcMs begun = rig.clock.utc_ms();
    CHECK(rig.replay({.which = {.pipeline = "order-forward"}, .between = milliseconds{5'000}, .by = "a test"}).letters.size() ==
          3);
    REQUIRE(rig.until([&] { return rig.count("orders WHERE status = 'submitted'") == 1; }));
    CHECK(rig.clock.utc_ms() - begun < 5'000);
    REQUIRE(rig.until([&] { return rig.count("orders WHERE status = 'submitted'") == 3; }));
    CHECK(rig.clock.utc_ms() - begun >= 10'000);
}

TEST_CASE("a dead letter shows its input and each exchange of its attempts", "[pipeline][dead-letter][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    auto limited = created(429, "");
    limited.exchanges = Json::array({Json::object(
        {{"request", Json::object({{"url", "{{base_url}}/v1/orders"}})}, {"response", Json::object({{"status", 429}})}})});
    for (int i = 0; i < 100; ++i) { rig.caller.script("create_order", limited); }
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect().starts_with("dead"); }, milliseconds{86'400'000}));
    const auto id = letters(rig).at(0).id;
    const auto shown = rig.look<Json>([&](store::Tx& tx) { return pipeline::show_dead_letter(tx, id).value_or(Json()); });
    CHECK(shown.find("input")->text("reference") == "PO-1");
    REQUIRE(shown.find("attempts_made")->items().size() == 100);
    const auto& last = shown.find("attempts_made")->items().back();
    CHECK(last.text("outcome") == "not sent");
    CHECK(last.find("exchanges")->items().at(0).find("response")->integer("status") == 429);
    CHECK(rig.caller.calls_of("create_order").at(0).record);
}

TEST_CASE("a webhook that was rejected is translated again by a replay", "[pipeline][dead-letter][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.start();
    rig.caller.script("create_order", created(201, "S-9"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    rig.caller.script("handle_webhook", plugin::CallAnswer{plugin::CallStatus::failed, {}, "an unknown event"});
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return letters(rig).size() == 1; }));
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "rejected");
    CHECK(attention(rig).items().size() == 1);
    rig.caller.script("handle_webhook", reports("PO-1", "Shipped"));
    CHECK(rig.replay({.by = "a test"}).letters.size() == 1);
    REQUIRE(rig.until([&] { return rig.order_status() == "shipped" && quiet(rig); }));
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "applied");
    CHECK(attention(rig).items().empty());
}

TEST_CASE("a replay from an earlier step does not repeat what that step did", "[pipeline][dead-letter][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.start();
    rig.caller.script("create_order", created(201, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    // As if a step behind it had failed.
    rig.commit([](store::Tx& tx) { tx.run("UPDATE runs SET state = 'failed', reason = 'a later step'"); });
    CHECK_THAT(rig.replay({.from_step = "no-such", .by = "a test"}).refusal, Catch::Matchers::Contains("no-such"));
    CHECK(rig.replay({.from_step = "submit", .by = "a test"}).refusal.empty());
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.order_status() == "submitted");
}

TEST_CASE("an order that waited past the life of its key is asked for, not sent again", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    rig.caller.script("create_order", cut());
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "pending send 1"; }));
    rig.caller.unserved.insert("phonex");
    rig.pass(milliseconds{2 * 3'600'000});
    rig.caller.unserved.clear();
    rig.caller.script("find_order", support::found({"S-1"}));
    rig.engine().wake(static_cast<unsigned>(store::Topic::effects));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("explain names every decision with its reason, and what is waited for", "[pipeline][explain][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.start();
    rig.caller.script("create_order", created(503, ""));
    rig.caller.script("create_order", cut());
    rig.caller.script("create_order", created(201, "S-1"));
    const auto explained = [&] {
        return rig.look<std::string>(
            [](store::Tx& tx) { return orders::explain_text(orders::explain_order(tx, "PO-1").value_or(Json())); });
    };
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "pending send 1"; }));
    using Catch::Matchers::Contains;
    CHECK_THAT(explained(), Contains("phonex.create_order is pending, to send from") && Contains("not sent: tried again"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    const auto text = explained();
    INFO(text);
    for (const char* const part :
         {"routed, because: to the account phonex", "order-forward began, revision",
          "order-forward/submit (supplier.create_order)", "phonex.create_order send at", "because: not sent: tried again",
          "sent again with the same key", "phonex.create_order accepted, because: accepted", "It waits for nothing here."}) {
        CHECK_THAT(text, Contains(part));
    }
    CHECK_FALSE(rig.look<bool>([](store::Tx& tx) { return orders::explain_order(tx, "PO-2").has_value(); }));
}
