#pragma once

#include <crossdock/json.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sdk::testing {

/// A JSON document, given as a value or as its text: {"base_url": "https://api.acme.example"}.
class Document {
public:
    Document(const Json& value) : text_(value.dump()) {}
    Document(const char* json) : text_(json) {}
    Document(std::string_view json) : text_(json) {}
    Document(std::string json) : text_(std::move(json)) {}

    [[nodiscard]] const std::string& text() const { return text_; }
    /// Errors: JsonError.
    [[nodiscard]] Json json() const { return Json::parse(text_); }

private:
    std::string text_;
};

namespace detail {

[[nodiscard]] inline bool member_is_true(const Json& object, std::string_view key) {
    const auto* member = object.find(key);
    return member != nullptr && member->as_boolean();
}

[[nodiscard]] inline const Json* setting_row(const Json& schema, std::string_view name) {
    for (const auto& row : schema.items()) {
        if (row.text("name") == name) { return &row; }
    }
    return nullptr;
}

[[nodiscard]] inline std::string listed(const std::vector<std::string>& words, std::string_view otherwise) {
    std::string list;
    for (const auto& word : words) { list += (list.empty() ? "" : ", ") + word; }
    return list.empty() ? std::string(otherwise) : list;
}

/// What is wrong with the path of a URL, its expressions apart; nothing when it fits.
[[nodiscard]] inline std::optional<std::string> path_complaint(std::string_view path) {
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

/// What is wrong with a setting's value; nothing when it fits.
[[nodiscard]] inline std::optional<std::string> setting_complaint(const Json& row, const Json& value) {
    const auto type = row.text("type").value_or("");
    if (type == "data") { return {}; }
    if (type == "integer") {
        const auto number = value.integer();
        if (!number) { return "must be an integer"; }
        const auto* least = row.find("least");
        if (least != nullptr && *number < least->integer().value_or(*number)) { return "must be at least " + least->dump(); }
        return {};
    }
    if (type == "port") {
        const auto port = value.integer();
        if (!port || *port < 1 || *port > 65535) { return "must be a port, 1 to 65535"; }
        return {};
    }
    if (type == "boolean") {
        if (value.kind() != Json::Kind::boolean) { return "must be true or false"; }
        return {};
    }
    if (type == "expression" && !value.is_string() && !value.is_object() && !value.is_array()) { return {}; }
    if (!value.is_string()) { return "must be a string"; }
    const auto& text = value.text();
    if (type == "path") { return path_complaint(text); }
    if (type == "url" && !text.starts_with("http://") && !text.starts_with("https://")) {
        return "must begin with http:// or https://";
    }
    if (type == "host" && text.find_first_of(" \t\r\n/@") != std::string::npos) {
        return "must be the name or address of a machine, without scheme or path";
    }
    if (type == "folder" && !text.starts_with('/')) { return "must be an absolute path"; }
    if (const auto* choices = row.find("choices"); choices != nullptr && choices->is_array()) {
        std::vector<std::string> words;
        for (const auto& choice : choices->items()) {
            if (choice.is_string() && choice.text() == text) { return {}; }
            words.push_back(choice.is_string() ? choice.text() : choice.dump());
        }
        return "must be one of " + listed(words, "");
    }
    if (member_is_true(row, "required") && text.empty()) { return "must not be empty"; }
    return {};
}

}  // namespace detail

[[nodiscard]] inline bool is_secret(const Json& schema, std::string_view name) {
    const auto* row = detail::setting_row(schema, name);
    return row != nullptr && detail::member_is_true(*row, "secret");
}

namespace detail {

/// One mapping of settings, and those inside of it.
class SettingsCheck {
public:
    [[nodiscard]] static Json mapping(const Json& rows, const Json& given, const std::string& name, const std::string& whose) {
        Json checked = Json::object();
        for (const auto& [key, value] : given.members()) {
            const auto* row = setting_row(rows, key);
            if (row == nullptr) {
                std::vector<std::string> known;
                for (const auto& one : rows.items()) { known.push_back(one.text("name").value_or("")); }
                refuse(name + key, "is not known to " + whose + "; it has " + listed(known, "none"));
            }
            // A null is how YAML writes "left out".
            else if (!value.is_null()) { checked.set(key, single(*row, value, name + key)); }
        }
        for (const auto& row : rows.items()) {
            const auto key = row.text("name").value_or("");
            const bool given_already = checked.find(key) != nullptr;
            if (!applies(rows, row, checked)) {
                if (!given_already) { continue; }
                const auto* when = row.find("when");
                refuse(name + key,
                       "is for `" + when->text("setting").value_or("") + ": " + when->text("is").value_or("") + "` alone");
            }
            if (given_already) { continue; }
            if (const auto* otherwise = row.find("default")) { checked.set(key, *otherwise); }
            else if (member_is_true(row, "required")) {
                refuse(name + key, "is missing (" + row.text("description").value_or("") + ")");
            }
        }
        return checked;
    }

private:
    /// Whether an account with those settings has any use for the setting of that row.
    [[nodiscard]] static bool applies(const Json& rows, const Json& row, const Json& settings) {
        const auto* when = row.find("when");
        if (when == nullptr) { return true; }
        const auto name = when->text("setting").value_or("");
        const auto* chosen = settings.find(name);
        const auto* chooser = setting_row(rows, name);
        if (chosen == nullptr && chooser != nullptr) { chosen = chooser->find("default"); }
        return chosen != nullptr && chosen->is_string() && chosen->text() == when->text("is");
    }

    [[noreturn]] static void refuse(const std::string& name, const std::string& what) {
        throw std::runtime_error("the setting \"" + name + "\" " + what);
    }

    [[nodiscard]] static Json single(const Json& row, const Json& value, const std::string& name) {
        if (row.text("type") != "map") {
            if (const auto wrong = setting_complaint(row, value)) { refuse(name, *wrong); }
            return value;
        }
        if (!value.is_object()) { refuse(name, "must be a mapping"); }
        const auto* kinds = row.find("kinds");
        if (kinds == nullptr) {
            const auto* members = row.find("members");
            return mapping(members != nullptr ? *members : Json::array(), value, name + ".", "`" + name + "`");
        }
        const auto by = row.text("by").value_or("");
        const auto word = value.text(by);
        const auto* members = word ? kinds->find(*word) : nullptr;
        if (members == nullptr) {
            std::vector<std::string> words;
            for (const auto& kind : kinds->members()) { words.push_back(kind.first); }
            refuse(name + "." + by, value.find(by) == nullptr ? "is missing; it is one of " + listed(words, "")
                                                              : "must be one of " + listed(words, ""));
        }
        Json rest = Json::object();
        for (const auto& [key, member] : value.members()) {
            if (key != by) { rest.set(key, member); }
        }
        Json checked = mapping(*members, rest, name + ".", "`" + name + "` with `" + by + ": " + *word + "`");
        return checked.set(by, *word);
    }
};

}  // namespace detail

/// Checks settings against a plugin's schema and fills defaults in, as the engine does before it starts a plugin. What stands in
/// expressions is not looked at.
/// Errors: std::runtime_error that names the setting, never its value.
[[nodiscard]] inline Json check_settings(const Json& schema, const Json& settings) {
    if (!schema.is_array()) { throw std::runtime_error("the plugin's settings schema is no list"); }
    if (!settings.is_object() && !settings.is_null()) { throw std::runtime_error("the settings are no mapping"); }
    return detail::SettingsCheck::mapping(schema, settings, "", "the plugin");
}

}  // namespace crossdock::sdk::testing
