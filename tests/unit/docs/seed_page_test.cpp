// docs/seed.md: each thing that was asked for names a test that there is, or says that it is not there yet.
#include "support/markdown.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

using namespace crossdock;

namespace {

namespace fs = std::filesystem;
const fs::path tree = CROSSDOCK_SOURCE_DIR;

/// The names of all tests of the tree and of its plugins.
std::set<std::string> test_names() {
    static const std::regex test(R"re(TEST_CASE\("((?:[^"\\]|\\.)*)")re");
    std::set<std::string> names;
    for (const char* const folder : {"tests", "plugins"}) {
        for (const auto& entry : fs::recursive_directory_iterator(tree / folder)) {
            if (entry.path().extension() != ".cpp") { continue; }
            const std::string source = support::read_page(entry.path());
            for (std::sregex_iterator at(source.begin(), source.end(), test), end; at != end; ++at) {
                names.insert((*at)[1].str());
            }
        }
    }
    return names;
}

/// The last cells of a page's table rows; those of heads and rules left out.
std::vector<std::string> last_cells(const std::string& page) {
    std::vector<std::string> cells;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| ") || !line.ends_with(" |") || line.ends_with("| shown by |")) { continue; }
        line.resize(line.size() - 2);
        cells.push_back(line.substr(line.rfind("| ") + 2));
    }
    return cells;
}

/// What is wrong with what a row says shows it; empty when nothing is.
std::string wrong_with(const std::string& cell, const std::set<std::string>& tests) {
    if (cell.starts_with("**") && cell.ends_with("**") && cell.find("not yet") != std::string::npos) { return ""; }
    if (cell.size() < 3 || cell.front() != '`' || cell.back() != '`') { return "names no test: " + cell; }
    return tests.contains(cell.substr(1, cell.size() - 2)) ? "" : "there is no such test: " + cell;
}

}  // namespace

TEST_CASE("each thing that was asked for names a test that there is, or says that it is missing", "[docs][unit]") {
    const auto tests = test_names();
    REQUIRE(tests.size() > 500);
    const auto cells = last_cells(support::read_page(tree / "docs" / "seed.md"));
    REQUIRE(cells.size() > 50);
    for (const auto& cell : cells) { CHECK(wrong_with(cell, tests) == ""); }
}

TEST_CASE("a row that names no test, or one that is gone, is noticed", "[docs][unit]") {
    const std::set<std::string> tests{"it is shown"};
    CHECK(wrong_with("`it is shown`", tests) == "");
    CHECK(wrong_with("**by source: not yet**", tests) == "");
    CHECK(wrong_with("`it was shown`", tests) != "");
    CHECK(wrong_with("", tests) != "");
    CHECK(wrong_with("**soon**", tests) != "");
}
