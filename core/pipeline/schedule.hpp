#pragma once

#include "pipeline/environment.hpp"

namespace crossdock::pipeline {

/// Makes the schedules of the current definitions. A new beat is due at once, a new `cron` at its next time; one that is gone is
/// removed.
void sync_schedules(store::Tx& tx, const EngineOptions& options, UtcMs now);

[[nodiscard]] std::optional<UtcMs> next_schedule_at(store::Tx& tx);

/// Starts a run for each schedule that is due and moves it beyond now: missed times are one run.
/// A schedule whose last run is still under way is moved on without another, and the times passed over are counted. A time has
/// one run, however often the clock comes by. Returns how many were due.
int fire_schedules(store::Tx& tx, Environment& environment);

}  // namespace crossdock::pipeline
