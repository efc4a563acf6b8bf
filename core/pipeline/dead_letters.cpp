#include "pipeline/dead_letters.hpp"

#include "notify/attention.hpp"
#include "orders/webhooks.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace crossdock::pipeline {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;
using MaybeInt = std::optional<std::int64_t>;

constexpr std::size_t id_part_min = 8;

bool among(const DeadLetter& letter, const std::vector<std::string>& ids) {
    return ids.empty() || std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
               return id == letter.id || (id.size() >= id_part_min && letter.id.starts_with(id));
           });
}

bool wanted(const DeadLetter& letter, const DeadLetterFilter& filter) {
    return among(letter, filter.ids) && (filter.pipeline.empty() || filter.pipeline == letter.pipeline) &&
           (filter.account.empty() || filter.account == letter.target) &&
           (filter.order_id.empty() || filter.order_id == letter.order_id) &&
           letter.reason.find(filter.reason) != std::string::npos;
}

std::string account_of(const std::string& with_json) {
    const auto with = Json::parse(with_json, JsonLimits{.bytes_max = 64 << 20});
    return with ? with->text("account", with->text("supplier")) : "";
}

std::vector<DeadLetter> of_runs(store::Tx& tx) {
    std::vector<DeadLetter> found;
    for (auto& [id, pipeline, order_id, reason, at, step, use, with, effect_id, target, operation, attempts] :
         tx.all<Text, Text, MaybeText, MaybeText, std::int64_t, MaybeText, MaybeText, MaybeText, MaybeText, MaybeText, MaybeText,
                std::int64_t>(
             "SELECT r.id, r.pipeline, r.order_id, r.reason, r.updated_at, s.step_id, s.use, s.with_json, e.id, e.target, "
             "e.operation, COALESCE(e.attempts, r.attempts) FROM runs r LEFT JOIN steps s ON s.run_id = r.id AND s.step_index = "
             "r.step_index LEFT JOIN effects e ON e.run_id = r.id AND e.step_index = r.step_index AND e.state = 'dead' WHERE "
             "r.state = 'failed' ORDER BY r.updated_at, r.id")) {
        found.push_back({id, effect_id, id, pipeline, step.value_or(""), target.value_or(account_of(with.value_or("{}"))),
                         operation.value_or(use.value_or("")), order_id, reason.value_or(""), attempts, at});
    }
    return found;
}

std::vector<DeadLetter> of_effects(store::Tx& tx) {
    std::vector<DeadLetter> found;
    for (auto& [id, target, operation, order_id, reason, attempts, at] :
         tx.all<Text, Text, Text, MaybeText, MaybeText, std::int64_t, std::int64_t>(
             "SELECT id, target, operation, order_id, reason, attempts, updated_at FROM effects WHERE state = 'dead' AND run_id "
             "IS "
             "NULL ORDER BY updated_at, id")) {
        found.push_back({id, id, {}, "", "", target, operation, order_id, reason.value_or(""), attempts, at});
    }
    return found;
}

Json parsed(const std::string& text) {
    auto value = Json::parse(text, JsonLimits{.bytes_max = 64 << 20});
    return value ? std::move(*value) : Json(text);
}

Json attempts_made(store::Tx& tx, const std::string& effect_id) {
    Json list = Json::array();
    for (auto& [number, operation, started, ended, outcome, detail, exchanges] :
         tx.all<std::int64_t, Text, std::int64_t, MaybeInt, MaybeText, MaybeText, MaybeText>(
             "SELECT number, operation, started_at, ended_at, outcome, detail, exchanges FROM effect_attempts WHERE effect_id = "
             ":1 "
             "ORDER BY number",
             {effect_id})) {
        Json one = Json::object({{"number", number}, {"operation", operation}, {"started_at", rfc3339_ms(started)}});
        one.set("ended_at", ended ? Json(rfc3339_ms(*ended)) : Json()).set("outcome", outcome).set("detail", detail);
        one.set("exchanges", exchanges ? parsed(*exchanges) : Json::array());
        list.push(std::move(one));
    }
    return list;
}

/// What was opened for a person over it is over: it is under way again.
void close_attention(store::Tx& tx, const DeadLetter& letter, const std::string& by, UtcMs now) {
    const std::string said = "replayed by " + by;
    if (letter.effect_id) { notify::attention_over_effect(tx, *letter.effect_id, said, now); }
    if (letter.order_id && letter.run_id) {
        notify::attention_over_topic(tx, "order/" + *letter.order_id + "/needs_attention/run/" + *letter.run_id, said, now);
    }
}

/// The step at which a run goes on; nothing when the revision has no such step at or before the one that failed.
std::optional<std::int64_t> step_number(store::Tx& tx, const store::RunRow& run, const std::string& step) {
    if (step.empty()) { return run.step_index; }
    const auto row = tx.first<std::int64_t>("SELECT step_index FROM steps WHERE run_id = :1 AND step_id = :2", {run.id, step});
    if (!row || std::get<0>(*row) > run.step_index) { return {}; }
    return std::get<0>(*row);
}

void revive_effect(store::Tx& tx, const std::string& id, UtcMs at, const std::string& by, UtcMs now) {
    auto effect = store::find_effect(tx, id);
    if (!effect || effect->state != "dead") { return; }
    effect->state = "pending";
    effect->next_step = "send";
    effect->attempts = 0;
    effect->next_at = at;
    effect->reason = "replayed by " + by;
    store::update_effect(tx, *effect, now);
    // A person's wish is not bound by the deadline of the step.
    if (auto retry = Json::parse(effect->retry_json)) {
        retry->set("deadline_ms", Json());
        tx.run("UPDATE effects SET retry_json = :1 WHERE id = :2", {retry->dump(), id});
    }
}

void revive_run(store::Tx& tx, const DeadLetter& letter, std::int64_t step_index, UtcMs at, const std::string& by, UtcMs now) {
    auto run = store::find_run(tx, *letter.run_id);
    if (!run) { return; }
    const bool same_step = step_index == run->step_index;
    run->step_index = step_index;
    run->attempts = 0;
    run->deaths = 0;
    run->next_at = at;
    if (letter.effect_id) { revive_effect(tx, *letter.effect_id, at, by, now); }
    if (same_step && letter.effect_id) { run->state = "waiting"; }
    else {
        run->state = "active";
        // What the failed step's `with` was stays; of an earlier one on, all is evaluated anew. Effects keep their keys.
        if (same_step) {
            tx.run(
                "UPDATE steps SET state = 'started', outcome = '{}', ended_at = NULL, started_at = :1 WHERE run_id = :2 AND "
                "step_index = :3",
                {now, run->id, step_index});
        }
        else { tx.run("DELETE FROM steps WHERE run_id = :1 AND step_index >= :2", {run->id, step_index}); }
    }
    store::update_run(tx, *run, "replayed by " + by, now);
    const auto trigger = Json::parse(run->trigger_json, JsonLimits{.bytes_max = 64 << 20});
    const Json* webhook = trigger ? trigger->find("webhook") : nullptr;
    if (webhook == nullptr) { return; }
    const std::string id = webhook->text("id");
    orders::mark_webhook(tx, id, "received", "");
    notify::attention_over_topic(tx, "order/Webhook " + id + "/needs_attention/webhook/" + id, "replayed by " + by, now);
}

/// Why it cannot be replayed as asked; empty when it can.
std::string objection(store::Tx& tx, const DeadLetter& letter, const Replay& replay) {
    if (!letter.run_id) { return replay.from_step.empty() ? "" : letter.id + " has no run, and so no step to go back to"; }
    const auto run = store::find_run(tx, *letter.run_id);
    if (!run) { return "the run " + *letter.run_id + " is gone"; }
    if (!step_number(tx, *run, replay.from_step)) {
        return "the run " + letter.id + " of " + letter.pipeline + " has passed no step \"" + replay.from_step + "\"";
    }
    return "";
}

}  // namespace

Json DeadLetter::json() const {
    return Json::object({{"id", id},
                         {"pipeline", pipeline},
                         {"step", step},
                         {"account", target},
                         {"operation", operation},
                         {"order_id", order_id},
                         {"reason", reason},
                         {"attempts", attempts},
                         {"failed_at", rfc3339_ms(failed_at)}});
}

std::vector<DeadLetter> dead_letters(store::Tx& tx, const DeadLetterFilter& filter) {
    auto all = of_runs(tx);
    auto more = of_effects(tx);
    std::move(more.begin(), more.end(), std::back_inserter(all));
    std::erase_if(all, [&](const DeadLetter& letter) { return !wanted(letter, filter); });
    std::stable_sort(all.begin(), all.end(), [](const DeadLetter& a, const DeadLetter& b) { return a.failed_at < b.failed_at; });
    if (static_cast<std::int64_t>(all.size()) > filter.most) { all.resize(static_cast<std::size_t>(filter.most)); }
    return all;
}

std::optional<Json> show_dead_letter(store::Tx& tx, const std::string& id) {
    const auto found = dead_letters(tx, {.ids = {id}, .most = 2});
    if (found.size() != 1) { return {}; }
    const auto& letter = found.front();
    Json shown = letter.json();
    if (letter.effect_id) {
        const auto effect = store::find_effect(tx, *letter.effect_id);
        shown.set("effect_key", effect->effect_key).set("class", effect->effect_class).set("input", parsed(effect->input));
        shown.set("attempts_made", attempts_made(tx, *letter.effect_id));
        return shown;
    }
    const auto run = store::find_run(tx, *letter.run_id);
    const auto step = store::find_step(tx, *letter.run_id, run->step_index);
    shown.set("trigger", parsed(run->trigger_json)).set("input", step ? parsed(step->with_json) : Json());
    return shown;
}

Replayed replay(store::Tx& tx, Environment& environment, const Replay& replay) {
    Replayed done;
    done.letters = dead_letters(tx, replay.which);
    for (const auto& letter : done.letters) {
        done.refusal = objection(tx, letter, replay);
        if (!done.refusal.empty()) { return done; }
    }
    if (replay.preview) { return done; }
    const UtcMs now = environment.clock.utc_ms();
    const auto between = replay.between.value_or(milliseconds{0}).count();
    UtcMs at = now;
    for (const auto& letter : done.letters) {
        close_attention(tx, letter, replay.by, now);
        if (letter.run_id) {
            const auto run = store::find_run(tx, *letter.run_id);
            revive_run(tx, letter, *step_number(tx, *run, replay.from_step), at, replay.by, now);
        }
        else { revive_effect(tx, *letter.effect_id, at, replay.by, now); }
        if (letter.order_id) {
            store::append_decision(tx, *letter.order_id, letter.effect_id, "replayed by " + replay.by,
                                   "with the same key, after: " + letter.reason, now);
        }
        store::append_audit(tx, environment.facts.new_id(), replay.by, "dead-letter.replay", letter.id, letter.reason, now);
        at += between;
    }
    return done;
}

}  // namespace crossdock::pipeline
