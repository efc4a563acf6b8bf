// plugin new: writes a plugin to begin with, from the templates that are shipped.
#include "app/command.hpp"
#include "app/demo_rig.hpp"
#include "base/process.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_max = 40;

struct Given {
    std::string name;
    std::string folder;
    bool channel = false;
    bool c = false;
};

/// Why a plugin cannot have that name; empty when it can.
std::string objection(const std::string& name) {
    // As CMake keeps them for itself.
    static constexpr std::string_view reserved[] = {"all",     "clean",          "edit_cache", "help",          "install",
                                                    "package", "package_source", "preinstall", "rebuild_cache", "test"};
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    const bool begins = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    if (!begins || name.size() > name_max || !std::all_of(name.begin(), name.end(), allowed)) {
        return json_quoted(name) +
               " is no name for a plugin: it begins with a lower-case letter and has at most 40 of a-z, 0-9, _";
    }
    if (std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved)) {
        return "CMake keeps the name " + name + " for itself; take another";
    }
    return {};
}

/// acme_b2b becomes AcmeB2b.
std::string class_name(const std::string& name) {
    std::string made;
    bool begin = true;
    for (const char c : name) {
        if (c == '_') { begin = true; }
        else {
            made += begin && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            begin = false;
        }
    }
    return made;
}

std::string upper(std::string name) {
    for (char& c : name) {
        if (c >= 'a' && c <= 'z') { c = static_cast<char>(c - 'a' + 'A'); }
    }
    return name;
}

std::string filled(std::string text, const Given& given) {
    const std::pair<std::string_view, std::string> words[] = {{"@name@", given.name},
                                                              {"@Name@", class_name(given.name)},
                                                              {"@NAME@", upper(given.name)},
                                                              {"@source@", given.name + (given.c ? ".c" : ".cpp")}};
    for (const auto& [word, value] : words) {
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
            text.replace(at, word.size(), value);
        }
    }
    return text;
}

/// Path below the new folder -> content. All of it is read before anything is written.
using Files = std::map<std::string, std::string>;

Result<> read_layer(const fs::path& layer, const Given& given, Files& files) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(layer, error), end; !error && at != end; at.increment(error)) {
        if (!at->is_regular_file(error)) { continue; }
        std::ifstream in(at->path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        if (!in || text.empty()) { return Fault{"this template cannot be read", at->path().string()}; }
        // Templates end in .in: they are no sources yet.
        const auto target = at->path().lexically_relative(layer).replace_extension().string();
        files[filled(target, given)] = filled(text, given);
    }
    if (error) { return Fault{"the templates cannot be read: " + error.message(), layer.string()}; }
    return {};
}

Result<Files> read_templates(const Given& given) {
    const auto tree = shipped_tree();
    if (!tree) { return tree.error(); }
    const fs::path in_source = *tree / "sdk" / "template";
    const fs::path templates = fs::is_directory(in_source) ? in_source : *tree / "templates";
    if (!fs::is_directory(templates)) {
        return Fault{"what a new plugin is made from is not installed; Debian's package crossdock-sdk has it",
                     templates.string()};
    }
    std::vector<std::string> layers{"supplier", given.c ? "c" : "cpp"};
    if (given.channel) { layers = {"channel"}; }
    Files files;
    for (const auto& layer : layers) {
        if (auto read = read_layer(templates / layer, given, files); !read) { return read.error(); }
    }
    return good(std::move(files));
}

Result<> write_files(const fs::path& folder, const Files& files) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(folder, error)) && !(fs::is_directory(folder, error) && fs::is_empty(folder, error))) {
        return Fault{"something stands here already, and nothing is overwritten; take another name, or another --folder",
                     folder.string()};
    }
    for (const auto& [target, content] : files) {
        const fs::path file = folder / target;
        fs::create_directories(file.parent_path(), error);
        if (error) { return Fault{"the folder cannot be made: " + error.message(), file.parent_path().string()}; }
        std::ofstream out(file, std::ios::binary);
        out << content;
        out.close();
        if (!out) { return Fault{"the file cannot be written", file.string()}; }
    }
    return {};
}

/// How this very program is typed: its name when the shell finds it by that, else its path.
std::string typed_program() {
    const fs::path own = executable_folder() / "crossdock";
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        std::error_code error;
        if (!fs::exists(fs::path(folder) / "crossdock", error)) { continue; }
        return fs::equivalent(fs::path(folder) / "crossdock", own, error) ? "crossdock" : own.string();
    }
    return own.string();
}

/// What CMake must be told so that it finds the SDK; empty when it looks there by itself.
std::string sdk_option() {
    const fs::path prefix = executable_folder().parent_path();
    if (fs::exists(prefix / "lib" / "cmake" / "CrossdockSDK" / "CrossdockSDKConfig.cmake")) {
        return prefix == "/usr" || prefix == "/usr/local" ? "" : " -DCMAKE_PREFIX_PATH=" + prefix.string();
    }
    const auto tree = shipped_tree();
    return tree ? " -DCrossdockSDK_DIR=" + (*tree / "sdk" / "cmake").string() : "";
}

int make_plugin(const CommandLine& line, const Given& given) {
    if (const auto wrong = objection(given.name); !wrong.empty()) { return fail(line, Fault{wrong}, exit_usage); }
    const auto files = read_templates(given);
    if (!files) { return fail(line, files.error(), exit_failed); }
    const fs::path folder = fs::path(given.folder) / given.name;
    if (const auto written = write_files(folder, *files); !written) { return fail(line, written.error(), exit_failed); }
    Json list = Json::array();
    const std::string kind = given.channel ? "channel" : "supplier";
    std::string text = "A " + kind + " plugin to begin with; its README.md says what to edit.\n\n";
    for (const auto& [target, content] : *files) {
        list.push((folder / target).string());
        text += "  " + (folder / target).string() + "\n";
    }
    text += "\nIt works against an example API as it is. Build it and run its tests:\n\n";
    text += "  cd " + folder.string() + "\n";
    text += "  cmake -B build" + sdk_option() + "\n";
    text += "  cmake --build build\n";
    text += "  ctest --test-dir build --output-on-failure\n";
    text += "  " + typed_program() + " plugin inspect build/lib" + given.name + ".so\n";
    text += "  " + typed_program() + " plugin check build/lib" + given.name + ".so\n";
    Json result = Json::object({{"name", given.name}, {"kind", kind}, {"folder", folder.string()}});
    return show(line, result.set("files", std::move(list)), text);
}

}  // namespace

void add_plugin_new_command(CLI::App& plugin, CommandLine& line) {
    auto given = std::make_shared<Given>();
    auto* command = plugin.add_subcommand("new", "Write a plugin to begin with: sources, tests, build file, account");
    command->add_option("name", given->name, "Its name, such as acme: a-z, 0-9 and _")->required();
    auto* channel = command->add_flag("--channel", given->channel, "A notification channel instead of a supplier");
    command->add_flag("--c", given->c, "In plain C instead of C++")->excludes(channel);
    command->add_option("--folder", given->folder, "Where the new folder is made (default: here)");
    command->callback([&line, given] { line.exit_code = make_plugin(line, *given); });
}

}  // namespace crossdock::app
