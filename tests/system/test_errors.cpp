// Every bad input that docs/reference/errors.md promises an answer to is given to the real binaries.
#include "error_rows.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <sstream>

namespace crossdock::system_tests {
namespace {

/// A row of the page: its columns.
struct Row {
    std::string name;
    std::string status;
    std::vector<std::string> parts;  ///< of the message, in code marks; all must be seen
};

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) { cells.push_back(trimmed(cell)); }
    return cells;
}

/// What stands between code marks: one mark, or two where the text has marks itself.
std::vector<std::string> code_spans(const std::string& cell) {
    std::vector<std::string> spans;
    for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at)) {
        const std::string mark = cell.compare(at, 2, "``") == 0 ? "``" : "`";
        const auto end = cell.find(mark, at + mark.size());
        if (end == std::string::npos) { break; }
        const auto span = cell.substr(at + mark.size(), end - at - mark.size());
        spans.push_back(mark.size() == 2 ? trimmed(span) : span);
        at = end + mark.size();
    }
    return spans;
}

std::vector<Row> rows_of(const std::string& page) {
    std::vector<Row> rows;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| ") || line.starts_with("| bad input |")) { continue; }
        const auto cells = cells_of(line);
        if (cells.size() != 4) { throw std::runtime_error("this row has not four columns: " + line); }
        rows.push_back({cells[0], cells[2], code_spans(cells[3])});
    }
    return rows;
}

/// Rows that nothing provokes, and bad inputs that the page leaves out.
std::vector<std::string> unpaired(const std::vector<Row>& rows, const std::vector<BadInput>& inputs) {
    std::multiset<std::string> written, given;
    for (const auto& row : rows) { written.insert(row.name); }
    for (const auto& input : inputs) { given.insert(input.name); }
    std::vector<std::string> names;
    for (const auto& name : written) {
        if (given.count(name) != 1 || written.count(name) != 1) { names.push_back("the page: " + name); }
    }
    for (const auto& name : given) {
        if (written.count(name) != 1) { names.push_back("the test: " + name); }
    }
    return names;
}

/// What a row promises and its sender did not see; empty when all came as written.
std::string difference(const Row& row, const Seen& seen) {
    std::string text;
    if (seen.status != row.status) { text += "  status " + seen.status + " instead of " + row.status + "\n"; }
    if (row.parts.empty()) { text += "  the row names no message\n"; }
    for (const auto& part : row.parts) {
        if (seen.text.find(part) == std::string::npos) { text += "  nowhere: " + part + "\n"; }
    }
    return text.empty() ? text : row.name + "\n" + text + "  seen: " + seen.text;
}

Seen give(const BadInput& input, House& house) {
    try {
        return input.give(house);
    } catch (const std::exception& error) { return {"not provoked", error.what()}; }
}

std::vector<BadInput> all_inputs() {
    std::vector<BadInput> all;
    for (const auto& rows : {order_rows(), webhook_rows(), config_rows(), start_rows(), command_rows()}) {
        all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
}

std::set<std::string> stored_orders(const app::DemoRig& rig) {
    const auto output = rig.crossdock({"order", "list", "--json"});
    const auto list = Json::parse(output.out);
    std::set<std::string> ids;
    REQUIRE(list.has_value());
    for (const auto& order : list->find("orders")->items()) { ids.insert(order.text("order_id")); }
    return ids;
}

}  // namespace

TEST_CASE("a row without a bad input, a bad input without a row and a wrong row are all noticed", "[system]") {
    const auto rows = rows_of(
        "| bad input | how | status or exit code | message |\n|---|---|---|---|\n"
        "| one | so | 422 | `is no` and ``has `x` `` |\n| two | so | exit 3 | `a` |\n| two | so | 1 | `a` |\n");
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].parts == std::vector<std::string>{"is no", "has `x`"});
    const std::vector<BadInput> inputs{{"two", {}}, {"three", {}}};
    CHECK(unpaired(rows, inputs) ==
          std::vector<std::string>{"the page: one", "the page: two", "the page: two", "the test: three", "the test: two"});
    CHECK(difference(rows[0], {"422", "this is no number and has `x` in it"}).empty());
    CHECK_FALSE(difference(rows[0], {"400", "this is no number and has `x` in it"}).empty());
    CHECK_FALSE(difference(rows[0], {"422", "this is no number"}).empty());
    CHECK_FALSE(difference({"four", "422", {}}, {"422", ""}).empty());
}

TEST_CASE("each bad input is answered as docs/reference/errors.md says, and nothing of it is kept by halves", "[system]") {
    const auto tree = app::shipped_tree();
    REQUIRE(tree.has_value());
    const auto rows = rows_of(read_file(*tree / "docs" / "reference" / "errors.md"));
    const auto inputs = all_inputs();
    CHECK(unpaired(rows, inputs) == std::vector<std::string>{});

    House house;
    for (const auto& input : inputs) {
        const auto seen = give(input, house);
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.name == input.name; });
        const auto wrong = difference(row == rows.end() ? Row{input.name, "a row of the page", {}} : *row, seen);
        if (!wrong.empty()) { FAIL_CHECK(wrong); }
        for (const auto& secret : house.secrets()) {
            if (seen.text.find(secret) != std::string::npos) { FAIL_CHECK(input.name + "\n  tells a secret: " + seen.text); }
        }
    }
    CHECK(stored_orders(house.running()) == house.placed());
    CHECK(stored_orders(house.idle()).empty());
    CHECK_FALSE(house.running().daemon().ended());
    CHECK(house.running().stop_daemon() == 0);
}

}  // namespace crossdock::system_tests
