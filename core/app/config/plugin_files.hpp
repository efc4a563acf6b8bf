#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace crossdock::app {

/// Where `plugin: NAME` is looked up behind the config's own folders: ../plugins and ../lib/crossdock/plugins beside the
/// executable's folder, then /usr/lib/crossdock/plugins.
[[nodiscard]] std::vector<std::filesystem::path> default_plugin_folders();

/// The file of a plugin: `given` with a slash is a path (against `base`), else libNAME.so, or a file name that ends in .so, in
/// the first folder that has it. Errors: there is none; the text names the folders.
[[nodiscard]] Result<std::filesystem::path> find_plugin(const std::string& given, const std::filesystem::path& base,
                                                        const std::vector<std::filesystem::path>& folders);

/// All libNAME.so of the folders, sorted in each; of two with one name the first folder's counts, as in find_plugin.
[[nodiscard]] std::vector<std::filesystem::path> plugin_files(const std::vector<std::filesystem::path>& folders);

[[nodiscard]] std::string joined_paths(const std::vector<std::filesystem::path>& paths);

}  // namespace crossdock::app
