#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace crossdock::yaml {

/// The one of `known` that `word` was probably meant to be: at most a third of its letters typed wrong, missing, extra or
/// swapped.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

/// "; did you mean `trigger`?", else "; known are: a, b, c" (nothing when `known` is empty).
[[nodiscard]] std::string hint(std::string_view word, std::span<const std::string_view> known);

/// "a, b or c".
[[nodiscard]] std::string one_of(std::span<const std::string_view> words);

}  // namespace crossdock::yaml
