#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>

namespace crossdock::store {

/// One process owns a SQLite store: an exclusive flock on a file beside it, free as soon as the last holder has died.
/// A descriptor handed to child processes holds it too (the workers' lock).
class FileLock {
public:
    /// Errors: held by another process ("WHAT is in use by process PID; ADVICE", with the file), or the file cannot be made.
    [[nodiscard]] static Result<FileLock> take(const std::filesystem::path& file, const std::string& what,
                                               const std::string& advice);

    /// The same, answering false instead of a fault while another process holds it.
    [[nodiscard]] static Result<bool> try_take(const std::filesystem::path& file, FileLock& into);

    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    UniqueFd fd_;
};

}  // namespace crossdock::store
