#include "pipeline/run_driver.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"
#include "inventory/feed.hpp"
#include "orders/webhooks.hpp"
#include "pipeline/create_step.hpp"
#include "pipeline/effect_driver.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

constexpr milliseconds store_pause{200};

/// The document that a run's expressions see: its trigger, and the outcomes of the steps before.
Json document_of(store::Tx& tx, const store::RunRow& run) {
    auto document = Json::parse(run.trigger_json, JsonLimits{.bytes_max = 64 << 20});
    if (!document) { throw store::StoreFailure("run " + run.id + " has an unreadable trigger: " + document.error().text()); }
    document->set("steps", store::step_outcomes(tx, run.id));
    return std::move(*document);
}

}  // namespace

bool holds(const Step& step, const Json& document, std::span<const Json> computed) {
    if (!step.condition) { return true; }
    const Json value = step.condition->evaluate(document, computed);
    return !value.is_null() && !(value.is_boolean() && !value.as_boolean());
}

std::shared_ptr<const Definition> RunDriver::revision(store::Tx& tx, const std::string& digest) {
    auto& kept = revisions_[digest];
    if (kept) { return kept; }
    const auto row = tx.first<std::string, std::string>("SELECT text, file FROM pipeline_revisions WHERE digest = :1", {digest});
    if (!row) { throw store::StoreFailure("no pipeline revision " + digest); }
    auto parsed = parse_definition(std::get<0>(*row), std::get<1>(*row));
    if (!parsed) { throw store::StoreFailure("the stored revision " + digest + " does not load: " + parsed.error().text()); }
    kept = std::make_shared<const Definition>(std::move(*parsed));
    return kept;
}

StepWork RunDriver::next(store::Tx& tx, const std::string& run_id) {
    StepWork nothing;
    auto run = store::find_run(tx, run_id);
    const UtcMs now = environment_.clock.utc_ms();
    if (!run || run->state != "active" || run->next_at > now) { return nothing; }
    const auto definition = revision(tx, run->revision);
    const auto index = static_cast<std::size_t>(run->step_index);
    if (index >= definition->steps.size()) {
        run->state = "done";
        store::update_run(tx, *run, "", now);
        return nothing;
    }
    return start_step(tx, std::move(*run), definition->steps[index]);
}

StepWork RunDriver::start_step(store::Tx& tx, store::RunRow run, const Step& step) {
    StepWork work;
    work.step_id = step.id;
    work.retry = step.retry;
    if (const auto trigger = Json::parse(run.trigger_json, JsonLimits{.bytes_max = 64 << 20})) {
        if (const Json* webhook = trigger->find("webhook")) { work.webhook_id = webhook->text("id"); }
    }
    work.run = std::move(run);
    if (const auto known = store::find_step(tx, work.run.id, work.run.step_index)) {
        // Started before, and not ended: what `with` was then is what it is.
        auto with = Json::parse(known->with_json, JsonLimits{.bytes_max = 64 << 20});
        if (!with) { throw store::StoreFailure("a stored step input is no JSON: " + with.error().text()); }
        work.with = std::move(*with);
        work.started_at = known->started_at;
        const UtcMs now = environment_.clock.utc_ms();
        if (step.retry.deadline && work.run.attempts > 0 && now > known->started_at + step.retry.deadline->count()) {
            fail(tx, work, "its deadline of " + duration_text(*step.retry.deadline) + " has passed");
            return work;
        }
        return act(tx, std::move(work), step);
    }
    if (!step.expressions.empty()) { return begin_evaluation(tx, std::move(work), step); }
    const Json document = document_of(tx, work.run);
    return enter_step(tx, std::move(work), step, document, {});
}

/// The death is counted before it happens, so that the daemon's own counts too; success and plain failure take it back.
StepWork RunDriver::begin_evaluation(store::Tx& tx, StepWork work, const Step& step) {
    if (work.run.deaths >= deaths_max) {
        fail(tx, work, "it was active when " + std::to_string(work.run.deaths) + " processes died, one after the other");
        return work;
    }
    ++work.run.deaths;
    store::update_run(tx, work.run, "", environment_.clock.utc_ms());
    work.document = document_of(tx, work.run);
    work.expressions = step.expressions;
    work.kind = StepWork::Kind::evaluate;
    return work;
}

StepWork RunDriver::enter_step(store::Tx& tx, StepWork work, const Step& step, const Json& document,
                               std::span<const Json> computed) {
    const UtcMs now = environment_.clock.utc_ms();
    const auto& run = work.run;
    const bool wanted = holds(step, document, computed);
    work.started_at = now;
    work.with = Json::object();
    for (const auto& [key, value] : step.with) { work.with.set(key, wanted ? value.evaluate(document, computed) : Json()); }
    store::insert_step(tx,
                       {run.id, run.step_index, step.id, step.use, wanted ? "started" : "skipped", work.with.dump(), "{}", now});
    if (!wanted) {
        complete_step(tx, run.id, run.step_index, Json::object({{"outcome", "skipped"}}), now);
        work.kind = StepWork::Kind::again;
        return work;
    }
    return act(tx, std::move(work), step);
}

StepWork RunDriver::act(store::Tx& tx, StepWork work, const Step& step) {
    if (step.use == "supplier.create_order") { return start_create_order(tx, std::move(work), step); }
    if (step.use == "notify") {
        start_notify(tx, work);
        work.kind = StepWork::Kind::again;
        return work;
    }
    if (step.use == "wait") { return wait(tx, std::move(work)); }
    if (step.use == "wait_for") { return wait_for(tx, std::move(work)); }
    if (step.use == "supplier.sync_inventory") {
        const auto options = environment_.options.get();
        const auto* account = options->accounts.named(work.with.text("account"));
        if (account == nullptr) {
            fail(tx, work, "no account \"" + work.with.text("account") + "\"");
            return work;
        }
        work.kind = StepWork::Kind::pull;
        return work;
    }
    work.kind = step.use == "supplier.handle_webhook" ? StepWork::Kind::webhook
                : step.use == "order.apply_evidence"  ? StepWork::Kind::evidence
                                                      : StepWork::Kind::feed;
    return work;
}

/// An order may be for several suppliers: each part is an effect of its own, in a lane of its own, so that none waits for
/// another.
StepWork RunDriver::start_create_order(store::Tx& tx, StepWork work, const Step& step) {
    const std::string supplier = work.with.text("supplier");
    const auto options = environment_.options.get();
    if (!work.run.order_id) {
        fail(tx, work, "the run is about no order");
        return work;
    }
    const auto parts = parts_for(tx, *options, *work.run.order_id, supplier);
    if (parts.empty()) {
        const bool known = options->accounts.for_supplier(supplier) != nullptr;
        fail(tx, work,
             known ? "the order was routed to another account when it was placed"
                   : "no account for supplier \"" + supplier + "\"");
        return work;
    }
    const Json* order = work.with.find("order");
    const CreateCall call{
        work.run.id,           work.run.step_index, step.id, *work.run.order_id, supplier, order == nullptr ? Json() : *order,
        retry_json(step.retry)};
    bool all_withdrawn = true;
    bool began = false;
    for (const auto& part : parts) {
        if (part.withdrawn_why) { continue; }
        all_withdrawn = false;
        // The step may have been here before, in a run that is replayed from an earlier step: what it did is not done again.
        if (store::last_effect_of(tx, part.id, "create_order")) { continue; }
        if (!options->rules.contains(part.account)) {
            fail(tx, work, "the account " + part.account + " is no longer configured");
            return work;
        }
        insert_create(tx, environment_, *options, call, part);
        began = true;
    }
    auto outcome = began ? std::nullopt : create_outcome(tx, work.run.id, work.run.step_index);
    if (!outcome && all_withdrawn) {
        outcome = Json::object({{"outcome", "withdrawn"}, {"reason", parts.back().withdrawn_why.value_or("")}});
    }
    if (outcome) {
        complete_step(tx, work.run.id, work.run.step_index, *outcome, environment_.clock.utc_ms());
        work.kind = StepWork::Kind::again;
        return work;
    }
    std::string accounts;
    for (const auto& part : parts) {
        if (!part.withdrawn_why) { accounts += (accounts.empty() ? "" : ", ") + part.account + ".create_order"; }
    }
    work.run.state = "waiting";
    store::update_run(tx, work.run, "waits for " + accounts, environment_.clock.utc_ms());
    return work;
}

void RunDriver::start_notify(store::Tx& tx, const StepWork& work) {
    int told = 0;
    for (auto& [fact] : tx.all<std::string>("SELECT id FROM facts WHERE order_id = :1 AND kind = :2 AND superseded = 0",
                                            {work.run.order_id, work.with.text("event")})) {
        told += environment_.facts.tell(tx, fact, work.with.text("to"), work.with.text("event")) ? 1 : 0;
    }
    complete_step(tx, work.run.id, work.run.step_index, Json::object({{"outcome", "done"}, {"told", told}}),
                  environment_.clock.utc_ms());
}

void RunDriver::fail(store::Tx& tx, const StepWork& work, const std::string& reason) {
    const UtcMs now = environment_.clock.utc_ms();
    store::RunRow run = work.run;
    run.state = "failed";
    store::end_step(tx, run.id, run.step_index, "failed", Json::object({{"outcome", "failed"}, {"reason", reason}}), now);
    store::update_run(tx, run, reason, now);
    Log::error("a run failed", {{"pipeline", run.pipeline}, {"step", work.step_id}, {"run", run.id}, {"reason", reason}});
    if (!work.feed_id.empty()) { inventory::fail_feed(tx, environment_.facts, work.feed_id, reason); }
    if (!work.webhook_id.empty()) {
        orders::mark_webhook(tx, work.webhook_id, "rejected", reason);
        environment_.facts.needs_attention(tx, "Webhook " + work.webhook_id, "webhook/" + work.webhook_id,
                                           "a webhook of " + work.with.text("account") + " was rejected: " + reason);
    }
    if (run.order_id) {
        environment_.facts.needs_attention(tx, *run.order_id, "run/" + run.id,
                                           "the pipeline " + run.pipeline + " failed: " + reason);
    }
}

Task<void> RunDriver::drive(std::string id, const bool& stopping) {
    while (!stopping) {
        std::function<StepWork(store::Tx&)> unit = [this, id](store::Tx& tx) { return next(tx, id); };
        auto work = co_await environment_.store.commit<StepWork>(Commit::run_advance, std::move(unit));
        if (!work) {
            Log::error("a run could not advance; it is tried again", {{"run", id}, {"fault", work.error().text()}});
            co_await pause(environment_.clock, store_pause);
            co_return;
        }
        if (work->kind == StepWork::Kind::evaluate) { *work = co_await evaluate(std::move(*work)); }
        if (work->kind == StepWork::Kind::none) { co_return; }
        if (work->kind == StepWork::Kind::again) { continue; }
        const bool go_on = co_await perform(std::move(*work));
        if (!go_on) { co_return; }
    }
}

}  // namespace crossdock::pipeline
