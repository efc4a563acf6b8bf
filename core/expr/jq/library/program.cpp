#include "program.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

extern "C" {
#include <jq.h>
}

namespace crossdock::jq {
namespace {

/// A function of jq that no expression may use, and why not.
struct Refused {
    std::string_view name;
    std::string_view parameters;
    std::string_view why;
};

constexpr std::string_view no_environment = "an expression sees no environment, only its run's document";
constexpr std::string_view no_input = "an expression has one input, its run's document, which is `.`";
constexpr std::string_view no_files = "an expression reads no files";
constexpr std::string_view no_clock = "the same document must give the same value at any time; take times from the document";
constexpr std::string_view no_zone = "it depends on the machine's time zone; take gmtime, mktime or strftime";
constexpr std::string_view no_halt = "an expression gives a value; error(\"why\") fails it";
constexpr std::string_view no_log = "an expression writes nothing";

constexpr std::array refused{
    Refused{"env", "", no_environment},
    Refused{"input", "", no_input},
    Refused{"inputs", "", no_input},
    Refused{"input_filename", "", no_input},
    Refused{"input_line_number", "", no_input},
    Refused{"debug", "", no_log},
    Refused{"stderr", "", no_log},
    Refused{"halt", "", no_halt},
    Refused{"halt_error", "", no_halt},
    Refused{"halt_error", "(code)", no_halt},
    Refused{"modulemeta", "", no_files},
    Refused{"get_search_list", "", no_files},
    Refused{"now", "", no_clock},
    Refused{"localtime", "", no_zone},
    Refused{"strflocaltime", "(format)", no_zone},
};

/// Variables that jq would fill in itself.
constexpr std::array refused_variables{std::string_view("$ENV"), std::string_view("$__loc__"), std::string_view("$__prog_args")};

constexpr std::string_view undefined_mark = "crossdock_refuses_";
constexpr std::size_t message_max = 500;

/// In front of all expressions, on one line: the functions that are refused become ones that name what does not exist. jq drops
/// those that nobody calls; who calls one does not compile.
const std::string& prelude() {
    static const std::string text = [] {
        std::string made;
        for (const auto& one : refused) {
            made.append("def ")
                .append(one.name)
                .append(one.parameters)
                .append(": ")
                .append(undefined_mark)
                .append(one.name)
                .append("; ");
        }
        // The text is searched for these, too; this is for what the search might miss.
        return made + "null as $ENV | ";
    }();
    return text;
}

/// Each expression stands in parentheses, on lines of its own: there `import` and `include` do not parse, and lines can be
/// counted. Two values tell "one" from "several".
std::string program_text(const std::vector<std::string>& expressions) {
    std::string text = prelude() + "[";
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        if (i > 0) { text += ", "; }
        text += "(try [limit(2; (\n" + expressions[i] + "\n))] catch {error: .})";
    }
    return text + "]";
}

void replace(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

/// Takes "jq: error: MESSAGE at <top-level>, line N:\nTHE LINE" and as many spaces as stand before the place in that line.
CompileError read_report(std::string report, const std::string& expression) {
    constexpr std::string_view head = "jq: error: ";
    constexpr std::string_view file = " at <top-level>, line ";
    if (report.starts_with(head)) { report.erase(0, head.size()); }
    const auto at = report.rfind(file);
    const auto lines_end = position_of(expression, expression.size());
    if (at == std::string::npos) { return {report, {}}; }
    CompileError made{report.substr(0, at), {}};
    int line = 0;
    const char* digits = report.data() + at + file.size();
    const auto [end, error] = std::from_chars(digits, report.data() + report.size(), line);
    line -= 1;  // the prelude's
    if (error != std::errc{} || line < 1 || line > lines_end.line) {
        // What closes the expression in our program: the expression ends too early.
        made.position = lines_end;
    }
    else {
        std::size_t begin = 0;
        for (int i = 1; i < line; ++i) { begin = expression.find('\n', begin) + 1; }
        const auto length = std::min(expression.find('\n', begin), expression.size()) - begin;
        const std::size_t shown = static_cast<std::size_t>(report.data() + report.size() - end) - std::string_view(":\n").size();
        const std::size_t before = shown > length ? shown - length : 0;
        made.position = position_of(expression, begin + std::min(before, length));
    }
    replace(made.message, " (Unix shell quoting issues?)", "");
    replace(made.message, "INVALID_CHARACTER", "a character that does not belong there");
    replace(made.message, "$end", "the end");
    if (line > lines_end.line) { replace(made.message, "unexpected ')'", "the expression ends too early"); }
    return made;
}

/// In our words when it was a function that is refused.
CompileError explained(CompileError error, const std::string& expression) {
    const auto mark = error.message.find(undefined_mark);
    if (mark == std::string::npos) { return error; }
    const auto from = mark + undefined_mark.size();
    const std::string name = error.message.substr(from, error.message.find('/', from) - from);
    for (const auto& one : refused) {
        if (one.name != name) { continue; }
        return {"`" + name + "` is not to be had: " + std::string(one.why),
                position_of(expression, find_word(expression, name).value_or(0))};
    }
    return error;
}

/// jq says more than one thing about one error; the first counts.
void take_report(void* context, jv report) {
    auto& first = *static_cast<std::string*>(context);
    const Owned text(jq_format_error(report));
    if (first.empty() && text.kind() == JV_KIND_STRING) { first = text.text(); }
}

/// What jq has against them; empty when they compiled.
std::string compile_into(jq_state* state, const std::vector<std::string>& expressions) {
    std::string report;
    jq_set_error_cb(state, &take_report, &report);
    const bool compiled = jq_compile_args(state, program_text(expressions).c_str(), jv_object()) != 0;
    jq_set_error_cb(state, nullptr, nullptr);
    if (!compiled && report.empty()) { report = "it does not compile"; }
    return compiled ? std::string() : report;
}

std::string error_text(const Owned& error) {
    std::string text;
    if (error.kind() == JV_KIND_STRING) { text = error.text(); }
    else { append_json(text, error); }
    if (text.size() > message_max) { text = text.substr(0, message_max) + "..."; }
    return text.empty() ? "failed without a text" : text;
}

Outcome outcome_of(const Owned& one) {
    if (one.kind() == JV_KIND_OBJECT) { return {"", error_text(Owned(jv_object_get(one.copy(), jv_string("error"))))}; }
    switch (one.length()) {
        case 0: return {"", "it gives no value; `// null` behind it makes that a null"};
        case 1: break;
        default: return {"", "it gives several values; put brackets around it for a list, or `first(...)`"};
    }
    Outcome made;
    append_json(made.json, Owned(one.item(0)));
    return made;
}

}  // namespace

void Program::Teardown::operator()(jq_state* state) const {
    jq_teardown(&state);
}

std::unique_ptr<Program> Program::compile(const std::vector<std::string>& expressions) {
    State state(jq_init());
    if (!state) { throw std::runtime_error("jq does not start"); }
    if (!compile_into(state.get(), expressions).empty()) { return nullptr; }
    return std::unique_ptr<Program>(new Program(std::move(state), expressions.size()));
}

std::vector<Outcome> Program::run(const Owned& input) {
    jq_start(state_.get(), input.copy(), 0);
    const Owned all(jq_next(state_.get()));
    if (all.kind() != JV_KIND_ARRAY || all.length() != static_cast<int>(expressions_)) {
        throw std::runtime_error("jq gives no list of results");
    }
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < expressions_; ++i) {
        try {
            outcomes.push_back(outcome_of(Owned(all.item(static_cast<int>(i)))));
        } catch (const std::runtime_error& error) { outcomes.push_back({"", error.what()}); }
    }
    // Runs it to its end, so that it holds nothing of this document.
    const Owned rest(jq_next(state_.get()));
    return outcomes;
}

std::optional<CompileError> problem_of(const std::string& expression) {
    const auto extent = extent_of(expression, "");
    if (extent.problem) { return CompileError{extent.problem->what, position_of(expression, extent.problem->at)}; }
    for (const auto variable : refused_variables) {
        if (const auto at = find_word(expression, variable)) {
            return CompileError{"`" + std::string(variable) + "` is not to be had: " + std::string(no_environment),
                                position_of(expression, *at)};
        }
    }
    return {};
}

std::optional<CompileError> check(const std::string& expression) {
    if (auto problem = problem_of(expression)) { return problem; }
    jq_state* state = jq_init();
    if (state == nullptr) { throw std::runtime_error("jq does not start"); }
    std::string report = compile_into(state, {expression});
    jq_teardown(&state);
    if (report.empty()) { return {}; }
    return explained(read_report(std::move(report), expression), expression);
}

}  // namespace crossdock::jq
