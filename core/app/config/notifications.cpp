#include "config/config.hpp"
#include "config/parts.hpp"

#include <algorithm>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr yaml::DurationRange links_valid{std::chrono::hours{24}, std::chrono::hours{24 * 366}};

/// Where the value stands that a JSON pointer names, or its key when the fault is about that; else the nearest one above it.
yaml::Place place_of(const Node& root, const std::string& pointer, bool of_key) {
    const Node* node = &root;
    yaml::Place place = root.place;
    for (std::size_t at = 0; at < pointer.size();) {
        const std::size_t end = std::min(pointer.find('/', at + 1), pointer.size());
        const std::string word = pointer.substr(at + 1, end - at - 1);
        const Node* next = nullptr;
        if (node->is_list()) {
            const auto index = static_cast<std::size_t>(std::stoul(word));
            if (index < node->items.size()) {
                next = &node->items[index];
                place = next->place;
            }
        }
        for (const auto& entry : node->entries) {
            if (entry.key != word) { continue; }
            next = &entry.value;
            place = entry.place;
        }
        if (next == nullptr) { return place; }
        node = next;
        if (end == pointer.size() && node->is_scalar() && !of_key) { return node->place; }
        at = end;
    }
    return place;
}

/// What the role says over what Crossdock does by itself.
void read_role(Part& part, Fields& fields, const char* key, const model::PreferenceWords& words, model::Preferences& role) {
    const Node* node = fields.map(key);
    if (node == nullptr) { return; }
    const auto read = model::read_preferences(yaml::to_json(*node), words);
    if (read) {
        role = model::over(*read, role);
        return;
    }
    const auto errors = read.error();
    const auto& [pointer, message] = errors.front();
    const std::string where = pointer.empty() ? key : pointer.substr(pointer.rfind('/') + 1);
    part.checks.refuse(place_of(*node, pointer, message.starts_with("is ")), "`" + where + "` " + message);
}

/// `https://host`, perhaps with a path, as RFC 8058 wants it; nothing that a mail's header could not hold.
bool is_base_url(const std::string& url) {
    const bool web = url.starts_with("https://");
    const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    return web && plain && url.find_first_of("<>\"?#,") == std::string::npos && url.size() <= 500 &&
           url.find("//") + 2 < url.size();
}

}  // namespace

std::vector<std::string> people_channels(const Config& config) {
    std::vector<std::string> names{"email"};
    for (const auto& channel : config.channels) {
        if (!channel.platform && channel.name != names.front()) { names.push_back(channel.name); }
    }
    return names;
}

NotificationsConfig read_notifications(Part& part, const Node& node, const std::vector<std::string>& channels) {
    NotificationsConfig made;
    Fields fields(part.checks, node, "`notifications`", {"clients", "alerts", "base_url", "links_valid_for"});
    if (!part.checks.ok()) { return made; }
    read_role(part, fields, "clients", {model::client_events(), channels}, made.clients);
    read_role(part, fields, "alerts", {model::alert_events(), channels}, made.alerts);
    if (auto url = fields.text("base_url")) {
        while (url->ends_with('/')) { url->pop_back(); }
        if (!is_base_url(*url)) {
            part.checks.refuse(fields.place("base_url"),
                               "`base_url` takes the address at which recipients of mail reach the "
                               "daemon, such as https://orders.example.com, not " +
                                   json_quoted(*url));
        }
        made.base_url = *url;
    }
    made.links_valid_for = fields.duration("links_valid_for", links_valid).value_or(made.links_valid_for);
    return made;
}

}  // namespace crossdock::app
