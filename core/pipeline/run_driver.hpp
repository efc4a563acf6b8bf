#pragma once

#include "orders/progress.hpp"
#include "pipeline/environment.hpp"
#include "pipeline/evaluator.hpp"
#include "pipeline/pacing.hpp"
#include "store/journal.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// What a run's next step needs done outside the commit that started it.
struct StepWork {
    enum class Kind {
        none,      ///< the run ended, waits for an effect, or is not due
        again,     ///< the step is done already: look at the next one
        evaluate,  ///< have its expressions evaluated, then start it
        webhook,   ///< ask the adapter to translate
        evidence,  ///< apply evidence, in its own commit
        pull,      ///< pull a feed from the adapter
        feed,      ///< apply a feed
    } kind = Kind::none;
    store::RunRow run;
    std::string step_id;
    Json with;
    UtcMs started_at = 0;  ///< when `with` was journaled
    Retry retry;
    std::string feed_id;     ///< pull: the feed opened for it, once it is
    std::string webhook_id;  ///< webhook, evidence: the one that triggered the run
    Json document;           ///< evaluate: what the expressions see
    std::vector<JqExpression> expressions;
};

/// A run that was with so many processes when they died, one after the other, is a dead letter.
inline constexpr std::int64_t deaths_max = 3;

/// What a step's `if` says; true without one.
[[nodiscard]] bool holds(const Step& step, const Json& document, std::span<const Json> computed);

/// Advances one run, step by step.
/// Threads: the executor's; a run is driven by one task at a time.
class RunDriver {
public:
    RunDriver(Environment& environment, Pacing& pacing)
        : environment_(environment), pacing_(pacing), evaluator_(environment.caller) {}

    /// Until the run ends, waits for an effect or a later time, or `stopping` becomes true.
    Task<void> drive(std::string id, const bool& stopping);

private:
    [[nodiscard]] StepWork next(store::Tx& tx, const std::string& run_id);
    [[nodiscard]] StepWork start_step(store::Tx& tx, store::RunRow run, const Step& step);
    [[nodiscard]] StepWork begin_evaluation(store::Tx& tx, StepWork work, const Step& step);
    [[nodiscard]] StepWork enter_step(store::Tx& tx, StepWork work, const Step& step, const Json& document,
                                      std::span<const Json> computed);
    [[nodiscard]] StepWork act(store::Tx& tx, StepWork work, const Step& step);
    [[nodiscard]] StepWork start_create_order(store::Tx& tx, StepWork work, const Step& step);
    void start_notify(store::Tx& tx, const StepWork& work);
    [[nodiscard]] StepWork wait(store::Tx& tx, StepWork work);
    [[nodiscard]] StepWork wait_for(store::Tx& tx, StepWork work);
    /// Starts the step with what its expressions gave; nothing when that was a failed attempt.
    Task<StepWork> evaluate(StepWork work);
    Task<bool> perform(StepWork work);
    Task<bool> translate(StepWork work);
    /// The step's end, together with the stock that the webhook tells of.
    Task<bool> take_stock(StepWork work, Json outcome, Json stock);
    Task<bool> apply_evidence(StepWork work);
    [[nodiscard]] orders::Evidence webhook_evidence(const StepWork& work) const;
    Task<bool> pull(StepWork work);
    Task<bool> apply_feed(StepWork work);
    Task<bool> stage(std::string feed_id, std::string currency, Json batch, std::shared_ptr<std::string> trouble);
    Task<bool> done(StepWork work, Json outcome);
    /// `died`: a process died over it; the run is a dead letter when that was one too many.
    Task<bool> failed(StepWork work, std::string reason, bool retry, bool died = false);
    /// Nobody serves the target for now: the step waits that long, and that counts as no attempt.
    Task<bool> held(StepWork work, std::string reason, milliseconds wait);
    void fail(store::Tx& tx, const StepWork& work, const std::string& reason);
    /// The revision that a run started with, from the store when it is no longer the current one.
    [[nodiscard]] std::shared_ptr<const Definition> revision(store::Tx& tx, const std::string& digest);

    Environment& environment_;
    Pacing& pacing_;
    Evaluator evaluator_;
    std::map<std::string, std::shared_ptr<const Definition>> revisions_;  // used on the store's thread only
};

}  // namespace crossdock::pipeline
