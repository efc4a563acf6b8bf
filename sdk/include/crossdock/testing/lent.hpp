#pragma once

#include <crossdock/abi.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

/// What crosses the C ABI on the host's side: memory lent to the plugin.
namespace crossdock::sdk::testing::detail {

/// Memory that a plugin may read until it is taken back. Each text has a block of exactly its size, without a NUL behind it, and
/// is overwritten and freed when it is taken back: whoever keeps it reads rubbish, and AddressSanitizer names the place.
class Lent {
public:
    Lent() = default;
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() { take_back(); }

    [[nodiscard]] xd_text text(std::string_view content) {
        if (content.empty()) { return {nullptr, 0}; }
        char* const block = memory(content.size());
        std::memcpy(block, content.data(), content.size());
        return {block, content.size()};
    }
    /// An array of plain structs.
    template <class Struct>
    [[nodiscard]] const Struct* array(const std::vector<Struct>& content) {
        if (content.empty()) { return nullptr; }
        char* const block = memory(content.size() * sizeof(Struct));
        std::memcpy(block, content.data(), content.size() * sizeof(Struct));
        return reinterpret_cast<const Struct*>(block);
    }
    void take_back() {
        for (const auto& [block, size] : blocks_) { std::memset(block.get(), 0xDD, size); }
        blocks_.clear();
    }

private:
    [[nodiscard]] char* memory(std::size_t size) {
        blocks_.emplace_back(std::make_unique<char[]>(size), size);
        return blocks_.back().first.get();
    }

    std::vector<std::pair<std::unique_ptr<char[]>, std::size_t>> blocks_;
};

}  // namespace crossdock::sdk::testing::detail
