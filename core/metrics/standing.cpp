#include "metrics/standing.hpp"

namespace crossdock::metrics {

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
    // The plus keeps SQLite from walking all runs by an index that has them in the order of their pipelines.
    for (auto& [pipeline, count] :
         tx.all<std::string, std::int64_t>("SELECT pipeline, COUNT(*) FROM runs WHERE state = 'active' GROUP BY +pipeline")) {
        standing.runs_active[pipeline] = count;
    }
    for (auto& [pipeline, count] :
         tx.all<std::string, std::int64_t>("SELECT pipeline, COUNT(*) FROM runs WHERE state = 'failed' GROUP BY +pipeline")) {
        standing.runs_failed[pipeline] = count;
    }
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
