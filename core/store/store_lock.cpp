#include "store/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace crossdock::store {
namespace {

std::string holder(int fd) {
    std::array<char, 32> text{};
    const auto got = ::pread(fd, text.data(), text.size() - 1, 0);
    std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!pid.empty() && pid.back() == '\n') { pid.pop_back(); }
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<bool> FileLock::try_take(const std::filesystem::path& file, FileLock& into) {
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.open()) {
        return Fault{std::string("cannot be opened for writing: ") + std::strerror(errno), file.string(), Advice::stop};
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            into.fd_ = std::move(fd);
            return false;
        }
        return Fault{std::string("cannot be locked: ") + std::strerror(errno), file.string(), Advice::stop};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
        return Fault{std::string("cannot be written: ") + std::strerror(errno), file.string(), Advice::stop};
    }
    into.fd_ = std::move(fd);
    return true;
}

Result<FileLock> FileLock::take(const std::filesystem::path& file, const std::string& what, const std::string& advice) {
    FileLock lock;
    const auto taken = try_take(file, lock);
    if (!taken) { return taken.error(); }
    if (!*taken) { return Fault{what + " is in use by " + holder(lock.fd()) + "; " + advice, file.string(), Advice::stop}; }
    return lock;
}

}  // namespace crossdock::store
