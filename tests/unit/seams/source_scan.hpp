#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::test {

/// A source file without its comments; lines keep their numbers.
struct Source {
    std::string path;  ///< from the top of the tree, with slashes
    std::string text;
};

/// Every .cpp, .hpp and .h file under these folders of the tree, sorted by path. Folders that do not exist are passed over.
[[nodiscard]] std::vector<Source> read_sources(const std::filesystem::path& top, const std::vector<std::string>& folders);

/// Blanks comments, keeps string literals and line breaks.
[[nodiscard]] std::string without_comments(std::string_view text);

/// True when the path equals an entry, or stands under an entry that ends in a slash.
[[nodiscard]] bool is_listed(std::string_view path, const std::vector<std::string_view>& entries);

// Each of the following answers "path:line: what was found", one for each place.

/// Threads, timers, clocks and randomness that are not handed in.
[[nodiscard]] std::vector<std::string> ambient_uses(const Source& source);
/// Commits, and calls that leave the process, that do not stand between a crash point before them and one behind them:
/// seen from the place, the nearest crash point above must be a Side::before, the nearest below a Side::after.
[[nodiscard]] std::vector<std::string> bare_acts(const Source& source);
/// Capturing lambdas made inside a co_await expression, and capturing lambdas that are coroutines.
[[nodiscard]] std::vector<std::string> unsafe_closures(const Source& source);

}  // namespace crossdock::test
