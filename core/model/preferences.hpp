#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "model/order.hpp"
#include "zone/zone.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::model {

/// When somebody is told of an event.
enum class Told { off, immediate, daily };
[[nodiscard]] std::string_view name(Told told);

/// Minutes of the day on the recipient's clock, `from` first; from == to: none.
struct QuietHours {
    int from = 0;
    int to = 0;

    [[nodiscard]] bool operator==(const QuietHours&) const = default;
};

struct EventPreference {
    std::optional<Told> when = {};
    std::optional<std::vector<std::string>> channels = {};

    [[nodiscard]] bool operator==(const EventPreference&) const = default;
};

/// How somebody wants to be told. What is absent is as the role's defaults have it, and there as its own description says.
struct Preferences {
    std::optional<std::string> language = {};               ///< of templates; "en"
    std::optional<Zone> zone = {};                          ///< of the times below; UTC
    std::optional<QuietHours> quiet_hours = {};             ///< none
    std::optional<int> digest_at = {};                      ///< minute of the day; 08:00
    std::optional<std::vector<std::string>> channels = {};  ///< {"email"}
    std::map<std::string, EventPreference> events = {};     ///< by event; off
};

/// What preferences may name.
struct PreferenceWords {
    std::vector<std::string> events;
    std::optional<std::vector<std::string>> channels;  ///< absent: any, as in what was stored under another config
};

/// Reads {"language", "timezone", "quiet_hours": {"from", "to"} or "none", "digest_at", "channels", "events": {event: "off" |
/// "immediate" | "daily" | {"when", "channels"}}}; all may be absent.
/// Errors: each wrong field, by its JSON pointer.
[[nodiscard]] boost::system::result<Preferences, std::vector<FieldError>> read_preferences(const Json& document,
                                                                                           const PreferenceWords& words);

/// Preferences as read_preferences reads them.
[[nodiscard]] Json to_json(const Preferences& preferences);

/// The preferences of one person over those of a role.
[[nodiscard]] Preferences over(const Preferences& own, const Preferences& role);

/// What becomes of one event for one recipient.
struct Telling {
    Told told = Told::off;
    std::vector<std::string> channels = {};
    UtcMs at = 0;             ///< not earlier than this: now, the end of quiet hours, or the time of the digest
    bool by_choice = false;   ///< off, and the person's own preferences say so
    std::string reason = {};  ///< why it is not told at once; empty when it is
};

/// `own` is empty for a recipient without preferences.
[[nodiscard]] Telling tell_by(const Preferences& own, const Preferences& role, std::string_view event, UtcMs now);

/// The first moment later than `now` at which the zone's clocks show that minute of the day. Where the clocks leave it out, the
/// moment that they would show it at, had they not been set.
[[nodiscard]] UtcMs next_minute_of_day(const Zone& zone, int minute, UtcMs now);

/// Whom preferences belong to.
[[nodiscard]] Preferences client_defaults();
[[nodiscard]] Preferences alerts_defaults();
/// The events that each role may be told of.
[[nodiscard]] const std::vector<std::string>& client_events();
[[nodiscard]] const std::vector<std::string>& alert_events();

}  // namespace crossdock::model
