#include "base/log.hpp"
#include "model/status.hpp"
#include "notify/recipients.hpp"
#include "orders/polling.hpp"
#include "orders/progress.hpp"
#include "orders/shadow.hpp"
#include "pipeline/cancel.hpp"
#include "pipeline/create_step.hpp"
#include "pipeline/effect_driver.hpp"

#include <set>

namespace crossdock::pipeline {
namespace {

using model::Submission;
using model::Verdict;

/// A supplier that cannot be asked is asked for ever; a person hears of it after so many attempts.
constexpr std::int64_t asks_before_alert = 10;
/// Of an attempt: unknown to the journal, and for people more than that.
constexpr std::string_view taken_outcome = "taken";

void refuse_order(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect,
                  const std::string& reason) {
    const UtcMs now = environment.clock.utc_ms();
    const bool taken_over = fall_back(tx, environment, options, effect, reason);
    orders::reject(tx, environment.facts, account_of(options, effect), *effect.supplier_order_row_id, reason, taken_over);
    settle_with_step(tx, effect, "refused", reason, now);
}

void apply_sent_order(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect,
                      const plugin::CallAnswer& answer, double jitter) {
    const UtcMs now = environment.clock.utc_ms();
    const Submission submission = submission_of(answer);
    const bool cancels = effect.operation == "cancel_order";
    const Verdict verdict = model::classify(submission, options.rules.at(effect.target).statuses, !cancels);
    const auto decision =
        model::after_send(verdict, rules_of(options, effect), state_of(tx, effect), now, jitter, asked_delay(answer));
    const bool settles = decision.next == model::Next::settle_accepted || decision.next == model::Next::settle_refused;
    if (settles && cancels) {
        settle_cancel(tx, environment, options, effect, verdict == Verdict::accepted, answer.output.text("supplier_status"),
                      decision.next == model::Next::settle_accepted ? decision.reason : detail_of(answer));
    }
    else if (decision.next == model::Next::settle_accepted) {
        accept_order(tx, environment, options, effect, answer.output.text("supplier_order_id"), decision.reason);
    }
    else if (decision.next == model::Next::settle_refused) {
        refuse_order(tx, environment, options, effect,
                     answer.output.text("reason", "refused with status " + std::to_string(submission.status)));
    }
    else {
        const bool took = model::is_taken(submission, options.rules.at(effect.target).statuses);
        const auto taken = took ? model::after_taken(rules_of(options, effect), now) : std::nullopt;
        apply_decision(tx, environment, effect, taken.value_or(decision));
    }
}

bool says_rejected(const orders::Account& account, const std::string& word) {
    const auto mapped = account.statuses.find(word);
    return mapped != account.statuses.end() && mapped->second == model::name(model::Status::rejected);
}

void apply_lookup(store::Tx& tx, Environment& environment, store::EffectRow& effect, const Attempt& attempt,
                  const plugin::CallAnswer& answer, double jitter) {
    const UtcMs now = environment.clock.utc_ms();
    const EngineOptions& options = *attempt.options;
    std::optional<model::Found> found;
    const Json* matches = answer.status == plugin::CallStatus::answered ? answer.output.find("matches") : nullptr;
    if (matches != nullptr && matches->is_array()) {
        // The question was asked after its intent was journaled: that time is on the safe side.
        const auto asked_at =
            tx.number("SELECT started_at FROM effect_attempts WHERE effect_id = :1 AND number = :2", {effect.id, attempt.number});
        found = model::Found{matches->items().size(), asked_at};
    }
    const auto rules = rules_of(options, effect);
    if (effect.operation == "cancel_order") {
        const std::string word = found && found->matches == 1 ? matches->items().front().text("supplier_status") : "";
        const auto after = model::after_cancel_ask(found, standing_of(account_of(options, effect), word), rules,
                                                   state_of(tx, effect), now, jitter);
        const bool accepted = after.next == model::Next::settle_accepted;
        if (accepted || after.next == model::Next::settle_refused) {
            settle_cancel(tx, environment, options, effect, accepted, word, after.reason);
        }
        else { apply_decision(tx, environment, effect, after); }
        return;
    }
    auto state = state_of(tx, effect);
    state.taken = tx.number("SELECT COUNT(*) FROM effect_attempts WHERE effect_id = :1 AND outcome = :2",
                            {effect.id, std::string(taken_outcome)}) > 0;
    const auto decision = model::after_ask(found, rules, state, now, jitter);
    if (decision.next == model::Next::settle_accepted) {
        const std::string id = matches->items().front().text("supplier_order_id");
        const std::string word = matches->items().front().text("supplier_status");
        if (id.empty() && says_rejected(account_of(options, effect), word)) {
            return refuse_order(tx, environment, options, effect, "the supplier says \"" + word + "\" of our reference");
        }
        if (id.empty()) {
            apply_decision(tx, environment, effect,
                           {model::Next::park, now, "the supplier has our reference, without an id of its own"});
            return;
        }
        accept_order(tx, environment, options, effect, id, decision.reason);
        return;
    }
    apply_decision(tx, environment, effect, decision);
    if (!found && attempt.number % asks_before_alert == 0 && effect.order_id) {
        environment.facts.needs_attention(
            tx, *effect.order_id, "unanswered/" + effect.id,
            effect.target + " does not answer whether it has the order; asking goes on: " + detail_of(answer));
    }
}

/// A server that says of an address that it takes no mail is believed: whoever is behind it is told no more until a person says
/// so. A refused mail about no order, such as a digest, is told to a person here.
void after_refusal(store::Tx& tx, Environment& environment, const store::EffectRow& effect, const plugin::CallAnswer& answer) {
    const auto row = tx.first<std::string, std::optional<std::string>>("SELECT email, user_id FROM notifications WHERE id = :1",
                                                                       {*effect.notification_id});
    // Alerts have no other way to reach anybody.
    if (!row || !std::get<1>(*row)) { return; }
    const auto& to = std::get<0>(*row);
    if (!effect.order_id) {
        environment.facts.alert(tx, "mail/" + effect.id, "Mail to " + to, Json::object(),
                                "a mail was refused: " + detail_of(answer));
    }
    if (!model::says_no_such_recipient(static_cast<int>(answer.output.integer("status")))) { return; }
    notify::stop_recipient(tx, effect.target, to, {notify::Stop::Cause::refused, "refused for good: " + detail_of(answer)},
                           environment.clock.utc_ms());
}

void apply_delivery(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect,
                    const plugin::CallAnswer& answer, double jitter) {
    const UtcMs now = environment.clock.utc_ms();
    const Verdict verdict = verdict_of_delivery(answer);
    const auto decision =
        model::after_send(verdict, rules_of(options, effect), state_of(tx, effect), now, jitter, asked_delay(answer));
    if (verdict == Verdict::unknown) {
        tx.run("UPDATE notifications SET repeats = repeats + 1 WHERE id = :1", {*effect.notification_id});
    }
    if (decision.next == model::Next::settle_accepted) {
        tx.run("UPDATE notifications SET sent = 1, sent_at = :1 WHERE id = :2 OR (digest_id = :3 AND not_told IS NULL)",
               {now, *effect.notification_id, *effect.notification_id});
        settle_state(tx, effect, "accepted", decision.reason, now);
    }
    else if (decision.next == model::Next::settle_refused) {
        settle_state(tx, effect, "refused", detail_of(answer), now);
        if (effect.order_id) {
            const std::string what = is_posted(answer) ? effect.target + " refused a message: " : "a mail was refused: ";
            environment.facts.needs_attention(tx, *effect.order_id, "mail/" + effect.id, what + detail_of(answer));
        }
        if (!is_posted(answer)) { after_refusal(tx, environment, effect, answer); }
    }
    else { apply_decision(tx, environment, effect, decision); }
}

/// The attempt was none: nobody took the call, and nobody will before a person says so.
void put_back(store::Tx& tx, store::EffectRow& effect, bool asked, const std::string& reason, UtcMs now) {
    effect.state = "pending";
    effect.reason = reason;
    effect.next_at = now;
    if (!asked && --effect.attempts == 0) {
        effect.first_intent_at.reset();
        effect.not_after_at.reset();
    }
    store::update_effect(tx, effect, now);
}

}  // namespace

bool is_posted(const plugin::CallAnswer& answer) {
    return answer.status == plugin::CallStatus::answered && answer.output.text("protocol") == "http";
}

Verdict verdict_of_delivery(const plugin::CallAnswer& answer) {
    const auto submission = submission_of(answer);
    return is_posted(answer) ? model::classify_post(submission) : model::classify_mail(submission);
}

std::string detail_of(const plugin::CallAnswer& answer) {
    std::string detail = answer.output.text("exchange");
    for (const std::string& more : {answer.output.text("reason"), answer.text}) {
        if (more.empty()) { continue; }
        if (!detail.empty()) { detail += "; "; }
        detail += more;
    }
    return detail.substr(0, 500);
}

/// One line in the log of what was synchronised, for each end of an order's effect.
static void log_sync(store::Tx& tx, const store::EffectRow& effect, UtcMs now) {
    if (!is_order_effect(effect)) { return; }
    const auto why = effect.reason.value_or("");
    tx.run(
        "INSERT INTO supplier_sync_logs (id, supplier_id, type, status, message, created_at) SELECT :1, id, 'order', :2, :3, :4 "
        "FROM suppliers WHERE name = :5 ON CONFLICT (id) DO NOTHING",
        {effect.id + "/" + effect.state, effect.state == "accepted" ? "success" : "error",
         effect.operation + " of " + effect.order_id.value_or("") + " " + effect.state +
             (why.empty() ? std::string() : ": " + why),
         now, effect.target});
}

void settle_state(store::Tx& tx, store::EffectRow& effect, const char* state, const std::string& reason, UtcMs now) {
    effect.state = state;
    effect.reason = reason;
    store::update_effect(tx, effect, now);
    log_sync(tx, effect, now);
    notify::attention_over_effect(tx, effect.id, std::string(state) + ": " + reason, now);
    if (effect.order_id && (is_order_effect(effect) || effect.state != "accepted")) {
        store::append_decision(tx, *effect.order_id, effect.id, effect.target + "." + effect.operation + " " + state, reason,
                               now);
    }
}

void settle_with_step(store::Tx& tx, store::EffectRow& effect, const char* state, const std::string& reason, UtcMs now) {
    settle_state(tx, effect, state, reason, now);
    if (!effect.run_id) { return; }
    if (const auto outcome = create_outcome(tx, *effect.run_id, *effect.step_index)) {
        complete_step(tx, *effect.run_id, *effect.step_index, *outcome, now);
    }
}

std::string why_unanswered(const plugin::CallAnswer& answer) {
    switch (answer.status) {
        case plugin::CallStatus::answered: return {};
        case plugin::CallStatus::failed: return answer.text;
        case plugin::CallStatus::not_sent: return "no worker took the call: " + answer.text;
        case plugin::CallStatus::unknown: return "the worker gave no answer: " + answer.text;
    }
    return {};
}

const orders::Account& account_of(const EngineOptions& options, const store::EffectRow& effect) {
    const auto* account = options.accounts.named(effect.target);
    if (account == nullptr) { throw store::StoreFailure("no account " + effect.target); }
    return *account;
}

void accept_order(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect,
                  const std::string& supplier_order_id, const std::string& reason) {
    const UtcMs now = environment.clock.utc_ms();
    orders::learn_supplier_order_id(tx, environment.facts, account_of(options, effect), *effect.supplier_order_row_id,
                                    supplier_order_id);
    settle_with_step(tx, effect, "accepted", reason, now);
}

Submission submission_of(const plugin::CallAnswer& answer) {
    Submission submission;
    switch (answer.status) {
        case plugin::CallStatus::not_sent:
        case plugin::CallStatus::failed: submission.transport = Submission::Transport::not_sent; return submission;
        case plugin::CallStatus::unknown: submission.transport = Submission::Transport::cut; return submission;
        case plugin::CallStatus::answered: break;
    }
    const std::string transport = answer.output.text("transport");
    if (transport == "answered") { submission.transport = Submission::Transport::answered; }
    else if (transport == "not_sent") { submission.transport = Submission::Transport::not_sent; }
    // Anything else, a word that we do not know included, is unknown: never the milder reading.
    submission.status = static_cast<int>(answer.output.integer("status"));
    submission.has_id = !answer.output.text("supplier_order_id").empty();
    submission.id_follows = answer.output.boolean("id_follows");
    if (const auto verdict = answer.output.maybe_text("verdict")) {
        submission.by_rule = *verdict == "refused"         ? Verdict::refused
                             : *verdict == "not_processed" ? Verdict::not_sent
                                                           : Verdict::unknown;
    }
    return submission;
}

std::optional<milliseconds> asked_delay(const plugin::CallAnswer& answer) {
    if (answer.retry_after) { return answer.retry_after; }
    const auto ms = answer.output.integer("retry_after_ms");
    if (ms <= 0) { return {}; }
    return milliseconds{ms};
}

void complete_step(store::Tx& tx, const std::string& run_id, std::int64_t step_index, const Json& outcome, UtcMs now) {
    auto run = store::find_run(tx, run_id);
    if (!run || run->step_index != step_index) { return; }
    store::end_step(tx, run_id, step_index, "done", outcome, now);
    ++run->step_index;
    run->attempts = 0;
    run->state = "active";
    run->next_at = now;
    store::update_run(tx, *run, "", now);
}

void apply_decision(store::Tx& tx, Environment& environment, store::EffectRow& effect, const model::Decision& decision) {
    const UtcMs now = environment.clock.utc_ms();
    effect.reason = decision.reason;
    effect.next_at = decision.at;
    switch (decision.next) {
        case model::Next::send:
        case model::Next::ask:
            effect.state = "pending";
            effect.next_step = decision.next == model::Next::ask ? "ask" : "send";
            break;
        case model::Next::park: effect.state = "parked"; break;
        case model::Next::dead_letter: effect.state = "dead"; break;
        case model::Next::settle_accepted:
        case model::Next::settle_refused: throw store::StoreFailure("a settled effect was handed to apply_decision");
    }
    store::update_effect(tx, effect, now);
    if (effect.order_id && is_order_effect(effect)) {
        std::string what = effect.target + "." + effect.operation + " " + std::string(model::name(decision.next));
        if (decision.at > now) { what += " at " + rfc3339_ms(decision.at); }
        store::append_decision(tx, *effect.order_id, effect.id, what, decision.reason, now);
    }
    const bool ended = decision.next == model::Next::park || decision.next == model::Next::dead_letter;
    if (!ended) { return; }
    log_sync(tx, effect, now);
    const auto options = environment.options.get();
    const auto* account = options->accounts.named(effect.target);
    if (decision.next == model::Next::park && effect.operation == "create_order" && account != nullptr) {
        orders::poll_parked(tx, *account, *effect.supplier_order_row_id, now);
    }
    if (effect.run_id && decision.next == model::Next::dead_letter) {
        if (auto run = store::find_run(tx, *effect.run_id)) {
            run->state = "failed";
            store::update_run(tx, *run, decision.reason, now);
        }
    }
    Log::error("an effect needs a person",
               {{"effect", effect.effect_key}, {"operation", effect.operation}, {"reason", decision.reason}});
    if (effect.order_id) {
        environment.facts.needs_attention(tx, *effect.order_id, "effect/" + effect.id,
                                          effect.target + "." + effect.operation + ": " + decision.reason, effect.id);
    }
}

void apply_outcome(store::Tx& tx, Environment& environment, const Attempt& attempt, const plugin::CallAnswer& answer,
                   double jitter) {
    const UtcMs now = environment.clock.utc_ms();
    auto effect = store::find_effect(tx, attempt.effect.id);
    if (!effect) { throw store::StoreFailure("effect " + attempt.effect.id + " is gone"); }
    const bool asked = attempt.call.operation == "find_order";
    const bool delivery = effect->operation == "deliver";
    std::string outcome;
    if (asked) { outcome = answer.status == plugin::CallStatus::answered ? "answered" : "no answer"; }
    else if (delivery) { outcome = model::name(verdict_of_delivery(answer)); }
    else {
        const bool needs_id = effect->operation != "cancel_order";
        const auto& lists = attempt.options->rules.at(effect->target).statuses;
        const auto submission = submission_of(answer);
        outcome = model::is_taken(submission, lists) ? taken_outcome : model::name(model::classify(submission, lists, needs_id));
    }
    store::end_attempt(tx, effect->id, attempt.number, outcome, detail_of(answer), now);
    const bool compared =
        effect->order_id && orders::have_shadows(attempt.options->accounts) && orders::is_shadowed(tx, *effect->order_id);
    if ((compared || outcome != model::name(Verdict::accepted)) && answer.exchanges.is_array() &&
        !answer.exchanges.items().empty()) {
        store::keep_exchanges(tx, effect->id, attempt.number, answer.exchanges);
    }
    if (!asked && !answer.plugin_digest.empty()) { effect->plugin_digest = answer.plugin_digest; }

    // Without an intent, for a test, the store knows of no attempt.
    if (!attempt.options->mechanisms.intent && effect->state == "pending") { *effect = attempt.effect; }
    const bool still_ours = effect->state == (asked ? "asking" : "sending");
    if (!still_ours) {
        // Evidence has settled it meanwhile. A late answer can only confirm the id, or show that there are two.
        const std::string id = answer.output.text("supplier_order_id");
        if (effect->operation == "create_order" && !asked && !id.empty() && outcome == model::name(Verdict::accepted)) {
            orders::learn_supplier_order_id(tx, environment.facts, account_of(*attempt.options, *effect),
                                            *effect->supplier_order_row_id, id);
        }
        return;
    }
    if (answer.held) { return put_back(tx, *effect, asked, answer.text, now); }
    if (delivery) { apply_delivery(tx, environment, *attempt.options, *effect, answer, jitter); }
    else if (asked) { apply_lookup(tx, environment, *effect, attempt, answer, jitter); }
    else { apply_sent_order(tx, environment, *attempt.options, *effect, answer, jitter); }
}

void settle_by_evidence(store::Tx& tx, Environment& environment, const std::string& supplier_order_row_id) {
    auto effect = store::last_effect_of(tx, supplier_order_row_id, "create_order");
    static const std::set<std::string> open{"pending", "sending", "asking", "parked", "dead"};
    if (!effect || !open.contains(effect->state)) { return; }
    const UtcMs now = environment.clock.utc_ms();
    settle_with_step(tx, *effect, "accepted", "settled by evidence that names our reference", now);
}

}  // namespace crossdock::pipeline
