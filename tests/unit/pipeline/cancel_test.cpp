// Canceling: before an order has left, while it is on its way, and after.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using model::EffectClass;
using pipeline::CancelAnswer;
using support::answered;
using support::created;
using support::cut;
using support::EngineRig;
using support::order_text;
using support::quiet;
using support::RigOptions;
using What = CancelAnswer::What;

namespace {

RigOptions cancels(EffectClass create = EffectClass::lookup, std::optional<EffectClass> cancel = EffectClass::idempotent) {
    RigOptions options;
    options.effect_class = create;
    options.cancel_class = cancel;
    return options;
}

/// The supplier's answer to cancel_order.
plugin::CallAnswer said(int status, const std::string& word = "", const std::string& reason = "") {
    return answered(Json::object(
        {{"transport", "answered"}, {"status", status}, {"supplier_status", word}, {"reason", reason}, {"exchange", "POST"}}));
}

plugin::CallAnswer known_as(const std::string& word) {
    return answered(
        Json::object({{"matches", Json::array({Json::object({{"supplier_order_id", "S-1"}, {"supplier_status", word}})})}}));
}

std::string state_of(EngineRig& rig, const std::string& operation) {
    return rig.text("SELECT state FROM effects WHERE operation = :1 ORDER BY created_at DESC, id DESC LIMIT 1", {operation});
}

/// The order has ended as canceled, the client knows it, once, and nothing waits for a person.
void expect_canceled(EngineRig& rig) {
    CHECK(rig.order_status() == "canceled");
    CHECK(rig.text("SELECT cancel_state FROM orders") == "done");
    CHECK(rig.count("order_lines WHERE canceled <> ordered") == 0);
    CHECK(rig.count("notifications WHERE template = 'order.canceled' AND sent = 1") == 1);
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    CHECK(rig.count("runs WHERE state <> 'done'") == 0);
    CHECK(rig.caller.unexpected == 0);
}

/// An order that its supplier has as S-1.
void place_and_accept(EngineRig& rig) {
    rig.start();
    rig.caller.script("create_order", created(201, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    REQUIRE(rig.order_status() == "submitted");
}

}  // namespace

TEST_CASE("an order that is canceled before its step begins never leaves", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    rig.place(order_text("PO-1"));
    CHECK(rig.cancel("PO-1").what == What::canceled);
    rig.start();
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("create_order").empty());
    CHECK(rig.caller.calls_of("cancel_order").empty());
    expect_canceled(rig);
    CHECK(rig.cancel("PO-1").what == What::canceled);
    CHECK(rig.cancel("PO-2").what == What::unknown_order);
}

TEST_CASE("an order that waits to be tried again is withdrawn", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    rig.start();
    rig.caller.script("create_order", created(429, ""));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "pending send 1"; }));
    CHECK(rig.cancel("PO-1").what == What::canceled);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    rig.pass(milliseconds{600'000});
    CHECK(rig.effect() == "withdrawn send 1");
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    expect_canceled(rig);
}

TEST_CASE("a cancellation waits for the order's own answer, then asks the supplier", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    rig.start();
    rig.caller.hold("create_order");
    rig.caller.script("cancel_order", said(200, "Canceled"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    CHECK(rig.cancel("PO-1", "ordered twice").what == What::requested);
    CHECK(rig.cancel("PO-1").what == What::requested);
    rig.pass(milliseconds{1'000});
    CHECK(rig.caller.calls_of("cancel_order").empty());
    rig.caller.release(created(201, "S-1"));
    REQUIRE(rig.until([&] { return quiet(rig); }));
    const auto calls = rig.caller.calls_of("cancel_order");
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].effect);
    CHECK(calls[0].input.text("reference") == "PO-1");
    CHECK(calls[0].input.text("supplier_order_id") == "S-1");
    CHECK(calls[0].input.text("reason") == "ordered twice");
    expect_canceled(rig);
}

TEST_CASE("an order that is refused, or not sent, needs no cancellation at the supplier", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    rig.start();
    const auto [answer, status] =
        GENERATE(table<plugin::CallAnswer, std::string>({{created(422, "", "no such SKU"), "rejected"},
                                                         {created(429, ""), "canceled"},
                                                         {{plugin::CallStatus::not_sent, {}, "no worker"}, "canceled"}}));
    rig.caller.hold("create_order");
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    CHECK(rig.cancel("PO-1").what == What::requested);
    rig.caller.release(answer);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    rig.pass(milliseconds{600'000});
    CHECK(rig.order_status() == status);
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    CHECK(rig.caller.calls_of("cancel_order").empty());
    CHECK(state_of(rig, "cancel_order") == "withdrawn");
    CHECK(rig.text("SELECT attention FROM orders") == "NULL");
}

TEST_CASE("an order of which nobody knows whether it arrived is settled first, then canceled", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels(EffectClass::idempotent));
    rig.start();
    rig.caller.hold("create_order");
    rig.caller.script("create_order", created(201, "S-1"));
    rig.caller.script("cancel_order", said(200));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    CHECK(rig.cancel("PO-1").what == What::requested);
    rig.caller.release(cut());
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("create_order").size() == 2);
    CHECK(rig.caller.calls_of("cancel_order").size() == 1);
    expect_canceled(rig);
}

TEST_CASE("a supplier may refuse: the order goes on, a person hears of it, and it may be asked again",
          "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    place_and_accept(rig);
    rig.caller.script("cancel_order", said(422, "", "being packed"));
    CHECK(rig.cancel("PO-1").what == What::requested);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.text("SELECT cancel_state FROM orders") == "refused");
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("being packed"));
    CHECK(rig.count("notifications WHERE template = 'order.canceled'") == 0);

    rig.caller.script("cancel_order", said(200));
    CHECK(rig.cancel("PO-1").what == What::requested);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "canceled");
    const auto calls = rig.caller.calls_of("cancel_order");
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].input.text("effect_key") != calls[1].input.text("effect_key"));
}

TEST_CASE("a cancellation whose outcome is unknown is resolved by its own class", "[pipeline][cancel][unit]") {
    SECTION("idempotent: asked for again, with the same key") {
        EngineRig rig(PIPELINES, cancels());
        place_and_accept(rig);
        rig.caller.script("cancel_order", cut());
        rig.caller.script("cancel_order", said(200));
        rig.cancel("PO-1");
        REQUIRE(rig.until([&] { return quiet(rig); }));
        const auto calls = rig.caller.calls_of("cancel_order");
        REQUIRE(calls.size() == 2);
        CHECK(calls[0].input.text("effect_key") == calls[1].input.text("effect_key"));
        expect_canceled(rig);
    }
    SECTION("lookup: the supplier says how it stands") {
        EngineRig rig(PIPELINES, cancels(EffectClass::lookup, EffectClass::lookup));
        place_and_accept(rig);
        rig.caller.script("cancel_order", cut());
        rig.caller.script("find_order", known_as("Confirmed"));
        rig.caller.script("find_order", known_as("Canceled"));
        rig.cancel("PO-1");
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(rig.caller.calls_of("cancel_order").size() == 1);
        expect_canceled(rig);
    }
    SECTION("lookup: it never arrived, and is sent once more") {
        EngineRig rig(PIPELINES, cancels(EffectClass::lookup, EffectClass::lookup));
        place_and_accept(rig);
        rig.caller.script("cancel_order", cut());
        rig.caller.script("cancel_order", said(200, "Canceled"));
        for (int i = 0; i < 2; ++i) { rig.caller.script("find_order", known_as("Confirmed")); }
        rig.cancel("PO-1");
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(rig.caller.calls_of("cancel_order").size() == 2);
        expect_canceled(rig);
    }
    SECTION("lookup: it has shipped meanwhile") {
        EngineRig rig(PIPELINES, cancels(EffectClass::lookup, EffectClass::lookup));
        place_and_accept(rig);
        rig.caller.script("cancel_order", cut());
        rig.caller.script("find_order", known_as("Shipped"));
        rig.cancel("PO-1");
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(state_of(rig, "cancel_order") == "refused");
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("has shipped it"));
    }
    SECTION("unsafe: a person asks") {
        EngineRig rig(PIPELINES, cancels(EffectClass::lookup, EffectClass::unsafe));
        place_and_accept(rig);
        rig.caller.script("cancel_order", cut());
        rig.cancel("PO-1");
        REQUIRE(rig.until([&] { return state_of(rig, "cancel_order") == "parked"; }));
        CHECK(rig.caller.calls_of("cancel_order").size() == 1);
        CHECK(rig.resolve({.what = pipeline::Resolution::What::cancel, .number = 1, .by = "a test"}).refusal.empty());
        REQUIRE(rig.until([&] { return quiet(rig); }));
        expect_canceled(rig);
    }
}

TEST_CASE("where the account cannot be asked, a person asks, and says how it ended", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels(EffectClass::lookup, std::nullopt));
    place_and_accept(rig);
    CHECK(rig.cancel("PO-1").what == What::requested);
    REQUIRE(rig.until([&] { return state_of(rig, "cancel_order") == "parked"; }));
    CHECK(rig.caller.calls_of("cancel_order").empty());
    CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("no `operations: cancel_order`"));
    SECTION("it agrees") {
        CHECK(rig.resolve({.what = pipeline::Resolution::What::cancel, .number = 1, .by = "a test"}).refusal.empty());
        REQUIRE(rig.until([&] { return quiet(rig); }));
        expect_canceled(rig);
    }
    SECTION("it does not") {
        CHECK(rig.resolve({.what = pipeline::Resolution::What::done, .number = 1, .by = "a test"}).refusal.empty());
        CHECK(rig.order_status() == "submitted");
        CHECK(rig.text("SELECT cancel_state FROM orders") == "refused");
        CHECK(rig.text("SELECT attention FROM orders") == "NULL");
    }
}

TEST_CASE("what has shipped is not canceled", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    const auto ship = [&] {
        rig.caller.script(
            "handle_webhook",
            answered(Json::object({{"evidence", Json::array({Json::object({{"reference", "PO-1"},
                                                                           {"supplier_order_id", "S-1"},
                                                                           {"supplier_status", "Shipped"},
                                                                           {"tracking_number", "T-1"},
                                                                           {"occurred_at", "2025-10-30T18:06:39Z"}})})}})));
        rig.webhook("{}");
    };
    SECTION("known before") {
        place_and_accept(rig);
        ship();
        REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }));
        CHECK(rig.cancel("PO-1").what == What::too_late);
        CHECK(rig.count("effects WHERE operation = 'cancel_order'") == 0);
    }
    SECTION("known while the cancellation waits") {
        rig.start();
        rig.caller.hold("create_order");
        rig.place(order_text("PO-1"));
        REQUIRE(rig.until([&] { return rig.caller.holds(); }));
        CHECK(rig.cancel("PO-1").what == What::requested);
        ship();
        REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }));
        rig.caller.release(cut());
        REQUIRE(rig.until([&] { return quiet(rig); }));
        CHECK(rig.caller.calls_of("cancel_order").empty());
        CHECK(state_of(rig, "cancel_order") == "refused");
        CHECK(rig.order_status() == "shipped");
        CHECK_THAT(rig.text("SELECT attention FROM orders"), Catch::Matchers::Contains("it has shipped"));
    }
}

TEST_CASE("a parked order may be canceled at its supplier, by our reference", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels(EffectClass::unsafe));
    rig.start();
    rig.caller.script("create_order", cut());
    rig.caller.script("cancel_order", said(200));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.effect() == "parked send 1"; }));
    CHECK(rig.cancel("PO-1").what == What::requested);
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.caller.calls_of("cancel_order").at(0).input.text("reference") == "PO-1");
    CHECK(rig.effect() == "withdrawn send 1");
    expect_canceled(rig);
}

TEST_CASE("a supplier that only takes the request has the last word", "[pipeline][cancel][unit]") {
    EngineRig rig(PIPELINES, cancels());
    place_and_accept(rig);
    rig.caller.script("cancel_order", said(200, "On Hold"));
    rig.cancel("PO-1");
    REQUIRE(rig.until([&] { return quiet(rig); }));
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.text("SELECT cancel_state FROM orders") == "requested");
    rig.caller.script(
        "handle_webhook",
        answered(Json::object({{"evidence", Json::array({Json::object({{"reference", "PO-1"},
                                                                       {"supplier_status", "Canceled"},
                                                                       {"occurred_at", "2025-10-30T18:06:39Z"}})})}})));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return rig.order_status() == "canceled" && quiet(rig); }));
    expect_canceled(rig);
}
