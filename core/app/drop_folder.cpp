#include "app/drop_folder.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace crossdock::app {
namespace fs = std::filesystem;
namespace {

Fault fault_of(const char* what, const fs::path& where, int error) {
    return {std::string(what) + ": " + std::strerror(error), where.string(), Advice::retry};
}

Result<> sync_folder(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.open() || ::fsync(fd.get()) != 0) { return fault_of("the folder cannot be synced", folder, errno); }
    return {};
}

bool passed_over(const std::string& name) {
    return name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
}

/// NAME, else NAME.2, NAME.3, ...
fs::path free_name(const fs::path& folder, const std::string& name) {
    fs::path path = folder / name;
    std::error_code ignored;
    for (int n = 2; fs::exists(fs::symlink_status(path, ignored)); ++n) { path = folder / (name + "." + std::to_string(n)); }
    return path;
}

Result<> write_synced(const fs::path& file, std::string_view text) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!fd.open()) { return fault_of("cannot be written", file, errno); }
    while (!text.empty()) {
        const auto put = ::write(fd.get(), text.data(), text.size());
        if (put < 0 && errno == EINTR) { continue; }
        if (put < 0) { return fault_of("cannot be written", file, errno); }
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(fd.get()) != 0) { return fault_of("cannot be synced", file, errno); }
    return {};
}

}  // namespace

Result<DropFolder> DropFolder::open(fs::path folder) {
    for (const char* const part : {"done", "failed"}) {
        const auto own = folder / part;
        if (::mkdir(own.c_str(), 0770) != 0 && errno != EEXIST) { return fault_of("the folder cannot be made", own, errno); }
        if (::access(own.c_str(), W_OK | X_OK) != 0) { return fault_of("the folder cannot be written", own, errno); }
    }
    // Files are moved out of it.
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) { return fault_of("the folder cannot be written", folder, errno); }
    return DropFolder(std::move(folder));
}

Result<std::vector<std::string>> DropFolder::waiting(std::size_t most) const {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        std::error_code gone;
        if (!passed_over(name) && at->symlink_status(gone).type() == fs::file_type::regular) { names.push_back(name); }
    }
    if (error) { return Fault{"the folder cannot be read: " + error.message(), folder_.string(), Advice::retry}; }
    std::sort(names.begin(), names.end());
    names.resize(std::min(names.size(), most));
    return names;
}

Result<std::string> DropFolder::read(const std::string& name, std::size_t bytes_max) const {
    const auto file = folder_ / name;
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd.open()) { return fault_of("cannot be read", file, errno); }
    std::string text(bytes_max + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const auto got = ::read(fd.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return fault_of("cannot be read", file, errno); }
        if (got == 0) { break; }
        length += static_cast<std::size_t>(got);
    }
    text.resize(length);
    return good(std::move(text));
}

Result<> DropFolder::move(const std::string& name, const fs::path& to) const {
    const auto from = folder_ / name;
    if (::rename(from.c_str(), to.c_str()) != 0) { return fault_of("cannot be moved away", from, errno); }
    if (auto synced = sync_folder(to.parent_path()); !synced) { return synced; }
    return sync_folder(folder_);
}

Result<> DropFolder::finish(const std::string& name) const {
    return move(name, free_name(folder_ / "done", name));
}

Result<> DropFolder::fail(const std::string& name, const std::string& reason) const {
    const auto to = free_name(folder_ / "failed", name);
    auto beside = to;
    beside += ".reason.txt";
    if (auto written = write_synced(beside, reason); !written) { return written; }
    return move(name, to);
}

}  // namespace crossdock::app
