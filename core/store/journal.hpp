#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::store {

/// A row of `effects`.
struct EffectRow {
    std::string id;
    std::string effect_key;
    std::string operation;  ///< create_order, cancel_order, deliver
    std::string target;     ///< account or channel
    std::string lane;
    std::optional<std::string> order_id;
    std::optional<std::string> supplier_order_row_id;
    std::optional<std::string> notification_id;
    std::optional<std::string> run_id;
    std::optional<std::int64_t> step_index;
    std::string effect_class;
    std::string retry_json;  ///< {"attempts","backoff_ms","backoff_max_ms","deadline_ms"?}
    std::string input;
    std::string state = "pending";
    std::string next_step = "send";
    std::int64_t attempts = 0;
    std::optional<std::string> plugin_digest;
    std::optional<std::int64_t> first_intent_at;
    std::optional<std::int64_t> not_after_at;
    UtcMs next_at = 0;
    std::optional<std::string> reason;
    UtcMs created_at = 0;
};

/// A row of `runs`.
struct RunRow {
    std::string id;
    std::string pipeline;
    std::string revision;
    std::string trigger_key;  ///< unique per pipeline: one trigger starts one run
    std::string trigger_json;
    std::optional<std::string> order_id;
    std::string state = "active";
    std::int64_t step_index = 0;
    std::int64_t attempts = 0;
    UtcMs next_at = 0;
    UtcMs created_at = 0;
    std::int64_t deaths = 0;  ///< processes that died while they evaluated its expressions, without a success since
};

/// A row of `steps`.
struct StepRow {
    std::string run_id;
    std::int64_t step_index = 0;
    std::string step_id;
    std::string use;
    std::string state;
    std::string with_json;
    std::string outcome = "{}";
    UtcMs started_at = 0;
};

/// Inserts and announces; false when the effect key stands there already.
bool insert_effect(Tx& tx, const EffectRow& effect);
[[nodiscard]] std::optional<EffectRow> find_effect(Tx& tx, const std::string& id);
[[nodiscard]] std::optional<EffectRow> find_effect_by_key(Tx& tx, const std::string& effect_key);
/// The last effect of that operation that a supplier order had, if any.
[[nodiscard]] std::optional<EffectRow> last_effect_of(Tx& tx, const std::string& supplier_order_row_id,
                                                      const std::string& operation);
/// Writes what an effect's life changes: state, next_step, attempts, digests, times, reason. Announces.
void update_effect(Tx& tx, const EffectRow& effect, UtcMs now);
/// Due effects of an account or channel that are first in their lane; without `lanes`, for a test, all.
[[nodiscard]] std::vector<std::string> due_effects(Tx& tx, const std::string& target, UtcMs now, std::int64_t most,
                                                   bool lanes = true);
/// The accounts and channels that pending effects are for.
[[nodiscard]] std::vector<std::string> pending_targets(Tx& tx);
/// When the next pending effect that is not due yet becomes so.
[[nodiscard]] std::optional<UtcMs> next_effect_at(Tx& tx, UtcMs now);
/// Effects whose attempt was under way, after the process that made it has died.
[[nodiscard]] std::vector<std::string> interrupted_effects(Tx& tx);

void begin_attempt(Tx& tx, const std::string& effect_id, std::int64_t number, const std::string& operation, UtcMs now);
void end_attempt(Tx& tx, const std::string& effect_id, std::int64_t number, const std::string& outcome, const std::string& detail,
                 UtcMs now);
/// The whole exchanges of an attempt, as a cassette has them.
void keep_exchanges(Tx& tx, const std::string& effect_id, std::int64_t number, const Json& exchanges);
[[nodiscard]] std::int64_t attempts_of(Tx& tx, const std::string& effect_id);
/// Whether one of its sends ended unknown, and no lookup has been answered since.
[[nodiscard]] bool may_have_left(Tx& tx, const std::string& effect_id);
/// Whether the target has orders that may have left and were sent by this plugin, and are not settled.
[[nodiscard]] bool open_orders_of(Tx& tx, const std::string& target, const std::string& plugin_digest);

/// Inserts and announces; false when this trigger has started this pipeline before.
bool insert_run(Tx& tx, const RunRow& run);
[[nodiscard]] std::optional<RunRow> find_run(Tx& tx, const std::string& id);
void update_run(Tx& tx, const RunRow& run, const std::string& reason, UtcMs now);
[[nodiscard]] std::vector<std::string> due_runs(Tx& tx, UtcMs now, std::int64_t most);
[[nodiscard]] std::optional<UtcMs> next_run_at(Tx& tx, UtcMs now);

/// Runs that can go on and effects that are not settled: what is still to be done.
[[nodiscard]] std::int64_t open_work(Tx& tx);
/// From now on the run, which is active, is due as soon as a fact of this kind is inserted for its order; nothing: no longer.
void await_fact(Tx& tx, const std::string& run_id, const std::optional<std::string>& kind);
/// Makes the runs due that await this kind of fact of the order. Part of the commit that inserts it. Announces.
void wake_awaiting(Tx& tx, const std::string& order_id, const std::string& kind, UtcMs now);

/// What a fact says.
struct FactRow {
    UtcMs occurred_at = 0;
    Json data;
};
/// The first fact of this kind that was learned of the order, superseded or not.
[[nodiscard]] std::optional<FactRow> first_fact(Tx& tx, const std::string& order_id, const std::string& kind);

[[nodiscard]] std::optional<StepRow> find_step(Tx& tx, const std::string& run_id, std::int64_t step_index);
void insert_step(Tx& tx, const StepRow& step);
void end_step(Tx& tx, const std::string& run_id, std::int64_t step_index, const std::string& state, const Json& outcome,
              UtcMs now);
/// {"step id": outcome, ...} of the steps that ended.
[[nodiscard]] Json step_outcomes(Tx& tx, const std::string& run_id);

void append_event(Tx& tx, const std::string& type, const std::optional<std::string>& order_id, const Json& data, UtcMs now);
/// Why an order went on as it did, for `explain`.
void append_decision(Tx& tx, const std::string& order_id, const std::optional<std::string>& effect_id, const std::string& what,
                     const std::string& reason, UtcMs now);
void append_audit(Tx& tx, const std::string& id, const std::string& actor, const std::string& action, const std::string& subject,
                  const std::string& detail, UtcMs now);

}  // namespace crossdock::store
