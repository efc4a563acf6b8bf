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

/// What is wrong with a setting's value; nothing when it fits.
[[nodiscard]] inline std::optional<std::string> setting_complaint(const Json& row, const Json& value) {
    const auto type = row.text("type").value_or("");
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
        if (value.kind() != Json::Kind::boolean) { return "must be true or false"; }
        return {};
    }
    if (!value.is_string()) { return "must be a string"; }
    const auto& text = value.text();
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

/// Checks settings against a plugin's schema and fills defaults in, as the engine does before it starts a plugin.
/// Errors: std::runtime_error that names the setting, never its value.
[[nodiscard]] inline Json check_settings(const Json& schema, const Json& settings) {
    if (!schema.is_array()) { throw std::runtime_error("the plugin's settings schema is no list"); }
    if (!settings.is_object() && !settings.is_null()) { throw std::runtime_error("the settings are no mapping"); }
    const auto refuse = [](std::string_view name, const std::string& what) {
        throw std::runtime_error("the setting \"" + std::string(name) + "\" " + what);
    };
    Json checked = Json::object();
    for (const auto& [name, value] : settings.members()) {
        const auto* row = detail::setting_row(schema, name);
        if (row == nullptr) {
            std::vector<std::string> known;
            for (const auto& one : schema.items()) { known.push_back(one.text("name").value_or("")); }
            refuse(name, "is not known to the plugin; it has " + detail::listed(known, "none"));
        }
        else if (!value.is_null()) {  // a null is how YAML writes "left out"
            if (const auto wrong = detail::setting_complaint(*row, value)) { refuse(name, *wrong); }
            checked.set(name, value);
        }
    }
    for (const auto& row : schema.items()) {
        const auto name = row.text("name").value_or("");
        if (checked.find(name) != nullptr) { continue; }
        if (const auto* otherwise = row.find("default")) { checked.set(name, *otherwise); }
        else if (detail::member_is_true(row, "required")) {
            refuse(name, "is missing (" + row.text("description").value_or("") + ")");
        }
    }
    return checked;
}

}  // namespace crossdock::sdk::testing
