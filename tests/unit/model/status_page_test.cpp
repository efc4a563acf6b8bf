// The table and the drawing of the statuses in docs/orders.md are made from the table in the code.
#include "model/status.hpp"

#include <catch2/catch.hpp>

#include "support/markdown.hpp"

using namespace crossdock;
using namespace crossdock::model;

namespace {

std::string drawn() {
    std::string page = "| status | event of a change into it | may become |\n|---|---|---|\n";
    std::string diagram = "```mermaid\nstateDiagram-v2\n";
    for (const auto& row : status_table()) {
        page += "| `" + std::string(row.name) + "` | " + (row.event.empty() ? "" : "`" + std::string(row.event) + "`") + " | ";
        std::string next;
        for (const Status to : row.may_become) {
            next += (next.empty() ? "" : ", ") + std::string(name(to));
            diagram += "    " + std::string(row.name) + " --> " + std::string(name(to)) + "\n";
        }
        page += (next.empty() ? "final" : next) + " |\n";
    }
    return page + "\n" + diagram + "```\n";
}

}  // namespace

TEST_CASE("the page of the statuses shows those of the code and how they follow each other", "[model][unit]") {
    const auto page = support::read_page(std::string(CROSSDOCK_SOURCE_DIR) + "/docs/orders.md");
    const std::string begin = "<!-- statuses: from core/model/status.cpp -->\n";
    const auto from = page.find(begin);
    const auto to = page.find("<!-- end of statuses -->");
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    CHECK(page.substr(from + begin.size(), to - from - begin.size()) == drawn());
}
