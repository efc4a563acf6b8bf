#include "pipeline/effect_driver.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"
#include "pipeline/cancel.hpp"

namespace crossdock::pipeline {
namespace {

/// What a worker gets beyond the request's own timeout before it is given up: handing over, connecting, answering.
constexpr milliseconds call_margin{2'000};
/// How long an outcome that could not be stored is tried again before the effect is left to the next start's recovery.
constexpr int store_attempts_max = 5;
constexpr milliseconds store_pause{200};
/// For a test that switches `not_after` off.
constexpr milliseconds long_after{3'600'000};
/// Among so many due effects one is sought that may try whether a paused account is well.
constexpr std::int64_t probes_looked_at = 64;

}  // namespace

bool is_order_effect(const store::EffectRow& effect) {
    return effect.operation != "deliver";
}

model::EffectRules rules_of(const EngineOptions& options, const store::EffectRow& effect) {
    model::EffectRules rules;
    rules.effect_class = model::effect_class_named(effect.effect_class).value_or(model::EffectClass::unsafe);
    if (const auto retry = Json::parse(effect.retry_json)) {
        rules.attempts_max = static_cast<int>(retry->integer("attempts", rules.attempts_max));
        rules.backoff = milliseconds{retry->integer("backoff_ms", rules.backoff.count())};
        rules.backoff_max = milliseconds{retry->integer("backoff_max_ms", rules.backoff_max.count())};
        if (retry->integer("deadline_ms") > 0) { rules.deadline = milliseconds{retry->integer("deadline_ms")}; }
    }
    if (is_order_effect(effect)) {
        if (const auto at = options.rules.find(effect.target); at != options.rules.end()) {
            rules.request_timeout = at->second.request_timeout;
            const auto& operation = at->second.of(effect.operation);
            rules.key_valid_for = operation.key_valid_for;
            rules.visible_within = operation.visible_within;
            rules.can_ask = operation.can_ask;
        }
    }
    else if (const auto at = options.channels.find(effect.target); at != options.channels.end()) {
        rules.request_timeout = at->second.request_timeout;
    }
    return rules;
}

model::EffectState state_of(store::Tx& tx, const store::EffectRow& effect) {
    return {static_cast<int>(effect.attempts), effect.first_intent_at.value_or(0), effect.not_after_at.value_or(0),
            store::may_have_left(tx, effect.id)};
}

/// An order that may have left is sent again by the plugin that sent it, or not at all: another one may write the key elsewhere.
bool EffectDriver::choose_plugin(store::Tx& tx, Attempt& attempt, const plugin::Serving& serving) {
    auto& effect = attempt.effect;
    const auto& begun_by = effect.plugin_digest;
    if (begun_by && is_order_effect(effect) && store::may_have_left(tx, effect.id)) {
        if (serving.digest.empty() || serving.serves(*begun_by)) {
            attempt.call.digest = *begun_by;
            return true;
        }
        const UtcMs now = environment_.clock.utc_ms();
        apply_decision(tx, environment_, effect, model::without_its_plugin(rules_of(*attempt.options, effect), now));
        return false;
    }
    attempt.call.digest = serving.digest;
    if (!serving.digest.empty()) { effect.plugin_digest = serving.digest; }
    // Nothing has left: what its account may claim today is what holds.
    if (const auto rules = attempt.options->rules.find(effect.target);
        is_order_effect(effect) && rules != attempt.options->rules.end() && rules->second.of(effect.operation).plugin_known) {
        const auto stored = model::effect_class_named(effect.effect_class).value_or(model::EffectClass::unsafe);
        effect.effect_class = model::name(model::weaker(stored, rules->second.of(effect.operation).effect_class));
    }
    return true;
}

std::optional<Attempt> EffectDriver::begin(store::Tx& tx, const std::string& id, const plugin::Serving& serving) {
    auto effect = store::find_effect(tx, id);
    const auto options = environment_.options.get();
    const UtcMs now = environment_.clock.utc_ms();
    const BootMs boot = environment_.clock.boot_ms();
    if (!effect || effect->state != "pending" || effect->next_at > now) { return {}; }
    milliseconds not_after{5'000};
    milliseconds request_timeout{10'000};
    if (is_order_effect(*effect)) {
        const auto rules = options->rules.find(effect->target);
        if (rules == options->rules.end()) {
            apply_decision(tx, environment_, *effect,
                           {model::Next::park, now, "the account " + effect->target + " is no longer configured"});
            return {};
        }
        not_after = rules->second.not_after;
        request_timeout = rules->second.request_timeout;
    }
    else if (const auto rules = options->channels.find(effect->target); rules != options->channels.end()) {
        not_after = rules->second.not_after;
        request_timeout = rules->second.request_timeout;
    }
    if (is_order_effect(*effect) && overtaken(tx, environment_, *effect)) { return {}; }
    const bool asks = effect->next_step == "ask";
    if (!asks && effect->first_intent_at) {
        const auto instead = model::before_send(rules_of(*options, *effect), state_of(tx, *effect), now, now + not_after.count());
        if (instead) {
            apply_decision(tx, environment_, *effect, *instead);
            return {};
        }
    }
    if (!environment_.facts.compose(tx, *effect)) {
        effect->state = "withdrawn";
        effect->reason = "nothing is left to tell";
        store::update_effect(tx, *effect, now);
        return {};
    }
    auto input = Json::parse(effect->input, JsonLimits{.bytes_max = 64 << 20});
    if (!input) { throw store::StoreFailure("effect " + id + " has an unreadable input: " + input.error().text()); }

    Attempt attempt;
    attempt.options = options;
    attempt.effect = std::move(*effect);
    auto& begun = attempt.effect;
    if (!asks && !choose_plugin(tx, attempt, serving)) { return {}; }
    attempt.number = store::attempts_of(tx, id) + 1;
    attempt.call.target = begun.target;
    attempt.call.timeout = not_after + request_timeout + call_margin;
    if (asks) {
        begun.state = "asking";
        attempt.call.operation = "find_order";
        attempt.call.input = Json::object({{"reference", input->text("reference")}});
    }
    else {
        begun.state = "sending";
        ++begun.attempts;
        if (!begun.first_intent_at) { begun.first_intent_at = now; }
        begun.not_after_at = now + not_after.count();
        attempt.call.operation = begun.operation;
        attempt.call.input = begun.operation == "cancel_order" ? cancel_input(tx, begun, *input) : std::move(*input);
        attempt.call.effect = true;
        attempt.call.record = is_order_effect(begun);
        attempt.call.not_after = boot + (options->mechanisms.not_after ? not_after : long_after).count();
    }
    if (options->mechanisms.intent) {
        store::begin_attempt(tx, id, attempt.number, attempt.call.operation, now);
        store::update_effect(tx, begun, now);
    }
    return attempt;
}

std::vector<std::string> due_probes(store::Tx& tx, const EngineOptions& options, const std::string& target, int status, UtcMs now,
                                    std::int64_t most) {
    std::vector<std::string> probes;
    const auto account = options.rules.find(target);
    // Any message may try whether its channel's endpoint is well: none ends by it.
    if (account == options.rules.end()) { return store::due_effects(tx, target, now, most); }
    for (auto& id : store::due_effects(tx, target, now, probes_looked_at)) {
        const auto effect = store::find_effect(tx, id);
        if (!effect) { continue; }
        auto state = state_of(tx, *effect);
        ++state.attempts;
        if (!effect->first_intent_at) { state.first_intent_at = now; }
        const bool asks = effect->next_step == "ask";
        if (!asks && !model::may_probe(rules_of(options, *effect), state, account->second.statuses, status, now)) { continue; }
        probes.push_back(std::move(id));
        if (static_cast<std::int64_t>(probes.size()) == most) { break; }
    }
    return probes;
}

Task<void> EffectDriver::leave(const Attempt& attempt, model::Pass pass, const plugin::CallAnswer& answer) {
    const auto& effect = attempt.effect;
    const auto kind = attempt.call.operation == "find_order" ? model::CallKind::ask : model::CallKind::send;
    const auto account = attempt.options->rules.find(effect.target);
    if (account == attempt.options->rules.end()) {
        const auto said = is_posted(answer) ? model::sign_of_post(submission_of(answer), asked_delay(answer)) : model::PeerSign{};
        co_await pacing_.leave(effect.target, pass, kind, said, said.status != model::gone);
        co_return;
    }
    const auto& lists = account->second.statuses;
    const auto sign = sign_of(answer, kind, lists, effect.operation != "cancel_order");
    bool probes = true;
    if (kind == model::CallKind::send && sign.what == model::PeerSign::What::refused) {
        // As any other effect of this account in its first attempt.
        const UtcMs now = environment_.clock.utc_ms();
        probes = model::may_probe(rules_of(*attempt.options, effect), {1, now, now}, lists, sign.status, now);
    }
    co_await pacing_.leave(effect.target, pass, kind, sign, probes);
}

Task<void> EffectDriver::drive(std::string target, std::string id, model::Pass pass) {
    std::function<std::optional<Attempt>(store::Tx&)> intent =
        [this, id, serving = environment_.caller.serving(target)](store::Tx& tx) { return begin(tx, id, serving); };
    auto begun = co_await environment_.store.commit<std::optional<Attempt>>(Commit::effect_intent, std::move(intent));
    if (!begun) {
        pacing_.give_back(target, pass, model::CallKind::send);
        Log::error("an effect's intent could not be stored; nothing was sent", {{"effect", id}, {"fault", begun.error().text()}});
        co_await pause(environment_.clock, store_pause);
        co_return;
    }
    if (!*begun) {
        pacing_.give_back(target, pass, model::CallKind::send);
        co_return;
    }
    Attempt attempt = std::move(**begun);
    CrashPoint::pass(External::call_effect, Side::before);
    plugin::OnBatch no_batches;
    plugin::CallAnswer answer = co_await environment_.caller.call(attempt.call, no_batches);
    CrashPoint::pass(External::call_effect, Side::after);
    if (answer.status == plugin::CallStatus::failed || answer.status == plugin::CallStatus::unknown) {
        Log::warning("a plugin failed", {{"account", attempt.call.target},
                                         {"plugin", answer.plugin},
                                         {"operation", attempt.call.operation},
                                         {"effect", attempt.effect.effect_key},
                                         {"why", answer.text}});
    }
    co_await leave(attempt, pass, answer);
    co_await settle(std::move(attempt), std::move(answer));
}

Task<void> EffectDriver::settle(Attempt attempt, plugin::CallAnswer answer) {
    const double jitter = environment_.jitter();
    const std::string id = attempt.effect.id;
    for (int tries = 1;; ++tries) {
        std::function<int(store::Tx&)> outcome = [this, attempt, answer, jitter](store::Tx& tx) {
            apply_outcome(tx, environment_, attempt, answer, jitter);
            return 0;
        };
        auto stored = co_await environment_.store.commit<int>(Commit::effect_outcome, std::move(outcome));
        if (stored) { co_return; }
        Log::error("an effect's outcome could not be stored", {{"effect", id}, {"fault", stored.error().text()}});
        if (tries == store_attempts_max) {
            Log::error("the effect stays open; the next start resolves it by its class", {{"effect", id}});
            co_return;
        }
        co_await pause(environment_.clock, store_pause);
    }
}

Task<Result<>> EffectDriver::recover(std::string id) {
    std::function<int(store::Tx&)> unit = [this, id](store::Tx& tx) {
        auto effect = store::find_effect(tx, id);
        if (!effect || (effect->state != "sending" && effect->state != "asking")) { return 0; }
        const UtcMs now = environment_.clock.utc_ms();
        store::end_attempt(tx, id, store::attempts_of(tx, id), "unknown", "the daemon ended before the answer was stored", now);
        model::Decision decision{model::Next::ask, now, "the daemon ended while the supplier was asked: asked again"};
        if (effect->state == "sending") {
            decision = model::on_recovery(rules_of(*environment_.options.get(), *effect), state_of(tx, *effect), now);
        }
        if (effect->notification_id) {
            tx.run("UPDATE notifications SET repeats = repeats + 1 WHERE id = :1", {*effect->notification_id});
        }
        apply_decision(tx, environment_, *effect, decision);
        return 1;
    };
    auto done = co_await environment_.store.commit<int>(Commit::effect_recover, std::move(unit));
    if (!done) { co_return done.error(); }
    co_return Result<>{};
}

}  // namespace crossdock::pipeline
