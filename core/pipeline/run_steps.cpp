// What happens outside the commit that starts a step: evaluating its expressions, translating webhooks, applying evidence.
#include "base/log.hpp"
#include "orders/progress.hpp"
#include "orders/webhooks.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/evidence.hpp"
#include "pipeline/run_driver.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

/// Asking an adapter to translate a webhook involves no network.
constexpr milliseconds translate_timeout{10'000};
/// How long a step waits before it looks again whether its plugin is served.
constexpr milliseconds held_pause{60'000};

/// The values of a step's expressions. A step that its `if` skips needs no others, so that `if` may guard them.
/// Errors: the first that failed and is needed; `where` is its place.
Result<std::vector<Json>> computed_values(const Step& step, const Json& document, const std::vector<Result<Json>>& values,
                                          const std::string& file) {
    std::vector<Json> computed;
    for (const auto& value : values) { computed.push_back(value ? *value : Json()); }
    const auto fault_of = [&](std::size_t number) {
        return Fault{values[number].error().what, yaml::where(file, step.expressions[number].place_of(1, 1))};
    };
    if (step.condition) {
        const auto* condition = std::get_if<Computed>(&step.condition->content);
        if (condition != nullptr && !values[condition->number]) { return fault_of(condition->number); }
        if (!holds(step, document, computed)) { return computed; }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i]) { return fault_of(i); }
    }
    return computed;
}

}  // namespace

/// What all evidence of a webhook has in common. One without a time is dated by its arrival.
orders::Evidence RunDriver::webhook_evidence(const StepWork& work) const {
    orders::Evidence evidence;
    if (!work.webhook_id.empty()) { evidence.webhook_id = work.webhook_id; }
    evidence.occurred_at = environment_.clock.utc_ms();
    return evidence;
}

Task<bool> RunDriver::perform(StepWork work) {
    switch (work.kind) {
        case StepWork::Kind::webhook: co_return co_await translate(std::move(work));
        case StepWork::Kind::evidence: co_return co_await apply_evidence(std::move(work));
        case StepWork::Kind::pull: co_return co_await pull(std::move(work));
        case StepWork::Kind::feed: co_return co_await apply_feed(std::move(work));
        case StepWork::Kind::none:
        case StepWork::Kind::again:
        case StepWork::Kind::evaluate: break;
    }
    co_return false;
}

Task<bool> RunDriver::done(StepWork work, Json outcome) {
    std::function<int(store::Tx&)> unit = [this, work, outcome](store::Tx& tx) {
        complete_step(tx, work.run.id, work.run.step_index, outcome, environment_.clock.utc_ms());
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::run_advance, std::move(unit));
    if (!stored) {
        Log::error("a step's end could not be stored; the step runs again",
                   {{"run", work.run.id}, {"fault", stored.error().text()}});
    }
    co_return stored.has_value();
}

Task<bool> RunDriver::failed(StepWork work, std::string reason, bool retry, bool died) {
    const double jitter = environment_.jitter();
    std::function<int(store::Tx&)> unit = [this, work, reason, retry, died, jitter](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        if (!run || run->state != "active") { return 0; }
        const UtcMs now = environment_.clock.utc_ms();
        ++run->attempts;
        if (!died) { run->deaths = 0; }
        if (!retry || run->attempts >= work.retry.attempts || run->deaths >= deaths_max) {
            StepWork last = work;
            last.run = *run;
            const bool dead = run->deaths >= deaths_max;
            fail(tx, last, dead ? reason + "; " + std::to_string(run->deaths) + " processes died over it" : reason);
            return 0;
        }
        run->next_at = model::backoff_until(work.retry.backoff, work.retry.backoff_max, run->attempts, now, jitter);
        const auto begun = store::find_step(tx, run->id, run->step_index);
        if (work.retry.deadline && begun && run->next_at > begun->started_at + work.retry.deadline->count()) {
            StepWork last = work;
            last.run = *run;
            fail(tx, last, reason + "; its deadline of " + duration_text(*work.retry.deadline) + " leaves no further attempt");
            return 0;
        }
        store::update_run(tx, *run, reason, now);
        return 0;
    };
    Log::warning("a step failed",
                 {{"pipeline", work.run.pipeline}, {"step", work.step_id}, {"reason", reason}, {"again", retry ? "yes" : "no"}});
    auto stored = co_await environment_.store.commit<int>(Commit::run_advance, std::move(unit));
    if (!stored) { Log::error("a step's failure could not be stored", {{"run", work.run.id}, {"fault", stored.error().text()}}); }
    co_return false;
}

Task<StepWork> RunDriver::evaluate(StepWork work) {
    const StepWork nothing;
    Evaluated evaluated = co_await evaluator_.evaluate(work.expressions, work.document);
    if (!evaluated.trouble.empty()) {
        const std::string reason = "its expressions could not be evaluated: " + evaluated.trouble;
        co_await failed(std::move(work), reason, true, evaluated.died);
        co_return nothing;
    }
    struct Begun {
        StepWork work;
        std::string trouble;
    };
    std::function<Begun(store::Tx&)> unit = [this, work, values = std::move(evaluated.values)](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        if (!run || run->state != "active" || run->step_index != work.run.step_index) { return Begun{}; }
        const auto definition = revision(tx, run->revision);
        const Step& step = definition->steps[static_cast<std::size_t>(run->step_index)];
        Begun begun{work, {}};
        const auto computed = computed_values(step, work.document, values, definition->file);
        if (!computed) {
            begun.trouble = computed.error().text();
            return begun;
        }
        run->deaths = 0;
        store::update_run(tx, *run, "", environment_.clock.utc_ms());
        begun.work.kind = StepWork::Kind::none;
        begun.work.run = std::move(*run);
        begun.work = enter_step(tx, std::move(begun.work), step, work.document, *computed);
        return begun;
    };
    auto begun = co_await environment_.store.commit<Begun>(Commit::run_advance, std::move(unit));
    if (!begun) {
        Log::error("a step could not start; its expressions are evaluated again",
                   {{"run", work.run.id}, {"fault", begun.error().text()}});
        co_await failed(std::move(work), begun.error().text(), true);
        co_return nothing;
    }
    if (!begun->trouble.empty()) {
        co_await failed(std::move(work), begun->trouble, true);
        co_return nothing;
    }
    co_return std::move(begun->work);
}

Task<bool> RunDriver::held(StepWork work, std::string reason, milliseconds wait) {
    std::function<int(store::Tx&)> unit = [this, work, reason, wait](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        if (!run || run->state != "active") { return 0; }
        const UtcMs now = environment_.clock.utc_ms();
        run->next_at = now + wait.count();
        store::update_run(tx, *run, reason, now);
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::run_advance, std::move(unit));
    if (!stored) { Log::error("a step's wait could not be stored", {{"run", work.run.id}, {"fault", stored.error().text()}}); }
    co_return false;
}

Task<bool> RunDriver::translate(StepWork work) {
    plugin::Call call;
    call.target = work.with.text("account");
    call.operation = "handle_webhook";
    call.input = Json::object({{"body", work.with.text("body")}, {"headers", Json::object()}});
    call.timeout = translate_timeout;
    CrashPoint::pass(External::call_read, Side::before);
    plugin::OnBatch no_batches;
    plugin::CallAnswer answer = co_await environment_.caller.call(std::move(call), no_batches);
    CrashPoint::pass(External::call_read, Side::after);
    if (answer.held) { co_return co_await held(std::move(work), answer.text, held_pause); }
    if (answer.status != plugin::CallStatus::answered) {
        const bool retry = answer.status != plugin::CallStatus::failed;
        co_return co_await failed(std::move(work), why_unanswered(answer), retry);
    }
    const Json* evidence = answer.output.find("evidence");
    const Json* stock = answer.output.find("inventory");
    const bool tells_stock = stock != nullptr && !stock->is_null();
    const Json said = evidence != nullptr ? *evidence : tells_stock ? Json::array() : Json();
    const auto checked = read_evidence(said, webhook_evidence(work));
    if (!checked) { co_return co_await failed(std::move(work), checked.error().text(), false); }
    Json outcome = Json::object({{"outcome", "done"}, {"evidence", said}});
    if (tells_stock) { co_return co_await take_stock(std::move(work), std::move(outcome), *stock); }
    co_return co_await done(std::move(work), std::move(outcome));
}

Task<bool> RunDriver::apply_evidence(StepWork work) {
    const auto options = environment_.options.get();
    const auto* account = options->accounts.named(work.with.text("account"));
    const Json* list = work.with.find("evidence");
    const auto evidence = read_evidence(list == nullptr ? Json() : *list, webhook_evidence(work));
    if (account == nullptr) {
        const std::string why_not = "no account \"" + work.with.text("account") + "\"";
        co_return co_await failed(std::move(work), why_not, false);
    }
    if (!evidence) { co_return co_await failed(std::move(work), evidence.error().text(), false); }
    std::function<int(store::Tx&)> unit = [this, work, options, account, all = *evidence](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        if (!run || run->step_index != work.run.step_index) { return 0; }
        bool unmatched = false;
        for (const auto& one : all) {
            const auto applied = orders::apply_evidence(tx, environment_.facts, *account, one);
            if (applied.settled_supplier_order) { settle_by_evidence(tx, environment_, *applied.settled_supplier_order); }
            unmatched = unmatched || applied.what == orders::Applied::What::unmatched;
        }
        if (!work.webhook_id.empty()) { orders::mark_webhook(tx, work.webhook_id, unmatched ? "unmatched" : "applied", ""); }
        complete_step(tx, work.run.id, work.run.step_index, Json::object({{"outcome", unmatched ? "unmatched" : "applied"}}),
                      environment_.clock.utc_ms());
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::evidence_apply, std::move(unit));
    if (!stored) { co_return co_await failed(std::move(work), stored.error().text(), true); }
    co_return true;
}

}  // namespace crossdock::pipeline
