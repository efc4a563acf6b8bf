#include <crossdock/abi.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

std::string layout_in_cpp();
extern "C" {
std::size_t layout_in_c(char* out, std::size_t size);
std::size_t layout_of_revision_1(char* out, std::size_t size);
std::size_t layout_of_revision_2(char* out, std::size_t size);
std::size_t layout_of_revision_3(char* out, std::size_t size);
std::size_t layout_of_revision_4(char* out, std::size_t size);
}

namespace {

std::string from_c(std::size_t (*layout)(char*, std::size_t)) {
    std::string out(65536, '\0');
    out.resize(layout(out.data(), out.size()));
    return out;
}

std::string folder_of(unsigned revision) {
    return std::string(ABI_RECORDS) + "/revision-" + std::to_string(revision);
}

std::string recorded(unsigned revision) {
    std::ifstream in(folder_of(revision) + "/layout.txt", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Struct -> the offsets of its members in their order, and its size.
struct Struct {
    std::size_t size = 0;
    std::vector<std::pair<std::string, std::size_t>> members;
};
std::map<std::string, Struct> structs_of(const std::string& layout) {
    std::map<std::string, Struct> structs;
    std::istringstream lines(layout);
    std::string name;
    std::size_t number = 0;
    while (lines >> name >> number) {
        const auto dot = name.find('.');
        if (dot == std::string::npos) { structs[name].size = number; }
        else { structs[name.substr(0, dot)].members.emplace_back(name.substr(dot + 1), number); }
    }
    return structs;
}

/// What a newer layout breaks of an older one; empty when it only grew at the ends of structs that say their size.
std::string broken(const std::string& older, const std::string& newer) {
    std::string text;
    const auto now = structs_of(newer);
    for (const auto& [name, was] : structs_of(older)) {
        const auto found = now.find(name);
        if (found == now.end()) {
            text += name + " is gone\n";
            continue;
        }
        const auto& is = found->second;
        if (is.size < was.size || is.members.size() < was.members.size()) { text += name + " has shrunk\n"; }
        if (is.size != was.size && was.members.front().first != "size" && was.members.front().first != "base") {
            text += name + " has grown, and does not begin with its size\n";
        }
        for (std::size_t i = 0; i < was.members.size() && i < is.members.size(); ++i) {
            if (was.members[i].second != is.members[i].second) { text += name + "." + was.members[i].first + " has moved\n"; }
        }
    }
    return text;
}

}  // namespace

TEST_CASE("the ABI has one layout in C and in C++", "[abi][unit]") {
    CHECK(from_c(&layout_in_c) == layout_in_cpp());
}

TEST_CASE("the ABI's layout is the one recorded for its revision", "[abi][unit]") {
    INFO(
        "A size or an offset has changed. Released revisions never change: raise CROSSDOCK_ABI_REVISION in "
        "sdk/include/crossdock/abi.h, copy the header that was to tests/abi/revision-N, and record the new layout as docs/abi.md "
        "says. This is the new one:\n"
        << layout_in_cpp());
    CHECK(layout_in_cpp() == recorded(CROSSDOCK_ABI_REVISION));
    CHECK_FALSE(std::filesystem::exists(folder_of(CROSSDOCK_ABI_REVISION + 1)));
}

TEST_CASE("the header of each supported older revision is kept as it was", "[abi][unit]") {
    static_assert(CROSSDOCK_ABI_OLDEST == 1 && CROSSDOCK_ABI_REVISION == 5, "add the older revisions to this test");
    CHECK(from_c(&layout_of_revision_1) == recorded(1));
    CHECK(from_c(&layout_of_revision_2) == recorded(2));
    CHECK(from_c(&layout_of_revision_3) == recorded(3));
    CHECK(from_c(&layout_of_revision_4) == recorded(4));
}

TEST_CASE("each revision only adds to the one before", "[abi][unit]") {
    for (unsigned revision = CROSSDOCK_ABI_OLDEST + 1; revision <= CROSSDOCK_ABI_REVISION; ++revision) {
        INFO("revision " << revision);
        CHECK(broken(recorded(revision - 1), recorded(revision)).empty());
    }
}

TEST_CASE("a member that moved, a struct that shrank and one that grew without a size are found", "[abi][unit]") {
    const std::string before = "s 16\ns.size 0\ns.a 8\nt 16\nt.data 0\nt.size 8\n";
    CHECK(broken(before, before).empty());
    CHECK(broken(before, "s 24\ns.size 0\ns.a 8\ns.b 16\nt 16\nt.data 0\nt.size 8\n").empty());
    CHECK(broken(before, "s 16\ns.size 0\ns.a 4\nt 16\nt.data 0\nt.size 8\n") == "s.a has moved\n");
    CHECK(broken(before, "s 8\ns.size 0\nt 16\nt.data 0\nt.size 8\n") == "s has shrunk\n");
    CHECK(broken(before, "s 16\ns.size 0\ns.a 8\nt 24\nt.data 0\nt.size 8\nt.more 16\n") ==
          "t has grown, and does not begin with its size\n");
    CHECK(broken(before, "s 16\ns.size 0\ns.a 8\n") == "t is gone\n");
}
