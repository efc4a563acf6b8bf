#include "model/schedule.hpp"

namespace crossdock::model {
namespace {

constexpr UtcMs year_9999 = 253'370'764'800'000;

UtcMs next_of(const Schedule& schedule, UtcMs after) {
    return schedule.cron->next(schedule.zone, after).value_or(year_9999);
}

}  // namespace

Due coalesce(const Schedule& schedule, UtcMs due_at, UtcMs now) {
    Due due{due_at, 0, 0};
    if (!schedule.cron) {
        due.missed = (now - due_at) / schedule.every.count();
        due.at = due_at + due.missed * schedule.every.count();
        due.next_at = due.at + schedule.every.count();
        return due;
    }
    due.next_at = next_of(schedule, due_at);
    while (due.next_at <= now && due.missed < missed_max) {
        ++due.missed;
        due.at = due.next_at;
        due.next_at = next_of(schedule, due.at);
    }
    if (due.next_at <= now) { due.next_at = next_of(schedule, now); }
    return due;
}

UtcMs first_due(const Schedule& schedule, UtcMs now) {
    return schedule.cron ? next_of(schedule, now) : now;
}

std::string text(const Schedule& schedule) {
    if (!schedule.cron) { return "every " + duration_text(schedule.every); }
    return schedule.cron->text() + " " + schedule.zone.name();
}

}  // namespace crossdock::model
