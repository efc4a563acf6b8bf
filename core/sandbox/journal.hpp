#pragma once

#include "base/json.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>
#include <functional>

namespace crossdock::sandbox {

/// An append-only file of JSON lines: what `append` returned for is on disk, whatever happens to the process.
///
/// Threads: one.
class Journal {
public:
    /// Opens or makes the file and hands its records over, oldest first. A last line that a crash tore is dropped.
    /// Errors: cannot be opened; a damaged line that is not the last (`where` is file:line).
    [[nodiscard]] static Result<Journal> open(const std::filesystem::path& file,
                                              const std::function<void(const Json&)>& on_record);

    /// Writes one record and syncs it. Errors: disk full and the like; the record is then not in the file.
    [[nodiscard]] Result<void> append(const Json& record);

private:
    Journal(UniqueFd fd, std::filesystem::path file, off_t size) : fd_(std::move(fd)), file_(std::move(file)), size_(size) {}

    UniqueFd fd_;
    std::filesystem::path file_;
    off_t size_ = 0;
};

}  // namespace crossdock::sandbox
