// The blocks of the pages for those who write plugins or pipelines are cut from files that are built and tested.
#include "support/markdown.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

using namespace crossdock::support;
using Catch::Contains;

namespace {

const std::filesystem::path tree = CROSSDOCK_SOURCE_DIR;
constexpr std::array pages{"docs/write-a-plugin.md", "docs/abi.md", "docs/reference/sdk.md", "docs/reference/expressions.md",
                           "docs/reference/pipeline.md"};

std::string trimmed(const std::string& line) {
    const auto first = line.find_first_not_of(' ');
    return first == std::string::npos ? "" : line.substr(first);
}

/// What stands between "// [NAME]" and "// [/NAME]"; nothing when it does not stand there once.
std::optional<std::string> region_of(const std::string& source, const std::string& name) {
    std::istringstream lines(source);
    std::optional<std::string> found;
    bool inside = false;
    std::size_t ends = 0;
    for (std::string line; std::getline(lines, line);) {
        if (trimmed(line) == "// [" + name + "]") {
            if (found) { return {}; }
            inside = true;
            found = "";
        }
        else if (trimmed(line) == "// [/" + name + "]") {
            inside = false;
            ++ends;
        }
        else if (inside) { *found += line + "\n"; }
    }
    return ends == 1 ? found : std::nullopt;
}

/// What is wrong with a block; empty when nothing is.
std::string complaint(const Block& block, const std::filesystem::path& top) {
    static const std::set<std::string> cut{"cpp", "c", "json", "yaml"};
    const std::string where = "line " + std::to_string(block.line) + ": ";
    if (!cut.contains(block.language)) {
        const bool known = block.language == "sh" || block.language == "text";
        return known ? "" : where + "a fence says cpp, c, json, yaml, sh or text, not \"" + block.language + "\"";
    }
    if (block.mark.empty()) { return where + "the line before this block does not say which file it is cut from"; }
    try {
        const auto mark = mark_of(block.mark);
        const auto source = read_page(top / mark.source);
        const auto wanted = mark.region.empty() ? std::optional(source) : region_of(source, mark.region);
        if (!wanted) { return where + mark.source + " has no region [" + mark.region + "], or not one"; }
        return *wanted == block.content ? "" : where + "differs from " + block.mark + ", which is:\n" + *wanted;
    } catch (const std::runtime_error& error) { return where + error.what(); }
}

}  // namespace

TEST_CASE("each block of code, JSON or YAML is what stands in the tree", "[docs][unit]") {
    for (const char* page : pages) {
        INFO(page);
        for (const auto& block : blocks_of(read_page(tree / page))) { CHECK(complaint(block, tree) == ""); }
    }
}

TEST_CASE("the tutorial shows the whole plugin, its test, its cassettes and its account", "[docs][unit]") {
    std::string assembled;
    std::set<std::string> shown;
    for (const auto& block : blocks_of(read_page(tree / "docs/write-a-plugin.md"))) {
        if (block.mark.empty() || block.language == "text") { continue; }
        const auto mark = mark_of(block.mark);
        shown.insert(mark.source);
        if (mark.target == "acme/acme.cpp") { assembled += (mark.adds ? "\n" : "") + block.content; }
    }
    std::string whole;
    std::istringstream lines(read_page(tree / "tests/docs/acme/acme.cpp"));
    for (std::string line; std::getline(lines, line);) {
        if (!trimmed(line).starts_with("// [")) { whole += line + "\n"; }
    }
    CHECK(assembled == whole);
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "tests/docs/acme")) {
        const auto path = entry.path().lexically_relative(tree).string();
        if (entry.is_regular_file() && entry.path().filename() != "CMakeLists.txt") { files.insert(path); }
    }
    CHECK(shown == files);
}

TEST_CASE("a block without its source, with another text or of another kind is noticed", "[docs][unit]") {
    const auto first = [](const std::string& page) {
        const auto blocks = blocks_of(page);
        REQUIRE(blocks.size() == 1);
        return complaint(blocks.front(), CROSSDOCK_SOURCE_DIR);
    };
    const std::string source = "tests/docs/acme/crossdock.yaml";
    const std::string fenced = "```yaml\n" + read_page(tree / source) + "```\n";
    CHECK(first("<!-- " + source + " -->\n" + fenced) == "");
    CHECK(first("<!-- " + source + " into crossdock.yaml -->\n" + fenced) == "");
    CHECK_THAT(first(fenced), Contains("does not say which file"));
    CHECK_THAT(first("<!-- " + source + " -->\n\n" + fenced), Contains("does not say which file"));
    CHECK_THAT(first("<!-- " + source + " -->\n```yaml\ndata: elsewhere\n```\n"), Contains("line 2: differs from"));
    CHECK_THAT(first("<!-- nowhere.yaml -->\n" + fenced), Contains("cannot be read"));
    CHECK_THAT(first("<!-- " + source + " onto it -->\n" + fenced), Contains("is no mark"));
    CHECK_THAT(first("<!-- tests/docs/acme/acme.cpp#nothing -->\n```cpp\n```\n"), Contains("has no region [nothing]"));
    CHECK_THAT(first("```bash\n```\n"), Contains("a fence says"));
    CHECK(first("```sh\ntrue\n```\n") == "");
    CHECK_THROWS(blocks_of("```sh\ntrue\n"));
}
