#pragma once

#include <filesystem>
#include <string>

namespace crossdock {

/// A folder outside of Crossdock's own that one account's file opens to its plugin: `setting: {folder: PATH}`.
struct FolderGrant {
    std::string setting;         ///< which setting names it
    std::filesystem::path path;  ///< absolute
    bool write = false;          ///< may make, change and remove files in it, not only read
    std::string where = {};      ///< file:line:column, for messages

    [[nodiscard]] bool operator==(const FolderGrant&) const = default;
};

}  // namespace crossdock
