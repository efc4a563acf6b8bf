#include "expr/mustache.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;

namespace {

std::string rendered(const std::string& text, const std::string& json, bool html = false) {
    const auto data = Json::parse(json);
    const auto made = expr::render(text, data ? *data : Json(), html);
    return made ? *made : "fault: " + made.error().text();
}

}  // namespace

TEST_CASE("HTML is escaped in HTML mails and left alone in text mails", "[expr][unit]") {
    const std::string json = R"({"n":"<b>\"O'Neil\" & Co</b>"})";
    CHECK(rendered("{{n}}", json, true) == "&lt;b&gt;&quot;O&apos;Neil&quot; &amp; Co&lt;/b&gt;");
    CHECK(rendered("{{n}}", json, false) == "<b>\"O'Neil\" & Co</b>");
    CHECK(rendered("{{{n}}}", json, true) == "<b>\"O'Neil\" & Co</b>");
}

TEST_CASE("templates see values as they were written", "[expr][unit]") {
    struct Row {
        const char* text;
        const char* json;
        const char* made;
    };
    const auto row = GENERATE(
        Row{"{{p}}", R"({"p":231.00})", "231.00"}, Row{"{{a.b}}", R"({"a":{"b":"x"}})", "x"}, Row{"[{{none}}]", "{}", "[]"},
        Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":""})", "no"}, Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":"x"})", "yes"},
        Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":null})", "no"}, Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":0})", "yes"},
        Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":false})", "no"}, Row{"{{#s}}yes{{/s}}{{^s}}no{{/s}}", R"({"s":[]})", "no"},
        Row{"{{#l}}{{sku}}={{q}};{{/l}}", R"({"l":[{"sku":"A","q":1},{"sku":"B","q":2}]})", "A=1;B=2;"},
        Row{"a\n{{#t}}\nb\n{{/t}}\nc\n", R"({"t":true})", "a\nb\nc\n"}, Row{"{{! nothing }}x", "{}", "x"},
        Row{"{{n}}", R"({"n":"{{p}}","p":"inner"})", "{{p}}"});
    CAPTURE(row.text, row.json);
    CHECK(rendered(row.text, row.json) == row.made);
}

TEST_CASE("a template that cannot be trusted to be whole is refused with line and column", "[expr][unit]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(Row{"a\n {{> footer}}", "fault: 2:2: partials ({{> name}}) are not supported"},
                              Row{"{{>x}}", "fault: 1:1: partials ({{> name}}) are not supported"},
                              Row{"{{= <% %> =}}", "fault: 1:1: delimiters cannot be changed ({{= =}})"},
                              Row{"{{=a =}}", "fault: 1:1: delimiters cannot be changed ({{= =}})"},
                              Row{"a\nb {{open", "fault: 2:3: Unclosed tag"}, Row{"x {{", "fault: 1:3: Unclosed tag"},
                              Row{"{{#a}}x", "fault: 1:1: Unclosed section \"a\""},
                              Row{"\n{{#a}}{{#b}}{{/a}}{{/b}}", "fault: 2:1: Unclosed section \"a\""},
                              Row{"x{{/a}}", "fault: 1:2: Unopened section \"a\""});
    CAPTURE(row.text);
    CHECK(rendered(row.text, "{}") == row.fault);
    const auto checked = expr::check_template(row.text);
    REQUIRE(checked.has_error());
    CHECK("fault: " + checked.error().text() == row.fault);
}
