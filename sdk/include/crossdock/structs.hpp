#pragma once

#include <crossdock/abi.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

/// How texts and structs of the C ABI are read and handed back when the other side was built with another revision of it.
namespace crossdock::sdk {

[[nodiscard]] inline std::string_view view(xd_text text) {
    return text.size == 0 || text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}
/// Borrows: the text lives as long as what is viewed.
[[nodiscard]] inline xd_text text(std::string_view view) {
    return {view.data(), view.size()};
}

/// A copy of a struct that the other side made: what lies beyond its size is zero, what is not known here is left out.
template <class Struct>
[[nodiscard]] Struct received(const Struct& theirs) {
    Struct ours{};
    std::memcpy(&ours, &theirs, std::min<std::size_t>(theirs.size, sizeof(Struct)));
    return ours;
}

/// Fills a struct that the other side made, up to the size that it gives.
template <class Struct>
void hand_back(Struct ours, Struct& theirs) {
    ours.size = theirs.size;
    std::memcpy(&theirs, &ours, std::min<std::size_t>(theirs.size, sizeof(Struct)));
}

}  // namespace crossdock::sdk
