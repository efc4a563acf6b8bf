// What an account may be asked for, and how fast: limits, the breaker, and the pause after 401 and 403.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <algorithm>

using namespace crossdock;
using model::EffectClass;
using support::answered;
using support::created;
using support::cut;
using support::EngineRig;
using support::found;
using support::order_text;
using support::RigOptions;

namespace {

RigOptions of_class(EffectClass effect_class, const std::vector<std::string>& pipelines = {"order-forward", "status-ingest"}) {
    RigOptions options;
    options.effect_class = effect_class;
    options.pipelines = pipelines;
    return options;
}

/// The engine goes on with other rules for its account, as after a reload.
void change(EngineRig& rig, const std::function<void(pipeline::AccountRules&)>& edit) {
    auto options = *rig.engine().options();
    edit(options.rules.at("phonex"));
    rig.engine().change(std::move(options));
}

void limit(EngineRig& rig, std::int64_t rate, milliseconds per, std::int64_t burst) {
    change(rig, [&](pipeline::AccountRules& rules) {
        rules.pace.limits.rate = rate;
        rules.pace.limits.rate_per = per;
        rules.pace.limits.burst = burst;
    });
}

std::string id_of(int n) {
    return "PO-" + std::to_string(n);
}

void place(EngineRig& rig, int from, int to) {
    for (int n = from; n <= to; ++n) { rig.place(order_text(id_of(n))); }
}

void accept(EngineRig& rig, int from, int to) {
    for (int n = from; n <= to; ++n) { rig.caller.script("create_order", created(200, "S-" + std::to_string(n))); }
}

std::size_t creates(const EngineRig& rig) {
    return rig.caller.calls_of("create_order").size();
}

std::int64_t submitted(EngineRig& rig) {
    return rig.count("orders WHERE status = 'submitted'");
}

plugin::CallAnswer empty_feed() {
    return answered(Json::object({{"complete", true}, {"rows", 0}}));
}

plugin::CallAnswer too_many(std::int64_t retry_after_ms) {
    return answered(Json::object({{"transport", "answered"}, {"status", 429}, {"retry_after_ms", retry_after_ms}}));
}

std::string paused(EngineRig& rig) {
    return rig.text("SELECT reason FROM account_pauses WHERE account = 'phonex'");
}

/// An engine that goes on where the first one was, as after a restart of the daemon.
RigOptions continued(EngineRig& first, RigOptions options) {
    options.file = first.crash_image();
    options.utc = first.clock.utc_ms() + 1'000;
    return options;
}

bool open_account(EngineRig& rig) {
    auto opened = rig.value_of(rig.engine().open_account("phonex", "enabled"));
    REQUIRE(opened.has_value());
    return opened->value();
}

}  // namespace

TEST_CASE("the rate of an account holds for all its pipelines together, and what waits has made no attempt", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent, {"order-forward", "inventory-sync"}));
    limit(rig, 2, milliseconds{60'000}, 2);
    accept(rig, 1, 7);
    rig.caller.script("sync_inventory", empty_feed());
    const UtcMs begun = rig.clock.utc_ms();
    place(rig, 1, 7);
    rig.start();
    rig.pass(milliseconds{10'000});
    CHECK(rig.caller.calls_of("create_order").size() + rig.caller.calls_of("sync_inventory").size() == 2);
    CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'pending' AND attempts = 0") >= 5);
    CHECK(rig.count("effect_attempts WHERE operation = 'create_order'") ==
          static_cast<std::int64_t>(rig.caller.calls_of("create_order").size()));
    // Eight calls: two at once, one each half minute from then on.
    REQUIRE(rig.until([&] { return submitted(rig) == 7 && rig.caller.calls_of("sync_inventory").size() == 1; }));
    CHECK(rig.clock.utc_ms() - begun >= 6 * 30'000);
    CHECK(rig.clock.utc_ms() - begun <= 6 * 30'000 + 2'000);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("orders go before inventory", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent, {"order-forward", "inventory-sync"}));
    limit(rig, 1, milliseconds{60'000}, 1);
    rig.caller.script("create_order", cut());
    accept(rig, 1, 4);
    rig.caller.script("sync_inventory", empty_feed());
    place(rig, 1, 4);
    rig.start();
    REQUIRE(rig.until([&] { return rig.caller.calls_of("sync_inventory").size() == 1; }));
    // The one that was cut is in backoff when its turn comes: all that are due have gone.
    CHECK(creates(rig) >= 4);
    CHECK(rig.count("runs WHERE pipeline = 'inventory-sync' AND attempts > 0") == 0);
    CHECK(rig.count("feeds") <= 10);
}

TEST_CASE("a read leaves the last slot to an order", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent, {"order-forward", "inventory-sync"}));
    change(rig, [](pipeline::AccountRules& rules) { rules.pace.limits.concurrency = 2; });
    rig.caller.hold("create_order");
    place(rig, 1, 1);
    rig.start();
    rig.pass(milliseconds{30'000});
    CHECK(rig.caller.holds());
    CHECK(rig.caller.calls_of("sync_inventory").empty());
    rig.caller.script("sync_inventory", empty_feed());
    rig.caller.release(created(200, "S-1"));
    REQUIRE(rig.until([&] { return rig.caller.calls_of("sync_inventory").size() == 1; }, milliseconds{5'000}));
}

TEST_CASE("no more orders are in flight than the account's file allows", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    change(rig, [](pipeline::AccountRules& rules) { rules.pace.limits.concurrency = 1; });
    rig.caller.hold("create_order");
    accept(rig, 2, 3);
    rig.start();
    place(rig, 1, 3);
    rig.pass(milliseconds{60'000});
    CHECK(creates(rig) == 1);
    rig.caller.release(created(200, "S-1"));
    REQUIRE(rig.until([&] { return submitted(rig) == 3; }, milliseconds{1'000}));
}

TEST_CASE("the breaker opens after failures in a row, tries one order at a time, and closes when one goes well",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    change(rig, [](pipeline::AccountRules& rules) {
        rules.pace.limits.concurrency = 1;
        rules.pace.breaker = {3, milliseconds{60'000}, milliseconds{100'000}, milliseconds{400'000}};
    });
    for (int i = 0; i < 5; ++i) { rig.caller.script("create_order", created(503, "")); }
    accept(rig, 1, 20);
    rig.start();
    place(rig, 1, 20);
    REQUIRE(rig.until([&] { return creates(rig) == 3; }));
    const UtcMs opened = rig.clock.utc_ms();
    // There is room for all of them: what keeps them back is the breaker.
    change(rig, [](pipeline::AccountRules& rules) { rules.pace.limits.concurrency = 256; });
    REQUIRE(rig.until([&] { return creates(rig) == 4; }));
    CHECK(rig.clock.utc_ms() - opened >= 50'000);
    const UtcMs tried = rig.clock.utc_ms();
    REQUIRE(rig.until([&] { return creates(rig) == 5; }));
    CHECK(rig.clock.utc_ms() - tried >= 100'000);
    REQUIRE(rig.until([&] { return submitted(rig) == 20; }));
    // Told once for the whole of it, and again when it was over.
    CHECK(rig.count("events WHERE type = 'supplier.degraded'") == 1);
    CHECK(rig.count("events WHERE type = 'supplier.recovered'") == 1);
    CHECK(creates(rig) == 25);
    CHECK(rig.count("effects WHERE attempts > 5") == 0);
    CHECK(paused(rig) == "no row");
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("one hiccup opens nothing, and neither does a plugin that dies", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    const bool dies = GENERATE(false, true);
    const int times = dies ? 30 : 3;
    for (int i = 0; i < times; ++i) {
        rig.caller.script("create_order", dies ? plugin::CallAnswer{plugin::CallStatus::unknown, {}, "the worker died"} : cut());
    }
    accept(rig, 1, 30);
    rig.start();
    place(rig, 1, 30);
    REQUIRE(rig.until([&] { return submitted(rig) == 30; }, milliseconds{60'000}));
    CHECK(rig.count("events WHERE type = 'supplier.degraded'") == 0);
    CHECK(rig.engine().shut_accounts().empty());
}

TEST_CASE("429 with Retry-After holds all orders of the account, and nobody is alarmed", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    change(rig, [](pipeline::AccountRules& rules) { rules.pace.limits.concurrency = 1; });
    rig.caller.script("create_order", too_many(120'000));
    accept(rig, 1, 10);
    rig.start();
    place(rig, 1, 10);
    rig.pass(milliseconds{119'000});
    CHECK(creates(rig) == 1);
    CHECK(rig.count("effects WHERE attempts > 0") == 1);
    REQUIRE(rig.engine().shut_accounts().size() == 1);
    CHECK(rig.engine().shut_accounts().front().state == "busy");
    REQUIRE(rig.until([&] { return submitted(rig) == 10; }, milliseconds{120'000}));
    CHECK(creates(rig) == 11);
    CHECK(rig.engine().shut_accounts().empty());
    CHECK(rig.count("events WHERE type LIKE 'supplier.%'") == 0);
}

TEST_CASE("after 401 the orders of an idempotent account wait untried, and each is placed once when a person enables it",
          "[pipeline][unit]") {
    const int status = GENERATE(401, 403);
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    rig.caller.script("create_order", created(status, ""));
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    CHECK(paused(rig) == "credentials refused (" + std::to_string(status) + ")");
    place(rig, 2, 9);
    rig.pass(milliseconds{4'000});
    CHECK(creates(rig) == 1);
    CHECK(rig.count("effects WHERE operation = 'create_order' AND attempts = 0") == 8);
    CHECK(rig.count("events WHERE type = 'supplier.degraded'") == 1);
    CHECK(rig.count("notifications WHERE email = 'ops@reseller.example'") >= 1);
    CHECK(rig.text("SELECT attention FROM orders WHERE id = 'PO-1'") == "NULL");

    accept(rig, 1, 9);
    CHECK(open_account(rig));
    CHECK_FALSE(open_account(rig));
    REQUIRE(rig.until([&] { return submitted(rig) == 9; }));
    CHECK(creates(rig) == 10);
    CHECK(paused(rig) == "no row");
    CHECK(rig.count("events WHERE type = 'supplier.recovered'") == 1);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("where a probe does no harm, one order at a time tries whether the credentials are good again", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::idempotent));
    for (int i = 0; i < 4; ++i) { rig.caller.script("create_order", created(401, "")); }
    accept(rig, 1, 9);
    change(rig, [](pipeline::AccountRules& rules) { rules.pace.limits.concurrency = 1; });
    rig.start();
    place(rig, 1, 9);
    const UtcMs begun = rig.clock.utc_ms();
    REQUIRE(rig.until([&] { return submitted(rig) == 9; }));
    // Pauses of 10, 20, 40 and 80 s, each at least half of that.
    CHECK(rig.clock.utc_ms() - begun >= 75'000);
    CHECK(creates(rig) == 13);
    CHECK(rig.count("events WHERE type = 'supplier.degraded'") == 1);
    CHECK(rig.count("events WHERE type = 'supplier.recovered'") == 1);
    CHECK(paused(rig) == "no row");
    CHECK(rig.count("orders WHERE attention IS NOT NULL") == 0);
}

TEST_CASE("an unsafe account's 401 parks that one order, and no other is sent before a person says so", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe, {"order-forward", "inventory-sync"}));
    rig.caller.script("create_order", created(401, ""));
    rig.caller.script("sync_inventory", empty_feed());
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    place(rig, 2, 5);
    const auto reads = rig.caller.calls_of("sync_inventory").size();
    rig.pass(milliseconds{6 * 3'600'000});
    CHECK(creates(rig) == 1);
    CHECK(rig.caller.calls_of("sync_inventory").size() == reads);
    CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'parked'") == 1);
    CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'pending' AND attempts = 0") == 4);

    SECTION("still wrong: one more is parked, not all of them") {
        rig.caller.script("create_order", created(401, ""));
        CHECK(open_account(rig));
        rig.pass(milliseconds{3'600'000});
        CHECK(creates(rig) == 2);
        CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'parked'") == 2);
    }
    SECTION("put right") {
        accept(rig, 2, 5);
        CHECK(open_account(rig));
        REQUIRE(rig.until([&] { return submitted(rig) == 4; }));
        CHECK(creates(rig) == 5);
    }
}

TEST_CASE("an unsafe account whose 401 means that nothing was done tries again by itself, and parks nothing",
          "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    change(rig, [](pipeline::AccountRules& rules) { rules.statuses.not_processed.push_back(401); });
    for (int i = 0; i < 2; ++i) { rig.caller.script("create_order", created(401, "")); }
    accept(rig, 1, 5);
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    place(rig, 2, 5);
    REQUIRE(rig.until([&] { return submitted(rig) == 5; }));
    CHECK(creates(rig) == 7);
    CHECK(rig.count("orders WHERE attention IS NOT NULL") == 0);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("what waits for a paused account goes to a person when the account is removed", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.caller.script("create_order", created(401, ""));
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    place(rig, 2, 4);
    rig.pass(milliseconds{60'000});
    auto options = *rig.engine().options();
    options.rules.erase("phonex");
    options.accounts.by_name.erase("phonex");
    rig.engine().change(std::move(options));
    REQUIRE(rig.until([&] { return rig.count("effects WHERE operation = 'create_order' AND state = 'parked'") == 4; },
                      milliseconds{5'000}));
    CHECK(creates(rig) == 1);
    CHECK_THAT(rig.text("SELECT attention FROM orders WHERE id = 'PO-3'"), Catch::Matchers::Contains("no longer configured"));
}

TEST_CASE("a lookup whose credentials are refused pauses the account, and goes on by itself", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::lookup));
    rig.caller.script("create_order", cut());
    rig.caller.script("find_order", answered(Json::object({{"transport", "answered"}, {"status", 401}})));
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    place(rig, 2, 3);
    rig.settle();
    CHECK(creates(rig) == 1);
    rig.caller.script("find_order", found({"S-1"}));
    accept(rig, 2, 3);
    REQUIRE(rig.until([&] { return submitted(rig) == 3; }));
    CHECK(creates(rig) == 3);
    CHECK(rig.count("events WHERE type = 'supplier.recovered'") == 1);
}

TEST_CASE("inventory that is refused with 401 pauses the account, and inventory tries again", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe, {"order-forward", "inventory-sync"}));
    plugin::CallAnswer refused{plugin::CallStatus::failed, {}, "inventory page 1: GET 401"};
    refused.peer_status = 401;
    rig.caller.script("sync_inventory", refused);
    rig.start();
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    place(rig, 1, 2);
    rig.settle();
    CHECK(creates(rig) == 0);
    rig.caller.script("sync_inventory", empty_feed());
    accept(rig, 1, 2);
    REQUIRE(rig.until([&] { return submitted(rig) == 2; }));
    CHECK(rig.caller.calls_of("sync_inventory").size() == 2);
    CHECK(rig.count("effects WHERE operation = 'create_order' AND attempts > 1") == 0);
}

TEST_CASE("a webhook of a paused account is translated and applied", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    rig.caller.script("create_order", created(401, ""));
    rig.start();
    place(rig, 1, 1);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    rig.caller.script("handle_webhook", answered(Json::object({{"evidence", Json::array()}})));
    rig.webhook(R"({"status":"Shipped"})");
    REQUIRE(rig.until([&] { return rig.count("inbound_webhooks WHERE state = 'applied'") == 1; }, milliseconds{1'000}));
}

TEST_CASE("a pause outlives a restart, and is not told anew", "[pipeline][unit]") {
    const auto effect_class = GENERATE(EffectClass::idempotent, EffectClass::unsafe);
    EngineRig first(PIPELINES, of_class(effect_class));
    first.caller.script("create_order", created(401, ""));
    first.start();
    place(first, 1, 1);
    REQUIRE(first.until([&] { return paused(first) != "no row"; }));
    place(first, 2, 4);
    first.settle();

    EngineRig rig(PIPELINES, continued(first, of_class(effect_class)));
    rig.recover();
    rig.start();
    rig.settle();
    CHECK(creates(rig) == 0);
    REQUIRE(rig.engine().shut_accounts().size() == 1);
    CHECK(rig.engine().shut_accounts().front().reason == "credentials refused (401)");
    CHECK(rig.count("events WHERE type = 'supplier.degraded'") == 1);
    if (effect_class == EffectClass::idempotent) {
        // It is still tried when it was to be.
        accept(rig, 1, 4);
        REQUIRE(rig.until([&] { return submitted(rig) == 4; }, milliseconds{60'000}));
    }
    else {
        rig.pass(milliseconds{3'600'000});
        CHECK(creates(rig) == 0);
        accept(rig, 2, 4);
        CHECK(open_account(rig));
        REQUIRE(rig.until([&] { return submitted(rig) == 3; }));
    }
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("other limits hold from a reload on, and what is paused stays so", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    limit(rig, 1, milliseconds{3'600'000}, 1);
    accept(rig, 1, 3);
    rig.start();
    place(rig, 1, 3);
    rig.pass(milliseconds{60'000});
    CHECK(creates(rig) == 1);
    limit(rig, 100, milliseconds{1'000}, 10);
    REQUIRE(rig.until([&] { return submitted(rig) == 3; }, milliseconds{1'000}));
    rig.caller.script("create_order", created(403, ""));
    place(rig, 4, 4);
    REQUIRE(rig.until([&] { return paused(rig) != "no row"; }));
    limit(rig, 1'000, milliseconds{1'000}, 100);
    place(rig, 5, 5);
    rig.pass(milliseconds{60'000});
    CHECK(creates(rig) == 4);
}

TEST_CASE("mail has limits of its own", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    auto options = *rig.engine().options();
    options.channels.at("email").limits = {1, milliseconds{60'000}, 1, 256};
    rig.engine().change(std::move(options));
    accept(rig, 1, 3);
    rig.start();
    place(rig, 1, 3);
    REQUIRE(rig.until([&] { return submitted(rig) == 3; }, milliseconds{1'000}));
    rig.pass(milliseconds{61'000});
    CHECK(rig.caller.calls_of("deliver").size() == 2);
    REQUIRE(rig.until([&] { return rig.count("notifications WHERE sent = 1") == 3; }, milliseconds{61'000}));
}

TEST_CASE("the engine stops at once while orders wait for their turn, and burns no attempt", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, of_class(EffectClass::unsafe));
    limit(rig, 1, milliseconds{3'600'000}, 1);
    accept(rig, 1, 1);
    rig.start();
    place(rig, 1, 4);
    rig.pass(milliseconds{1'000});
    CHECK(rig.stop(milliseconds{10'000}));
    CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'pending' AND attempts = 0") == 3);
}
