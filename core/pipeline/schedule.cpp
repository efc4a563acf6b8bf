#include "pipeline/schedule.hpp"

#include "base/log.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace crossdock::pipeline {
namespace {

/// As stored, so that what is stored is enough to move it on.
struct ScheduleRow {
    std::string pipeline;
    std::int64_t every_ms = 0;
    std::optional<std::string> cron;
    std::optional<std::string> timezone;
    UtcMs next_at = 0;
};

ScheduleRow row_of(const std::string& pipeline, const model::Schedule& schedule) {
    ScheduleRow row{pipeline, schedule.every.count(), {}, {}, 0};
    if (schedule.cron) {
        row.cron = schedule.cron->text();
        row.timezone = schedule.zone.name();
    }
    return row;
}

model::Schedule schedule_of(const ScheduleRow& row) {
    model::Schedule schedule{.every = milliseconds{row.every_ms}};
    if (!row.cron) { return schedule; }
    auto cron = model::Cron::parse(*row.cron);
    auto zone = Zone::named(row.timezone.value_or("UTC"));
    if (!cron || !zone) {
        throw store::StoreFailure("the schedule of " + row.pipeline +
                                  " cannot be read: " + (cron ? zone.error().what : cron.error().what));
    }
    schedule.cron = std::move(*cron);
    schedule.zone = std::move(*zone);
    return schedule;
}

std::vector<ScheduleRow> rows(store::Tx& tx, const std::string& condition, const store::Tx::Params& params) {
    std::vector<ScheduleRow> found;
    for (auto& row : tx.all<std::string, std::int64_t, std::optional<std::string>, std::optional<std::string>, std::int64_t>(
             "SELECT pipeline, every_ms, cron, timezone, next_at FROM schedules WHERE " + condition, params)) {
        found.push_back(std::apply([](auto&... cells) { return ScheduleRow{std::move(cells)...}; }, row));
    }
    return found;
}

/// When a schedule is due from now on. One that is due already stays so: its missed times become one run. Another is looked at
/// anew, since the clock, or the zone's rules, may have been changed.
UtcMs due_from_now(const std::vector<ScheduleRow>& stored, const ScheduleRow& current, const model::Schedule& schedule,
                   UtcMs now) {
    if (stored.empty() || stored.front().cron.has_value() != current.cron.has_value()) { return first_due(schedule, now); }
    const ScheduleRow& before = stored.front();
    if (!current.cron) { return std::min(before.next_at, now + current.every_ms); }
    const bool same = before.cron == current.cron && before.timezone == current.timezone;
    return same && before.next_at <= now ? before.next_at : first_due(schedule, now);
}

bool under_way(store::Tx& tx, const std::string& pipeline) {
    return tx.number("SELECT COUNT(*) FROM runs WHERE pipeline = :1 AND state IN ('active', 'waiting')", {pipeline}) > 0;
}

void start_run(store::Tx& tx, Environment& environment, const Definition& definition, const model::Due& due, UtcMs now) {
    store::RunRow run;
    run.id = environment.facts.new_id();
    run.pipeline = definition.name;
    run.revision = definition.digest;
    // One run for each of its times, also when the clock is set back and a time comes again.
    run.trigger_key = "schedule/" + std::to_string(due.at);
    run.trigger_json = Json::object({{"schedule", Json::object({{"at", rfc3339(due.at)}, {"missed", due.missed}})}}).dump();
    run.next_at = now;
    run.created_at = now;
    const bool started = store::insert_run(tx, run);
    if (!started || due.missed > 0) {
        Log::info(started ? "a schedule's missed times are one run" : "a schedule's time has had its run",
                  {{"pipeline", definition.name}, {"at", rfc3339(due.at)}, {"missed", due.missed}});
    }
}

}  // namespace

void sync_schedules(store::Tx& tx, const EngineOptions& options, UtcMs now) {
    std::set<std::string> current;
    for (const auto& definition : options.definitions) {
        if (definition.trigger.kind != Trigger::Kind::schedule) { continue; }
        current.insert(definition.name);
        const auto chosen = options.schedules.find(definition.name);
        const auto& schedule = chosen == options.schedules.end() ? definition.trigger.schedule : chosen->second;
        const ScheduleRow row = row_of(definition.name, schedule);
        const UtcMs due_at = due_from_now(rows(tx, "pipeline = :1", {row.pipeline}), row, schedule, now);
        tx.run(
            "INSERT INTO schedules (pipeline, every_ms, cron, timezone, next_at) VALUES (:1, :2, :3, :4, :5) ON CONFLICT "
            "(pipeline) DO UPDATE SET every_ms = excluded.every_ms, cron = excluded.cron, timezone = excluded.timezone, next_at "
            "= excluded.next_at",
            {row.pipeline, row.every_ms, row.cron, row.timezone, due_at});
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
    const auto options = environment.options.get();
    const auto& all = options->definitions;
    int fired = 0;
    for (const auto& row : rows(tx, "next_at <= :1 ORDER BY next_at", {now})) {
        ++fired;
        const auto due = model::coalesce(schedule_of(row), row.next_at, now);
        const bool busy = under_way(tx, row.pipeline);
        tx.run("UPDATE schedules SET next_at = :1, last_at = :2, passed_over = passed_over + :3 WHERE pipeline = :4",
               {due.next_at, now, busy ? due.missed + 1 : 0, row.pipeline});
        if (busy) {
            Log::info("a schedule came due while its last run was under way, and was passed over",
                      {{"pipeline", row.pipeline}, {"at", rfc3339(due.at)}, {"next", rfc3339(due.next_at)}});
            continue;
        }
        const auto definition = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == row.pipeline; });
        if (definition != all.end()) { start_run(tx, environment, *definition, due, now); }
    }
    return fired;
}

}  // namespace crossdock::pipeline
