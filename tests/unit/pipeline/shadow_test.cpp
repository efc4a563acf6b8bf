// A shadow builds what it would be sent of each order; nothing of the order depends on it.
#include <catch2/catch.hpp>

#include "orders/shadow.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

RigOptions shadowed() {
    RigOptions options;
    options.edit = [](pipeline::EngineOptions& engine) {
        auto direct = support::phonex_account();
        direct.name = "direct";
        direct.supplier_id = "supplier-direct";
        direct.supplier_code = "WSC";
        engine.accounts.by_name["direct"] = direct;
        engine.rules["direct"] = engine.rules.at("phonex");
        engine.accounts.routes["phonex"] = {model::RouteRule{.use = {"phonex"}, .shadow = "direct"}};
    };
    return options;
}

Json exchange(const std::string& method, const std::string& body) {
    Json request = Json::object({{"method", method}, {"url", "/orders"}});
    request.set("json", Json::parse(body).value());
    Json made = Json::object();
    made.set("request", std::move(request));
    return std::move(made.set("response", Json::object({{"transport", "not_sent"}})));
}

/// What the real account and the shadow are sent of the order of order_text, which has 3 of X and 1 of Y.
const char* const right = R"({"items":[{"sku":"X","quantity":3,"unit_price":231.00},{"sku":"Y","quantity":1,"unit_price":0.1}]})";
const char* const wrong = R"({"lines":[{"article":"X","qty":2,"price":231.00}]})";

plugin::CallAnswer with(plugin::CallAnswer answer, Json exchange) {
    answer.exchanges = Json::array({std::move(exchange)});
    return answer;
}

plugin::CallAnswer built(const std::string& body, const std::string& method = "POST") {
    return with(support::answered(Json::object({{"transport", "not_sent"}, {"reason", "a shadow sends nothing"}})),
                exchange(method, body));
}

/// Each target answers by its own hand.
void answer_all(EngineRig& rig, std::function<plugin::CallAnswer(const plugin::Call&)> shadow) {
    rig.caller.always("create_order", [shadow = std::move(shadow)](const plugin::Call& call) {
        if (call.target == "direct.shadow") { return shadow(call); }
        return with(created(200, "S-" + call.input.text("reference")), exchange("POST", right));
    });
}

std::int64_t in_state(EngineRig& rig, const std::string& state) {
    return rig.count("shadow_orders WHERE state = :1", {state});
}

Json report(EngineRig& rig) {
    return rig.look<Json>([](store::Tx& tx) { return orders::shadow_report(tx, "direct", "", 100, true); });
}

}  // namespace

TEST_CASE("a shadow builds each order once, beside the real account, and where it differs is listed", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, shadowed());
    answer_all(rig, [](const plugin::Call& call) { return built(call.input.text("reference") == "PO-2" ? wrong : right); });
    rig.start();
    rig.place(order_text("PO-1"));
    rig.place(order_text("PO-2"));
    REQUIRE(rig.until([&] { return in_state(rig, "recorded") == 2 && support::quiet(rig); }));
    CHECK(rig.order_status("PO-2") == "submitted");
    CHECK(rig.count("supplier_orders") == 2);
    for (const auto& call : rig.caller.calls_of("create_order")) {
        if (call.target != "direct.shadow") { continue; }
        CHECK(call.input.text("supplier") == "WSC");
        CHECK(call.record);
        CHECK(call.effect);
    }
    CHECK(rig.caller.calls_of("create_order").size() == 4);
    const auto made = report(rig);
    INFO(made.pretty());
    CHECK(made.integer("recorded") == 2);
    CHECK(made.integer("differ") == 1);
    const auto& second = made.find("orders")->items().at(0);
    CHECK(second.text("order_id") == "PO-2");
    CHECK(second.text("compared_with") == "real");
    REQUIRE(second.find("differences")->items().size() == 4);
    const auto& quantity = second.find("differences")->items().front();
    CHECK(quantity.dump() == R"({"field":"items/X/quantity","order":"3","real":"3","shadow":"2"})");
    CHECK(made.find("orders")->items().at(1).find("differences")->items().empty());
}

TEST_CASE("what a shadow does never touches its order", "[pipeline][unit]") {
    using Status = plugin::CallStatus;
    struct Row {
        plugin::CallAnswer answer;
        std::string reason;
    };
    const auto row =
        GENERATE(Row{created(201, "S-EVIL"), "it built no request: POST"},
                 Row{built("{}", "GET"), "it would ask the supplier first, which a shadow may not: a shadow sends nothing"},
                 Row{plugin::CallAnswer{Status::failed, {}, "no such field: zip"}, "it built no request: no such field: zip"},
                 Row{plugin::CallAnswer{Status::unknown, {}, "it died"}, "the worker gave no answer: it died"},
                 Row{plugin::CallAnswer{Status::not_sent, {}, "nobody"}, "no worker took the call: nobody"});
    EngineRig rig(PIPELINES, shadowed());
    answer_all(rig, [answer = row.answer](const plugin::Call&) { return answer; });
    rig.start();
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return in_state(rig, "failed") == 1; }));
    CHECK(rig.text("SELECT reason FROM shadow_orders") == row.reason);
    CHECK(rig.order_status() == "submitted");
    CHECK(rig.count("supplier_orders WHERE supplier_order_id = 'S-PO-1'") == 1);
    CHECK(rig.count("attention") == 0);
    CHECK(rig.count("evidence") == 0);
    CHECK(rig.count("effects WHERE operation = 'create_order'") == 1);
}

TEST_CASE("an order that its shadow had not built is built after a restart, and the newest thousand are kept",
          "[pipeline][unit]") {
    EngineRig first(PIPELINES, shadowed());
    for (int n = 1; n <= 1'003; ++n) { first.place(order_text("PO-" + std::to_string(n))); }
    CHECK(first.count("shadow_orders") == orders::shadows_kept);
    CHECK(first.count("shadow_orders WHERE order_id IN ('PO-1', 'PO-3')") == 0);

    auto options = shadowed();
    options.file = first.crash_image();
    options.utc = first.clock.utc_ms() + 1'000;
    EngineRig rig(PIPELINES, options);
    answer_all(rig, [](const plugin::Call&) { return built(right); });
    rig.recover();
    rig.start();
    REQUIRE(rig.until([&] { return in_state(rig, "recorded") == orders::shadows_kept; }));
    CHECK(rig.caller.calls_of("create_order").size() >= orders::shadows_kept);
}

TEST_CASE("a request that is too long is not kept", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, shadowed());
    answer_all(rig,
               [](const plugin::Call&) { return built(R"({"x":")" + std::string(orders::shadow_request_max, 'x') + R"("})"); });
    rig.start();
    rig.place(order_text("PO-1"));
    REQUIRE(rig.until([&] { return in_state(rig, "failed") == 1; }));
    CHECK_THAT(rig.text("SELECT reason FROM shadow_orders"), Catch::Matchers::EndsWith("bytes, more than are kept"));
    CHECK(rig.count("shadow_orders WHERE request IS NULL") == 1);
}
