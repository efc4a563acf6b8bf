#include "zone/zone.hpp"

#include <date/tz.h>

#include <filesystem>
#include <limits>

namespace crossdock {
namespace {

constexpr const char* zone_folder = "/usr/share/zoneinfo";

date::sys_seconds seconds_of(UtcMs moment) {
    return std::chrono::floor<std::chrono::seconds>(date::sys_time<milliseconds>{milliseconds{moment}});
}

}  // namespace

Result<Zone> Zone::named(std::string_view name) {
    Zone zone;
    if (name == "UTC" || name == "Etc/UTC") { return zone; }
    std::error_code error;
    if (!std::filesystem::is_directory(zone_folder, error)) {
        return Fault{std::string("this system has no time zones (") + zone_folder +
                     "): install Debian's package tzdata, or use UTC"};
    }
    // The library throws for what it does not know and for files that it cannot read. Asking it once makes it read the zone's
    // file here, where that may fail, and not later.
    try {
        zone.data_ = date::locate_zone(name);
        (void)zone.data_->get_info(date::sys_seconds{});
    } catch (const std::exception&) { return Fault{"unknown time zone \"" + std::string(name) + "\""}; }
    zone.name_ = std::string(name);
    return zone;
}

ZonePeriod Zone::at(UtcMs moment) const {
    if (data_ == nullptr) { return {std::numeric_limits<UtcMs>::min(), std::numeric_limits<UtcMs>::max(), milliseconds{0}}; }
    const auto info = data_->get_info(seconds_of(moment));
    const auto ms = [](date::sys_seconds at) { return milliseconds{at.time_since_epoch()}.count(); };
    return {ms(info.begin), ms(info.end), milliseconds{info.offset}};
}

std::vector<std::string> zone_names() {
    std::vector<std::string> names;
    try {
        for (const auto& zone : date::get_tzdb().zones) { names.push_back(zone.name()); }
    } catch (const std::exception&) { names.clear(); }
    return names;
}

}  // namespace crossdock
