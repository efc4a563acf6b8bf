#include "plugin/reach.hpp"

#include <algorithm>
#include <functional>

namespace crossdock::plugin {
namespace {

/// Each setting of a mapping and of those inside of it that have rows of their own.
struct Setting {
    const Json& row;
    const Json& value;
    std::string name;    ///< "auth.token_url"
    const Json& rows;    ///< of its mapping
    const Json& beside;  ///< its mapping
};
using Each = std::function<void(const Setting&)>;

void each_setting(const Json& rows, const Json& given, const std::string& name, const Each& each) {
    if (!rows.is_array() || !given.is_object()) { return; }
    for (const auto& row : rows.items()) {
        const auto key = row.text("name");
        const auto* value = given.find(key);
        if (value == nullptr) { continue; }
        each({row, *value, name + key, rows, given});
        if (row.text("type") != "map") { continue; }
        const auto* members = row.find("members");
        if (const auto* kinds = row.find("kinds")) { members = kinds->find(value->text(row.text("by"))); }
        if (members != nullptr) { each_setting(*members, *value, name + key + ".", each); }
    }
}

}  // namespace

std::vector<std::string> places(const Json& schema, const Json& settings) {
    std::vector<std::string> found;
    const auto add = [&found](std::string place) {
        if (std::find(found.begin(), found.end(), place) == found.end()) { found.push_back(std::move(place)); }
    };
    each_setting(schema, settings, "", [&](const Setting& setting) {
        const auto type = setting.row.text("type");
        if (!setting.value.is_string() || setting.value.as_string().empty()) { return; }
        if (type == "url") { add(place_of(setting.value.as_string())); }
        if (type != "host") { return; }
        for (const auto& row : setting.rows.items()) {
            const auto* port = row.text("type") == "port" ? setting.beside.find(row.text("name")) : nullptr;
            if (port == nullptr) { continue; }
            add(place_of(setting.value.as_string(), static_cast<std::uint32_t>(port->integer().value_or(0))));
        }
    });
    return found;
}

std::string beyond(const std::vector<std::string>& reach, std::string_view place) {
    if (reach.empty() || std::find(reach.begin(), reach.end(), place) != reach.end()) { return {}; }
    return "the plugin wants to reach " + std::string(place) +
           ", and may reach only what its settings of the types url, host and port name, and what stands under `reach` beside "
           "them";
}

std::string in_clear(std::string_view url, bool plain_http) {
    constexpr std::string_view scheme = "http://";
    const bool is_http = std::equal(scheme.begin(), scheme.end(), url.begin(), url.begin() + std::min(url.size(), scheme.size()),
                                    [](char ours, char c) { return ours == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    if (plain_http || !is_http || is_loopback(host_of(url))) { return {}; }
    return "is http:// to another machine, where everyone on the way can read along: use https://, or say `plain_http: true` "
           "beside `settings`";
}

Result<> check_scheme(const Json& schema, const Json& settings, bool plain_http) {
    std::string fault;
    each_setting(schema, settings, "", [&](const Setting& setting) {
        if (!fault.empty() || setting.row.text("type") != "url" || !setting.value.is_string()) { return; }
        if (const auto why = in_clear(setting.value.as_string(), plain_http); !why.empty()) {
            fault = "the setting \"" + setting.name + "\" " + why;
        }
    });
    if (!fault.empty()) { return Fault{std::move(fault)}; }
    return {};
}

}  // namespace crossdock::plugin
