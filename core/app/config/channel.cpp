#include "config/config.hpp"
#include "config/parts.hpp"
#include "model/platform.hpp"

#include <algorithm>
#include <array>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::string_view mail_channel = "email";

/// What a platform hears of unless the config says otherwise: all but that the order came in, which it knows.
std::vector<std::string> default_events() {
    std::vector<std::string> events;
    for (const auto kind : model::platform_events) {
        if (kind != "order.placed") { events.emplace_back(kind); }
    }
    return events;
}

std::vector<std::string> read_events(Part& part, const Node& node) {
    std::vector<std::string> events;
    if (!node.is_list() || node.items.empty()) {
        part.checks.refuse(node.place, "`events` takes a list of events, such as [order.accepted, order.shipped]");
        return events;
    }
    for (const Node& item : node.items) {
        const auto kind = yaml::word_of(part.checks, item, "events", model::platform_events);
        if (!kind) { return events; }
        if (std::find(events.begin(), events.end(), *kind) != events.end()) {
            part.checks.refuse(item.place, "`" + *kind + "` stands twice under `events`");
        }
        events.push_back(*kind);
    }
    return events;
}

ChannelConfig::Platform read_platform(Part& part, Fields& fields) {
    ChannelConfig::Platform made;
    made.events = default_events();
    if (const Node* events = fields.find("events")) { made.events = read_events(part, *events); }
    if (const Node* node = fields.find("retry")) {
        constexpr yaml::DurationRange pause{milliseconds{100}, milliseconds{86'400'000}};
        Fields retry(part.checks, *node, "`retry`", {"backoff", "backoff_max", "deadline"});
        made.backoff = retry.duration("backoff", pause).value_or(made.backoff);
        made.backoff_max = retry.duration("backoff_max", pause).value_or(std::max(made.backoff_max, made.backoff));
        made.deadline = retry.duration("deadline", {.least = milliseconds{1'000}}).value_or(made.deadline);
        if (part.checks.ok() && made.backoff_max < made.backoff) {
            part.checks.refuse(retry.place("backoff_max"), "`backoff_max` is the longest pause, and `backoff` is longer");
        }
    }
    return made;
}

}  // namespace

ChannelConfig read_channel(Part& part, const std::string& name, yaml::Place place, const Node& node) {
    static constexpr std::array<std::string_view, 2> audiences{"people", "platform"};
    ChannelConfig channel;
    channel.name = name;
    check_name(part, place, "channels", name);
    Fields parts(part.checks, node, "`" + name + "`",
                 {"plugin", "isolation", "settings", "credentials", "not_after", "request_timeout", "limits", "audience",
                  "events", "retry", "reach", "plain_http"});
    if (!part.checks.ok()) { return channel; }
    channel.settings = read_settings(part, parts, channel.folders);
    channel.settings_where = setting_places(part, parts);
    channel.outbound = read_outbound(part, parts);
    channel.credentials = read_credentials(part, parts);
    read_times(parts, channel.not_after, channel.request_timeout);
    channel.limits = read_pace_limits(part, parts);
    read_plugin(part, parts, channel.plugin, channel.plugin_where);
    channel.in_process = read_in_process(part, parts);
    if (parts.word("audience", audiences) == audiences.back()) {
        channel.platform = read_platform(part, parts);
        if (name == mail_channel) {
            part.checks.refuse(parts.place("audience"), "the channel `email` tells people; give the platform's another name");
        }
        return channel;
    }
    for (const char* const key : {"events", "retry"}) {
        if (parts.has(key)) {
            part.checks.refuse(parts.place(key), "`" + std::string(key) + "` is for a channel with `audience: platform`");
        }
    }
    return channel;
}

}  // namespace crossdock::app
