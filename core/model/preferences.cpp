#include "model/preferences.hpp"

#include "base/joined.hpp"

#include <algorithm>
#include <array>

namespace crossdock::model {
namespace {

constexpr int day_minutes = 24 * 60;
constexpr std::int64_t minute_ms = 60'000;
constexpr int digest_default = 8 * 60;
constexpr std::array<std::pair<Told, std::string_view>, 3> told_words{
    {{Told::off, "off"}, {Told::immediate, "immediate"}, {Told::daily, "daily"}}};

bool among(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

std::optional<Told> told_named(std::string_view word) {
    for (const auto& [told, known] : told_words) {
        if (known == word) { return told; }
    }
    return {};
}

/// "08:00"
std::optional<int> minute_of(std::string_view text) {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) { return {}; }
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (hour > 23 || minute > 59) { return {}; }
    return hour * 60 + minute;
}

std::string clock_text(int minute) {
    const auto two = [](int value) { return std::string(value < 10 ? "0" : "") + std::to_string(value); };
    return two(minute / 60) + ":" + two(minute % 60);
}

/// `de`, `pt-BR`: the name of a folder of templates, and nothing that leads out of it.
bool is_language(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    const bool plain = std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || c == '-'; });
    return plain && text.size() >= 2 && text.size() <= 35 && text.front() != '-' && text.back() != '-';
}

int local_minute(const Zone& zone, UtcMs at) {
    const std::int64_t local = (at + zone.at(at).offset.count()) / minute_ms;
    return static_cast<int>(((local % day_minutes) + day_minutes) % day_minutes);
}

bool inside(const QuietHours& quiet, int minute) {
    if (quiet.from == quiet.to) { return false; }
    if (quiet.from < quiet.to) { return minute >= quiet.from && minute < quiet.to; }
    return minute >= quiet.from || minute < quiet.to;
}

class Reader {
public:
    Reader(const PreferenceWords& words, std::vector<FieldError>& errors) : words_(words), errors_(errors) {}

    Preferences read(const Json& document) {
        Preferences made;
        if (!known(document, "", {"language", "timezone", "quiet_hours", "digest_at", "channels", "events"})) { return made; }
        if (const auto* value = document.find("language")) {
            if (value->is_string() && is_language(value->as_string())) { made.language = value->as_string(); }
            else { refuse("/language", "takes a language such as en, de or pt-BR"); }
        }
        if (const auto* value = document.find("timezone")) { made.zone = zone(*value); }
        if (const auto* value = document.find("quiet_hours")) { made.quiet_hours = quiet(*value); }
        if (const auto* value = document.find("digest_at")) { made.digest_at = minute(*value, "/digest_at"); }
        if (const auto* value = document.find("channels")) { made.channels = channels(*value, "/channels"); }
        if (const auto* value = document.find("events")) { made.events = events(*value); }
        return made;
    }

private:
    void refuse(const std::string& pointer, const std::string& message) { errors_.push_back({pointer, message}); }

    bool known(const Json& object, const std::string& pointer, const std::vector<std::string>& keys) {
        if (!object.is_object()) {
            refuse(pointer, "must be an object");
            return false;
        }
        for (const auto& [key, value] : object.members()) {
            if (!among(keys, key)) { refuse(pointer + "/" + key, "is not known here; known are: " + joined(keys)); }
        }
        return true;
    }

    std::optional<Zone> zone(const Json& value) {
        if (value.is_string()) {
            if (auto found = Zone::named(value.as_string())) { return *found; }
        }
        refuse("/timezone", "takes the name of a time zone such as Europe/Berlin");
        return {};
    }

    std::optional<int> minute(const Json& value, const std::string& pointer) {
        const auto read = value.is_string() ? minute_of(value.as_string()) : std::nullopt;
        if (!read) { refuse(pointer, "takes a time of day such as \"08:00\""); }
        return read;
    }

    std::optional<QuietHours> quiet(const Json& value) {
        if (value.is_string() && value.as_string() == "none") { return QuietHours{}; }
        if (!value.is_object()) {
            refuse("/quiet_hours", "takes {\"from\": \"22:00\", \"to\": \"07:00\"}, or \"none\"");
            return {};
        }
        (void)known(value, "/quiet_hours", {"from", "to"});
        std::array<std::optional<int>, 2> ends;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            const std::string key = i == 0 ? "from" : "to";
            const auto* given = value.find(key);
            ends.at(i) = minute(given == nullptr ? Json() : *given, "/quiet_hours/" + key);
        }
        if (!ends[0] || !ends[1]) { return {}; }
        if (*ends[0] == *ends[1]) {
            refuse("/quiet_hours", "begins and ends at the same time; say \"none\" for none");
            return {};
        }
        return QuietHours{*ends[0], *ends[1]};
    }

    std::optional<std::vector<std::string>> channels(const Json& value, const std::string& pointer) {
        std::vector<std::string> made;
        if (!value.is_array() || value.items().empty()) {
            refuse(pointer, "takes a list of channels; to be told of nothing, give the event `off`");
            return {};
        }
        for (std::size_t i = 0; i < value.items().size(); ++i) {
            const auto& item = value.items()[i];
            const std::string at = pointer + "/" + std::to_string(i);
            if (!item.is_string() || (words_.channels && !among(*words_.channels, item.as_string()))) {
                const bool none = !words_.channels || words_.channels->empty();
                refuse(at, "is no channel that tells people; there are: " + (none ? "none" : joined(*words_.channels)));
            }
            else if (among(made, item.as_string())) { refuse(at, "stands there twice"); }
            else { made.push_back(item.as_string()); }
        }
        return made;
    }

    std::optional<Told> when(const Json& value, const std::string& pointer) {
        const auto read = value.is_string() ? told_named(value.as_string()) : std::nullopt;
        if (!read) { refuse(pointer, "takes off, immediate or daily"); }
        return read;
    }

    std::map<std::string, EventPreference> events(const Json& value) {
        std::map<std::string, EventPreference> made;
        if (!value.is_object()) {
            refuse("/events", "must be an object, of an event and off, immediate or daily");
            return made;
        }
        for (const auto& [event, said] : value.members()) {
            const std::string at = "/events/" + event;
            if (!among(words_.events, event)) {
                refuse(at, "is no event that can be told here; there are: " + joined(words_.events));
                continue;
            }
            EventPreference one;
            if (said.is_object()) {
                (void)known(said, at, {"when", "channels"});
                if (const auto* given = said.find("when")) { one.when = when(*given, at + "/when"); }
                if (const auto* given = said.find("channels")) { one.channels = channels(*given, at + "/channels"); }
            }
            else { one.when = when(said, at); }
            made.emplace(event, std::move(one));
        }
        return made;
    }

    const PreferenceWords& words_;
    std::vector<FieldError>& errors_;
};

Json list_of(const std::vector<std::string>& words) {
    Json list = Json::array();
    for (const auto& word : words) { list.push(word); }
    return list;
}

Preferences defaults(const std::vector<std::string_view>& events) {
    Preferences made;
    made.channels = {{"email"}};
    for (const auto event : events) { made.events[std::string(event)].when = Told::immediate; }
    return made;
}

}  // namespace

std::string_view name(Told told) {
    return told_words.at(static_cast<std::size_t>(told)).second;
}

boost::system::result<Preferences, std::vector<FieldError>> read_preferences(const Json& document, const PreferenceWords& words) {
    std::vector<FieldError> errors;
    auto made = Reader(words, errors).read(document);
    if (!errors.empty()) { return errors; }
    return made;
}

Json to_json(const Preferences& preferences) {
    Json made = Json::object();
    if (preferences.language) { made.set("language", *preferences.language); }
    if (preferences.zone) { made.set("timezone", preferences.zone->name()); }
    if (const auto& quiet = preferences.quiet_hours) {
        const bool none = quiet->from == quiet->to;
        made.set("quiet_hours",
                 none ? Json("none") : Json::object({{"from", clock_text(quiet->from)}, {"to", clock_text(quiet->to)}}));
    }
    if (preferences.digest_at) { made.set("digest_at", clock_text(*preferences.digest_at)); }
    if (preferences.channels) { made.set("channels", list_of(*preferences.channels)); }
    if (preferences.events.empty()) { return made; }
    Json events = Json::object();
    for (const auto& [event, said] : preferences.events) {
        if (said.when && !said.channels) {
            events.set(event, name(*said.when));
            continue;
        }
        Json one = Json::object();
        if (said.when) { one.set("when", name(*said.when)); }
        if (said.channels) { one.set("channels", list_of(*said.channels)); }
        events.set(event, std::move(one));
    }
    made.set("events", std::move(events));
    return made;
}

Preferences over(const Preferences& own, const Preferences& role) {
    Preferences made = own;
    if (!made.language) { made.language = role.language; }
    if (!made.zone) { made.zone = role.zone; }
    if (!made.quiet_hours) { made.quiet_hours = role.quiet_hours; }
    if (!made.digest_at) { made.digest_at = role.digest_at; }
    for (const auto& [event, said] : role.events) {
        auto& one = made.events[event];
        if (!one.when) { one.when = said.when; }
        // What somebody says of all events is stronger than what the role says of one.
        if (!one.channels && !own.channels) { one.channels = said.channels; }
    }
    if (!made.channels) { made.channels = role.channels; }
    return made;
}

Telling tell_by(const Preferences& own, const Preferences& role, std::string_view event, UtcMs now) {
    const Preferences all = over(own, role);
    const std::string kind(event);
    Telling telling{.at = now};
    const auto said = all.events.find(kind);
    telling.told = said == all.events.end() ? Told::off : said->second.when.value_or(Told::off);
    const bool own_channels = said != all.events.end() && said->second.channels;
    telling.channels = own_channels ? *said->second.channels : all.channels.value_or(std::vector<std::string>{"email"});
    if (telling.told == Told::off) {
        const auto chosen = own.events.find(kind);
        telling.by_choice = chosen != own.events.end() && chosen->second.when == Told::off;
        telling.reason = telling.by_choice ? "the recipient's preferences say off" : "off unless somebody asks for it";
        return telling;
    }
    const Zone zone = all.zone.value_or(Zone());
    if (telling.told == Told::daily) {
        telling.at = next_minute_of_day(zone, all.digest_at.value_or(digest_default), now);
        telling.reason = "in the daily digest";
    }
    else if (all.quiet_hours && inside(*all.quiet_hours, local_minute(zone, now))) {
        telling.at = next_minute_of_day(zone, all.quiet_hours->to, now);
        telling.reason = "quiet hours until " + clock_text(all.quiet_hours->to) + " " + zone.name();
    }
    return telling;
}

UtcMs next_minute_of_day(const Zone& zone, int minute, UtcMs now) {
    const std::int64_t offset = zone.at(now).offset.count();
    const std::int64_t begun = now - (((now % minute_ms) + minute_ms) % minute_ms);
    const int ahead = (minute - local_minute(zone, now) + day_minutes) % day_minutes;
    UtcMs at = begun + ahead * minute_ms;
    if (at <= now) { at += day_minutes * minute_ms; }
    // The clocks may have been set until then.
    at -= zone.at(at).offset.count() - offset;
    return at > now ? at : at + day_minutes * minute_ms;
}

const std::vector<std::string>& client_events() {
    static const std::vector<std::string> events{
        "order.placed",  "order.accepted",  "order.rejected", "order.fulfillment_started",
        "order.shipped", "order.delivered", "order.canceled", "order.status_changed"};
    return events;
}

const std::vector<std::string>& alert_events() {
    static const std::vector<std::string> events{"order.needs_attention", "stock.low",          "stock.restored",
                                                 "supplier.degraded",     "supplier.recovered", "feed.quarantined"};
    return events;
}

Preferences client_defaults() {
    return defaults({"order.accepted", "order.rejected", "order.shipped", "order.delivered", "order.canceled"});
}

Preferences alerts_defaults() {
    return defaults({"order.needs_attention", "stock.low", "supplier.degraded", "supplier.recovered"});
}

}  // namespace crossdock::model
