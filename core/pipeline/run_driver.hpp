#pragma once

#include "pipeline/environment.hpp"
#include "store/journal.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace crossdock::pipeline {

/// What a run's next step needs done outside the commit that started it.
struct StepWork {
    enum class Kind {
        none,      ///< the run ended, waits for an effect, or is not due
        again,     ///< the step is done already: look at the next one
        webhook,   ///< ask the adapter to translate
        evidence,  ///< apply evidence, in its own commit
        pull,      ///< pull a feed from the adapter
        feed,      ///< apply a feed
    } kind = Kind::none;
    store::RunRow run;
    std::string step_id;
    Json with;
    Retry retry;
    std::string feed_id;     ///< pull: the feed opened for it
    std::string webhook_id;  ///< webhook, evidence: the one that triggered the run
};

/// Advances one run, step by step.
/// Threads: the executor's; a run is driven by one task at a time.
class RunDriver {
public:
    explicit RunDriver(Environment& environment) : environment_(environment) {}

    /// Until the run ends, waits for an effect or a later time, or `stopping` becomes true.
    Task<void> drive(std::string id, const bool& stopping);

private:
    [[nodiscard]] StepWork next(store::Tx& tx, const std::string& run_id);
    [[nodiscard]] StepWork start_step(store::Tx& tx, store::RunRow run, const Step& step);
    [[nodiscard]] StepWork start_create_order(store::Tx& tx, StepWork work, const Step& step);
    void start_notify(store::Tx& tx, const StepWork& work);
    Task<bool> perform(StepWork work);
    Task<bool> translate(StepWork work);
    Task<bool> apply_evidence(StepWork work);
    Task<bool> pull(StepWork work);
    Task<bool> apply_feed(StepWork work);
    Task<bool> stage(std::string feed_id, std::string currency, Json batch, std::shared_ptr<std::string> trouble);
    Task<bool> done(StepWork work, Json outcome);
    Task<bool> failed(StepWork work, std::string reason, bool retry);
    /// Nobody serves the target until a person says so: the step waits, and that counts as no attempt.
    Task<bool> held(StepWork work, std::string reason);
    void fail(store::Tx& tx, const StepWork& work, const std::string& reason);
    /// The revision that a run started with, from the store when it is no longer the current one.
    [[nodiscard]] std::shared_ptr<const Definition> revision(store::Tx& tx, const std::string& digest);

    Environment& environment_;
    std::map<std::string, std::shared_ptr<const Definition>> revisions_;  // used on the store's thread only
};

}  // namespace crossdock::pipeline
