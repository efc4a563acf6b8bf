#include "sandbox/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace crossdock::sandbox {
namespace {

Fault system_fault(const std::string& what, const std::filesystem::path& where) {
    return {what + ": " + std::strerror(errno), where.string(), Advice::stop};
}

}  // namespace

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) { continue; }
        if (put < 0) { return false; }
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

bool sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.open() && ::fsync(fd.get()) == 0;
}

Result<UniqueFd> claim_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) { return Fault{"the folder cannot be made: " + error.message(), folder.string(), Advice::stop}; }
    UniqueFd fd(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.open()) { return system_fault("the lock cannot be opened", folder / "lock"); }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return Fault{"the folder is in use by another sandbox; choose another one", folder.string(), Advice::stop};
    }
    return fd;
}

Result<void> write_durably(const std::filesystem::path& file, std::string_view content) {
    auto beside = file;
    beside += ".part";
    {
        const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!fd.open() || !write_all(fd.get(), content) || ::fsync(fd.get()) != 0) {
            return system_fault("cannot be written", beside);
        }
    }
    if (::rename(beside.c_str(), file.c_str()) != 0) { return system_fault("cannot be put in its place", file); }
    if (!sync_folder(file.parent_path())) { return system_fault("the folder cannot be synced", file.parent_path()); }
    return {};
}

Result<std::string> read_all(int fd, const std::filesystem::path& file) {
    std::string content;
    char piece[1 << 16];
    for (;;) {
        const auto got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return system_fault("cannot be read", file); }
        if (got == 0) { return {boost::system::in_place_value, std::move(content)}; }
        content.append(piece, static_cast<std::size_t>(got));
    }
}

Result<std::string> read_file(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.open()) { return system_fault("cannot be read", file); }
    return read_all(fd.get(), file);
}

Result<void> announce(const std::filesystem::path& folder, std::uint16_t port, int ready_fd) {
    const std::string text = std::to_string(port) + "\n";
    if (auto written = write_durably(folder / "port", text); written.has_error()) { return written; }
    if (ready_fd >= 0) {
        const UniqueFd ready(ready_fd);
        if (!write_all(ready.get(), text)) { return system_fault("whoever waits cannot be told", "ready_fd"); }
    }
    return {};
}

}  // namespace crossdock::sandbox
