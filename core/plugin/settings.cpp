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

/// What is wrong with the path of a URL, its expressions apart; nothing when it fits.
std::optional<std::string> path_complaint(std::string_view path) {
    if (!path.starts_with('/')) { return "must begin with a slash"; }
    std::string plain;
    while (!path.empty()) {
        const auto opening = path.find("${{");
        plain += path.substr(0, opening);
        if (opening == std::string_view::npos) { break; }
        plain += 'x';
        const auto closing = path.find("}}", opening);
        path.remove_prefix(closing == std::string_view::npos ? path.size() : closing + 2);
    }
    if (plain.find_first_of("?#\\ ") != std::string::npos) { return "has a query, a fragment, a space or a backslash in it"; }
    plain += '/';
    if (plain.find("/../") != std::string::npos || plain.find("/./") != std::string::npos) {
        return "has a segment `.` or `..` in it";
    }
    return {};
}

/// What is wrong with a text; nothing when it fits.
std::optional<std::string> text_complaint(const Json& row, const std::string& type, const std::string& text) {
    if (type == "url" && !text.starts_with("http://") && !text.starts_with("https://")) {
        return "must begin with http:// or https://";
    }
    if (type == "host" && text.find_first_of(" \t\r\n/@") != std::string::npos) {
        return "must be the name or address of a machine, without scheme or path";
    }
    if (type == "path") { return path_complaint(text); }
    if (type == "folder" && !text.starts_with('/')) { return "must be an absolute path"; }
    if (const auto* choices = row.find("choices"); choices != nullptr && choices->is_array()) {
        const auto& all = choices->items();
        if (std::find(all.begin(), all.end(), Json(text)) != all.end()) { return {}; }
        return "must be one of " +
               joined(all, ", ", [](const Json& choice) { return choice.is_string() ? choice.as_string() : choice.dump(); });
    }
    if (row.boolean("required") && text.empty()) { return "must not be empty"; }
    return {};
}

/// What is wrong with a value that is no mapping of its own settings; nothing when it fits.
std::optional<std::string> complaint(const Json& row, const Json& value) {
    const auto type = row.text("type");
    if (type == "data") { return {}; }
    if (type == "integer") {
        const auto number = value.integer();
        if (!number) { return "must be an integer"; }
        if (const auto* least = row.find("least"); least != nullptr && *number < least->integer().value_or(*number)) {
            return "must be at least " + least->dump();
        }
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
    if (type == "expression" && !value.is_string() && !value.is_object() && !value.is_array()) { return {}; }
    if (!value.is_string()) { return "must be a string"; }
    return text_complaint(row, type, value.as_string());
}

/// One mapping of settings, and those inside of it.
class Check {
public:
    /// `rows` as a schema has them; `name` stands before those of the members: "create_order.".
    [[nodiscard]] Result<Json> mapping(const Json& rows, const Json& given, const std::string& name, const std::string& whose) {
        Json checked = Json::object();
        if (given.is_object()) {
            for (const auto& [key, value] : given.members()) {
                const auto* row = row_of(rows, key);
                if (row == nullptr) { return refuse(name + key, "is not known to " + whose + "; " + known_names(rows)); }
                // A null is how YAML writes "left out".
                if (value.is_null()) { continue; }
                auto one = single(*row, value, name + key);
                if (!one) { return one; }
                checked.set(key, std::move(*one));
            }
        }
        for (const auto& row : rows.items()) {
            const auto key = row.text("name");
            const bool given_already = checked.find(key) != nullptr;
            if (!applies(rows, row, checked)) {
                if (!given_already) { continue; }
                const auto* when = row.find("when");
                return refuse(name + key, "is for `" + when->text("setting") + ": " + when->text("is") + "` alone");
            }
            if (given_already) { continue; }
            if (const auto* otherwise = row.find("default")) { checked.set(key, *otherwise); }
            else if (row.boolean("required")) { return refuse(name + key, "is missing (" + row.text("description") + ")"); }
        }
        return checked;
    }

private:
    static Fault refuse(const std::string& name, const std::string& what) { return {"the setting \"" + name + "\" " + what}; }

    static std::string known_names(const Json& rows) {
        if (rows.items().empty()) { return "it has none"; }
        return "it has " + joined(rows.items(), ", ", [](const Json& row) { return row.text("name"); });
    }

    [[nodiscard]] Result<Json> single(const Json& row, const Json& value, const std::string& name) {
        if (row.text("type") != "map") {
            if (const auto wrong = complaint(row, value)) { return refuse(name, *wrong); }
            return value;
        }
        if (!value.is_object()) { return refuse(name, "must be a mapping"); }
        const auto* kinds = row.find("kinds");
        if (kinds == nullptr) {
            const auto* members = row.find("members");
            return mapping(members != nullptr && members->is_array() ? *members : Json::array(), value, name + ".",
                           "`" + name + "`");
        }
        const auto by = row.text("by");
        const auto* kind = value.find(by);
        const auto* members = kind != nullptr && kind->is_string() ? kinds->find(kind->as_string()) : nullptr;
        if (members == nullptr) {
            const auto words = joined(kinds->members(), ", ", [](const auto& member) { return member.first; });
            if (kind == nullptr) { return refuse(name + "." + by, "is missing; it is one of " + words); }
            return refuse(name + "." + by, "must be one of " + words);
        }
        Json rest = Json::object();
        for (const auto& [key, member] : value.members()) {
            if (key != by) { rest.set(key, member); }
        }
        auto checked = mapping(*members, rest, name + ".", "`" + name + "` with `" + by + ": " + kind->as_string() + "`");
        if (checked) { checked->set(by, *kind); }
        return checked;
    }
};

}  // namespace

Result<Json> check_settings(const Json& schema, const Json& settings) {
    if (!schema.is_array()) { return Fault{"the plugin's settings schema is no list"}; }
    if (!settings.is_object() && !settings.is_null()) { return Fault{"the settings are no mapping"}; }
    return Check().mapping(schema, settings, "", "the plugin");
}

bool applies(const Json& schema, const Json& row, const Json& settings) {
    const auto* when = row.find("when");
    if (when == nullptr) { return true; }
    const auto name = when->text("setting");
    const auto* chosen = settings.find(name);
    const auto* chooser = row_of(schema, name);
    if (chosen == nullptr && chooser != nullptr) { chosen = chooser->find("default"); }
    return chosen != nullptr && chosen->is_string() && chosen->as_string() == when->text("is");
}

std::optional<std::string> lacking_setting(const Json& schema, const Json& settings, const std::string& operation) {
    if (!schema.is_array()) { return {}; }
    for (const auto& row : schema.items()) {
        if (row.text("serves") != operation) { continue; }
        if (row.boolean("served_elsewhere") && !applies(schema, row, settings)) { continue; }
        const auto* given = settings.find(row.text("name"));
        if (given == nullptr || given->is_null()) { return row.text("name"); }
    }
    return {};
}

std::vector<std::string> preparations(const Json& schema, const Json& settings) {
    std::vector<std::string> urls;
    if (!schema.is_array()) { return urls; }
    for (const auto& row : schema.items()) {
        if (!row.boolean("prepares")) { continue; }
        if (auto url = settings.maybe_text(row.text("name")); url && !url->empty()) { urls.push_back(std::move(*url)); }
    }
    return urls;
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
