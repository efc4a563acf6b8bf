#pragma once

#include "model/schedule.hpp"
#include "yaml/schema.hpp"

#include <optional>
#include <string>

namespace crossdock::pipeline {

/// Reads `{ every: 15m }` or `{ cron: "30 6 * * 1-5", timezone: Europe/Vienna }`; the time zone is UTC where none is named.
/// `name` is what messages call the map. Nothing after a fault, which is then in `checks`: a wrong time or zone, and a time that
/// never comes, such as 30 February.
[[nodiscard]] std::optional<model::Schedule> read_schedule(yaml::Checks& checks, const yaml::Node& node, const std::string& name);

}  // namespace crossdock::pipeline
