#include "pipeline/engine.hpp"

#include "base/log.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/run_driver.hpp"
#include "pipeline/schedule.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

/// The longest a loop waits without being woken; commits wake it at once.
constexpr milliseconds idle_wait{30'000};
/// How long a loop waits after the store could not be read.
constexpr milliseconds trouble_wait{200};

struct Due {
    std::vector<std::string> ids;
    std::optional<UtcMs> next_at;
};

milliseconds wait_for(const std::optional<UtcMs>& next_at, UtcMs now) {
    if (!next_at) { return idle_wait; }
    return std::clamp(milliseconds{*next_at - now}, milliseconds{1}, idle_wait);
}

}  // namespace

Engine::Engine(Environment environment)
    : environment_(std::move(environment)),
      effect_driver_(std::make_unique<EffectDriver>(environment_)),
      run_driver_(std::make_unique<RunDriver>(environment_)),
      runs_signal_(environment_.clock),
      effects_signal_(environment_.clock),
      idle_signal_(environment_.clock) {}

Engine::~Engine() = default;

void Engine::sync(store::Tx& tx) {
    const UtcMs now = environment_.clock.utc_ms();
    for (const auto& definition : environment_.options.definitions) {
        tx.run(
            "INSERT INTO pipeline_revisions (digest, pipeline, file, text, created_at) VALUES (:1, :2, :3, :4, :5) ON CONFLICT "
            "(digest) "
            "DO NOTHING",
            {definition.digest, definition.name, definition.file, definition.text, now});
    }
    sync_schedules(tx, environment_.options, now);
}

void Engine::start() {
    loops_ = 3;
    spawn(environment_.executor, run_loop());
    spawn(environment_.executor, effect_loop());
    spawn(environment_.executor, schedule_loop());
}

void Engine::wake(unsigned topics) {
    if ((topics & static_cast<unsigned>(store::Topic::runs)) != 0) { runs_signal_.notify(); }
    if ((topics & static_cast<unsigned>(store::Topic::effects)) != 0) { effects_signal_.notify(); }
}

Task<void> Engine::stop(milliseconds grace) {
    stopping_ = true;
    runs_signal_.notify();
    effects_signal_.notify();
    const BootMs until = environment_.clock.boot_ms() + grace.count();
    while (loops_ > 0 || !runs_under_way_.empty() || !effects_under_way_.empty()) {
        const auto left = until - environment_.clock.boot_ms();
        if (left <= 0) {
            Log::warning("stopped with work under way; it is taken up at the next start",
                         {{"runs", runs_under_way_.size()}, {"effects", effects_under_way_.size()}});
            co_return;
        }
        const auto ticket = idle_signal_.ticket();
        co_await idle_signal_.wait(ticket, milliseconds{left});
    }
}

Task<void> Engine::run_loop() {
    while (!stopping_) {
        const auto ticket = runs_signal_.ticket();
        const UtcMs now = environment_.clock.utc_ms();
        const auto most = static_cast<std::int64_t>(runs_under_way_.size() + environment_.options.runs_max);
        std::function<Due(store::Tx&)> look = [now, most](store::Tx& tx) {
            return Due{store::due_runs(tx, now, most), store::next_run_at(tx, now)};
        };
        auto due = co_await environment_.store.read<Due>(std::move(look));
        milliseconds wait = trouble_wait;
        if (due) {
            wait = wait_for(due->next_at, environment_.clock.utc_ms());
            for (auto& id : due->ids) {
                if (stopping_ || runs_under_way_.size() >= environment_.options.runs_max) { break; }
                if (runs_under_way_.insert(id).second) { spawn(environment_.executor, drive_run(id)); }
            }
        }
        co_await runs_signal_.wait(ticket, wait);
    }
    --loops_;
    idle_signal_.notify();
}

Task<void> Engine::effect_loop() {
    while (!stopping_) {
        const auto ticket = effects_signal_.ticket();
        const UtcMs now = environment_.clock.utc_ms();
        const auto most = static_cast<std::int64_t>(effects_under_way_.size() + environment_.options.effects_max);
        std::function<Due(store::Tx&)> look = [now, most](store::Tx& tx) {
            return Due{store::due_effects(tx, now, most), store::next_effect_at(tx, now)};
        };
        auto due = co_await environment_.store.read<Due>(std::move(look));
        milliseconds wait = trouble_wait;
        if (due) {
            wait = wait_for(due->next_at, environment_.clock.utc_ms());
            for (auto& id : due->ids) {
                if (stopping_ || effects_under_way_.size() >= environment_.options.effects_max) { break; }
                if (effects_under_way_.insert(id).second) { spawn(environment_.executor, drive_effect(id)); }
            }
        }
        co_await effects_signal_.wait(ticket, wait);
    }
    --loops_;
    idle_signal_.notify();
}

Task<void> Engine::drive_run(std::string id) {
    co_await run_driver_->drive(id, stopping_);
    runs_under_way_.erase(id);
    runs_signal_.notify();
    idle_signal_.notify();
}

Task<void> Engine::drive_effect(std::string id) {
    co_await effect_driver_->drive(id);
    effects_under_way_.erase(id);
    effects_signal_.notify();
    idle_signal_.notify();
}

Task<void> Engine::schedule_loop() {
    Signal& woken = runs_signal_;
    while (!stopping_) {
        const auto ticket = woken.ticket();
        const UtcMs now = environment_.clock.utc_ms();
        std::function<std::optional<UtcMs>(store::Tx&)> look = [](store::Tx& tx) { return next_schedule_at(tx); };
        auto next = co_await environment_.store.read<std::optional<UtcMs>>(std::move(look));
        milliseconds wait = trouble_wait;
        if (next && *next && **next <= now) {
            std::function<int(store::Tx&)> fire = [this](store::Tx& tx) { return fire_schedules(tx, environment_); };
            auto fired = co_await environment_.store.commit<int>(Commit::schedule_fire, std::move(fire));
            if (!fired) { Log::error("a schedule could not fire", {{"fault", fired.error().text()}}); }
            else { continue; }
        }
        else if (next) { wait = wait_for(*next, now); }
        co_await woken.wait(ticket, wait);
    }
    --loops_;
    idle_signal_.notify();
}

void Engine::start_runs(store::Tx& tx, Trigger::Kind kind, const std::string& event, const std::string& trigger_key,
                        const Json& trigger, const std::optional<std::string>& order_id) {
    const UtcMs now = environment_.clock.utc_ms();
    for (const auto& definition : environment_.options.definitions) {
        if (definition.trigger.kind != kind || definition.trigger.event != event) { continue; }
        store::RunRow run;
        run.id = environment_.facts.new_id();
        run.pipeline = definition.name;
        run.revision = definition.digest;
        run.trigger_key = trigger_key;
        run.trigger_json = trigger.dump();
        run.order_id = order_id;
        run.next_at = now;
        run.created_at = now;
        store::insert_run(tx, run);
    }
}

void Engine::start_order_runs(store::Tx& tx, const std::string& order_id, const Json& document) {
    start_runs(tx, Trigger::Kind::order, "placed", "order/" + order_id + "/placed", Json::object({{"order", document}}),
               order_id);
}

void Engine::start_webhook_runs(store::Tx& tx, const std::string& webhook_id, const Json& document) {
    start_runs(tx, Trigger::Kind::webhook, "received", "webhook/" + webhook_id, Json::object({{"webhook", document}}), {});
}

Task<Result<>> Engine::recover() {
    std::function<std::vector<std::string>(store::Tx&)> look = [](store::Tx& tx) { return store::interrupted_effects(tx); };
    auto interrupted = co_await environment_.store.read<std::vector<std::string>>(std::move(look));
    if (!interrupted) { co_return interrupted.error(); }
    if (!interrupted->empty()) { Log::info("recovering effects that were under way", {{"effects", interrupted->size()}}); }
    for (const auto& id : *interrupted) {
        auto recovered = co_await effect_driver_->recover(id);
        if (!recovered) { co_return recovered.error(); }
    }
    co_return Result<>{};
}

}  // namespace crossdock::pipeline
