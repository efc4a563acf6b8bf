#include "pipeline/create_step.hpp"

#include "model/effect.hpp"
#include "orders/intake.hpp"
#include "orders/routing.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;

Json outcome_of(const std::string& state, const MaybeText& supplier_order_id, const MaybeText& reason) {
    Json outcome = Json::object({{"outcome", state}});
    if (state == "accepted") { outcome.set("supplier_order_id", supplier_order_id.value_or("")); }
    else { outcome.set("reason", reason.value_or("")); }
    return outcome;
}

}  // namespace

std::vector<OrderPart> parts_for(store::Tx& tx, const EngineOptions& options, const std::string& order_id,
                                 const std::string& supplier) {
    const auto code = tx.first<Text>("SELECT supplier_code FROM orders WHERE id = :1", {order_id});
    const auto* account = options.accounts.for_supplier(supplier);
    const bool all = code && std::get<0>(*code) == supplier;
    std::vector<OrderPart> parts;
    bool first = true;
    for (auto& [id, reference, at, withdrawn_why] : tx.all<Text, Text, Text, MaybeText>(
             "SELECT s.id, s.reference, p.name, s.withdrawn_why FROM supplier_orders s JOIN suppliers p ON p.id = s.supplier_id "
             "WHERE s.order_id = :1 ORDER BY s.created_at, s.id",
             {order_id})) {
        const bool mine = all || (account != nullptr && at == account->name);
        if (mine) { parts.push_back({std::move(id), std::move(reference), std::move(at), std::move(withdrawn_why), first}); }
        first = false;
    }
    return parts;
}

void insert_create(store::Tx& tx, Environment& environment, const EngineOptions& options, const CreateCall& call,
                   const OrderPart& part) {
    const UtcMs now = environment.clock.utc_ms();
    const std::string item = part.first ? "" : part.reference;
    const auto* account = options.accounts.named(part.account);
    store::EffectRow effect;
    effect.id = environment.facts.new_id();
    effect.effect_key = call.run_id + "/" + call.step_id + "/" + item + "/1";
    effect.operation = "create_order";
    effect.target = part.account;
    effect.lane = "order/" + call.order_id + (item.empty() ? "" : "/" + item);
    effect.order_id = call.order_id;
    effect.supplier_order_row_id = part.id;
    effect.run_id = call.run_id;
    effect.step_index = call.step_index;
    effect.effect_class = model::name(options.rules.at(part.account).create_order.effect_class);
    effect.retry_json = call.retry_json;
    const bool own_code = account != nullptr && !account->supplier_code.empty();
    effect.input = Json::object({{"reference", part.reference},
                                 {"effect_key", effect.effect_key},
                                 {"supplier", own_code ? account->supplier_code : call.supplier},
                                 {"order", orders::document_for(tx, part.id, call.order)}})
                       .dump();
    effect.next_at = now;
    effect.created_at = now;
    store::insert_effect(tx, effect);
}

bool fall_back(store::Tx& tx, Environment& environment, const EngineOptions& options, const store::EffectRow& refused,
               const std::string& reason) {
    if (!refused.run_id || !refused.order_id) { return false; }
    const auto step = store::find_step(tx, *refused.run_id, *refused.step_index);
    if (!step) { return false; }
    const auto with = Json::parse(step->with_json, JsonLimits{.bytes_max = 64 << 20});
    if (!with) { throw store::StoreFailure("a stored step input is no JSON: " + with.error().text()); }
    const auto next = orders::fall_back(tx, environment.facts, options.accounts, *refused.supplier_order_row_id, reason);
    const Json* order = with->find("order");
    const CreateCall call{*refused.run_id,   *refused.step_index,    step->step_id,
                          *refused.order_id, with->text("supplier"), order == nullptr ? Json() : *order,
                          refused.retry_json};
    for (const auto& part : next) {
        insert_create(tx, environment, options, call, {part.id, part.reference, part.account, {}, false});
    }
    return !next.empty();
}

std::string retry_json(const Retry& retry) {
    Json json = Json::object({{"attempts", retry.attempts},
                              {"backoff_ms", static_cast<std::int64_t>(retry.backoff.count())},
                              {"backoff_max_ms", static_cast<std::int64_t>(retry.backoff_max.count())}});
    if (retry.deadline) { json.set("deadline_ms", static_cast<std::int64_t>(retry.deadline->count())); }
    return json.dump();
}

std::optional<Json> create_outcome(store::Tx& tx, const std::string& run_id, std::int64_t step_index) {
    struct Part {
        Text account, reference, state;
        MaybeText supplier_order_id, reason;
        bool has_pieces = false;
    };
    std::vector<Part> parts;
    for (auto& [account, reference, state, supplier_order_id, reason, pieces] :
         tx.all<Text, Text, Text, MaybeText, MaybeText, std::int64_t>(
             "SELECT e.target, s.reference, e.state, s.supplier_order_id, e.reason, EXISTS (SELECT 1 FROM supplier_order_lines a "
             "WHERE a.supplier_order_row_id = s.id) FROM effects e JOIN supplier_orders s ON s.id = e.supplier_order_row_id "
             "WHERE "
             // By the order, for that has an index.
             "e.order_id = (SELECT order_id FROM runs WHERE id = :1) AND e.run_id = :2 AND e.step_index = :3 AND e.operation = "
             "'create_order' ORDER BY s.created_at, s.id",
             {run_id, run_id, step_index})) {
        parts.push_back({std::move(account), std::move(reference), std::move(state), std::move(supplier_order_id),
                         std::move(reason), pieces != 0});
    }
    if (std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.has_pieces; })) {
        std::erase_if(parts, [](const Part& part) { return !part.has_pieces; });
    }
    const auto ended = [](const Part& part) {
        return part.state == "accepted" || part.state == "refused" || part.state == "withdrawn";
    };
    if (parts.empty() || !std::all_of(parts.begin(), parts.end(), ended)) { return {}; }
    if (parts.size() == 1) {
        const auto& only = parts.front();
        return outcome_of(only.state, only.supplier_order_id, only.reason);
    }
    Json list = Json::array();
    bool alike = true;
    bool any_accepted = false;
    for (const auto& part : parts) {
        Json one = outcome_of(part.state, part.supplier_order_id, part.reason);
        one.set("account", part.account).set("reference", part.reference);
        list.push(std::move(one));
        alike = alike && part.state == parts.front().state;
        any_accepted = any_accepted || part.state == "accepted";
    }
    const std::string outcome = alike ? parts.front().state : any_accepted ? "partly_accepted" : "refused";
    return Json::object({{"outcome", outcome}, {"parts", std::move(list)}});
}

}  // namespace crossdock::pipeline
