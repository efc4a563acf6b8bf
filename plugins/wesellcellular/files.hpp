#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wesellcellular {

/// A file as it stood at one moment: two that are equal have the same content.
struct FileMark {
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    [[nodiscard]] bool operator==(const FileMark&) const = default;
};

/// The names in a folder that fit a pattern with at most one `*`, sorted; none that begins with a dot or ends as half-written
/// files do (.part, .tmp, .filepart, ~). Errors: std::runtime_error when the folder cannot be read.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& folder, std::string_view pattern);

/// Nothing when the file has gone.
[[nodiscard]] std::optional<FileMark> mark_of(const std::filesystem::path& file);

/// Thrown of a file that is not whole yet, or no longer.
class NotWhole : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The content of a file that was left alone for `quiet_ms` before and did not change while it was read, from one open file, so
/// that one that is put in its place meanwhile does no harm. Nothing when it has gone. Errors: NotWhole: changed too lately, or
/// while it was read; std::runtime_error: unreadable, too long.
[[nodiscard]] std::optional<std::string> read_whole(const std::filesystem::path& file, std::int64_t now_utc_ms,
                                                    std::int64_t quiet_ms, FileMark& mark);

/// What became of a file that was to appear.
enum class Dropped {
    made,      ///< it stands there, whole and durable
    there,     ///< it stood there before, with the same content
    in_doubt,  ///< it stands there; whether it will after a crash is not known
};

/// Lets a file appear whole under its name, or not at all: written beside it under a name that begins with a dot, synced, renamed
/// without replacing, the folder synced. `give_up` is asked right before the name is given; true: nothing is left.
/// Nothing when it was given up. Errors: std::runtime_error, and there is no such file: the disk, the folder's rights, or a file
/// of that name with other content (which stays).
[[nodiscard]] std::optional<Dropped> drop(const std::filesystem::path& folder, const std::string& name, std::string_view content,
                                          const std::function<bool()>& give_up);

/// Whether a file has exactly that content; nothing when it is not there. Errors: unreadable.
[[nodiscard]] std::optional<bool> holds(const std::filesystem::path& file, std::string_view content);

}  // namespace wesellcellular
