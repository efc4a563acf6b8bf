// Steps that wait: for a time, or for what becomes of the run's order. Nothing is held meanwhile but a row in the store.
#include "model/wait.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/run_driver.hpp"

namespace crossdock::pipeline {

StepWork RunDriver::wait(store::Tx& tx, StepWork work) {
    const UtcMs now = environment_.clock.utc_ms();
    const auto ends_at = model::wait_ends_at(work.with, work.started_at);
    if (!ends_at) {
        fail(tx, work, ends_at.error().what);
        return work;
    }
    if (*ends_at <= now) {
        complete_step(tx, work.run.id, work.run.step_index, Json::object({{"outcome", "done"}, {"until", rfc3339(*ends_at)}}),
                      now);
        work.kind = StepWork::Kind::again;
        return work;
    }
    work.run.next_at = *ends_at;
    store::update_run(tx, work.run, "waits until " + rfc3339(*ends_at), now);
    return work;
}

StepWork RunDriver::wait_for(store::Tx& tx, StepWork work) {
    const UtcMs now = environment_.clock.utc_ms();
    const std::string event = work.with.text("event");
    const Json* timeout = work.with.find("timeout");
    const auto longest = model::read_wait(timeout == nullptr ? Json() : *timeout);
    if (!longest || !model::is_order_fact(event)) {
        fail(tx, work, longest ? "`event`: unknown event " + json_quoted(event) : "`timeout`: " + longest.error().what);
        return work;
    }
    const UtcMs ends_at = work.started_at + longest->count();
    const auto fact = store::first_fact(tx, *work.run.order_id, event);
    if (!fact && now < ends_at) {
        work.run.next_at = ends_at;
        store::update_run(tx, work.run, "waits for " + event + ", until " + rfc3339(ends_at) + " at most", now);
        store::await_fact(tx, work.run.id, event);
        return work;
    }
    store::await_fact(tx, work.run.id, {});
    Json outcome = Json::object({{"outcome", fact ? "happened" : "timeout"}, {"event", event}});
    if (fact) {
        outcome.set("at", rfc3339(fact->occurred_at));
        outcome.set("data", fact->data);
    }
    complete_step(tx, work.run.id, work.run.step_index, outcome, now);
    work.kind = StepWork::Kind::again;
    return work;
}

}  // namespace crossdock::pipeline
