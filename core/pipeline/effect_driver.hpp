#pragma once

#include "pipeline/environment.hpp"
#include "pipeline/pacing.hpp"
#include "store/journal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// One attempt of an effect, journaled as intent and not yet made.
struct Attempt {
    store::EffectRow effect;
    std::int64_t number = 0;  ///< in the journal of attempts, lookups included
    plugin::Call call;
    std::shared_ptr<const EngineOptions> options;  ///< as they were when it began: its account may be gone when it ends
};

/// Takes one effect through intent, call and outcome.
/// Threads: the executor's; an effect is driven by one task at a time.
class EffectDriver {
public:
    EffectDriver(Environment& environment, Pacing& pacing) : environment_(environment), pacing_(pacing) {}

    /// One attempt of an effect of this account or channel, which has a pass for it. What follows it is in the store: settled, or
    /// due again later.
    Task<void> drive(std::string target, std::string id, model::Pass pass);

    /// Resolves an intent that a dead daemon left open.
    Task<Result<>> recover(std::string id);

private:
    [[nodiscard]] std::optional<Attempt> begin(store::Tx& tx, const std::string& id, const plugin::Serving& serving);
    /// Decides which plugin may send it. False when none may: what happens instead is stored.
    [[nodiscard]] bool choose_plugin(store::Tx& tx, Attempt& attempt, const plugin::Serving& serving);
    Task<void> settle(Attempt attempt, plugin::CallAnswer answer);
    /// Tells the pacing what the answer says of the account.
    Task<void> leave(const Attempt& attempt, model::Pass pass, const plugin::CallAnswer& answer);

    Environment& environment_;
    Pacing& pacing_;
};

/// The rules of an effect: its account's or channel's, its class and its step's retries.
[[nodiscard]] model::EffectRules rules_of(const EngineOptions& options, const store::EffectRow& effect);
[[nodiscard]] model::EffectState state_of(store::Tx& tx, const store::EffectRow& effect);

/// What an adapter reports of one submission; unknown when its words are.
[[nodiscard]] model::Submission submission_of(const plugin::CallAnswer& answer);
/// Whether a channel's message went by HTTP, so that its status is one of HTTP's.
[[nodiscard]] bool is_posted(const plugin::CallAnswer& answer);
/// What became of a channel's message.
[[nodiscard]] model::Verdict verdict_of_delivery(const plugin::CallAnswer& answer);
/// The supplier's Retry-After.
[[nodiscard]] std::optional<milliseconds> asked_delay(const plugin::CallAnswer& answer);

/// Those of the target's due effects, `most` at most, that may try whether the supplier still answers with that status: none of
/// them would be parked or end by it.
[[nodiscard]] std::vector<std::string> due_probes(store::Tx& tx, const EngineOptions& options, const std::string& target,
                                                  int status, UtcMs now, std::int64_t most);

/// Writes what an attempt's answer means, in one commit with what follows from it.
void apply_outcome(store::Tx& tx, Environment& environment, const Attempt& attempt, const plugin::CallAnswer& answer,
                   double jitter);

/// Writes a decision to the effect: due again, parked, dead.
void apply_decision(store::Tx& tx, Environment& environment, store::EffectRow& effect, const model::Decision& decision);

/// Whether it is for a supplier, not for a channel.
[[nodiscard]] bool is_order_effect(const store::EffectRow& effect);

/// Ends an effect, with its reason in the journal of decisions, and what waited for a person over it.
void settle_state(store::Tx& tx, store::EffectRow& effect, const char* state, const std::string& reason, UtcMs now);

/// The same for one that places an order; the step ends when nothing else of it is open.
void settle_with_step(store::Tx& tx, store::EffectRow& effect, const char* state, const std::string& reason, UtcMs now);

/// The supplier has the order under that id: the effect is accepted, its step done.
void accept_order(store::Tx& tx, Environment& environment, const EngineOptions& options, store::EffectRow& effect,
                  const std::string& supplier_order_id, const std::string& reason);

/// Settles the open create effect of a supplier order whose id became known by evidence.
void settle_by_evidence(store::Tx& tx, Environment& environment, const std::string& supplier_order_row_id);

/// Ends the step that waits for an effect and moves its run on.
void complete_step(store::Tx& tx, const std::string& run_id, std::int64_t step_index, const Json& outcome, UtcMs now);

/// The account that an effect is for. Throws StoreFailure when it is no longer configured.
[[nodiscard]] const orders::Account& account_of(const EngineOptions& options, const store::EffectRow& effect);

/// Why a call brought no answer; empty when it did.
[[nodiscard]] std::string why_unanswered(const plugin::CallAnswer& answer);

/// What a call's answer says in one line, for the story.
[[nodiscard]] std::string detail_of(const plugin::CallAnswer& answer);

}  // namespace crossdock::pipeline
