#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace crossdock::sdk::testing {

/// The account's folder, in memory, with the host's rules.
/// Limits: names of 1 to 128 characters A-Z a-z 0-9 . _ -, not beginning with a dot; 16 MiB a file; 1,000 files.
class MemoryFiles {
public:
    static constexpr std::size_t name_max = 128;
    static constexpr std::size_t file_max = 16U << 20U;
    static constexpr std::size_t files_max = 1000;

    /// Name to content.
    std::map<std::string, std::string, std::less<>> files;
    /// Without a folder each service fails, as in a host that was given none.
    bool has_folder = true;

    /// Why the host would refuse that name; nothing when it would not.
    [[nodiscard]] std::optional<std::string> refusal(std::string_view name) const {
        if (!has_folder) { return "this plugin has no folder here"; }
        const auto allowed = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        };
        if (name.empty() || name.size() > name_max || name.front() == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
            return "a file's name has 1 to 128 of A-Z a-z 0-9 . _ - and does not begin with a dot";
        }
        return {};
    }
    /// Why the host would not write that file; nothing when it would.
    [[nodiscard]] std::optional<std::string> refusal(std::string_view name, std::string_view content) const {
        if (auto why = refusal(name)) { return why; }
        if (content.size() > file_max) { return "the file \"" + std::string(name) + "\" would be longer than 16 MiB"; }
        if (files.size() >= files_max && files.find(name) == files.end()) {
            return "there are " + std::to_string(files_max) + " files already; remove some";
        }
        return {};
    }
};

}  // namespace crossdock::sdk::testing
