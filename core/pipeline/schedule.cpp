#include "pipeline/schedule.hpp"

#include "store/journal.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace crossdock::pipeline {

void sync_schedules(store::Tx& tx, const EngineOptions& options, UtcMs now) {
    std::set<std::string> current;
    for (const auto& definition : options.definitions) {
        if (definition.trigger.kind != Trigger::Kind::schedule) { continue; }
        current.insert(definition.name);
        const auto chosen = options.every.find(definition.name);
        const auto every = (chosen == options.every.end() ? definition.trigger.every : chosen->second).count();
        tx.run(
            "INSERT INTO schedules (pipeline, every_ms, next_at) VALUES (:1, :2, :3) ON CONFLICT (pipeline) DO UPDATE SET "
            "every_ms = "
            "excluded.every_ms, next_at = MIN(schedules.next_at, excluded.next_at + excluded.every_ms)",
            {definition.name, every, now});
    }
    for (auto& [pipeline] : tx.all<std::string>("SELECT pipeline FROM schedules")) {
        if (!current.contains(pipeline)) { tx.run("DELETE FROM schedules WHERE pipeline = :1", {pipeline}); }
    }
}

std::optional<UtcMs> next_schedule_at(store::Tx& tx) {
    const auto row = tx.first<std::optional<std::int64_t>>("SELECT MIN(next_at) FROM schedules");
    return row ? std::get<0>(*row) : std::nullopt;
}

int fire_schedules(store::Tx& tx, Environment& environment) {
    const UtcMs now = environment.clock.utc_ms();
    int fired = 0;
    for (auto& [pipeline, every, at] : tx.all<std::string, std::int64_t, std::int64_t>(
             "SELECT pipeline, every_ms, next_at FROM schedules WHERE next_at <= :1 ORDER BY next_at", {now})) {
        ++fired;
        const std::int64_t missed = (now - at) / every;
        tx.run("UPDATE schedules SET next_at = :1, last_at = :2 WHERE pipeline = :3", {at + (missed + 1) * every, now, pipeline});
        const bool busy =
            tx.number("SELECT COUNT(*) FROM runs WHERE pipeline = :1 AND state IN ('active', 'waiting')", {pipeline}) > 0;
        const auto options = environment.options.get();
        const auto& all = options->definitions;
        const auto definition = std::find_if(all.begin(), all.end(), [&](const Definition& d) { return d.name == pipeline; });
        if (busy || definition == all.end()) { continue; }
        store::RunRow run;
        run.id = environment.facts.new_id();
        run.pipeline = pipeline;
        run.revision = definition->digest;
        run.trigger_key = "schedule/" + std::to_string(at);
        run.trigger_json = Json::object({{"schedule", Json::object({{"at", rfc3339(at)}})}}).dump();
        run.next_at = now;
        run.created_at = now;
        store::insert_run(tx, run);
    }
    return fired;
}

}  // namespace crossdock::pipeline
