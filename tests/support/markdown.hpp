#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::support {

/// A fenced block of a page, with the HTML comment that stands on the line before it.
struct Block {
    std::string language;
    std::string mark;      ///< the comment's text; empty when there is none
    std::string content;   ///< each line ended by a line feed
    std::size_t line = 0;  ///< of the fence, from 1
};

[[nodiscard]] inline std::string read_page(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { throw std::runtime_error(file.string() + ": cannot be read"); }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The fenced blocks of a page, in their order. Fences begin their lines: ```cpp.
/// Errors: std::runtime_error for a fence that is not closed.
[[nodiscard]] inline std::vector<Block> blocks_of(const std::string& page) {
    constexpr std::string_view fence = "```", open = "<!-- ", close = " -->";
    std::vector<Block> blocks;
    std::istringstream lines(page);
    std::string before;
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line); before = line) {
        ++number;
        if (!line.starts_with(fence)) { continue; }
        Block block{.language = line.substr(fence.size()), .mark = {}, .content = {}, .line = number};
        if (before.starts_with(open) && before.ends_with(close)) {
            block.mark = before.substr(open.size(), before.size() - open.size() - close.size());
        }
        bool closed = false;
        while (!closed && std::getline(lines, line)) {
            ++number;
            closed = line == fence;
            if (!closed) { block.content += line + "\n"; }
        }
        if (!closed) { throw std::runtime_error("the fence in line " + std::to_string(block.line) + " is not closed"); }
        blocks.push_back(std::move(block));
    }
    return blocks;
}

/// What the mark of a block says: "tests/docs/acme/acme.cpp#settings adds to acme/acme.cpp".
struct Mark {
    std::string source;  ///< a file of the tree
    std::string region;  ///< empty: the whole file
    std::string target;  ///< where the reader puts it; empty: nowhere
    bool adds = false;   ///< at the end of the target, behind an empty line
};

/// Errors: std::runtime_error for a text that is no mark.
[[nodiscard]] inline Mark mark_of(const std::string& text) {
    Mark mark;
    std::istringstream words(text);
    std::string word;
    words >> mark.source >> word;
    mark.adds = word == "adds";
    if (mark.adds) { words >> word; }
    const bool placed = word == (mark.adds ? "to" : "into") && static_cast<bool>(words >> mark.target);
    if (mark.source.empty() || (!placed && !word.empty()) || (words >> word)) {
        throw std::runtime_error("\"" + text + "\" is no mark: PATH, PATH#REGION, ... into FILE, ... adds to FILE");
    }
    if (const auto hash = mark.source.find('#'); hash != std::string::npos) {
        mark.region = mark.source.substr(hash + 1);
        mark.source.erase(hash);
    }
    return mark;
}

}  // namespace crossdock::support
