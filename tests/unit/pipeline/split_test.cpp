// Orders for several suppliers: each part is placed once, in a lane of its own, and what one refuses goes to the next.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using support::answered;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

/// Two accounts of different classes, and a route that chooses between them.
RigOptions two_accounts(model::RouteRule rule) {
    RigOptions options;
    options.edit = [rule = std::move(rule)](pipeline::EngineOptions& engine) {
        auto direct = support::phonex_account();
        direct.name = "direct";
        direct.supplier_id = "supplier-direct";
        direct.supplier_code = "WSC";
        engine.accounts.by_name["direct"] = direct;
        auto rules = engine.rules.at("phonex");
        rules.create_order.effect_class = model::EffectClass::idempotent;
        engine.rules["direct"] = rules;
        engine.accounts.routes["phonex"] = {rule};
    };
    return options;
}

void stock(EngineRig& rig, const std::string& supplier_id, const std::string& sku, int quantity) {
    rig.commit([&](store::Tx& tx) {
        tx.run(
            "INSERT INTO inventory_items (supplier_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, "
            "grade, "
            "lock_status, updated_at) VALUES (:1, :2, 'MIA', 'N', :3, 0, 100, 'USD', 'A', 'unlocked', 0)",
            {supplier_id, sku, quantity});
    });
}

/// The order of order_text has 3 of X and 1 of Y: phonex has 2 and 1, direct has 5 and 0.
void stock_for_a_split(EngineRig& rig) {
    stock(rig, "supplier-phonex", "X", 2);
    stock(rig, "supplier-phonex", "Y", 1);
    stock(rig, "supplier-direct", "X", 5);
}

std::string items_of(const Json& input) {
    std::string text;
    for (const auto& item : input.find("order")->find("items")->items()) {
        text += item.text("sku") + "x" + std::to_string(item.integer("quantity")) + " ";
    }
    return text;
}

/// Each account answers by its own hand.
struct Suppliers {
    explicit Suppliers(EngineRig& rig) {
        rig.caller.always("create_order", [this](const plugin::Call& call) {
            sent[call.target] += items_of(call.input);
            references[call.target] = call.input.text("reference");
            codes[call.target] = call.input.text("supplier");
            const auto at = answers.find(call.target);
            return at == answers.end() ? created(201, "S-" + call.target + "-" + call.input.text("reference")) : at->second;
        });
    }
    std::map<std::string, std::string> sent;
    std::map<std::string, std::string> references;
    std::map<std::string, std::string> codes;
    std::map<std::string, plugin::CallAnswer> answers;
};

plugin::CallAnswer refusal() {
    return answered(Json::object({{"transport", "answered"}, {"status", 422}, {"reason", "no stock"}}));
}

std::string lines(EngineRig& rig) {
    return rig.text(
        "SELECT GROUP_CONCAT(sku || ' open ' || open || ' accepted ' || accepted || ' shipped ' || shipped || ' rejected ' || "
        "rejected, '; ') FROM order_lines");
}

Json evidence_of(const std::string& reference, const char* word, const char* at, const char* tracking,
                 Json pieces = Json::array()) {
    Json one =
        Json::object({{"reference", reference}, {"supplier_status", word}, {"occurred_at", at}, {"tracking_number", tracking}});
    if (!pieces.items().empty()) { one.set("lines", std::move(pieces)); }
    return Json::object({{"evidence", Json::array({std::move(one)})}});
}

}  // namespace

TEST_CASE("an order that nobody has whole is split, and each supplier gets its own pieces once", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, two_accounts({.use = {"phonex", "direct"}, .split = model::Split::pieces}));
    Suppliers suppliers(rig);
    stock_for_a_split(rig);
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(suppliers.sent.at("phonex") == "Xx2 Yx1 ");
    CHECK(suppliers.sent.at("direct") == "Xx1 ");
    CHECK(suppliers.codes.at("phonex") == "phonex");
    CHECK(suppliers.codes.at("direct") == "WSC");
    CHECK(rig.count("effects WHERE operation = 'create_order' AND state = 'accepted'") == 2);
    CHECK(rig.count("effects WHERE target = 'phonex' AND effect_class = 'lookup'") == 1);
    CHECK(rig.count("effects WHERE target = 'direct' AND effect_class = 'idempotent'") == 1);
    CHECK(rig.text("SELECT status FROM orders") == "submitted");
    CHECK(lines(rig) == "X open 0 accepted 3 shipped 0 rejected 0; Y open 0 accepted 1 shipped 0 rejected 0");
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(rig.count("notifications WHERE template = 'order.accepted' AND sent = 1") == 2);
    CHECK_THAT(rig.text("SELECT outcome FROM steps WHERE step_id = 'submit'"),
               Catch::Matchers::Contains(R"("outcome":"accepted","parts":[)"));
    CHECK_THAT(rig.text("SELECT reason FROM decisions WHERE what = 'not all to direct'"), Catch::Matchers::Contains("0 of 1 Y"));

    // The parts go their own ways; the order is shipped when all of it is.
    rig.caller.script("handle_webhook", answered(evidence_of("PO-1", "Shipped", "2025-10-30T11:00:00Z", "T-1")));
    rig.webhook(R"({"n":1})");
    rig.settle();
    CHECK(rig.text("SELECT status FROM orders") == "partially_shipped");
    CHECK(lines(rig) == "X open 0 accepted 1 shipped 2 rejected 0; Y open 0 accepted 0 shipped 1 rejected 0");
}

TEST_CASE("one part that is not answered holds up no other, and the step waits for both", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, two_accounts({.use = {"phonex", "direct"}, .split = model::Split::pieces}));
    Suppliers suppliers(rig);
    suppliers.answers["phonex"] = answered(Json::object({{"transport", "cut"}, {"status", 0}}));
    rig.caller.always("find_order", [](const plugin::Call&) {
        return answered(Json::object({{"transport", "cut"}, {"status", 0}, {"reason", "no answer"}}));
    });
    stock_for_a_split(rig);
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(rig.count("effects WHERE target = 'direct' AND operation = 'create_order' AND state = 'accepted'") == 1);
    CHECK(rig.count("effects WHERE target = 'phonex' AND operation = 'create_order' AND state = 'pending'") == 1);
    CHECK(rig.count("runs WHERE state = 'waiting'") == 1);
    CHECK(rig.text("SELECT status FROM orders") == "pending");
    rig.caller.always("find_order", [](const plugin::Call&) {
        return answered(Json::object({{"transport", "answered"},
                                      {"status", 200},
                                      {"matches", Json::array({Json::object({{"supplier_order_id", "S-9"}})})}}));
    });
    rig.pass(milliseconds{600'000});
    rig.settle();
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(suppliers.sent.at("phonex") == "Xx2 Yx1 ");
    CHECK(suppliers.sent.at("direct") == "Xx1 ");
}

TEST_CASE("what one supplier refuses goes to the next of its route, and nobody is told that it was refused", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, two_accounts({.use = {"phonex", "direct"}, .fallback = true}));
    Suppliers suppliers(rig);
    suppliers.answers["phonex"] = refusal();
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(suppliers.sent.at("phonex") == "Xx3 Yx1 ");
    CHECK(suppliers.sent.at("direct") == "Xx3 Yx1 ");
    CHECK(suppliers.references.at("direct") == "PO-1-2");
    CHECK(rig.text("SELECT status FROM orders") == "submitted");
    CHECK(lines(rig) == "X open 0 accepted 3 shipped 0 rejected 0; Y open 0 accepted 1 shipped 0 rejected 0");
    CHECK(rig.count("facts WHERE kind = 'order.rejected'") == 0);
    CHECK(rig.count("facts WHERE kind = 'order.accepted'") == 1);
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK_THAT(rig.text("SELECT outcome FROM steps WHERE step_id = 'submit'"),
               Catch::Matchers::Contains(R"("outcome":"accepted","supplier_order_id":"S-direct-PO-1-2")"));
    CHECK(rig.count("decisions WHERE what = 'fallback from PO-1' AND reason = 'refused: no stock'") == 1);
}

TEST_CASE("when every supplier of a route has refused an order it is rejected, and told once", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, two_accounts({.use = {"phonex", "direct"}, .fallback = true}));
    Suppliers suppliers(rig);
    suppliers.answers["phonex"] = refusal();
    suppliers.answers["direct"] = refusal();
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(rig.text("SELECT status FROM orders") == "rejected");
    CHECK(lines(rig) == "X open 0 accepted 0 shipped 0 rejected 3; Y open 0 accepted 0 shipped 0 rejected 1");
    CHECK(rig.count("facts WHERE kind = 'order.rejected'") == 1);
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
    CHECK(suppliers.sent.at("direct") == "Xx3 Yx1 ");
}

TEST_CASE("without fallback one part that is refused stays refused while the other goes on", "[pipeline][unit]") {
    EngineRig rig(PIPELINES, two_accounts({.use = {"phonex", "direct"}, .split = model::Split::pieces}));
    Suppliers suppliers(rig);
    suppliers.answers["phonex"] = refusal();
    stock_for_a_split(rig);
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(rig.text("SELECT status FROM orders") == "submitted");
    CHECK(lines(rig) == "X open 0 accepted 1 shipped 0 rejected 2; Y open 0 accepted 0 shipped 0 rejected 1");
    CHECK_THAT(rig.text("SELECT outcome FROM steps WHERE step_id = 'submit'"),
               Catch::Matchers::Contains(R"("outcome":"partly_accepted")"));
    CHECK(rig.count("facts WHERE kind = 'order.rejected'") == 1);
}

TEST_CASE("an order at two suppliers is canceled at both, and withdrawn where it has not left", "[pipeline][unit]") {
    auto options = two_accounts({.use = {"phonex", "direct"}, .split = model::Split::pieces});
    options.cancel_class = model::EffectClass::idempotent;
    EngineRig rig(PIPELINES, options);
    Suppliers suppliers(rig);
    rig.caller.always("cancel_order", [](const plugin::Call&) {
        return answered(Json::object({{"transport", "answered"}, {"status", 200}, {"supplier_status", "Canceled"}}));
    });
    stock_for_a_split(rig);
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    CHECK(rig.cancel("PO-1", "changed my mind").what == pipeline::CancelAnswer::What::requested);
    rig.settle();
    CHECK(rig.text("SELECT status FROM orders") == "canceled");
    CHECK(rig.count("effects WHERE operation = 'cancel_order' AND state = 'accepted'") == 2);
    CHECK(rig.count("order_lines WHERE canceled = ordered") == 2);
}

TEST_CASE("a resent part takes its pieces along, and none is ordered twice", "[pipeline][unit]") {
    auto options = two_accounts({.use = {"phonex", "direct"}, .split = model::Split::pieces});
    options.effect_class = model::EffectClass::unsafe;
    EngineRig rig(PIPELINES, options);
    Suppliers suppliers(rig);
    suppliers.answers["phonex"] = answered(Json::object({{"transport", "cut"}, {"status", 0}}));
    stock_for_a_split(rig);
    rig.start();
    rig.place(order_text("PO-1"));
    rig.settle();
    REQUIRE(rig.count("effects WHERE target = 'phonex' AND operation = 'create_order' AND state = 'parked'") == 1);
    suppliers.answers.clear();
    const auto number = rig.text("SELECT number FROM attention WHERE effect_id IS NOT NULL AND resolved_at IS NULL");
    CHECK(rig.resolve({.what = pipeline::Resolution::What::resend, .number = std::stoll(number), .by = "anna"}).refusal.empty());
    rig.settle();
    CHECK(suppliers.sent.at("phonex") == "Xx2 Yx1 Xx2 Yx1 ");
    CHECK(suppliers.references.at("phonex") == "PO-1-3");
    CHECK(lines(rig) == "X open 0 accepted 3 shipped 0 rejected 0; Y open 0 accepted 1 shipped 0 rejected 0");
    CHECK(rig.count("runs WHERE state = 'done'") == 1);
}
