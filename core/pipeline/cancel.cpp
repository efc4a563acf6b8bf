#include "pipeline/cancel.hpp"

#include "model/status.hpp"
#include "orders/progress.hpp"
#include "pipeline/effect_driver.hpp"

#include <optional>

namespace crossdock::pipeline {
namespace {

using model::Status;

struct SupplierOrder {
    std::string id, reference, account, status;
    bool cancel_requested = false;  ///< of its order
};

/// Those of an order that still stand, or one by its id.
std::vector<SupplierOrder> supplier_orders(store::Tx& tx, const std::string& condition, const std::string& value) {
    std::vector<SupplierOrder> all;
    for (auto& [id, reference, account, status, requested] :
         tx.all<std::string, std::string, std::string, std::string, std::int64_t>(
             "SELECT s.id, s.reference, p.name, s.status, COALESCE(o.cancel_state = 'requested', 0) FROM supplier_orders s JOIN "
             "suppliers p ON p.id = s.supplier_id JOIN orders o ON o.id = s.order_id WHERE s.withdrawn_at IS NULL AND " +
                 condition + " = :1 ORDER BY s.created_at, s.id",
             {value})) {
        all.push_back({std::move(id), std::move(reference), std::move(account), std::move(status), requested != 0});
    }
    return all;
}

Status status_of(const std::string& word) {
    return model::status_named(word).value_or(Status::pending);
}

bool is_over(Status status) {
    return status == Status::canceled || status == Status::rejected;
}

bool has_left(Status status) {
    return status == Status::shipped || status == Status::delivered;
}

std::string order_status(store::Tx& tx, const std::string& order_id) {
    const auto row = tx.first<std::string>("SELECT status FROM orders WHERE id = :1", {order_id});
    return row ? std::get<0>(*row) : "";
}

/// Whether nothing of a create effect can be at the supplier.
bool is_here(store::Tx& tx, const std::optional<store::EffectRow>& create) {
    if (!create || create->state == "dead" || create->state == "withdrawn") { return true; }
    return create->state == "pending" && create->next_step == "send" && !store::may_have_left(tx, create->id);
}

void insert_cancel(store::Tx& tx, Environment& environment, const std::string& order_id, const SupplierOrder& at,
                   const std::string& reason) {
    const UtcMs now = environment.clock.utc_ms();
    const auto options = environment.options.get();
    const auto rules = options->rules.find(at.account);
    const auto before =
        tx.number("SELECT COUNT(*) FROM effects WHERE supplier_order_row_id = :1 AND operation = 'cancel_order'", {at.id});
    store::EffectRow effect;
    effect.id = environment.facts.new_id();
    effect.effect_key = "order/" + order_id + "/cancel/" + at.reference + "/" + std::to_string(before + 1);
    effect.operation = "cancel_order";
    effect.target = at.account;
    // Behind the create effect of the same part, and of no other.
    const auto create = store::last_effect_of(tx, at.id, "create_order");
    effect.lane = create ? create->lane : "order/" + order_id;
    effect.order_id = order_id;
    effect.supplier_order_row_id = at.id;
    const auto effect_class =
        rules == options->rules.end() ? model::EffectClass::unsafe : rules->second.cancel_order.effect_class;
    effect.effect_class = model::name(effect_class);
    effect.retry_json = R"({"attempts":100,"backoff_ms":2000,"backoff_max_ms":300000})";
    effect.input = Json::object({{"reference", at.reference}, {"effect_key", effect.effect_key}, {"reason", reason}}).dump();
    effect.next_at = now;
    effect.created_at = now;
    store::insert_effect(tx, effect);
}

/// Whom to ask instead, when this account cannot be asked.
std::string by_hand(const store::EffectRow& effect, const std::string& missing) {
    return "the order is to be canceled, and " + missing + ": ask " + effect.target +
           " yourself, then `crossdock attention resolve` with --cancel if it agrees, --done if not";
}

}  // namespace

CancelAnswer request_cancel(store::Tx& tx, Environment& environment, const std::string& order_id, const std::string& reason) {
    const auto row =
        tx.first<std::string, std::optional<std::string>>("SELECT status, cancel_state FROM orders WHERE id = :1", {order_id});
    if (!row) { return {}; }
    const auto& [word, cancel_state] = *row;
    const Status status = status_of(word);
    if (is_over(status)) { return {CancelAnswer::What::canceled, word}; }
    if (has_left(status)) { return {CancelAnswer::What::too_late, word}; }
    if (cancel_state == "requested") { return {CancelAnswer::What::requested, word}; }
    const UtcMs now = environment.clock.utc_ms();
    tx.run("UPDATE orders SET cancel_state = 'requested', updated_at = :1 WHERE id = :2", {now, order_id});
    store::append_decision(tx, order_id, {}, "cancel requested", reason.empty() ? "without a reason" : reason, now);
    for (const auto& at : supplier_orders(tx, "s.order_id", order_id)) {
        if (is_over(status_of(at.status)) || has_left(status_of(at.status))) { continue; }
        const auto create = store::last_effect_of(tx, at.id, "create_order");
        if (is_here(tx, create)) { withdraw_order(tx, environment, at.id, "canceled before it was sent"); }
        else { insert_cancel(tx, environment, order_id, at, reason); }
    }
    const std::string now_is = order_status(tx, order_id);
    return {is_over(status_of(now_is)) ? CancelAnswer::What::canceled : CancelAnswer::What::requested, now_is};
}

void withdraw_order(store::Tx& tx, Environment& environment, const std::string& supplier_order_row_id, const std::string& why) {
    const UtcMs now = environment.clock.utc_ms();
    orders::withdraw(tx, environment.facts, supplier_order_row_id, why);
    orders::tell_canceled(tx, environment.facts, supplier_order_row_id, why);
    auto create = store::last_effect_of(tx, supplier_order_row_id, "create_order");
    if (!create || create->state == "withdrawn") { return; }
    settle_with_step(tx, *create, "withdrawn", why, now);
}

bool overtaken(store::Tx& tx, Environment& environment, store::EffectRow& effect) {
    const UtcMs now = environment.clock.utc_ms();
    const auto standing = supplier_orders(tx, "s.id", *effect.supplier_order_row_id);
    if (standing.empty()) {
        settle_state(tx, effect, "withdrawn", "its supplier order was withdrawn", now);
        return true;
    }
    const auto& at = standing.front();
    if (effect.operation == "create_order") {
        if (!at.cancel_requested || !is_here(tx, effect)) { return false; }
        withdraw_order(tx, environment, at.id, "canceled before it was sent");
        effect.state = "withdrawn";
        return true;
    }
    if (is_over(status_of(at.status))) {
        settle_state(tx, effect, "withdrawn", "the order is " + at.status + " already", now);
        return true;
    }
    if (has_left(status_of(at.status))) {
        settle_cancel(tx, environment, *environment.options.get(), effect, false, "", "it has shipped");
        return true;
    }
    if (is_here(tx, store::last_effect_of(tx, at.id, "create_order"))) {
        withdraw_order(tx, environment, at.id, "canceled before it was sent");
        settle_state(tx, effect, "withdrawn", "the order had not left", now);
        return true;
    }
    const auto options = environment.options.get();
    const auto rules = options->rules.find(effect.target);
    if (rules != options->rules.end() && !rules->second.cancel_order.missing.empty()) {
        apply_decision(tx, environment, effect, {model::Next::park, now, by_hand(effect, rules->second.cancel_order.missing)});
        return true;
    }
    return false;
}

Json cancel_input(store::Tx& tx, const store::EffectRow& effect, const Json& stored) {
    Json input = stored;
    const auto known = tx.first<std::optional<std::string>>("SELECT supplier_order_id FROM supplier_orders WHERE id = :1",
                                                            {*effect.supplier_order_row_id});
    if (known && std::get<0>(*known)) { input.set("supplier_order_id", *std::get<0>(*known)); }
    return input;
}

model::Standing standing_of(const orders::Account& account, const std::string& word) {
    const auto mapped = account.statuses.find(word);
    const auto status = mapped == account.statuses.end() ? std::nullopt : model::status_named(mapped->second);
    if (!status) { return model::Standing::open; }
    if (is_over(*status)) { return model::Standing::ended; }
    return has_left(*status) ? model::Standing::shipped : model::Standing::open;
}

void give_up_cancel(store::Tx& tx, store::EffectRow& effect, const std::string& reason, UtcMs now) {
    settle_state(tx, effect, "refused", reason, now);
    tx.run("UPDATE orders SET cancel_state = 'refused', updated_at = :1 WHERE id = :2", {now, *effect.order_id});
}

void settle_cancel(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect, bool accepted,
                   const std::string& word, const std::string& reason) {
    const UtcMs now = environment.clock.utc_ms();
    if (!accepted) {
        give_up_cancel(tx, effect, reason, now);
        environment.facts.needs_attention(tx, *effect.order_id, "cancel-refused/" + effect.id,
                                          effect.target + " does not cancel the order: " + reason + "; it goes on");
        return;
    }
    const auto& account = account_of(options, effect);
    const bool ended = word.empty() || standing_of(account, word) == model::Standing::ended;
    settle_state(tx, effect, "accepted",
                 ended ? reason : "the supplier took the request and says \"" + word + "\"; it is canceled when it says so", now);
    if (!ended) { return; }
    orders::confirm_cancel(tx, environment.facts, account, *effect.supplier_order_row_id, word.empty() ? "canceled" : word);
    // An order of which nobody knew whether it is there: it was, and is no more.
    auto create = store::last_effect_of(tx, *effect.supplier_order_row_id, "create_order");
    if (create && create->state == "parked") { settle_with_step(tx, *create, "withdrawn", "canceled at the supplier", now); }
}

}  // namespace crossdock::pipeline
