#pragma once

#include <crossdock/abi.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

/// How structs and texts of the C ABI are taken and handed back when the plugin was built with another revision of it.
namespace crossdock::worker {

[[nodiscard]] inline std::string_view view(xd_text text) {
    return text.size == 0 || text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

[[nodiscard]] inline xd_text borrowed(const std::string& text) {
    return {text.data(), text.size()};
}

/// A copy of a struct that the plugin made: what lies beyond its size is zero, what we do not know is left out.
template <class Struct>
[[nodiscard]] Struct received(const Struct& theirs) {
    Struct ours{};
    std::memcpy(&ours, &theirs, std::min<std::size_t>(theirs.size, sizeof(Struct)));
    return ours;
}

/// Fills a struct that the plugin made, up to the size that it gives.
template <class Struct>
void hand_back(Struct ours, Struct& theirs) {
    ours.size = theirs.size;
    std::memcpy(&theirs, &ours, std::min<std::size_t>(theirs.size, sizeof(Struct)));
}

}  // namespace crossdock::worker
