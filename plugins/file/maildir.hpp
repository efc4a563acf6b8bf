#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// A folder of mails as maildir(5) has it: each mail is a file that appears whole in `new`, or not at all.
namespace file {

/// What became of a file; `why` is for people.
struct Stored {
    enum class What { stored, was_there, failed } what = What::failed;
    std::string why = {};
};

/// A name that is the same for each try of one message: what stands before the `@` of its Message-ID, as far as it may stand in a
/// file's name, and this program's.
inline std::string name_of(std::string_view message_id) {
    if (message_id.starts_with('<')) { message_id.remove_prefix(1); }
    std::string name;
    for (const char c : message_id.substr(0, message_id.find_first_of("@>"))) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '_';
    }
    constexpr std::size_t longest = 120;
    return name.substr(0, longest) + ".crossdock";
}

class Maildir {
public:
    /// Makes the three folders that are not there. Errors: std::runtime_error names the folder.
    explicit Maildir(std::filesystem::path root) : root_(std::move(root)) {
        for (const char* const part : {"tmp", "new", "cur"}) {
            std::error_code error;
            std::filesystem::create_directory(root_ / part, error);
            if (error) { throw std::runtime_error((root_ / part).string() + " cannot be made: " + error.message()); }
        }
    }

    /// Whether the message was delivered before; a mail reader may have moved it to `cur` and put its flags behind the name.
    [[nodiscard]] bool has(const std::string& name) const {
        std::error_code error;
        if (std::filesystem::exists(root_ / "new" / name, error)) { return true; }
        for (auto at = std::filesystem::directory_iterator(root_ / "cur", error);
             !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
            const auto found = at->path().filename().string();
            if (found == name || found.starts_with(name + ":")) { return true; }
        }
        return false;
    }

    /// On the disk when it says so.
    [[nodiscard]] Stored store(const std::string& name, std::string_view content) const {
        if (has(name)) { return {Stored::What::was_there, "it is there already"}; }
        // What a try that died has left is begun anew.
        const auto begun = root_ / "tmp" / name;
        const int fd = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        if (fd < 0) { return failed(begun); }
        while (!content.empty()) {
            const ssize_t written = ::write(fd, content.data(), content.size());
            if (written < 0 && errno == EINTR) { continue; }
            if (written < 0) { return give_up(fd, begun); }
            content.remove_prefix(static_cast<std::size_t>(written));
        }
        if (::fsync(fd) != 0) { return give_up(fd, begun); }
        ::close(fd);
        const auto there = root_ / "new" / name;
        if (::rename(begun.c_str(), there.c_str()) != 0) { return failed(there); }
        return synced(root_ / "new");
    }

private:
    static Stored failed(const std::filesystem::path& path) {
        return {Stored::What::failed, path.string() + ": " + std::strerror(errno)};
    }
    static Stored give_up(int fd, const std::filesystem::path& path) {
        auto made = failed(path);
        ::close(fd);
        ::unlink(path.c_str());
        return made;
    }
    static Stored synced(const std::filesystem::path& folder) {
        const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool done = fd >= 0 && ::fsync(fd) == 0;
        auto made = done ? Stored{Stored::What::stored} : failed(folder);
        if (fd >= 0) { ::close(fd); }
        return made;
    }

    std::filesystem::path root_;
};

}  // namespace file
