#pragma once

#include "base/signal.hpp"
#include "pipeline/environment.hpp"

#include <memory>
#include <set>
#include <string>

namespace crossdock::pipeline {

class EffectDriver;
class RunDriver;

/// Runs pipelines durably: runs advance by commits, effects go through intent, call and outcome, schedules fire.
/// All state is in the store; the engine holds only what is under way.
///
/// Threads:  the environment's executor; the functions that take a Tx run on the store's thread.
/// Lifetime: stop(), then run the executor dry, then destroy.
class Engine {
public:
    explicit Engine(Environment environment);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// Stores the revisions and schedules of the current definitions. Part of the config_sync commit.
    void sync(store::Tx& tx);

    /// Resolves the intents that a dead daemon left open, each by its class. Call it once no worker of that daemon lives.
    Task<Result<>> recover();

    /// Starts the loops.
    void start();

    /// Called with what a commit announced.
    void wake(unsigned topics);

    /// Takes up nothing new and waits until what is under way has ended, `grace` at most. Burns no attempt.
    Task<void> stop(milliseconds grace);

    /// Starts the runs that an order or a webhook triggers. Inside the commit that stores it.
    void start_order_runs(store::Tx& tx, const std::string& order_id, const Json& document);
    void start_webhook_runs(store::Tx& tx, const std::string& webhook_id, const Json& document);

private:
    Task<void> run_loop();
    Task<void> effect_loop();
    Task<void> schedule_loop();
    Task<void> drive_run(std::string id);
    Task<void> drive_effect(std::string id);
    void start_runs(store::Tx& tx, Trigger::Kind kind, const std::string& event, const std::string& trigger_key,
                    const Json& trigger, const std::optional<std::string>& order_id);

    Environment environment_;
    std::unique_ptr<EffectDriver> effect_driver_;
    std::unique_ptr<RunDriver> run_driver_;
    Signal runs_signal_;
    Signal effects_signal_;
    Signal idle_signal_;
    std::set<std::string> runs_under_way_;
    std::set<std::string> effects_under_way_;
    int loops_ = 0;
    bool stopping_ = false;
};

}  // namespace crossdock::pipeline
