#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::worker {

/// The files that a plugin keeps in its account's own folder: flat, whole, durable. The ABI's file services.
///
/// Threads:  any; files are replaced by renaming, so a reader sees the old or the new one.
/// Limits:   names of 1 to 128 characters A-Z a-z 0-9 . _ -, not beginning with a dot; 16 MiB a file; 1,000 files.
/// Errors:   a name that breaks the rule, a file that is too long, too many files, the system's refusal, no folder.
class AccountFiles {
public:
    static constexpr std::size_t name_max = 128;
    static constexpr std::size_t file_max = 16U << 20U;
    static constexpr std::size_t files_max = 1000;

    AccountFiles() = default;
    /// The folder is made when the first file is written. Empty: there is none, and each call fails.
    explicit AccountFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] Result<std::optional<std::string>> read(std::string_view name) const;
    [[nodiscard]] Result<> write(std::string_view name, std::string_view content) const;
    /// False when there was none.
    [[nodiscard]] Result<bool> remove(std::string_view name) const;
    /// Sorted.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

private:
    [[nodiscard]] Result<> check(std::string_view name) const;
    [[nodiscard]] std::filesystem::path path_of(std::string_view name) const { return folder_ / std::filesystem::path(name); }

    std::filesystem::path folder_;
};

}  // namespace crossdock::worker
