#include "definition/expression.hpp"

#include "jq/scan.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>

namespace crossdock::pipeline {
namespace {

constexpr std::string_view opening = "${{";
constexpr std::string_view closing = "}}";
constexpr std::size_t path_length_max = 32;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a path from left to right; nothing on text that is none.
class PathReader {
public:
    explicit PathReader(std::string_view text) : text_(text) {}

    [[nodiscard]] std::optional<std::vector<std::variant<std::string, std::size_t>>> read() {
        if (!take('.')) { return {}; }
        if (done()) { return std::move(steps_); }
        if (!member()) { return {}; }
        while (!done()) {
            if (steps_.size() >= path_length_max) { return {}; }
            const bool read = take('.') ? member() : index();
            if (!read) { return {}; }
        }
        return std::move(steps_);
    }

private:
    [[nodiscard]] bool done() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }
    bool take(char c) {
        if (peek() != c) { return false; }
        ++at_;
        return true;
    }

    bool member() {
        if (peek() == '"') { return quoted_member(); }
        if (!is_letter(peek())) { return false; }
        const std::size_t from = at_;
        while (is_letter(peek()) || is_digit(peek())) { ++at_; }
        steps_.emplace_back(std::string(text_.substr(from, at_ - from)));
        return true;
    }

    bool quoted_member() {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != '"') { end += text_[end] == '\\' ? 2 : 1; }
        if (end >= text_.size()) { return false; }
        const auto name = Json::parse(text_.substr(at_, end - at_ + 1));
        if (!name) { return false; }
        steps_.emplace_back(name->as_string());
        at_ = end + 1;
        return true;
    }

    bool index() {
        constexpr std::size_t digits_max = 6;
        if (!take('[')) { return false; }
        std::size_t value = 0;
        const std::size_t from = at_;
        while (is_digit(peek())) { value = value * 10 + static_cast<std::size_t>(text_[at_++] - '0'); }
        if (at_ == from || at_ - from > digits_max || !take(']')) { return false; }
        steps_.emplace_back(value);
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::variant<std::string, std::size_t>> steps_;
};

std::string_view root_of(Trigger::Kind kind) {
    switch (kind) {
        case Trigger::Kind::order: return "order";
        case Trigger::Kind::webhook: return "webhook";
        case Trigger::Kind::schedule: return "schedule";
    }
    return "order";
}

/// jq reads `.steps.step-1` as a subtraction, which nobody means who has a step of that name.
std::optional<std::string> unquoted_step(std::string_view source, const Scope& scope) {
    constexpr std::string_view steps = ".steps.";
    if (!source.starts_with(steps)) { return {}; }
    const auto rest = source.substr(steps.size());
    const std::string name(rest.substr(0, rest.find_first_of(".[ |?")));
    const bool known = std::find(scope.later.begin(), scope.later.end(), name) != scope.later.end() ||
                       std::any_of(scope.earlier.begin(), scope.earlier.end(), [&](const Step& step) { return step.id == name; });
    if (!known || name.find('-') == std::string::npos) { return {}; }
    return "names with other signs than letters, digits and `_` are quoted: `.steps.\"" + name + "\"`, not `.steps." + name + "`";
}

/// Where places within a scalar's content stand in the file: its lines are looked up there one after the other.
class Places {
public:
    Places(const yaml::Node& scalar, std::string_view file_text) : scalar_(scalar), file_(file_text) {
        std::size_t begin = 0;
        for (int line = 1; line < scalar.place.line && begin < file_.size(); ++line) {
            begin = std::min(file_.find('\n', begin), file_.size() - 1) + 1;
        }
        begin_ = begin;
    }

    /// Nothing where YAML folded or escaped the text.
    [[nodiscard]] std::optional<Place> of(std::size_t offset) const {
        const std::string_view text = scalar_.text;
        std::size_t in_file = begin_;
        for (std::size_t line = 0; line <= text.size();) {
            const auto end = std::min(text.find('\n', line), text.size());
            const auto content = trimmed(text.substr(line, end - line));
            if (!content.empty()) {
                const auto found = file_.substr(in_file, content.size() + slack).find(content);
                if (found == std::string_view::npos) { return {}; }
                in_file += found;
                if (offset <= end) { return place(in_file, offset, static_cast<std::size_t>(content.data() - text.data())); }
                in_file += content.size();
            }
            line = end + 1;
        }
        return {};
    }

private:
    /// What may stand between two lines of a scalar, or between the beginning of its line and its own: keys, indentation.
    static constexpr std::size_t slack = 1000;

    [[nodiscard]] Place place(std::size_t content_in_file, std::size_t offset, std::size_t content_offset) const {
        const auto found = jq::position_of(file_, content_in_file);
        const std::string_view text = scalar_.text;
        // Into the indentation, which stands in the file before the content.
        if (offset < content_offset) {
            return {found.line, std::max(1, found.column - static_cast<int>(content_offset - offset))};
        }
        const auto within = jq::position_of(text.substr(content_offset), offset - content_offset);
        return {found.line, found.column + within.column - 1};
    }

    const yaml::Node& scalar_;
    std::string_view file_;
    std::size_t begin_ = 0;
};

/// `.steps.NAME` must be a step that has run by then.
std::optional<Fault> check_step(const PathExpression& path, const Scope& scope) {
    if (path.steps.size() < 2) { return {}; }
    const auto* id = std::get_if<std::string>(&path.steps[1]);
    if (id == nullptr) { return Fault{"`.steps` is asked by a step's id, for example `.steps.submit`, not by a number"}; }
    std::vector<std::string_view> known;
    for (const Step& step : scope.earlier) { known.emplace_back(step.id); }
    if (std::find(known.begin(), known.end(), *id) != known.end()) { return {}; }
    if (std::find(scope.later.begin(), scope.later.end(), *id) != scope.later.end()) {
        return Fault{"`" + path.source + "` names the step `" + *id + "`, which has not run yet; only steps above this one have"};
    }
    if (known.empty()) { return Fault{"`" + path.source + "` names the step `" + *id + "`; there is no step above this one"}; }
    return Fault{"`" + path.source + "` names the unknown step `" + *id + "`" + yaml::hint(*id, known)};
}

std::optional<Fault> check_scope(const PathExpression& path, const Scope& scope) {
    if (path.steps.empty()) { return {}; }
    static constexpr std::array<std::string_view, 4> roots{"order", "webhook", "schedule", "steps"};
    const auto& root = std::get<std::string>(path.steps.front());
    if (std::find(roots.begin(), roots.end(), root) == roots.end()) {
        return Fault{"`" + path.source + "` begins with `." + root + "`, which no run has" + yaml::hint(root, roots)};
    }
    const std::string_view own = root_of(scope.trigger);
    if (root == "steps") { return check_step(path, scope); }
    if (root != own) {
        return Fault{"`" + path.source + "` is never there: this pipeline's trigger gives its runs `." + std::string(own) +
                     "` and `.steps`"};
    }
    return {};
}

}  // namespace

bool has_expression(std::string_view text) {
    return text.find(opening) != std::string_view::npos;
}

namespace {

/// Reads one scalar, expression by expression.
class ScalarReader {
public:
    ScalarReader(const yaml::Node& scalar, std::string_view file_text, const Scope& scope, std::vector<JqExpression>& expressions)
        : scalar_(scalar), places_(scalar, file_text), scope_(scope), expressions_(expressions) {}

    [[nodiscard]] std::variant<Parsed, ExpressionFault> read() {
        const std::string_view text = scalar_.text;
        for (std::size_t at = 0; at < text.size() && !fault_;) {
            const auto open = std::min(text.find(opening, at), text.size());
            if (open > at) { made_.parts.emplace_back(std::string(text.substr(at, open - at))); }
            at = open;
            if (open < text.size()) { at = read_one(open + opening.size()); }
        }
        if (fault_) { return *fault_; }
        if (made_.parts.size() > 1) { return Parsed{std::move(made_)}; }
        if (auto* path = std::get_if<PathExpression>(&made_.parts.front())) { return Parsed{std::move(*path)}; }
        return Parsed{std::get<Computed>(made_.parts.front())};
    }

private:
    /// Answers where the text goes on.
    std::size_t read_one(std::size_t from) {
        const std::string_view rest = std::string_view(scalar_.text).substr(from);
        const auto extent = jq::extent_of(rest, closing);
        if (!extent.closed && rest.find(closing) == std::string_view::npos) {
            std::string what = "the closing `}}` is missing";
            if (!scalar_.quoted) { what += "; YAML cuts plain text at ` #`, so put quotes around it: \"${{ ... }}\""; }
            refuse(std::move(what), scalar_.place);
            return from;
        }
        if (extent.problem) {
            refuse(extent.problem->what, places_.of(from + extent.problem->at).value_or(scalar_.place));
            return from;
        }
        if (!extent.closed) {
            const bool comment = rest.find('#') != std::string_view::npos;
            refuse(std::string("the closing `}}` is missing") + (comment ? "; a `#` makes the rest of its line a comment" : ""),
                   scalar_.place);
            return from;
        }
        const std::string_view source = trimmed(rest.substr(0, extent.size));
        if (source.empty()) { refuse("the expression is empty", scalar_.place); }
        else if (auto steps = PathReader(source).read()) { add_path({std::move(*steps), std::string(source), scalar_.place}); }
        else if (auto what = unquoted_step(source, scope_)) { refuse(std::move(*what), scalar_.place); }
        else { add_jq(source, from + static_cast<std::size_t>(source.data() - rest.data())); }
        return from + extent.size + closing.size();
    }

    void add_path(PathExpression path) {
        if (const auto fault = check_scope(path, scope_)) { refuse(fault->what, scalar_.place); }
        made_.parts.emplace_back(std::move(path));
    }

    /// A misspelt name is a silent null in jq, and a condition on it skips its step for ever.
    void check_names(std::string_view source, std::size_t offset) {
        for (auto& found : jq::input_paths(source)) {
            PathExpression path{{found.first}, "." + found.first, scalar_.place};
            if (!found.second.empty()) {
                path.source += "." + found.second;
                path.steps.emplace_back(std::move(found.second));
            }
            if (const auto fault = check_scope(path, scope_)) {
                refuse(fault->what, places_.of(offset + found.at).value_or(scalar_.place));
            }
        }
    }

    void add_jq(std::string_view source, std::size_t offset) {
        check_names(source, offset);
        JqExpression made{std::string(source), {}, true};
        for (std::size_t line = 0; line <= source.size();) {
            const auto place = places_.of(offset + line);
            made.exact = made.exact && place;
            made.lines.push_back(place.value_or(scalar_.place));
            line = std::min(source.find('\n', line), source.size()) + 1;
        }
        if (!made.exact) { std::fill(made.lines.begin(), made.lines.end(), scalar_.place); }
        made_.parts.emplace_back(Computed{expressions_.size()});
        expressions_.push_back(std::move(made));
    }

    void refuse(std::string what, Place place) {
        if (!fault_) { fault_ = ExpressionFault{std::move(what), place}; }
    }

    const yaml::Node& scalar_;
    Places places_;
    const Scope& scope_;
    std::vector<JqExpression>& expressions_;
    Template made_;
    std::optional<ExpressionFault> fault_;
};

}  // namespace

std::variant<Parsed, ExpressionFault> parse_expressions(const yaml::Node& scalar, std::string_view file_text, const Scope& scope,
                                                        std::vector<JqExpression>& expressions) {
    return ScalarReader(scalar, file_text, scope, expressions).read();
}

Place JqExpression::place_of(int line, int column) const {
    Place place = lines[static_cast<std::size_t>(std::clamp(line, 1, static_cast<int>(lines.size())) - 1)];
    if (exact) { place.column += column - 1; }
    return place;
}

bool Definition::has_expressions() const {
    return std::any_of(steps.begin(), steps.end(), [](const Step& step) { return !step.expressions.empty(); });
}

Json PathExpression::evaluate(const Json& document) const {
    const Json* at = &document;
    for (const auto& step : steps) {
        if (const auto* name = std::get_if<std::string>(&step)) { at = at->find(*name); }
        else {
            const std::size_t index = std::get<std::size_t>(step);
            at = at->is_array() && index < at->items().size() ? &at->items()[index] : nullptr;
        }
        if (at == nullptr) { return {}; }
    }
    return *at;
}

std::string Template::evaluate(const Json& document, std::span<const Json> computed) const {
    std::string text;
    const auto add = [&](const Json& value) {
        if (value.is_string()) { text += value.as_string(); }
        else if (!value.is_null()) { text += value.dump(); }
    };
    for (const auto& part : parts) {
        if (const auto* literal = std::get_if<std::string>(&part)) { text += *literal; }
        else if (const auto* path = std::get_if<PathExpression>(&part)) { add(path->evaluate(document)); }
        else { add(computed[std::get<Computed>(part).number]); }
    }
    return text;
}

Value::Value() = default;

Json Value::evaluate(const Json& document, std::span<const Json> computed) const {
    if (const auto* literal = std::get_if<Json>(&content)) { return *literal; }
    if (const auto* path = std::get_if<PathExpression>(&content)) { return path->evaluate(document); }
    if (const auto* one = std::get_if<Computed>(&content)) { return computed[one->number]; }
    if (const auto* text = std::get_if<Template>(&content)) { return text->evaluate(document, computed); }
    if (const auto* list = std::get_if<std::vector<Value>>(&content)) {
        Json made = Json::array();
        for (const Value& item : *list) { made.push(item.evaluate(document, computed)); }
        return made;
    }
    Json made = Json::object();
    for (const auto& [key, value] : std::get<std::vector<std::pair<std::string, Value>>>(content)) {
        made.members().emplace_back(key, value.evaluate(document, computed));
    }
    return made;
}

}  // namespace crossdock::pipeline
