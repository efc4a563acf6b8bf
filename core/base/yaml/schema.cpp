#include "yaml/schema.hpp"

#include "yaml/words.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace crossdock::yaml {
namespace {

std::string ticked(std::string_view name) {
    return "`" + std::string(name) + "`";
}

std::string range_text(Range range) {
    if (range.most == std::numeric_limits<std::int64_t>::max()) { return std::to_string(range.least) + " or more"; }
    return std::to_string(range.least) + " to " + std::to_string(range.most);
}

bool is_scalar(Checks& checks, const Node& node, std::string_view name, std::string_view wanted) {
    if (node.is_scalar()) { return true; }
    if (node.is_null()) { checks.refuse(node.place, ticked(name) + " has no value; it takes " + std::string(wanted)); }
    else {
        checks.refuse(node.place, ticked(name) + " takes " + std::string(wanted) + ", not " + std::string(kind_name(node.kind)));
    }
    return false;
}

}  // namespace

const Fault& Checks::fault() const {
    if (!fault_) {
        std::fprintf(stderr, "bug: the fault of a file without one was read\n");
        std::abort();
    }
    return *fault_;
}

void Checks::refuse(Place place, std::string what) {
    refuse(Fault{std::move(what), where(place)});
}

void Checks::refuse(Fault fault) {
    if (!fault_) { fault_ = std::move(fault); }
}

std::optional<std::string> text_of(Checks& checks, const Node& node, std::string_view name) {
    if (!is_scalar(checks, node, name, "text")) { return {}; }
    if (node.text.empty()) {
        checks.refuse(node.place, ticked(name) + " is empty");
        return {};
    }
    return node.text;
}

std::optional<std::int64_t> integer_of(Checks& checks, const Node& node, std::string_view name, Range range) {
    if (!is_scalar(checks, node, name, "a whole number")) { return {}; }
    std::int64_t value = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stopped, error] = std::from_chars(node.text.data(), end, value);
    if (node.quoted || stopped != end || error != std::errc{}) {
        checks.refuse(node.place, ticked(name) + " takes a whole number, not " + json_quoted(node.text));
        return {};
    }
    if (value < range.least || value > range.most) {
        checks.refuse(node.place, ticked(name) + " is " + node.text + "; it takes " + range_text(range));
        return {};
    }
    return value;
}

std::optional<bool> boolean_of(Checks& checks, const Node& node, std::string_view name) {
    if (!is_scalar(checks, node, name, "true or false")) { return {}; }
    if (node.quoted || (node.text != "true" && node.text != "false")) {
        checks.refuse(node.place, ticked(name) + " takes true or false, not " + json_quoted(node.text));
        return {};
    }
    return node.text == "true";
}

std::optional<milliseconds> duration_of(Checks& checks, const Node& node, std::string_view name, DurationRange range) {
    if (!is_scalar(checks, node, name, "a duration such as 2s")) { return {}; }
    const auto value = parse_duration(node.text);
    if (!value) {
        checks.refuse(node.place, ticked(name) + ": " + value.error().what);
        return {};
    }
    if (*value < range.least || *value > range.most) {
        checks.refuse(node.place, ticked(name) + " is " + node.text + "; it takes " + duration_text(range.least) + " to " +
                                      duration_text(range.most));
        return {};
    }
    return *value;
}

std::optional<std::vector<int>> integers_of(Checks& checks, const Node& node, std::string_view name, Range range) {
    if (!node.is_list()) {
        checks.refuse(node.place, ticked(name) + " takes a list of whole numbers such as [200, 201], not " +
                                      std::string(kind_name(node.kind)));
        return {};
    }
    std::vector<int> values;
    for (const Node& item : node.items) {
        const auto value = integer_of(checks, item, name, range);
        if (!value) { return {}; }
        if (std::find(values.begin(), values.end(), *value) != values.end()) {
            checks.refuse(item.place, ticked(name) + " names " + item.text + " twice");
            return {};
        }
        values.push_back(static_cast<int>(*value));
    }
    return values;
}

std::optional<std::string> word_of(Checks& checks, const Node& node, std::string_view name,
                                   std::span<const std::string_view> known) {
    if (!is_scalar(checks, node, name, one_of(known))) { return {}; }
    if (std::find(known.begin(), known.end(), node.text) == known.end()) {
        checks.refuse(node.place, ticked(name) + ": unknown value " + json_quoted(node.text) + hint(node.text, known));
        return {};
    }
    return node.text;
}

Fields::Fields(Checks& checks, const Node& node, std::string name, std::initializer_list<std::string_view> known)
    : checks_(checks), node_(node), name_(std::move(name)) {
    const std::vector<std::string_view> keys(known);
    if (!node.is_map()) {
        checks.refuse(node.place,
                      name_ + " takes a map with the keys " + one_of(keys) + ", not " + std::string(kind_name(node.kind)));
        return;
    }
    for (const Node::Entry& entry : node.entries) {
        if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
            checks.refuse(entry.place, "unknown key `" + entry.key + "`" + hint(entry.key, keys));
        }
    }
}

const Node* Fields::require(std::string_view key) {
    const Node* found = node_.find(key);
    if (found == nullptr) { checks_.refuse(node_.place, name_ + " lacks the key " + ticked(key)); }
    return found;
}

Place Fields::place(std::string_view key) const {
    const Node* found = node_.find(key);
    return found == nullptr ? node_.place : found->place;
}

std::optional<std::string> Fields::text(std::string_view key) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : text_of(checks_, *found, key);
}

std::optional<std::int64_t> Fields::integer(std::string_view key, Range range) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : integer_of(checks_, *found, key, range);
}

std::optional<bool> Fields::boolean(std::string_view key) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : boolean_of(checks_, *found, key);
}

std::optional<milliseconds> Fields::duration(std::string_view key, DurationRange range) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : duration_of(checks_, *found, key, range);
}

std::optional<std::vector<int>> Fields::integers(std::string_view key, Range range) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : integers_of(checks_, *found, key, range);
}

std::optional<std::string> Fields::word(std::string_view key, std::span<const std::string_view> known) {
    const Node* found = find(key);
    return found == nullptr ? std::nullopt : word_of(checks_, *found, key, known);
}

std::string Fields::required_text(std::string_view key) {
    const Node* found = require(key);
    return found == nullptr ? std::string() : text_of(checks_, *found, key).value_or(std::string());
}

const Node* Fields::map(std::string_view key) {
    const Node* found = find(key);
    if (found == nullptr || found->is_map()) { return found; }
    checks_.refuse(found->place, ticked(key) + " takes a map, not " + std::string(kind_name(found->kind)));
    return nullptr;
}

const Node* Fields::list(std::string_view key) {
    const Node* found = find(key);
    if (found == nullptr || found->is_list()) { return found; }
    checks_.refuse(found->place, ticked(key) + " takes a list, not " + std::string(kind_name(found->kind)));
    return nullptr;
}

}  // namespace crossdock::yaml
