#pragma once

#include <crossdock/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// Comparison of JSON values: numbers by how they are written, members in any order.
namespace crossdock::sdk::testing {

namespace detail {

/// A value as one line for a person; long ones are cut.
[[nodiscard]] inline std::string shown(const Json& value) {
    constexpr std::size_t shown_max = 300;
    auto text = value.dump();
    if (text.size() > shown_max) { text = text.substr(0, shown_max) + "... (" + std::to_string(text.size()) + " bytes)"; }
    return text;
}

inline void compare(const Json& expected, const Json& found, const std::string& where, std::vector<std::string>& lines) {
    const auto say = [&](const std::string& what) { lines.push_back(where + ": " + what); };
    if (expected.kind() != found.kind()) {
        say(shown(found) + " instead of " + shown(expected));
        return;
    }
    if (expected.is_object()) {
        for (const auto& [key, value] : expected.members()) {
            const auto* other = found.find(key);
            if (other == nullptr) { lines.push_back(where + "/" + key + ": missing, should be " + shown(value)); }
            else { compare(value, *other, where + "/" + key, lines); }
        }
        for (const auto& [key, value] : found.members()) {
            if (expected.find(key) == nullptr) { lines.push_back(where + "/" + key + ": not expected, is " + shown(value)); }
        }
        return;
    }
    if (expected.is_array()) {
        const auto& wanted = expected.items();
        const auto& got = found.items();
        if (wanted.size() != got.size()) {
            say(std::to_string(got.size()) + " items instead of " + std::to_string(wanted.size()));
        }
        for (std::size_t i = 0; i < std::min(wanted.size(), got.size()); ++i) {
            compare(wanted[i], got[i], where + "/" + std::to_string(i), lines);
        }
        return;
    }
    if (expected.text() != found.text() || expected.as_boolean() != found.as_boolean()) {
        say(shown(found) + " instead of " + shown(expected));
    }
}

}  // namespace detail

/// How `found` differs from `expected`, a line for each place; empty when they are the same. Places are JSON pointers behind
/// `what`: "output /status: 422 instead of 201".
[[nodiscard]] inline std::vector<std::string> differences(const Json& expected, const Json& found, std::string_view what = "") {
    std::vector<std::string> lines;
    detail::compare(expected, found, what.empty() ? std::string() : std::string(what) + " ", lines);
    for (auto& line : lines) {
        // At the root there is no pointer: "output : 1" reads "output: 1".
        const auto root = what.size();
        if (!what.empty() && line.size() > root + 1 && line[root + 1] == ':') { line.erase(root, 1); }
    }
    return lines;
}

}  // namespace crossdock::sdk::testing
