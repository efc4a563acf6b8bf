#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace wesellcellular {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 64U << 20U;
constexpr std::size_t names_max = 10'000;
constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr mode_t order_file_mode = 0640;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    [[nodiscard]] int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) { ::close(std::exchange(fd_, -1)); }
    }

private:
    int fd_;
};

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
    throw std::runtime_error(file.string() + " " + what + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
}

FileMark mark_from(const struct stat& what) {
    return {static_cast<std::uint64_t>(what.st_dev), static_cast<std::uint64_t>(what.st_ino),
            static_cast<std::int64_t>(what.st_size), what.st_mtim.tv_sec * ns_per_s + what.st_mtim.tv_nsec,
            what.st_ctim.tv_sec * ns_per_s + what.st_ctim.tv_nsec};
}

bool half_written(std::string_view name) {
    constexpr std::array<std::string_view, 4> ends{".part", ".tmp", ".filepart", "~"};
    return name.starts_with('.') || std::any_of(ends.begin(), ends.end(), [&](auto end) { return name.ends_with(end); });
}

bool fits(std::string_view name, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) { return name == pattern; }
    const auto before = pattern.substr(0, star);
    const auto behind = pattern.substr(star + 1);
    return name.size() >= before.size() + behind.size() && name.starts_with(before) && name.ends_with(behind);
}

std::string read_open(int fd, const fs::path& file, std::size_t expected) {
    std::string content;
    content.reserve(expected);
    std::array<char, 65536> buffer{};
    for (;;) {
        const auto got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { fail(file, "cannot be read"); }
        if (got == 0) { return content; }
        content.append(buffer.data(), static_cast<std::size_t>(got));
        if (content.size() > file_bytes_max) { throw std::runtime_error(file.string() + " is longer than 64 MiB"); }
    }
}

void write_all(int fd, std::string_view content, const fs::path& file) {
    while (!content.empty()) {
        const auto done = ::write(fd, content.data(), content.size());
        if (done < 0 && errno == EINTR) { continue; }
        if (done <= 0) { fail(file, "cannot be written"); }
        content.remove_prefix(static_cast<std::size_t>(done));
    }
}

/// 0, or an errno.
int rename_without_replacing(const fs::path& from, const fs::path& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) { return 0; }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) { return errno; }
    // A file system without that flag.
    if (::link(from.c_str(), to.c_str()) != 0) { return errno; }
    ::unlink(from.c_str());
    return 0;
}

}  // namespace

std::vector<std::string> names_in(const fs::path& folder, std::string_view pattern) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        auto name = at->path().filename().string();
        if (half_written(name) || !fits(name, pattern)) { continue; }
        names.push_back(std::move(name));
        if (names.size() > names_max) {
            throw std::runtime_error(folder.string() + " has more than " + std::to_string(names_max) + " files like " +
                                     std::string(pattern) + "; put old ones elsewhere");
        }
    }
    if (error) { throw std::runtime_error("the folder " + folder.string() + " cannot be read: " + error.message()); }
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<FileMark> mark_of(const fs::path& file) {
    struct stat what {};
    if (::stat(file.c_str(), &what) != 0) { return {}; }
    return mark_from(what);
}

std::optional<std::string> read_whole(const fs::path& file, std::int64_t now_utc_ms, std::int64_t quiet_ms, FileMark& mark) {
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) {
        if (errno == ENOENT) { return {}; }
        fail(file, "cannot be opened");
    }
    struct stat before {};
    if (::fstat(fd.get(), &before) != 0) { fail(file, "cannot be looked at"); }
    if (!S_ISREG(before.st_mode)) { throw std::runtime_error(file.string() + " is no regular file"); }
    mark = mark_from(before);
    // A time ahead of ours, by a clock that goes wrong, must not hold a file up for ever.
    if (std::abs(now_utc_ms - mark.modified_ns / ns_per_ms) < quiet_ms) {
        throw NotWhole(file.string() + " was written to less than " + std::to_string(quiet_ms) + " ms ago");
    }
    auto content = read_open(fd.get(), file, static_cast<std::size_t>(std::max<off_t>(0, before.st_size)));
    struct stat after {};
    if (::fstat(fd.get(), &after) != 0) { fail(file, "cannot be looked at"); }
    if (!(mark_from(after) == mark) || std::cmp_not_equal(content.size(), mark.size)) {
        throw NotWhole(file.string() + " changed while it was read");
    }
    return content;
}

std::optional<bool> holds(const fs::path& file, std::string_view content) {
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) {
        if (errno == ENOENT) { return {}; }
        fail(file, "cannot be opened");
    }
    return read_open(fd.get(), file, content.size()) == content;
}

std::optional<Dropped> drop(const fs::path& folder, const std::string& name, std::string_view content,
                            const std::function<bool()>& give_up) {
    const auto file = folder / name;
    const auto beside = folder / ("." + name + ".part");
    const auto there = [&]() -> std::optional<Dropped> {
        const auto same = holds(file, content);
        if (!same) { return {}; }
        if (!*same) { throw std::runtime_error(file.string() + " is there already, with other content; it was left as it is"); }
        return Dropped::there;
    };
    if (auto known = there()) { return known; }
    ::unlink(beside.c_str());  // of an attempt that a crash ended
    Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, order_file_mode));
    if (fd.get() < 0) { fail(beside, "cannot be made"); }
    const auto remove = [&beside] { ::unlink(beside.c_str()); };
    try {
        write_all(fd.get(), content, beside);
        if (::fsync(fd.get()) != 0) { fail(beside, "cannot be synced"); }
    } catch (...) {
        remove();
        throw;
    }
    fd.close();
    if (give_up()) {
        remove();
        return {};
    }
    if (const int error = rename_without_replacing(beside, file); error != 0) {
        remove();
        if (error == EEXIST) {
            if (auto known = there()) { return known; }
        }
        errno = error;
        fail(file, "cannot be given its name");
    }
    // From here on it is there, and nothing may say otherwise.
    const Descriptor entries(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return entries.get() >= 0 && ::fsync(entries.get()) == 0 ? Dropped::made : Dropped::in_doubt;
}

}  // namespace wesellcellular
