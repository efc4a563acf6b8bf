// docs/abi.md: its messages are the host's own, its history is the recorded one, its example does what the page says.
#include "check/plugin_bench.hpp"
#include "support/markdown.hpp"

#include <crossdock/testing.hpp>

#include <catch2/catch.hpp>

#include <fstream>
#include <set>
#include <sstream>

using namespace crossdock;
namespace testing = crossdock::sdk::testing;

namespace {

const std::filesystem::path tree = CROSSDOCK_SOURCE_DIR;
const std::filesystem::path test_plugins = TEST_PLUGINS;

const std::string& page() {
    static const std::string text = support::read_page(tree / "docs" / "abi.md");
    return text;
}

bool on_page(const std::string& text) {
    return page().find(text) != std::string::npos;
}

std::set<std::string> members_of(unsigned revision) {
    std::ifstream layout(tree / "tests" / "abi" / ("revision-" + std::to_string(revision)) / "layout.txt");
    std::set<std::string> members;
    std::string name;
    for (std::size_t number = 0; layout >> name >> number;) { members.insert(name); }
    return members;
}

/// The row of the history that tells of a revision.
std::string history_row(unsigned revision) {
    std::istringstream lines(page());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| " + std::to_string(revision) + " |")) { return line; }
    }
    return {};
}

}  // namespace

TEST_CASE("the page quotes what the host says of plugins that it refuses", "[docs][unit]") {
    const std::string name = GENERATE("wrong_abi_old", "wrong_abi_new", "no_symbol");
    const auto refused = check::inspect_plugin(test_plugins / ("lib" + name + ".so"));
    REQUIRE_FALSE(refused.has_value());
    INFO(refused.error().what);
    CHECK(on_page("`" + refused.error().what + "`"));
}

TEST_CASE("the page's history has every revision, and names all that each one added", "[docs][unit]") {
    for (unsigned revision = 1; revision <= CROSSDOCK_ABI_REVISION; ++revision) {
        const auto row = history_row(revision);
        INFO("revision " << revision << ": " << row);
        CHECK_FALSE(row.empty());
        if (revision == 1) { continue; }
        const auto before = members_of(revision - 1);
        for (const auto& member : members_of(revision)) {
            if (before.contains(member)) { continue; }
            INFO(member);
            CHECK(row.find("`" + member + "`") != std::string::npos);
        }
    }
    CHECK(history_row(CROSSDOCK_ABI_REVISION + 1).empty());
}

TEST_CASE("the page's example uses files where the host has them, and works where it has none", "[docs][unit]") {
    const auto plugin = testing::Plugin::load(std::filesystem::path(DOCS_PLUGINS) / "libgaps.so");
    CHECK(plugin.abi_revision() == CROSSDOCK_ABI_REVISION);
    CHECK(plugin.abi_needs() == 1);
    const auto webhook = [](int number) {
        sdk::Json body = sdk::Json::object();
        body.set("serial", number).set("ref", "PX1").set("status", "shipped").set("at", "2025-10-30T18:06:39Z");
        sdk::Json input = sdk::Json::object();
        return input.set("body", body.dump());
    };
    for (const unsigned revision : {1U, 2U, 3U, 4U, 5U}) {
        INFO("a host of revision " << revision);
        testing::FakeHost host;
        host.set_revision(revision);
        auto instance = plugin.start("{}", host);
        for (const int number : {7, 9}) {
            const auto answer = instance.call("handle_webhook", webhook(number), host);
            CHECK(answer.fault == "");
            CHECK(answer.document.at("/evidence/0/reference")->text() == "PX1");
        }
        CHECK(host.folder().files.size() == (revision == 1 ? 0 : 1));
        CHECK(host.log().size() == (revision == 1 ? 0 : 1));
    }
}

TEST_CASE("the tutorial's plugin that knows no field maps what its account says", "[docs][unit]") {
    const auto plugin = testing::Plugin::load(std::filesystem::path(DOCS_PLUGINS) / "libmapped.so");
    const std::string settings = R"({"evidence": "{reference: .ref}"})";
    const std::string webhook = R"({"body": "{\"ref\": \"PX1\"}", "headers": {}})";
    testing::FakeHost host;
    host.evaluates("{reference: .ref}",
                   R"({"reference": "PX1", "supplier_status": "shipped", "occurred_at": "2025-10-30T18:06:39Z"})");
    const auto answer = plugin.start(settings).call("handle_webhook", webhook, host);
    CHECK(answer.fault == "");
    CHECK(answer.document.at("/evidence/0/reference")->text() == "PX1");
    REQUIRE(host.evaluations().size() == 1);
    CHECK(host.evaluations()[0].document == R"({"ref":"PX1"})");
    host.fails_to_evaluate("{reference: .ref}", "line 1, column 2: no");
    CHECK(plugin.start(settings).call("handle_webhook", webhook, host).fault == "line 1, column 2: no");
    host.set_revision(2);
    CHECK(plugin.start(settings).call("handle_webhook", webhook, host).fault ==
          "this host is too old: it evaluates no expressions");
}
