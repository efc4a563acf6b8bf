#include "definition/schedule.hpp"

#include "yaml/words.hpp"

#include <vector>

namespace crossdock::pipeline {
namespace {

void read_zone(yaml::Checks& checks, yaml::Fields& fields, model::Schedule& schedule) {
    const auto name = fields.text("timezone");
    if (!name) { return; }
    auto zone = Zone::named(*name);
    if (zone) {
        schedule.zone = std::move(*zone);
        return;
    }
    const auto all = zone_names();
    const std::vector<std::string_view> known(all.begin(), all.end());
    const auto meant = yaml::nearest(*name, known);
    checks.refuse(fields.place("timezone"),
                  zone.error().what + (meant ? "; did you mean `" + std::string(*meant) + "`?" : std::string()));
}

void read_cron(yaml::Checks& checks, yaml::Fields& fields, model::Schedule& schedule) {
    const auto text = fields.text("cron");
    if (!text) { return; }
    auto cron = model::Cron::parse(*text);
    if (!cron) {
        checks.refuse(fields.place("cron"), "`cron`: " + cron.error().what);
        return;
    }
    if (!cron->next(schedule.zone, 0)) {
        checks.refuse(fields.place("cron"), "`cron`: \"" + *text + "\" never comes: no month of its months has such a day");
        return;
    }
    schedule.cron = std::move(*cron);
}

}  // namespace

std::optional<model::Schedule> read_schedule(yaml::Checks& checks, const yaml::Node& node, const std::string& name) {
    yaml::Fields fields(checks, node, name, {"every", "cron", "timezone"});
    if (!checks.ok()) { return {}; }
    if (fields.has("every") == fields.has("cron")) {
        checks.refuse(node.place, name + " takes either `every: 15m` or `cron: \"30 6 * * 1-5\"`");
        return {};
    }
    if (fields.has("timezone") && !fields.has("cron")) {
        checks.refuse(fields.place("timezone"), "`timezone` belongs to `cron`; `every` counts from the last time");
        return {};
    }
    model::Schedule schedule;
    schedule.every = fields.duration("every", {.least = milliseconds{1'000}}).value_or(milliseconds{0});
    read_zone(checks, fields, schedule);
    if (checks.ok()) { read_cron(checks, fields, schedule); }
    if (!checks.ok()) { return {}; }
    return schedule;
}

}  // namespace crossdock::pipeline
