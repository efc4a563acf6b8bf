#include "account_files.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace crossdock::worker {
namespace {

bool allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

Fault system_fault(std::string_view name, const char* what) {
    return Fault{"the file \"" + std::string(name) + "\" cannot be " + what + ": " + std::strerror(errno)};
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto done = ::write(fd, content.data(), content.size());
        if (done < 0 && errno == EINTR) { continue; }
        if (done <= 0) { return false; }
        content.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

}  // namespace

Result<> AccountFiles::check(std::string_view name) const {
    if (folder_.empty()) { return Fault{"this plugin has no folder here"}; }
    if (name.empty() || name.size() > name_max || name.front() == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
        return Fault{"a file's name has 1 to 128 of A-Z a-z 0-9 . _ - and does not begin with a dot"};
    }
    return {};
}

Result<std::optional<std::string>> AccountFiles::read(std::string_view name) const {
    if (const auto fine = check(name); !fine) { return fine.error(); }
    const UniqueFd file(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0) {
        if (errno == ENOENT) { return std::optional<std::string>(); }
        return system_fault(name, "read");
    }
    std::string content(file_max + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto got = ::read(file.get(), content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return system_fault(name, "read"); }
        if (got == 0) { break; }
        size += static_cast<std::size_t>(got);
    }
    if (size > file_max) { return Fault{"the file \"" + std::string(name) + "\" is longer than 16 MiB"}; }
    content.resize(size);
    content.shrink_to_fit();
    return std::optional<std::string>(std::move(content));
}

Result<> AccountFiles::write(std::string_view name, std::string_view content) const {
    if (auto fine = check(name); !fine) { return fine; }
    if (content.size() > file_max) { return Fault{"the file \"" + std::string(name) + "\" would be longer than 16 MiB"}; }
    std::error_code error;
    std::filesystem::create_directories(folder_.parent_path(), error);
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) { return system_fault(name, "written"); }
    if (!std::filesystem::exists(path_of(name), error)) {
        const auto names = list();
        if (!names) { return names.error(); }
        if (names->size() >= files_max) {
            return Fault{"there are " + std::to_string(files_max) + " files already; remove some"};
        }
    }
    // A dot in front keeps it out of list() and out of the plugin's reach.
    static std::atomic<unsigned> number{0};
    const auto temporary = folder_ / (".new-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    bool done = file.get() >= 0 && write_all(file.get(), content) && ::fsync(file.get()) == 0;
    file.reset();
    done = done && ::rename(temporary.c_str(), path_of(name).c_str()) == 0;
    if (done) {
        const UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        done = folder.get() >= 0 && ::fsync(folder.get()) == 0;
    }
    if (done) { return {}; }
    auto fault = system_fault(name, "written");
    ::unlink(temporary.c_str());
    return fault;
}

Result<bool> AccountFiles::remove(std::string_view name) const {
    if (const auto fine = check(name); !fine) { return fine.error(); }
    if (::unlink(path_of(name).c_str()) == 0) { return true; }
    if (errno == ENOENT) { return false; }
    return system_fault(name, "removed");
}

Result<std::vector<std::string>> AccountFiles::list() const {
    if (folder_.empty()) { return Fault{"this plugin has no folder here"}; }
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        auto name = at->path().filename().string();
        if (name.front() != '.') { names.push_back(std::move(name)); }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return Fault{"the account's folder cannot be read: " + error.message()};
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace crossdock::worker
