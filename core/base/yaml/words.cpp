#include "yaml/words.hpp"

#include <algorithm>
#include <vector>

namespace crossdock::yaml {
namespace {

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each counting one.
std::size_t distance(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> before_last(width);
    std::vector<std::size_t> last(width);
    std::vector<std::size_t> row(width);
    for (std::size_t j = 0; j < width; ++j) { last[j] = j; }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j < width; ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

constexpr std::size_t word_max = 64;

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
    if (word.empty() || word.size() > word_max) { return {}; }
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : known) {
        const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        const std::size_t found = distance(word, candidate);
        if (found <= allowed && found < candidate.size() && (!best || found < best_distance)) {
            best = candidate;
            best_distance = found;
        }
    }
    return best;
}

std::string hint(std::string_view word, std::span<const std::string_view> known) {
    if (known.empty()) { return {}; }
    if (const auto meant = nearest(word, known)) { return "; did you mean `" + std::string(*meant) + "`?"; }
    std::string text = known.size() == 1 ? "; known is only: " : "; known are: ";
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (i > 0) { text += ", "; }
        text += known[i];
    }
    return text;
}

std::string one_of(std::span<const std::string_view> words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) { text += i + 1 == words.size() ? " or " : ", "; }
        text += words[i];
    }
    return text;
}

}  // namespace crossdock::yaml
