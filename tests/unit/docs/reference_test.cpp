// docs/reference/sdk.md and docs/abi.md name all that the SDK and the ABI make public.
#include "public_names.hpp"
#include "support/markdown.hpp"

#include <crossdock/abi.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace crossdock;
using namespace crossdock::test;
using Names = std::set<std::string>;

namespace {

namespace fs = std::filesystem;
const fs::path tree = CROSSDOCK_SOURCE_DIR;
const fs::path headers = tree / "sdk" / "include" / "crossdock";

Names documented() {
    auto words = code_words(support::read_page(tree / "docs" / "reference" / "sdk.md"));
    words.merge(code_words(support::read_page(tree / "docs" / "abi.md")));
    return words;
}

/// Each line a name that stands in no code mark of the two pages.
std::string missing(const Names& names) {
    static const Names known = documented();
    std::string lines;
    for (const auto& name : names) {
        if (!known.contains(name)) { lines += name + "\n"; }
    }
    return lines;
}

std::vector<fs::path> cpp_headers() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(headers)) {
        if (entry.path().extension() == ".hpp") { files.push_back(entry.path()); }
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

TEST_CASE("every public name of the C++ SDK and its testing kit stands in the reference", "[docs][unit]") {
    REQUIRE(cpp_headers().size() > 15);
    Names all;
    for (const auto& file : cpp_headers()) {
        const auto names = public_names(support::read_page(file));
        INFO(file.filename().string());
        CHECK(missing(names) == "");
        all.insert(names.begin(), names.end());
    }
    // What the scan sees of each kind: a type, an operation, a member, a free function, an alias.
    for (const char* name : {"SupplierAdapter", "create_order", "supplier_order_id", "play_all", "Header"}) {
        CHECK(all.contains(name));
    }
    CHECK(all.size() > 200);
}

TEST_CASE("every macro for plugins in C++ stands in the reference", "[docs][unit]") {
    const auto names = c_names(support::read_page(headers / "export.hpp"));
    CHECK(names.contains("CROSSDOCK_EXPORT_SUPPLIER"));
    CHECK(missing(names) == "");
}

TEST_CASE("every name of the C ABI and of the JSON for C stands in the reference", "[docs][unit]") {
    const auto abi = c_names(support::read_page(headers / "abi.h"));
    for (const char* name : {"xd_host", "XD_NOT_SENT", "CROSSDOCK_ABI_OLDEST"}) { CHECK(abi.contains(name)); }
    CHECK(missing(abi) == "");
    const auto json = c_names(support::read_page(headers / "c_json.h"));
    CHECK(json.contains("xd_json_at"));
    CHECK(missing(json) == "");
}

TEST_CASE("every member of the C ABI's structs stands in the reference", "[docs][unit]") {
    std::ifstream layout(tree / "tests" / "abi" / ("revision-" + std::to_string(CROSSDOCK_ABI_REVISION)) / "layout.txt");
    Names members;
    std::string name;
    for (std::size_t number = 0; layout >> name >> number;) {
        if (const auto dot = name.find('.'); dot != std::string::npos) { members.insert(name.substr(dot + 1)); }
    }
    REQUIRE(members.size() > 50);
    CHECK(missing(members) == "");
}

TEST_CASE("every function that the SDK gives to CMake stands in the reference", "[docs][unit]") {
    Names functions;
    for (const char* file : {"CrossdockPlugin.cmake", "CrossdockPluginTest.cmake"}) {
        const auto text = support::read_page(tree / "sdk" / "cmake" / file);
        const auto at = text.find("\nfunction(") + 10;
        functions.insert(text.substr(at, text.find(' ', at) - at));
    }
    CHECK(functions == Names{"crossdock_add_plugin", "crossdock_add_plugin_test"});
    CHECK(missing(functions) == "");
}

TEST_CASE("what counts as a public name is found, and nothing else", "[docs][unit]") {
    const auto names = public_names(R"__(
#include <string>
/// Not this(one).
namespace one::two {
using Pair = std::pair<int, int>;
inline constexpr std::array<int, 2> table{{1, 2}};
enum class Kind { red, green };
[[nodiscard]] constexpr std::string_view word(Kind kind) { switch (kind) { default: return "hidden(1)"; } }
class Shape : public Base {
    int secret_member() const;
public:
    Shape() = default;
    explicit Shape(int size) : size_(size) {}
    virtual ~Shape() = default;
    Shape& operator=(const Shape&) = delete;
    struct Corner {
        int x = 1'000;
        std::vector<int> list = {};
    };
    template <class T>
    [[nodiscard]] std::vector<T> corners(const std::function<void()>& body = {}) const { return inner(body); }
    static constexpr int most = 3;
private:
    friend class Other;
    int size_;
};
namespace detail {
struct Hidden { int inside; public: int further() const; };
}
inline int Shape::late() { return outer(2); }
})__");
    CHECK(names == Names{"Pair", "table", "Kind", "word", "Shape", "Corner", "x", "list", "corners", "most"});
    CHECK(c_names("#define XD_ONE 1u /* xd_not_this */\nvoid xd_two(void); int xd_inner_(void);\n#ifndef CROSSDOCK_A_H") ==
          Names{"XD_ONE", "xd_two"});
    CHECK(code_words("plain `one two.three` and\n```cpp\nfour(five);\n```\nsix") == Names{"one", "two", "three", "four", "five"});
}
