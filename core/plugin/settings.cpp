#include "plugin/settings.hpp"

#include "base/joined.hpp"

#include <algorithm>
#include <optional>

namespace crossdock::plugin {
namespace {

const Json* row_of(const Json& schema, const std::string& name) {
    if (!schema.is_array()) { return nullptr; }
    for (const auto& row : schema.items()) {
        if (row.text("name") == name) { return &row; }
    }
    return nullptr;
}

std::string quoted(const std::string& name) {
    return "the setting \"" + name + "\"";
}

/// What is wrong with a value; nothing when it fits.
std::optional<std::string> complaint(const Json& row, const Json& value) {
    const auto type = row.text("type");
    if (type == "integer") {
        if (!value.integer()) { return "must be an integer"; }
        return {};
    }
    if (type == "port") {
        const auto port = value.integer();
        if (!port || *port < 1 || *port > 65535) { return "must be a port, 1 to 65535"; }
        return {};
    }
    if (type == "boolean") {
        if (!value.is_boolean()) { return "must be true or false"; }
        return {};
    }
    if (!value.is_string()) { return "must be a string"; }
    const auto& text = value.as_string();
    if (type == "url" && !text.starts_with("http://") && !text.starts_with("https://")) {
        return "must begin with http:// or https://";
    }
    if (type == "host" && text.find_first_of(" \t\r\n/@") != std::string::npos) {
        return "must be the name or address of a machine, without scheme or path";
    }
    if (type == "folder" && !text.starts_with('/')) { return "must be an absolute path"; }
    if (const auto* choices = row.find("choices"); choices != nullptr && choices->is_array()) {
        const auto& all = choices->items();
        if (std::find(all.begin(), all.end(), value) != all.end()) { return {}; }
        return "must be one of " +
               joined(all, ", ", [](const Json& choice) { return choice.is_string() ? choice.as_string() : choice.dump(); });
    }
    if (row.boolean("required") && text.empty()) { return "must not be empty"; }
    return {};
}

std::string known_names(const Json& schema) {
    if (schema.items().empty()) { return "it has none"; }
    return "it has " + joined(schema.items(), ", ", [](const Json& row) { return row.text("name"); });
}

}  // namespace

Result<Json> check_settings(const Json& schema, const Json& settings) {
    if (!schema.is_array()) { return Fault{"the plugin's settings schema is no list"}; }
    if (!settings.is_object() && !settings.is_null()) { return Fault{"the settings are no mapping"}; }
    Json checked = Json::object();
    if (settings.is_object()) {
        for (const auto& [name, value] : settings.members()) {
            const auto* row = row_of(schema, name);
            if (row == nullptr) { return Fault{quoted(name) + " is not known to the plugin; " + known_names(schema)}; }
            // A null is how YAML writes "left out".
            if (value.is_null()) { continue; }
            if (const auto wrong = complaint(*row, value)) { return Fault{quoted(name) + " " + *wrong}; }
            checked.set(name, value);
        }
    }
    for (const auto& row : schema.items()) {
        const auto name = row.text("name");
        if (checked.find(name) != nullptr) { continue; }
        if (const auto* otherwise = row.find("default")) { checked.set(name, *otherwise); }
        else if (row.boolean("required")) { return Fault{quoted(name) + " is missing (" + row.text("description") + ")"}; }
    }
    return checked;
}

bool is_secret(const Json& schema, const std::string& name) {
    const auto* row = row_of(schema, name);
    return row != nullptr && row->boolean("secret");
}

std::vector<std::string> secret_values(const Json& schema, const Json& settings) {
    std::vector<std::string> values;
    if (!schema.is_array()) { return values; }
    for (const auto& row : schema.items()) {
        const auto* value = settings.find(row.text("name"));
        if (row.boolean("secret") && value != nullptr && value->is_string() && !value->as_string().empty()) {
            values.push_back(value->as_string());
        }
    }
    // The longest first, so that no secret hides a part of a longer one.
    std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return values;
}

}  // namespace crossdock::plugin
