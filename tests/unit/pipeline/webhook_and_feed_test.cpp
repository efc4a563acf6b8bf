#include <catch2/catch.hpp>

#include "pipeline/person.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::answered;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

Json evidence(const std::string& reference, const std::string& word, const std::string& at, const std::string& tracking = "") {
    return Json::object({{"reference", reference},
                         {"supplier_order_id", "S-1"},
                         {"supplier_status", word},
                         {"tracking_number", tracking},
                         {"occurred_at", at}});
}
plugin::CallAnswer translated(Json::Array list) {
    return answered(Json::object({{"evidence", Json::array(std::move(list))}}));
}
bool runs_ended(EngineRig& rig) {
    return rig.count("runs WHERE state IN ('active', 'waiting')") == 0;
}

RigOptions feeds() {
    RigOptions options;
    options.pipelines = {"inventory-sync"};
    return options;
}
Json stock(const std::string& sku, int quantity) {
    return Json::object({{"sku", sku}, {"name", sku}, {"quantity", quantity}, {"price", "10.00"}});
}
support::ScriptedCaller::Answer feed(std::vector<Json> batches, bool complete = true) {
    std::int64_t rows = 0;
    for (const auto& batch : batches) { rows += static_cast<std::int64_t>(batch.items().size()); }
    return {answered(Json::object({{"complete", complete}, {"rows", rows}})), std::move(batches)};
}

}  // namespace

TEST_CASE("a webhook changes its order and tells the customer, its repeat does not", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    rig.caller.script("handle_webhook", translated({evidence("PO-1", "Shipped", "2025-10-30T18:06:39Z", "T-1")}));
    CHECK(rig.webhook(R"({"status":"Shipped"})") == orders::Received::stored);
    CHECK(rig.webhook(R"({"status":"Shipped"})") == orders::Received::repeated);
    REQUIRE(rig.until([&] { return runs_ended(rig) && rig.count("notifications WHERE sent = 0") == 0; }));
    CHECK(rig.order_status() == "shipped");
    CHECK(rig.count("notifications WHERE template = 'order.shipped'") == 1);
    CHECK(rig.caller.calls_of("handle_webhook").size() == 1);
    CHECK(rig.caller.calls_of("handle_webhook")[0].input.text("body") == R"({"status":"Shipped"})");
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a webhook that the adapter rejects is kept, shown rejected and told to a person", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    const auto answer = GENERATE(values<plugin::CallAnswer>({{plugin::CallStatus::failed, {}, "no order number"},
                                                             answered(Json::object({{"evidence", "none"}})),
                                                             answered(Json::object()),
                                                             translated({Json::object({{"supplier_status", "Shipped"}})}),
                                                             translated({Json::object({{"reference", "PO-1"}})}),
                                                             translated({evidence("PO-1", "Shipped", "yesterday")})}));
    rig.caller.script("handle_webhook", answer);
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "rejected");
    CHECK(rig.text("SELECT reason FROM inbound_webhooks") != "NULL");
    CHECK(rig.count("runs WHERE state = 'failed'") == 1);
    CHECK(rig.count("events WHERE type = 'order.needs_attention'") == 1);
    CHECK(rig.count("evidence") == 0);
    CHECK(rig.caller.calls_of("handle_webhook").size() == 1);
}

TEST_CASE("a webhook is translated later when no worker is there", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("handle_webhook", plugin::CallAnswer{plugin::CallStatus::not_sent, {}, "starting"});
    rig.caller.script("handle_webhook", plugin::CallAnswer{plugin::CallStatus::unknown, {}, "the worker died"});
    rig.caller.script("handle_webhook", translated({evidence("PO-9", "Shipped", "2025-10-30T18:06:39Z")}));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "unmatched");
    CHECK(rig.count("evidence WHERE state = 'unmatched'") == 1);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a webhook for an order that is placed later is applied when its id is stored", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("handle_webhook", translated({evidence("PO-1", "Shipped", "2025-10-30T18:06:39Z", "T-1")}));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "shipped"; }));
    CHECK(rig.text("SELECT tracking_number FROM supplier_orders") == "T-1");
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "applied");
}

TEST_CASE("evidence that names an id of another order is applied and settles nothing", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    rig.caller.script("create_order", created(200, "S-1"));
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return rig.order_status() == "submitted"; }));
    rig.caller.hold("create_order");
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.caller.script("handle_webhook", translated({evidence("PO-2", "Confirmed", "2025-10-30T18:06:39Z")}));
    rig.webhook("{}");
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'active'") == 0; }));
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "applied");
    CHECK(rig.count("effects WHERE order_id = 'PO-2' AND operation = 'create_order' AND state = 'sending'") == 1);
    rig.caller.release(created(200, "S-2"));
    rig.settle();
    CHECK(rig.text("SELECT supplier_order_id FROM supplier_orders WHERE order_id = 'PO-2'") == "S-2");
}

TEST_CASE("a webhook may tell of stock, beside orders or alone", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    rig.start();
    const auto stock_of = [](const char* sku, int quantity, const char* as_of) {
        return Json::object({{"as_of", as_of}, {"rows", Json::array({stock(sku, quantity)})}});
    };
    rig.caller.script("handle_webhook", answered(Json::object({{"inventory", stock_of("X", 9, "2025-10-30T18:06:39Z")}})));
    rig.webhook("{\"n\":1}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    CHECK(rig.text("SELECT quantity FROM inventory_items WHERE sku = 'X'") == "9");
    CHECK(rig.text("SELECT state FROM inbound_webhooks") == "applied");
    // An older one comes late.
    rig.caller.script(
        "handle_webhook",
        answered(Json::object({{"inventory", stock_of("X", 1, "2025-10-30T17:00:00Z")}, {"evidence", Json::array()}})));
    rig.webhook("{\"n\":2}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    CHECK(rig.text("SELECT quantity FROM inventory_items WHERE sku = 'X'") == "9");
    CHECK(rig.count("events WHERE type = 'stock.low'") == 0);
    const auto wrong = GENERATE(
        values<const char*>({R"({"inventory":{"rows":1}})", R"({"inventory":{"as_of":"now","rows":[]}})", R"({"inventory":7})"}));
    rig.caller.script("handle_webhook", answered(Json::parse(wrong).value()));
    rig.webhook("{\"n\":3}");
    REQUIRE(rig.until([&] { return runs_ended(rig); }));
    CHECK(rig.count("inbound_webhooks WHERE state = 'rejected'") == 1);
}

TEST_CASE("a feed is staged as a whole and then applied", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    rig.caller.script("sync_inventory", feed({Json::array({stock("X", 9)}), Json::array({stock("Y", 3)})}));
    rig.start();
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(rig.count("inventory_items WHERE present = 1") == 2);
    CHECK(rig.count("feeds WHERE state = 'applied'") == 1);
    CHECK(rig.count("events WHERE type = 'stock.low'") == 1);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("a feed that breaks off changes nothing and is pulled anew", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    SECTION("the adapter says that it is not complete") {
        rig.caller.script("sync_inventory", feed({Json::array({stock("X", 1)})}, false));
    }
    SECTION("the worker dies between two batches") {
        rig.caller.script("sync_inventory", {{plugin::CallStatus::unknown, {}, "died"}, {Json::array({stock("X", 1)})}});
    }
    SECTION("its own time is none") {
        rig.caller.script("sync_inventory", {answered(Json::object({{"complete", true}, {"rows", 1}, {"as_of", "yesterday"}})),
                                             {Json::array({stock("X", 1)})}});
    }
    rig.start();
    REQUIRE(rig.until([&] { return rig.text("SELECT attempts FROM runs") == "1"; }));
    CHECK(rig.count("inventory_items") == 0);
    rig.caller.script("sync_inventory", feed({Json::array({stock("X", 9), stock("Y", 9)})}));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(rig.text("SELECT quantity FROM inventory_items WHERE sku = 'X'") == "9");
    CHECK(rig.count("feeds WHERE state = 'abandoned'") == 1);
    CHECK(rig.count("feeds WHERE state = 'applied'") == 1);
}

TEST_CASE("an absurd row is parked with what the adapter could not read, the rest goes on", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    std::vector<Json> rows;
    for (int i = 0; i < 20; ++i) { rows.push_back(stock("X" + std::to_string(i), 9)); }
    rows.push_back(stock("Y", -1));
    Json unread =
        Json::array({Json::object({{"line", 7}, {"sku", "Z"}, {"reason", "a quote is never closed"}, {"text", "Z,\"9"}})});
    rig.caller.script(
        "sync_inventory",
        {answered(Json::object({{"complete", true}, {"rows", 21}, {"bad_rows", std::move(unread)}})), {Json::array(rows)}});
    rig.start();
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }));
    CHECK(rig.count("inventory_items") == 20);
    CHECK(rig.text("SELECT reason FROM feed_bad_rows WHERE line = 7") == "a quote is never closed");
    CHECK_THAT(rig.text("SELECT reason FROM feed_bad_rows WHERE sku = 'Y'"), Catch::Matchers::Contains("`quantity`"));
    CHECK_THAT(rig.text("SELECT message FROM supplier_sync_logs WHERE type = 'inventory'"),
               Catch::Matchers::Contains("2 rows could not be read"));
}

TEST_CASE("a feed in quarantine survives a restart, and is approved then", "[pipeline][unit]") {
    EngineRig first(PIPELINES, feeds());
    first.caller.script("sync_inventory", feed({Json::array({stock("X", 9), stock("Y", 9), stock("Z", 9)})}));
    first.caller.script("sync_inventory", feed({Json::array({stock("X", 1)})}));
    first.start();
    REQUIRE(first.until([&] { return first.count("feeds WHERE state = 'quarantined'") == 1; }, milliseconds{3'600'000}));
    REQUIRE(first.stop(milliseconds{1'000}));
    RigOptions later = feeds();
    later.file = first.crash_image();
    later.utc = first.clock.utc_ms() + 1'000;
    EngineRig rig(PIPELINES, later);
    rig.start();
    const auto id = rig.text("SELECT id FROM feeds WHERE state = 'quarantined'");
    CHECK(rig.count("feed_rows") == 1);
    const auto refused =
        rig.value_of(pipeline::decide_feed(rig.engine().environment(), "approve", Json::object({{"feed", "01"}}), "anna"));
    CHECK(refused.value().value().what == pipeline::Decided::What::unknown);
    const auto done =
        rig.value_of(pipeline::decide_feed(rig.engine().environment(), "approve", Json::object({{"feed", id}}), "anna"));
    CHECK(done.value().value().what == pipeline::Decided::What::done);
    CHECK(done.value().value().answer.integer("removed") == 2);
    CHECK(rig.count("inventory_items WHERE present = 1") == 1);
    const auto again =
        rig.value_of(pipeline::decide_feed(rig.engine().environment(), "reject", Json::object({{"feed", id}}), "anna"));
    CHECK(again.value().value().what == pipeline::Decided::What::refused);
}

TEST_CASE("a feed that collapsed is quarantined, and the catalog stays", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    rig.caller.script("sync_inventory", feed({Json::array({stock("X", 9), stock("Y", 9), stock("Z", 9)})}));
    rig.caller.script("sync_inventory", feed({Json::array({stock("X", 1)})}));
    rig.caller.script("sync_inventory", feed({}));
    rig.start();
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 3; }, milliseconds{3'600'000}));
    CHECK(rig.count("inventory_items WHERE present = 1 AND quantity = 9") == 3);
    CHECK(rig.count("feeds WHERE state = 'quarantined'") == 2);
    CHECK(rig.count("events WHERE type = 'feed.quarantined'") == 2);
}

TEST_CASE("a feed that cannot be pulled is given up after its retries and written to the sync log", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    for (int i = 0; i < 3; ++i) {
        rig.caller.script("sync_inventory", plugin::CallAnswer{plugin::CallStatus::failed, {}, "404"});
    }
    rig.start();
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'failed'") == 1; }));
    CHECK(rig.count("supplier_sync_logs WHERE status = 'error' AND message LIKE '%404%'") == 1);
    CHECK(rig.count("feeds WHERE state = 'abandoned'") == 3);
    CHECK(rig.caller.unexpected == 0);
}

TEST_CASE("missed times of a schedule are one run, and the next is due on its beat", "[pipeline][unit]") {
    EngineRig first(PIPELINES, feeds());
    const UtcMs begun = first.clock.utc_ms();
    first.caller.script("sync_inventory", feed({Json::array({stock("X", 9)})}));
    first.start();
    REQUIRE(first.until([&] { return first.count("runs WHERE state = 'done'") == 1; }));
    REQUIRE(first.stop(milliseconds{1'000}));
    RigOptions later = feeds();
    later.file = first.crash_image();
    constexpr UtcMs every = 15 * 60'000;
    later.utc = begun + 10 * every + 60'000;
    EngineRig rig(PIPELINES, later);
    for (int i = 0; i < 2; ++i) { rig.caller.script("sync_inventory", feed({Json::array({stock("X", 9)})})); }
    rig.start();
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 2; }, milliseconds{10'000}));
    rig.pass(milliseconds{60'000});
    CHECK(rig.count("runs") == 2);
    CHECK(rig.text("SELECT next_at FROM schedules") == std::to_string(begun + 11 * every));
    REQUIRE(rig.until([&] { return rig.count("runs") == 3; }, milliseconds{every}));
    CHECK(rig.clock.utc_ms() == begun + 11 * every);
}

TEST_CASE("a schedule whose last run is still under way starts no second one", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, feeds());
    rig.caller.hold("sync_inventory");
    rig.start();
    REQUIRE(rig.until([&] { return rig.caller.holds(); }));
    rig.pass(milliseconds{40 * 60'000});
    CHECK(rig.count("runs") == 1);
    rig.caller.release(answered(Json::object({{"complete", true}, {"rows", 0}})));
    REQUIRE(rig.until([&] { return rig.count("runs WHERE state = 'done'") == 1; }, milliseconds{1'000}));
    rig.caller.script("sync_inventory", feed({Json::array({stock("X", 9)})}));
    REQUIRE(rig.until([&] { return rig.count("runs") == 2; }, milliseconds{15 * 60'000}));
}
