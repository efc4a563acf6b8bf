#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace crossdock::app {

/// A folder into which order documents are dropped, one per file. A file is complete when it is there: it is written elsewhere
/// (or under a name that is passed over) and renamed into the folder.
///
/// Threads: any; every call blocks on the disk.
class DropFolder {
public:
    /// Makes `done` and `failed` in it. Errors: cannot be made or written.
    [[nodiscard]] static Result<DropFolder> open(std::filesystem::path folder);

    /// Names of files that wait, in order, `most` at most. Passed over: folders, links, names that begin with a dot or end with
    /// .tmp or .part.
    [[nodiscard]] Result<std::vector<std::string>> waiting(std::size_t most) const;
    /// Its content, cut one byte behind `bytes_max`.
    [[nodiscard]] Result<std::string> read(const std::string& name, std::size_t bytes_max) const;
    /// Moves it to done/, on disk before this returns. A name that is taken there gets a number.
    [[nodiscard]] Result<> finish(const std::string& name) const;
    /// Writes NAME.reason.txt to failed/, then moves it there.
    [[nodiscard]] Result<> fail(const std::string& name, const std::string& reason) const;

private:
    explicit DropFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
    [[nodiscard]] Result<> move(const std::string& name, const std::filesystem::path& to) const;

    std::filesystem::path folder_;
};

}  // namespace crossdock::app
