#pragma once

#include "base/bound.hpp"
#include "base/signal.hpp"
#include "pipeline/environment.hpp"
#include "pipeline/pacing.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace crossdock::pipeline {

class EffectDriver;
class Poller;
class RunDriver;
class Shadows;

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

    /// Stores revisions and schedules of these options' definitions. Part of the config_sync commit.
    void sync(store::Tx& tx, const EngineOptions& options) const;

    [[nodiscard]] std::shared_ptr<const EngineOptions> options() const;

    /// From now on these options hold; their sync is stored. Runs go on with their revision, attempts with what they began with.
    void change(EngineOptions options);

    /// Resolves the intents that a dead daemon left open, each by its class, and takes up the accounts' pauses. Call it once no
    /// worker of that daemon lives.
    Task<Result<>> recover();

    /// Starts the loops.
    void start();

    /// Called with what a commit announced.
    void wake(unsigned topics);

    /// Of engine.runs, and of engine.effects.TARGET: what is driven at once. What is above that waits in the store.
    [[nodiscard]] std::vector<QueueLevel> queues() const;

    /// Takes up nothing new and waits until what is under way has ended, `grace` at most. Burns no attempt.
    Task<void> stop(milliseconds grace);

    /// An account that was left alone is served again: a person says so, or its settings have changed. False when it was not.
    Task<Result<bool>> open_account(std::string account, std::string why);
    /// `crossdock supplier enable` and `disable`: as Pacing. `by` stands in the audit.
    Task<Result<bool>> enable_account(std::string account, std::string by);
    Task<Result<Disabled>> disable_account(std::string account, std::string reason, std::string by);
    /// Accounts that are left alone for now.
    [[nodiscard]] std::vector<ShutAccount> shut_accounts() const { return pacing_.shut(); }

    /// Starts the runs that an order or a webhook triggers. Inside the commit that stores it.
    void start_order_runs(store::Tx& tx, const std::string& order_id, const Json& document);
    void start_webhook_runs(store::Tx& tx, const std::string& webhook_id, const Json& document);

    /// What people's commands work on, inside a commit.
    [[nodiscard]] Environment& environment() { return environment_; }

private:
    /// What comes due in the store and is then driven by a task each: runs, effects, polls, shadows. A queue has lines, of which
    /// none can hold up another: effects have one for each account and channel, polls one for each account that is asked, runs
    /// have one.
    struct Due {
        std::vector<std::vector<std::string>> ids;  ///< by line
        std::optional<UtcMs> next_at;
    };
    struct Line {
        std::string name;
        std::int64_t most = 0;     ///< ids to look for
        std::optional<int> probe;  ///< only those that may try whether its account still answers with that status
    };
    using Lines = std::vector<Line>;
    struct Queue {
        Signal woken;
        bool paced;        ///< its lines are accounts and channels: what may begin is for the pacing to say
        std::size_t most;  ///< of one line, driven at once
        std::function<Due(store::Tx&, const Lines&, UtcMs now)> look;
        std::function<Task<void>(const std::string& line, std::string id, model::Pass pass)> drive;
        std::map<std::string, std::set<std::string>> lines = {};  ///< line -> what of it is under way
        [[nodiscard]] std::size_t under_way() const;
    };

    void open_lines_for(const EngineOptions& options);
    [[nodiscard]] static Due shadow_orders(store::Tx& tx, const Lines& workers, UtcMs now);
    [[nodiscard]] Due silent_orders(store::Tx& tx, const Lines& accounts, UtcMs now) const;
    /// The lines that have room, and whose target is served.
    [[nodiscard]] Lines open_lines(const Queue& queue);
    void take_up(Queue& queue, const std::string& line, std::vector<std::string> ids);
    /// As take_up, as far as the pacing lets them. When those that were not let could be, as a delay.
    std::optional<milliseconds> take_up_paced(Queue& queue, const std::string& line, std::vector<std::string> ids);
    Task<void> work_off(Queue& queue);
    Task<void> drive(Queue& queue, std::string line, std::string id, model::Pass pass);
    Task<void> schedule_loop();
    void start_runs(store::Tx& tx, Trigger::Kind kind, const std::string& event, const std::string& trigger_key,
                    const Json& trigger, const std::optional<std::string>& order_id);

    Environment environment_;
    Pacing pacing_;
    std::unique_ptr<EffectDriver> effect_driver_;
    std::unique_ptr<RunDriver> run_driver_;
    std::unique_ptr<Poller> poller_;
    std::unique_ptr<Shadows> shadow_driver_;
    Queue runs_;
    Queue effects_;
    Queue polls_;
    Queue shadows_;  ///< by shadow worker
    Signal idle_signal_;
    int loops_ = 0;
    bool stopping_ = false;
};

/// Whether runs that have not ended follow a revision, perhaps an earlier one, with expressions for jq.
[[nodiscard]] bool unfinished_runs_have_expressions(store::Tx& tx);

}  // namespace crossdock::pipeline
