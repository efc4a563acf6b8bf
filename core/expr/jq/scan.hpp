#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::jq {

/// Bounds on one expression.
inline constexpr std::size_t expression_bytes_max = 16 * 1024;
inline constexpr std::size_t nesting_max = 100;

/// What is wrong with an expression's text, and at which byte.
struct Problem {
    std::string what;
    std::size_t at = 0;
};

/// How far an expression reaches.
struct Extent {
    std::size_t size = 0;            ///< bytes before `closing`; of the whole text when there is none
    bool closed = false;             ///< `closing` was found
    std::optional<Problem> problem;  ///< brackets that do not match, a string that is left open, more than the bounds allow
};

/// Reads up to the first `closing` ("}}", or empty: the text's end) outside strings, comments and brackets, so that
/// `{a: {b: 1}}` and "}}" may stand inside. Knows jq's words only as far as that takes; jq itself judges the rest. Pure.
[[nodiscard]] Extent extent_of(std::string_view text, std::string_view closing);

/// Where a function's name ("env") or a variable ("$ENV") stands, outside of strings, comments and members (`.env`).
[[nodiscard]] std::optional<std::size_t> find_word(std::string_view text, std::string_view word);

/// A path that surely begins at the expression's own input: ".steps.submit.outcome" at the beginning, behind `and`, and so on.
struct InputPath {
    std::string first;   ///< "steps"
    std::string second;  ///< "submit"; empty when no member follows
    std::size_t at = 0;
};

/// Those that can be told without knowing jq: none behind a `|`, within a function's arguments, or where `.` is another
/// otherwise.
[[nodiscard]] std::vector<InputPath> input_paths(std::string_view text);

/// Counted from 1, columns in characters.
struct Position {
    int line = 1;
    int column = 1;
};
[[nodiscard]] Position position_of(std::string_view text, std::size_t at);

}  // namespace crossdock::jq
