#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::store {
namespace {

constexpr const char* effect_columns =
    "SELECT id, effect_key, operation, target, lane, order_id, supplier_order_row_id, notification_id, run_id, step_index, "
    "effect_class, retry_json, input, state, next_step, attempts, plugin_digest, first_intent_at, not_after_at, next_at, reason, "
    "created_at FROM effects WHERE ";

std::optional<EffectRow> one_effect(Tx& tx, const std::string& condition, const Tx::Params& params) {
    using Text = std::string;
    using MaybeText = std::optional<std::string>;
    using MaybeInt = std::optional<std::int64_t>;
    auto row = tx.first<Text, Text, Text, Text, Text, MaybeText, MaybeText, MaybeText, MaybeText, MaybeInt, Text, Text, Text,
                        Text, Text, std::int64_t, MaybeText, MaybeInt, MaybeInt, std::int64_t, MaybeText, std::int64_t>(
        effect_columns + condition, params);
    if (!row) { return {}; }
    return std::apply([](auto&... cells) { return EffectRow{std::move(cells)...}; }, *row);
}

}  // namespace

bool insert_effect(Tx& tx, const EffectRow& e) {
    const auto inserted = tx.run(
        "INSERT INTO effects (id, effect_key, operation, target, lane, order_id, supplier_order_row_id, notification_id, run_id, "
        "step_index, effect_class, retry_json, input, state, next_step, attempts, plugin_digest, first_intent_at, not_after_at, "
        "next_at, reason, created_at, updated_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, "
        ":17, :18, :19, :20, :21, :22, :23) ON CONFLICT (effect_key) DO NOTHING",
        {e.id,
         e.effect_key,
         e.operation,
         e.target,
         e.lane,
         e.order_id,
         e.supplier_order_row_id,
         e.notification_id,
         e.run_id,
         e.step_index,
         e.effect_class,
         e.retry_json,
         e.input,
         e.state,
         e.next_step,
         e.attempts,
         e.plugin_digest,
         e.first_intent_at,
         e.not_after_at,
         e.next_at,
         e.reason,
         e.created_at,
         e.created_at});
    tx.announce(Topic::effects);
    return inserted == 1;
}

std::optional<EffectRow> find_effect(Tx& tx, const std::string& id) {
    return one_effect(tx, "id = :1", {id});
}

std::optional<EffectRow> find_effect_by_key(Tx& tx, const std::string& effect_key) {
    return one_effect(tx, "effect_key = :1", {effect_key});
}

std::optional<EffectRow> last_effect_of(Tx& tx, const std::string& supplier_order_row_id, const std::string& operation) {
    return one_effect(tx, "supplier_order_row_id = :1 AND operation = :2 ORDER BY created_at DESC, id DESC LIMIT 1",
                      {supplier_order_row_id, operation});
}

void update_effect(Tx& tx, const EffectRow& e, UtcMs now) {
    tx.run(
        "UPDATE effects SET state = :1, next_step = :2, attempts = :3, plugin_digest = :4, first_intent_at = :5, not_after_at = "
        ":6, "
        "next_at = :7, reason = :8, effect_class = :9, updated_at = :10 WHERE id = :11",
        {e.state, e.next_step, e.attempts, e.plugin_digest, e.first_intent_at, e.not_after_at, e.next_at, e.reason,
         e.effect_class, now, e.id});
    tx.announce(Topic::effects);
}

std::vector<std::string> due_effects(Tx& tx, const std::string& target, UtcMs now, std::int64_t most, bool lanes) {
    const std::string first =
        "AND NOT EXISTS (SELECT 1 FROM effects o WHERE o.lane = e.lane AND o.state IN ('pending', 'sending', 'asking') AND "
        "(o.created_at, o.id) < (e.created_at, e.id)) ";
    std::vector<std::string> due;
    for (auto& [id] :
         tx.all<std::string>("SELECT e.id FROM effects e WHERE e.state = 'pending' AND e.target = :1 AND e.next_at <= "
                             ":2 " +
                                 (lanes ? first : "") + "ORDER BY e.next_at, e.id LIMIT :3",
                             {target, now, most})) {
        due.push_back(std::move(id));
    }
    return due;
}

std::vector<std::string> pending_targets(Tx& tx) {
    std::vector<std::string> targets;
    for (auto& [target] :
         tx.all<std::string>("SELECT DISTINCT target FROM effects WHERE state = 'pending' ORDER BY target", {})) {
        targets.push_back(std::move(target));
    }
    return targets;
}

std::optional<UtcMs> next_effect_at(Tx& tx, UtcMs now) {
    const auto row =
        tx.first<std::optional<std::int64_t>>("SELECT MIN(next_at) FROM effects WHERE state = 'pending' AND next_at > :1", {now});
    return row ? std::get<0>(*row) : std::nullopt;
}

std::vector<std::string> interrupted_effects(Tx& tx) {
    std::vector<std::string> found;
    for (auto& [id] :
         tx.all<std::string>("SELECT id FROM effects WHERE state IN ('sending', 'asking') ORDER BY created_at, id")) {
        found.push_back(std::move(id));
    }
    return found;
}

void begin_attempt(Tx& tx, const std::string& effect_id, std::int64_t number, const std::string& operation, UtcMs now) {
    tx.run("INSERT INTO effect_attempts (effect_id, number, operation, started_at) VALUES (:1, :2, :3, :4)",
           {effect_id, number, operation, now});
}

void end_attempt(Tx& tx, const std::string& effect_id, std::int64_t number, const std::string& outcome, const std::string& detail,
                 UtcMs now) {
    tx.run("UPDATE effect_attempts SET ended_at = :1, outcome = :2, detail = :3 WHERE effect_id = :4 AND number = :5",
           {now, outcome, detail, effect_id, number});
}

void keep_exchanges(Tx& tx, const std::string& effect_id, std::int64_t number, const Json& exchanges) {
    tx.run("UPDATE effect_attempts SET exchanges = :1 WHERE effect_id = :2 AND number = :3",
           {exchanges.dump(), effect_id, number});
}

std::int64_t attempts_of(Tx& tx, const std::string& effect_id) {
    return tx.number("SELECT COALESCE(MAX(number), 0) FROM effect_attempts WHERE effect_id = :1", {effect_id});
}

bool may_have_left(Tx& tx, const std::string& effect_id) {
    return tx.number(
               "SELECT COUNT(*) FROM effect_attempts WHERE effect_id = :1 AND operation <> 'find_order' AND outcome IN "
               "('unknown', 'taken') AND number > (SELECT COALESCE(MAX(number), 0) FROM effect_attempts WHERE effect_id = :2 AND "
               "operation = 'find_order' "
               "AND outcome = 'answered')",
               {effect_id, effect_id}) > 0;
}

bool open_orders_of(Tx& tx, const std::string& target, const std::string& plugin_digest) {
    const auto open = tx.all<std::string, std::string>(
        "SELECT id, state FROM effects WHERE target = :1 AND operation = 'create_order' AND plugin_digest = :2 AND state IN "
        "('pending', "
        "'sending', 'asking')",
        {target, plugin_digest});
    return std::any_of(open.begin(), open.end(), [&](const auto& row) {
        const auto& [id, state] = row;
        return state == "sending" || may_have_left(tx, id);
    });
}

bool insert_run(Tx& tx, const RunRow& r) {
    const auto inserted = tx.run(
        "INSERT INTO runs (id, pipeline, revision, trigger_key, trigger_json, order_id, state, step_index, attempts, next_at, "
        "created_at, updated_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12) ON CONFLICT (pipeline, trigger_key) "
        "DO "
        "NOTHING",
        {r.id, r.pipeline, r.revision, r.trigger_key, r.trigger_json, r.order_id, r.state, r.step_index, r.attempts, r.next_at,
         r.created_at, r.created_at});
    tx.announce(Topic::runs);
    return inserted == 1;
}

std::optional<RunRow> find_run(Tx& tx, const std::string& id) {
    auto row = tx.first<std::string, std::string, std::string, std::string, std::string, std::optional<std::string>, std::string,
                        std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
        "SELECT id, pipeline, revision, trigger_key, trigger_json, order_id, state, step_index, attempts, next_at, created_at, "
        "deaths FROM runs WHERE id = :1",
        {id});
    if (!row) { return {}; }
    return std::apply([](auto&... cells) { return RunRow{std::move(cells)...}; }, *row);
}

void update_run(Tx& tx, const RunRow& r, const std::string& reason, UtcMs now) {
    tx.run(
        "UPDATE runs SET state = :1, step_index = :2, attempts = :3, next_at = :4, reason = :5, updated_at = :6, deaths = :7 "
        "WHERE "
        "id = :8",
        {r.state, r.step_index, r.attempts, r.next_at, reason, now, r.deaths, r.id});
    tx.announce(Topic::runs);
}

std::vector<std::string> due_runs(Tx& tx, UtcMs now, std::int64_t most) {
    std::vector<std::string> due;
    for (auto& [id] : tx.all<std::string>(
             "SELECT id FROM runs WHERE state = 'active' AND next_at <= :1 ORDER BY next_at, id LIMIT :2", {now, most})) {
        due.push_back(std::move(id));
    }
    return due;
}

std::optional<UtcMs> next_run_at(Tx& tx, UtcMs now) {
    const auto row =
        tx.first<std::optional<std::int64_t>>("SELECT MIN(next_at) FROM runs WHERE state = 'active' AND next_at > :1", {now});
    return row ? std::get<0>(*row) : std::nullopt;
}

std::int64_t open_work(Tx& tx) {
    // Both counts read a partial index only.
    return tx.number("SELECT COUNT(*) FROM runs WHERE state = 'active'") +
           tx.number("SELECT COUNT(*) FROM effects WHERE state IN ('pending', 'sending', 'asking')");
}

void await_fact(Tx& tx, const std::string& run_id, const std::optional<std::string>& kind) {
    tx.run("UPDATE runs SET awaits = :1 WHERE id = :2", {kind, run_id});
}

void wake_awaiting(Tx& tx, const std::string& order_id, const std::string& kind, UtcMs now) {
    const auto woken =
        tx.run("UPDATE runs SET next_at = :1, awaits = NULL WHERE order_id = :2 AND awaits = :3 AND state = 'active'",
               {now, order_id, kind});
    if (woken > 0) { tx.announce(Topic::runs); }
}

std::optional<FactRow> first_fact(Tx& tx, const std::string& order_id, const std::string& kind) {
    const auto row = tx.first<std::int64_t, std::string>(
        "SELECT occurred_at, data FROM facts WHERE order_id = :1 AND kind = :2 ORDER BY created_at, id LIMIT 1",
        {order_id, kind});
    if (!row) { return {}; }
    auto data = Json::parse(std::get<1>(*row), JsonLimits{.bytes_max = 64 << 20});
    if (!data) { throw StoreFailure("a stored fact is no JSON: " + data.error().text()); }
    return FactRow{std::get<0>(*row), std::move(*data)};
}

std::optional<StepRow> find_step(Tx& tx, const std::string& run_id, std::int64_t step_index) {
    auto row = tx.first<std::string, std::int64_t, std::string, std::string, std::string, std::string, std::string, std::int64_t>(
        "SELECT run_id, step_index, step_id, use, state, with_json, outcome, started_at FROM steps WHERE run_id = :1 AND "
        "step_index = :2",
        {run_id, step_index});
    if (!row) { return {}; }
    return std::apply([](auto&... cells) { return StepRow{std::move(cells)...}; }, *row);
}

void insert_step(Tx& tx, const StepRow& s) {
    tx.run(
        "INSERT INTO steps (run_id, step_index, step_id, use, state, with_json, outcome, started_at) VALUES (:1, :2, :3, :4, :5, "
        ":6, "
        ":7, :8)",
        {s.run_id, s.step_index, s.step_id, s.use, s.state, s.with_json, s.outcome, s.started_at});
}

void end_step(Tx& tx, const std::string& run_id, std::int64_t step_index, const std::string& state, const Json& outcome,
              UtcMs now) {
    tx.run("UPDATE steps SET state = :1, outcome = :2, ended_at = :3 WHERE run_id = :4 AND step_index = :5",
           {state, outcome.dump(), now, run_id, step_index});
}

Json step_outcomes(Tx& tx, const std::string& run_id) {
    Json outcomes = Json::object();
    for (auto& [id, text] : tx.all<std::string, std::string>(
             "SELECT step_id, outcome FROM steps WHERE run_id = :1 AND ended_at IS NOT NULL ORDER BY step_index", {run_id})) {
        auto parsed = Json::parse(text, JsonLimits{.bytes_max = 64 << 20});
        if (!parsed) { throw StoreFailure("a stored step outcome is no JSON: " + parsed.error().text()); }
        outcomes.set(std::move(id), std::move(*parsed));
    }
    return outcomes;
}

void append_event(Tx& tx, const std::string& type, const std::optional<std::string>& order_id, const Json& data, UtcMs now) {
    tx.run("INSERT INTO events (type, order_id, data, created_at) VALUES (:1, :2, :3, :4)", {type, order_id, data.dump(), now});
    tx.announce(Topic::events);
}

void append_decision(Tx& tx, const std::string& order_id, const std::optional<std::string>& effect_id, const std::string& what,
                     const std::string& reason, UtcMs now) {
    tx.run("INSERT INTO decisions (order_id, effect_id, what, reason, made_at) VALUES (:1, :2, :3, :4, :5)",
           {order_id, effect_id, what, reason, now});
}

void append_audit(Tx& tx, const std::string& id, const std::string& actor, const std::string& action, const std::string& subject,
                  const std::string& detail, UtcMs now) {
    tx.run("INSERT INTO audit_log (id, actor, action, subject, detail, created_at) VALUES (:1, :2, :3, :4, :5, :6)",
           {id, actor, action, subject, detail, now});
}

}  // namespace crossdock::store
