#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace crossdock {

/// The texts of a list in a row, for people: "phonex, email". `text_of` makes a text of one member; empty when the list is.
template <class List, class TextOf = std::identity>
[[nodiscard]] std::string joined(const List& list, std::string_view separator = ", ", TextOf text_of = {}) {
    std::string text;
    bool first = true;
    for (const auto& one : list) {
        if (!first) { text += separator; }
        first = false;
        text += std::invoke(text_of, one);
    }
    return text;
}

}  // namespace crossdock
