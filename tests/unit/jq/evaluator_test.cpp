#include "expression_worker.hpp"
#include "support/markdown.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;
using Catch::StartsWith;

namespace {

const std::filesystem::path tree = CROSSDOCK_SOURCE_DIR;

std::string without(std::string text, const std::string& part) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at)) { text.erase(at, part.size()); }
    return text;
}

/// The rows of the page's table of expressions: what stands in the code marks of each.
std::vector<std::pair<std::string, std::string>> shown_rows() {
    std::istringstream lines(support::read_page(tree / "docs/reference/expressions.md"));
    std::vector<std::pair<std::string, std::string>> rows;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (line == "| expression | gives |") { inside = true; }
        if (line.empty()) { inside = false; }
        const auto middle = line.find("` | ");
        if (!inside || middle == std::string::npos) { continue; }
        const auto second = line.substr(middle + 4, line.size() - middle - 6);
        rows.emplace_back(without(line.substr(3, middle - 3), "\\"), without(second, "`"));
        // The backslash before a parenthesis is jq's, the one before a bar is the page's.
        if (line.find("\\(") != std::string::npos) { rows.back().first = line.substr(3, middle - 3); }
    }
    return rows;
}

}  // namespace

TEST_CASE("what the page on expressions shows is what comes out", "[jq][unit]") {
    ExpressionWorker worker;
    const auto document = support::read_page(tree / "tests/docs/expressions/document.json");
    const auto rows = shown_rows();
    REQUIRE(rows.size() > 12);
    for (const auto& [expression, shown] : rows) {
        CAPTURE(expression);
        CHECK(without(worker.value(expression, document), "`") == shown);
    }
}

TEST_CASE("the evaluator is loaded, supervised and called as a plugin is", "[jq][unit]") {
    ExpressionWorker worker;
    REQUIRE(worker.started.has_value());
    CHECK(worker.started->operations == std::vector<std::string>{"check", "evaluate", "evaluate_one"});
    CHECK(worker.started->serial_calls);
    // It is nothing that an account or a channel could use.
    CHECK(worker.started->interfaces.empty());
}

TEST_CASE("an expression gives exactly one value", "[jq][unit]") {
    ExpressionWorker worker;
    struct Row {
        std::string expression;
        std::string value;
    };
    const std::string document = R"({"order":{"id":"A-1","total":{"amount_minor":250000,"currency":"USD"},"items":[
        {"sku":"X","quantity":2},{"sku":"Y","quantity":3}]},"steps":{"submit":{"outcome":"accepted"}}})";
    const std::vector<Row> rows{
        {".order.total.amount_minor > 100000 and .steps.submit.outcome == \"accepted\"", "true"},
        {"[.order.items[] | .quantity] | add", "5"},
        {"{id: .order.id, skus: [.order.items[].sku]}", R"({"id":"A-1","skus":["X","Y"]})"},
        {"\"Order \\(.order.id) is late\"", "\"Order A-1 is late\""},
        {".order.none // \"nobody\"", "\"nobody\""},
        {".order # a comment",
         R"({"id":"A-1","items":[{"quantity":2,"sku":"X"},{"quantity":3,"sku":"Y"}],"total":{"amount_minor":250000,"currency":"USD"}})"},
        {"null", "null"},
        {"empty", "error: it gives no value; `// null` behind it makes that a null"},
        {"error(null)", "error: it gives no value; `// null` behind it makes that a null"},
        {"error({__jq: 0})", "error: it gives no value; `// null` behind it makes that a null"},
        {".order.items[]", "error: it gives several values; put brackets around it for a list, or `first(...)`"},
        {"range(1e12)", "error: it gives several values; put brackets around it for a list, or `first(...)`"},
        {"error(\"why\")", "error: why"},
        {"error({code: 7})", "error: {\"code\":7}"},
        {".order.id.x", "error: Cannot index string with string \"x\""},
        {".order.total.amount_minor / 0", "error: number (250000) and number (0) cannot be divided because the divisor is zero"},
        {"\"2026-02-03T04:05:06Z\" | fromdate | todate", "\"2026-02-03T04:05:06Z\""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.expression);
        CHECK(worker.value(row.expression, document) == row.value);
    }
}

TEST_CASE("the expressions of a step are evaluated together, each with its own outcome", "[jq][unit]") {
    ExpressionWorker worker;
    const auto answer = worker.call("evaluate", {".a + 1", "error(\"b\")", "\"c\" # not the end", "empty"}, R"({"a":41})");
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.find("results")->dump() ==
          R"([{"value":42},{"error":"b"},{"value":"c"},{"error":"it gives no value; `// null` behind it makes that a null"}])");
    CHECK(worker.call("evaluate", {}).output.find("results")->dump() == "[]");
    const auto bad = worker.call("evaluate", {".a", ".a +"}, "{}");
    CHECK(bad.status == CallStatus::failed);
    CHECK_THAT(bad.text, StartsWith("`.a +`: syntax error"));
}

TEST_CASE("a number keeps its value or is text", "[jq][unit]") {
    ExpressionWorker worker;
    struct Row {
        std::string written;
        std::string seen;
    };
    const std::vector<Row> rows{{"231.00", "231"},
                                {"231.5", "231.5"},
                                {"0.1", "0.1"},
                                {"-0", "-0"},
                                {"1e3", "1000"},
                                {"1.50e-2", "0.015"},
                                {"9007199254740992", "9007199254740992"},
                                {"9007199254740993", "\"9007199254740993\""},
                                {"12345678901234567890", "\"12345678901234567890\""},
                                {"10000000000000000000", "1e+19"},
                                {"1e400", "\"1e400\""},
                                {"0.1000000000000000055511151231257827", "\"0.1000000000000000055511151231257827\""},
                                {"1e-400", "\"1e-400\""},
                                {"0.00", "0"}};
    for (const auto& row : rows) {
        CAPTURE(row.written);
        CHECK(worker.value(".n", R"({"n":)" + row.written + "}") == row.seen);
    }
    CHECK(worker.value("1 / 3") == "0.3333333333333333");
    CHECK(worker.value("9007199254740992 * 2") == "18014398509481984");
    CHECK(worker.value("nan") == "error: the value holds a number that is infinite or none");
    CHECK(worker.value("[infinite]") == "error: the value holds a number that is infinite or none");
}

TEST_CASE("what an expression may not use does not compile, and the place is named", "[jq][unit]") {
    ExpressionWorker worker;
    struct Row {
        std::string expression;
        std::string fault;
    };
    const std::vector<Row> rows{
        {"env", "1:1 `env` is not to be had: an expression sees no environment"},
        {".a | env.PATH", "1:6 `env` is not to be had"},
        {"$ENV.PATH", "1:1 `$ENV` is not to be had"},
        {"\"\\($ENV)\"", "1:4 `$ENV` is not to be had"},
        {"\"ä\" |\n  input", "2:3 `input` is not to be had: an expression has one input, its run's document"},
        {"[inputs]", "1:2 `inputs` is not to be had"},
        {"input_filename", "1:1 `input_filename` is not to be had"},
        {"input_line_number", "1:1 `input_line_number` is not to be had"},
        {"debug", "1:1 `debug` is not to be had: an expression writes nothing"},
        {"stderr", "1:1 `stderr` is not to be had"},
        {"halt", "1:1 `halt` is not to be had: an expression gives a value"},
        {"halt_error", "1:1 `halt_error` is not to be had"},
        {"halt_error(3)", "1:1 `halt_error` is not to be had"},
        {"\"x\" | modulemeta", "1:7 `modulemeta` is not to be had: an expression reads no files"},
        {"get_search_list", "1:1 `get_search_list` is not to be had"},
        {"now", "1:1 `now` is not to be had: the same document must give the same value at any time"},
        {"0 | localtime", "1:5 `localtime` is not to be had: it depends on the machine's time zone"},
        {"0 | strflocaltime(\"%H\")", "1:5 `strflocaltime` is not to be had"},
        {"$__loc__", "1:1 `$__loc__` is not to be had"},
        {"include \"x\"; .", "1:1 syntax error, unexpected include"},
        {"import \"x\" as $y; .", "1:1 syntax error, unexpected import"},
        {"module {a: 1}; .", "1:1 syntax error, unexpected module"},
        {".) | env | (.", "1:2 nothing is open that this `)` could close"},
        {".a +", "1:5 syntax error, the expression ends too early"},
        {".a |\n  fooo(1)", "2:3 fooo/1 is not defined"},
        {".a | $x", "1:6 $x is not defined"},
        {"order", "1:1 order/0 is not defined"},
        {".order.größe", "1:10 syntax error, unexpected a character that does not belong there"},
        {".a ; .b", "1:4 syntax error, unexpected ';'"},
        {"1 / 0", "1:1 Division by zero?"},
        {"if .a then 1", "1:13 syntax error, the expression ends too early"},
        {"", "1:1 syntax error, the expression ends too early"},
        {std::string(".a\0", 3), "1:3 a control character"}};
    for (const auto& row : rows) {
        CAPTURE(row.expression);
        CHECK_THAT(worker.checked(row.expression), StartsWith(row.fault));
    }
    for (const auto& fine :
         {".env", "{env: 1}.env", ".input.debug", "\"env\"", "def input: 1; input", ".halt # env", "mktime?", ".a"}) {
        CAPTURE(fine);
        CHECK(worker.checked(fine) == "ok");
    }
    const auto mixed = worker.call("check", {".a", ".b +", "env"});
    REQUIRE(mixed.status == CallStatus::answered);
    CHECK(mixed.output.find("results")->items().at(0).dump() == "{}");
    CHECK(mixed.output.find("results")->items().at(1).text("message") == "syntax error, the expression ends too early");
    CHECK(mixed.output.find("results")->items().at(2).integer("column") == 1);
}

TEST_CASE("texts with NUL, unpaired surrogates and bytes that are no UTF-8 come out as valid JSON", "[jq][unit]") {
    ExpressionWorker worker;
    CHECK(worker.value(".s", R"({"s":"a\u0000b"})") == R"("a\u0000b")");
    CHECK(worker.value(".s | length", R"({"s":"a\u0000b"})") == "3");
    CHECK(worker.value(R"("\u0000")") == R"("\u0000")");
    CHECK_THAT(worker.value("[55296, 1114112] | implode"), Contains("\xEF\xBF\xBD"));
    CHECK_THAT(worker.value("\"/w==\" | @base64d"), Contains("\xEF\xBF\xBD"));
}

TEST_CASE("values that are too deep or too large are errors", "[jq][unit]") {
    ExpressionWorker worker;
    CHECK(worker.value("reduce range(100) as $i (0; [.])") == "error: the value is nested deeper than 48 levels");
    CHECK(worker.value("\"x\" * 2000000") == "error: the value is larger than 1048576 bytes");
    CHECK(worker.value("[range(300000)]") == "error: the value is larger than 1048576 bytes");
    const std::string half = "\"x\" * 700000";
    const auto both = worker.call("evaluate", {half, half}, "null");
    REQUIRE(both.status == CallStatus::answered);
    CHECK(both.output.find("results")->items().at(1).text("error") == "the values of this step are larger than 1048576 bytes");
    const std::string nest(101, '[');
    CHECK(worker.checked(nest) == "1:101 nested deeper than 100 levels");
    CHECK(worker.checked(std::string(90, '(') + "1" + std::string(90, ')')) == "ok");
}

TEST_CASE("one expression over a document as text gives a value as text, or an error with its place", "[jq][unit]") {
    ExpressionWorker worker;
    const auto one = [&worker](const std::string& expression, const std::string& document) {
        Call call;
        call.target = "expressions";
        call.operation = "evaluate_one";
        call.input = Json::object({{"expression", expression}, {"document", document}});
        const auto answer = worker.floor.wait(worker.floor.workers->call(std::move(call), {}));
        return answer.status == CallStatus::answered ? answer.output.dump() : "fault: " + answer.text;
    };
    CHECK(one(".a", R"({"a":"x"})") == R"({"value":"\"x\""})");
    CHECK(one(".a", "[]") == R"({"error":"Cannot index array with string \"a\""})");
    CHECK(one("1 +\n lenght", "0") == R"({"error":"lenght/0 is not defined","line":2,"column":2})");
    CHECK_THAT(one(".", "{"), StartsWith("fault: the document is no JSON: "));
    CHECK_THAT(one(".", std::string(200, '[')), StartsWith("fault: the document is no JSON: "));
}
