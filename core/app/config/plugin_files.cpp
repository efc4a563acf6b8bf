#include "config/plugin_files.hpp"

#include "base/joined.hpp"
#include "base/process.hpp"

#include <algorithm>
#include <set>

namespace crossdock::app {

namespace fs = std::filesystem;

std::vector<fs::path> default_plugin_folders() {
    std::vector<fs::path> folders;
    for (const char* const beside : {"../plugins", "../lib/crossdock/plugins"}) {
        folders.push_back((executable_folder() / beside).lexically_normal());
    }
    folders.emplace_back("/usr/lib/crossdock/plugins");
    return folders;
}

Result<fs::path> find_plugin(const std::string& given, const fs::path& base, const std::vector<fs::path>& folders) {
    std::error_code error;
    if (given.find('/') != std::string::npos) {
        fs::path file = (base / given).lexically_normal();
        if (!fs::is_regular_file(file, error)) { return Fault{"there is no plugin file " + file.string()}; }
        return good(std::move(file));
    }
    const std::string name = given.ends_with(".so") ? given : "lib" + given + ".so";
    for (const auto& folder : folders) {
        if (fs::is_regular_file(folder / name, error)) { return good(folder / name); }
    }
    return Fault{"there is no plugin file " + name + "; searched in " + joined_paths(folders)};
}

std::vector<fs::path> plugin_files(const std::vector<fs::path>& folders) {
    std::vector<fs::path> files;
    std::set<std::string> seen;
    for (const auto& folder : folders) {
        std::vector<fs::path> here;
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
            const auto name = at->path().filename().string();
            if (name.starts_with("lib") && name.ends_with(".so") && seen.insert(name).second) { here.push_back(at->path()); }
        }
        std::sort(here.begin(), here.end());
        files.insert(files.end(), here.begin(), here.end());
    }
    return files;
}

std::string joined_paths(const std::vector<fs::path>& paths) {
    return joined(paths, ", ", [](const fs::path& path) { return path.string(); });
}

}  // namespace crossdock::app
