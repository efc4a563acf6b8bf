// What a plugin says of itself: symbols, manifest, settings schema, settings, cassettes.
#include "base/joined.hpp"
#include "check/cases.hpp"
#include "model/effect.hpp"
#include "plugin/settings.hpp"

#include <boost/dll/library_info.hpp>

#include <algorithm>
#include <exception>
#include <set>

namespace crossdock::check {
namespace {

constexpr std::size_t exported_shown = 5;
const std::set<std::string> types{"string", "url",        "host", "port", "integer", "boolean",
                                  "folder", "expression", "path", "data", "map"};

Outcome exported_symbols(const Subject& subject) {
    std::set<std::string> found;
    try {
        boost::dll::library_info library(subject.library);
        // By section: what a library merely uses stands in none.
        for (const auto& section : library.sections()) {
            for (const auto& symbol : library.symbols(section)) {
                // AddressSanitizer's own are no doing of the plugin's.
                if (symbol != "crossdock_plugin" && !symbol.starts_with("__odr_asan")) { found.insert(symbol); }
            }
        }
    } catch (const std::exception& error) { return {{std::string("its symbols cannot be read: ") + error.what()}}; }
    if (found.empty()) { return {}; }
    // The author's own C names first; inlined templates of the standard library tell less.
    std::vector<std::string> named(found.begin(), found.end());
    std::stable_partition(named.begin(), named.end(), [](const std::string& symbol) { return !symbol.starts_with("_Z"); });
    const auto rest = named.size() - std::min(named.size(), exported_shown);
    named.resize(named.size() - rest);
    return {{"the library exports " + joined(named) + (rest > 0 ? " and " + std::to_string(rest) + " more" : "") +
             "; a plugin exports crossdock_plugin alone (crossdock_add_plugin sees to it, or -fvisibility=hidden and a version "
             "script)"}};
}

Outcome manifest(const Subject& subject) {
    Outcome outcome;
    auto& lines = outcome.lines;
    const auto& says = subject.manifest;
    if (says.name.empty()) { lines.emplace_back("the descriptor's name is empty"); }
    if (says.version.empty()) { lines.emplace_back("the descriptor's version is empty"); }
    if (says.operations.empty()) { lines.push_back("it offers no operation of " + says.interface); }
    for (const auto& [operation, effect_class] : says.classes) {
        const bool known = model::effect_class_named(effect_class).has_value();
        if (!is_effect(operation)) { lines.push_back("classes: " + operation + " is no effect, and has no class"); }
        else if (!known) {
            lines.push_back("classes: " + operation + " is " + effect_class +
                            "; known are idempotent, lookup, repeatable, unsafe");
        }
        else if (effect_class == "repeatable" && operation != "deliver") {
            lines.push_back("classes: " + operation + " is repeatable, which only deliver can be");
        }
        else if (effect_class == "lookup" && operation == "create_order" && subject.offers(operation) &&
                 !subject.offers("find_order")) {
            lines.emplace_back("classes: create_order is lookup, and there is no find_order to look up with");
        }
    }
    return outcome;
}

void check_row(const Json& row, std::set<std::string>& names, std::vector<std::string>& lines) {
    const auto name = row.text("name");
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) {
        lines.push_back("settings: " + Json(name).dump() + " is no name; it has a-z, 0-9 and _");
    }
    if (!names.insert(name).second) { lines.push_back("settings: " + name + " stands there twice"); }
    const auto type = row.text("type");
    if (!types.contains(type)) {
        lines.push_back("settings: " + name + " has the type " + Json(type).dump() + "; known are " +
                        joined(std::vector<std::string>(types.begin(), types.end())));
    }
    if (row.text("description").empty()) {
        lines.push_back("settings: " + name + " has no description, which is its documentation");
    }
    const auto* otherwise = row.find("default");
    if (row.boolean("secret") && otherwise != nullptr) { lines.push_back("settings: the secret " + name + " has a default"); }
    if (otherwise != nullptr && row.boolean("required")) {
        lines.push_back("settings: " + name + " is required and has a default");
    }
    const auto* choices = row.find("choices");
    if (choices == nullptr) { return; }
    if (!choices->is_array() || choices->items().empty()) {
        return lines.push_back("settings: the choices of " + name + " are no list");
    }
    const auto& all = choices->items();
    if (otherwise != nullptr && std::find(all.begin(), all.end(), *otherwise) == all.end()) {
        lines.push_back("settings: the default of " + name + " is none of its choices");
    }
}

Outcome schema(const Subject& subject) {
    Outcome outcome;
    if (!subject.manifest.schema.is_array()) { return {{"settings: the schema is no list"}}; }
    std::set<std::string> names;
    for (const auto& row : subject.manifest.schema.items()) { check_row(row, names, outcome.lines); }
    return outcome;
}

/// What no setting of that type can be.
Json wrong_value(const std::string& type) {
    if (type == "url") { return "ftp://nowhere"; }
    if (type == "folder") { return "not/absolute"; }
    if (type == "port") { return 70'000; }
    if (type == "expression") { return Json::array(); }
    if (type == "map") { return "many"; }
    if (type == "integer" || type == "boolean") { return "many"; }
    return 7;
}

void expect_refusal(const Subject& subject, const std::string& name, Json value, const std::string& what, Outcome& outcome) {
    Stage::Setup setup;
    setup.settings.set(name, std::move(value));
    const auto stage = Stage::open(subject, std::move(setup));
    if (stage) { outcome.lines.push_back("it starts although the setting " + name + " " + what); }
    else if (stage.error().text().find(name) == std::string::npos) {
        outcome.lines.push_back("it refuses that the setting " + name + " " + what +
                                ", and does not name it: " + stage.error().text());
    }
}

Outcome settings(const Subject& subject) {
    Outcome outcome;
    if (const auto stage = Stage::open(subject, {}); !stage) {
        return {.lines = {"it does not start with settings that its schema allows: " + stage.error().text()}, .hopeless = true};
    }
    for (const auto& row : subject.manifest.schema.items()) {
        const auto name = row.text("name");
        const bool applies = plugin::applies(subject.manifest.schema, row, subject.dialect.settings);
        if (row.boolean("required") && applies) { expect_refusal(subject, name, Json(), "is missing", outcome); }
        if (row.text("type") == "data") { continue; }  // which may be anything
        expect_refusal(subject, name, wrong_value(row.text("type")), "has the wrong type", outcome);
    }
    expect_refusal(subject, "no_such_setting", "x", "is unknown", outcome);
    return outcome;
}

/// An account with those settings talks to its supplier by files.
bool works_by_files(const Subject& subject) {
    const auto& schema = subject.manifest.schema;
    return std::any_of(schema.items().begin(), schema.items().end(), [&](const Json& row) {
        return row.text("type") == "folder" && row.boolean("required") && plugin::applies(schema, row, subject.dialect.settings);
    });
}

Outcome cassettes(const Subject& subject) {
    Outcome outcome;
    if (subject.dialect.examples.empty() && works_by_files(subject)) {
        return skipped("its operations work by files, and the sandbox has none: " + joined(subject.manifest.operations) +
                       " are its own tests' to try");
    }
    for (const auto& operation : subject.manifest.operations) {
        if (subject.dialect.example(operation) != nullptr) { continue; }
        outcome.lines.push_back(operation + " is offered, and no cassette in " + subject.cassettes.string() +
                                " shows it succeeding, so that it cannot be tried. Record one with `crossdock supplier capture`, "
                                "or write one; --cassettes says where they are");
    }
    return outcome;
}

}  // namespace

void add_manifest_cases(const Subject& /*subject*/, std::vector<Case>& cases) {
    cases.push_back({"descriptor.symbols", "the library exports one symbol", &exported_symbols});
    cases.push_back({"manifest", "the manifest makes sense", &manifest});
    cases.push_back({"settings.schema", "the settings schema makes sense", &schema});
    cases.push_back({"settings.values", "settings that are missing, unknown or of a wrong type are refused by name", &settings});
    cases.push_back({"cassettes", "a cassette shows each operation succeeding", &cassettes});
}

}  // namespace crossdock::check
