// An account that a person has disabled: nothing new is sent there until the person says otherwise.
#include <catch2/catch.hpp>

#include "orders/explain.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::answered;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

RigOptions polled() {
    RigOptions options;
    options.pipelines = {"order-forward", "status-ingest", "inventory-sync"};
    options.poll = model::PollPattern{.silent_for = milliseconds{60'000}, .every = milliseconds{60'000}};
    return options;
}

RigOptions continued(EngineRig& first, RigOptions options) {
    options.file = first.crash_image();
    options.utc = first.clock.utc_ms() + 1'000;
    return options;
}

pipeline::Disabled disable(EngineRig& rig, const std::string& reason = "stock take") {
    auto done = rig.value_of(rig.engine().disable_account("phonex", reason, "anna"));
    REQUIRE(done.has_value());
    return done->value();
}

bool enable(EngineRig& rig) {
    auto done = rig.value_of(rig.engine().enable_account("phonex", "anna"));
    REQUIRE(done.has_value());
    return done->value();
}

std::string explained(EngineRig& rig, const std::string& id) {
    return rig.look<std::string>([&](store::Tx& tx) { return orders::explain_text(orders::explain_order(tx, id).value()); });
}

}  // namespace

TEST_CASE("a disabled account gets nothing new, what it has under way comes to its end, and enabled each order goes once",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, polled());
    rig.caller.always("sync_inventory", [](const plugin::Call&) {
        return answered(Json::object({{"complete", true}, {"rows", 0}}));
    });
    rig.caller.hold("create_order");
    rig.start();
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));

    const auto first = disable(rig);
    CHECK(first.changed);
    CHECK(first.under_way == 1);
    const auto calls = rig.caller.calls.size();
    rig.caller.release(created(200, "S-1"));
    rig.place(order_text("PO-2"));
    rig.pass(milliseconds{3'600'000});
    // No order, no poll of the one that is silent, no inventory.
    for (std::size_t i = calls; i < rig.caller.calls.size(); ++i) { CHECK(rig.caller.calls[i].target == "email"); }
    CHECK(rig.order_status("PO-1") == "submitted");
    CHECK(rig.count("effects WHERE order_id = 'PO-2' AND state = 'pending' AND attempts = 0 AND first_intent_at IS NULL") == 1);
    const auto again = disable(rig);
    CHECK_FALSE(again.changed);
    CHECK(again.under_way == 0);
    CHECK_THAT(explained(rig, "PO-2"), Catch::Matchers::Contains("the account phonex is disabled since") &&
                                           Catch::Matchers::Contains("stock take; nothing is sent there before"));
    CHECK_THAT(explained(rig, "PO-2"), Catch::Matchers::Contains("it is disabled, so the order waits"));
    const auto shut = rig.engine().shut_accounts();
    REQUIRE(shut.size() == 1);
    CHECK(shut.front().state == "disabled");
    CHECK(shut.front().reason == "stock take");

    rig.caller.script("create_order", created(200, "S-2"));
    rig.caller.always("get_order_status", [](const plugin::Call&) {
        return answered(Json::object({{"evidence", Json::array()}}));
    });
    CHECK(enable(rig));
    CHECK_FALSE(enable(rig));
    REQUIRE(rig.until([&] { return rig.order_status("PO-2") == "submitted"; }, milliseconds{5'000}));
    REQUIRE(rig.until([&] { return !rig.caller.calls_of("get_order_status").empty(); }, milliseconds{120'000}));
    CHECK(rig.caller.calls_of("create_order").size() == 2);
    CHECK(rig.caller.unexpected == 0);
    CHECK(rig.count("facts WHERE kind = 'supplier.degraded'") == 1);
    CHECK(rig.count("facts WHERE kind = 'supplier.recovered'") == 1);
    CHECK(rig.count("audit_log WHERE action IN ('supplier.disable', 'supplier.enable') AND actor = 'anna'") == 2);
}

TEST_CASE("a disabled account stays so over a restart and other settings, and its webhooks are applied", "[pipeline][unit]") {
    EngineRig first(PIPELINES, support::of_class(model::EffectClass::idempotent));
    first.caller.script("create_order", created(200, "S-1"));
    first.start();
    first.place(order_text("PO-1"));
    REQUIRE(first.until([&] { return first.order_status() == "submitted"; }));
    disable(first);

    EngineRig rig(PIPELINES, continued(first, support::of_class(model::EffectClass::idempotent)));
    rig.recover();
    rig.start();
    rig.place(order_text("PO-2"));
    REQUIRE(rig.engine().shut_accounts().size() == 1);
    CHECK(rig.engine().shut_accounts().front().state == "disabled");
    // What ends a pause after 401, other settings, is no word of a person.
    auto opened = rig.value_of(rig.engine().open_account("phonex", "its settings have changed"));
    REQUIRE(opened.has_value());
    CHECK_FALSE(opened->value());
    rig.caller.script(
        "handle_webhook",
        answered(Json::object({{"evidence", Json::array({Json::object({{"reference", "PO-1"},
                                                                       {"supplier_status", "Shipped"},
                                                                       {"occurred_at", "2025-10-30T18:06:39Z"}})})}})));
    rig.webhook(R"({"order_id":"PO-1"})");
    REQUIRE(rig.until([&] { return rig.order_status("PO-1") == "shipped"; }));
    rig.pass(milliseconds{600'000});
    CHECK(rig.caller.calls_of("create_order").empty());

    rig.caller.script("create_order", created(200, "S-2"));
    CHECK(enable(rig));
    REQUIRE(rig.until([&] { return rig.order_status("PO-2") == "submitted"; }));
    CHECK(rig.caller.calls_of("create_order").size() == 1);
}

TEST_CASE("refused credentials and a person's word are two things: the word ends both, and neither ends the word",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, support::of_class(model::EffectClass::unsafe));
    rig.caller.hold("create_order");
    rig.start();
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    disable(rig);
    rig.caller.release(answered(Json::object({{"transport", "answered"}, {"status", 401}})));
    REQUIRE(rig.until([&] { return rig.count("account_pauses") == 1; }));
    auto opened = rig.value_of(rig.engine().open_account("phonex", "its settings have changed"));
    REQUIRE(opened.has_value());
    CHECK(opened->value());
    CHECK(rig.count("account_pauses") == 0);
    rig.place(order_text("PO-2"));
    rig.pass(milliseconds{600'000});
    CHECK(rig.caller.calls_of("create_order").size() == 1);
    rig.caller.script("create_order", created(200, "S-2"));
    CHECK(enable(rig));
    REQUIRE(rig.until([&] { return rig.order_status("PO-2") == "submitted"; }));
}

TEST_CASE("an account that a reload brings back is disabled as its row says, and one that goes holds up nothing",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, support::of_class(model::EffectClass::idempotent));
    rig.start();
    disable(rig);
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.count("effects WHERE state = 'pending'") == 1; }));
    const auto with = *rig.engine().options();
    auto without = with;
    without.accounts.by_name.clear();
    without.rules.clear();
    rig.engine().change(without);
    REQUIRE(rig.until([&] { return rig.count("effects WHERE state = 'parked'") == 1; }));
    auto back = with;
    back.accounts.by_name.at("phonex").disabled = "stock take";
    rig.engine().change(back);
    REQUIRE(rig.engine().shut_accounts().size() == 1);
    CHECK(rig.engine().shut_accounts().front().state == "disabled");
    rig.place(order_text("PO-2"));
    rig.pass(milliseconds{600'000});
    CHECK(rig.caller.calls_of("create_order").empty());
}
