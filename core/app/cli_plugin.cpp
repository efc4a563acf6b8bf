// plugin list|inspect (and new, in its own file): what plugins say of themselves, read through short-lived workers.
#include "app/command.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "check/plugin_bench.hpp"
#include "config/plugin_files.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;

Json strings(const std::vector<std::string>& list) {
    Json made = Json::array();
    for (const auto& one : list) { made.push(one); }
    return made;
}

Json manifest_json(const fs::path& file, const plugin::Manifest& manifest) {
    Json classes = Json::object();
    for (const auto& [operation, strongest] : manifest.classes) { classes.set(operation, strongest); }
    Json made = Json::object({{"file", file.string()},
                              {"name", manifest.name},
                              {"version", manifest.version},
                              {"digest", manifest.digest},
                              {"abi_revision", manifest.abi_revision},
                              {"abi_needs", manifest.abi_needs}});
    made.set("interfaces", strings(manifest.interfaces)).set("operations", strings(manifest.operations));
    return std::move(made.set("serial_calls", manifest.serial_calls).set("classes", classes).set("settings", manifest.schema));
}

std::string listed(const std::vector<std::string>& list) {
    return list.empty() ? "none" : joined(list);
}

std::string plain(const Json& value) {
    return value.is_string() ? value.as_string() : value.dump();
}

std::string setting_text(const Json& row) {
    std::string text = "  " + row.text("name") + "  " + (row.boolean("secret") ? "secret" : row.text("type"));
    if (const auto* choices = row.find("choices"); choices != nullptr && choices->is_array()) {
        std::vector<std::string> words;
        for (const auto& choice : choices->items()) { words.push_back(plain(choice)); }
        text += " (" + listed(words) + ")";
    }
    if (const auto* otherwise = row.find("default")) { text += ", default " + plain(*otherwise); }
    else if (row.boolean("required")) { text += ", required"; }
    if (const auto* when = row.find("when")) { text += ", with " + when->text("setting") + ": " + when->text("is"); }
    return text + ": " + row.text("description") + "\n";
}

std::string manifest_text(const fs::path& file, const plugin::Manifest& manifest) {
    std::string text = manifest.name + " " + manifest.version + "\n";
    text += "file        " + file.string() + "\n";
    text += "digest      " + manifest.digest + "\n";
    text += "ABI         revision " + std::to_string(manifest.abi_revision) + ", needs " + std::to_string(manifest.abi_needs) +
            " or newer\n";
    text += "interfaces  " + listed(manifest.interfaces) + "\n";
    text += "operations  " + listed(manifest.operations) + "\n";
    text += std::string("calls       ") + (manifest.serial_calls ? "one after the other" : "may overlap") + "\n";
    for (const auto& [operation, strongest] : manifest.classes) {
        if (std::find(manifest.operations.begin(), manifest.operations.end(), operation) == manifest.operations.end()) {
            continue;
        }
        text += "class       " + operation + ": " + strongest + " at best; the account's file says what was verified\n";
    }
    text += manifest.schema.items().empty() ? "settings    none\n" : "settings\n";
    for (const auto& row : manifest.schema.items()) { text += setting_text(row); }
    return text;
}

int inspect(const CommandLine& line, const std::string& given) {
    const auto folders = plugin_folders(line);
    if (!folders) { return fail(line, folders.error(), exit_bad_config); }
    const auto file = find_plugin(given, fs::current_path(), *folders);
    if (!file) { return fail(line, file.error(), exit_failed); }
    const auto manifest = check::inspect_plugin(*file);
    if (!manifest) { return fail(line, manifest.error(), exit_bad_config); }
    return show(line, manifest_json(*file, *manifest), manifest_text(*file, *manifest));
}

int list(const CommandLine& line) {
    const auto folders = plugin_folders(line);
    if (!folders) { return fail(line, folders.error(), exit_bad_config); }
    Json all = Json::array();
    std::string text;
    int code = exit_ok;
    for (const auto& file : plugin_files(*folders)) {
        const auto manifest = check::inspect_plugin(file);
        if (!manifest) {
            all.push(Json::object({{"file", file.string()}, {"error", manifest.error().what}}));
            text += file.string() + ": " + manifest.error().what + "\n";
            code = exit_bad_config;
            continue;
        }
        all.push(manifest_json(file, *manifest));
        text += manifest->name + " " + manifest->version + "  " + listed(manifest->interfaces) + "  ABI revision " +
                std::to_string(manifest->abi_revision) + "  " + file.string() + "\n";
    }
    if (text.empty()) { text = "no plugins in " + joined_paths(*folders) + "\n"; }
    (void)show(line, all, text);
    return code;
}

}  // namespace

Result<std::vector<fs::path>> plugin_folders(const CommandLine& line) {
    std::error_code ignored;
    // Plugins are looked at before there is a config, too.
    if (!line.config && !fs::exists(config_path(line.config), ignored)) { return default_plugin_folders(); }
    auto config = line.load();
    if (!config) { return config.error(); }
    return std::move(config->plugin_folders);
}

void add_plugin_commands(CLI::App& app, CommandLine& line) {
    auto* group = app.add_subcommand("plugin", "Plugins: suppliers and channels as shared libraries");
    group->require_subcommand(1);
    add_plugin_new_command(*group, line);
    add_plugin_check_command(*group, line);
    auto* list_command = group->add_subcommand("list", "The plugins in the plugin folders");
    list_command->callback([&line] {
        Log::set_level(LogLevel::warning);
        line.exit_code = list(line);
    });
    auto given = std::make_shared<std::string>();
    auto* inspect_command = group->add_subcommand("inspect", "Manifest, digest, ABI revision, settings and operations of one");
    inspect_command->add_option("plugin", *given, "A file, or a name looked up in the plugin folders")->required();
    inspect_command->callback([&line, given] {
        Log::set_level(LogLevel::warning);
        line.exit_code = inspect(line, *given);
    });
}

}  // namespace crossdock::app
