#include "metrics/standing.hpp"

namespace crossdock::metrics {
namespace {

/// The plus keeps SQLite from walking all runs by an index that has them in the order of their pipelines; the state is no
/// parameter, since an index of part of the rows serves only a query that says which.
std::map<std::string, std::int64_t> runs_by_pipeline(store::Tx& tx, const std::string& state) {
    std::map<std::string, std::int64_t> counts;
    for (auto& [pipeline, count] : tx.all<std::string, std::int64_t>("SELECT pipeline, COUNT(*) FROM runs WHERE state = '" +
                                                                     state + "' GROUP BY +pipeline")) {
        counts[pipeline] = count;
    }
    return counts;
}

}  // namespace

Standing look(store::Tx& tx, std::int64_t after_event) {
    Standing standing;
    // Each reads a partial index: what is open, and what ended badly.
    for (const char* const states : {"'pending', 'sending', 'asking'", "'parked', 'dead'"}) {
        for (auto& [target, operation, state, count, tried, oldest] :
             tx.all<std::string, std::string, std::string, std::int64_t, std::int64_t, std::int64_t>(
                 std::string(
                     "SELECT target, operation, state, COUNT(*), SUM(attempts > 0), MIN(next_at) FROM effects WHERE state "
                     "IN (") +
                 states + ") GROUP BY target, operation, state")) {
            standing.open.push_back({target, operation, state, count, tried, oldest});
        }
    }
    standing.runs_active = runs_by_pipeline(tx, "active");
    standing.runs_failed = runs_by_pipeline(tx, "failed");
    for (auto& [name, fed, healed] : tx.all<std::string, std::optional<std::int64_t>, std::int64_t>(
             "SELECT s.name, (SELECT MAX(f.updated_at) FROM feeds f WHERE f.supplier_id = s.id AND f.state = 'applied'), (SELECT "
             "COUNT(*) FROM evidence e WHERE e.supplier_id = s.id AND e.healed = 1) FROM suppliers s ORDER BY s.name")) {
        standing.accounts.push_back({name, fed, healed});
    }
    for (auto& [type, count] : tx.all<std::string, std::int64_t>(
             "SELECT type, COUNT(*) FROM events WHERE sequence > :1 GROUP BY type", {after_event})) {
        standing.events[type] = count;
    }
    standing.last_event = tx.number("SELECT COALESCE(MAX(sequence), 0) FROM events");
    standing.attention_open = tx.number("SELECT COUNT(*) FROM attention WHERE resolved_at IS NULL");
    return standing;
}

}  // namespace crossdock::metrics
