#include "definition/expression.hpp"

#include "yaml/words.hpp"

#include <algorithm>
#include <array>

namespace crossdock::pipeline {
namespace {

constexpr std::string_view opening = "${{";
constexpr std::string_view closing = "}}";
constexpr std::size_t path_length_max = 32;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
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

Fault no_path(std::string_view text) {
    std::string what = "only a lone path such as `${{ .order.supplier }}` is understood, not `" + std::string(text) + "`";
    if (text.starts_with('.') && text.find('-') != std::string_view::npos && text.find_first_of(" [") == std::string_view::npos) {
        what += "; names with other signs than letters, digits and `_` are quoted: `.steps.\"step-1\"`";
    }
    return Fault{what};
}

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

Result<PathExpression> parse_expression(const yaml::Node& scalar, const Scope& scope) {
    const std::string_view text = scalar.text;
    const Fault around{"an expression stands alone: `${{ path }}` without text around it"};
    if (!text.starts_with(opening)) { return around; }
    const auto inside_and_rest = text.substr(opening.size());
    if (inside_and_rest.find(closing) == std::string_view::npos) {
        std::string what = "the closing `}}` is missing";
        if (!scalar.quoted) { what += "; YAML cuts plain text at ` #`, so put quotes around it: \"${{ ... }}\""; }
        return Fault{what};
    }
    if (!text.ends_with(closing) || inside_and_rest.find(opening) != std::string_view::npos) { return around; }
    const std::string_view inside = trimmed(inside_and_rest.substr(0, inside_and_rest.size() - closing.size()));
    auto steps = PathReader(inside).read();
    if (!steps) { return no_path(inside); }
    PathExpression path{std::move(*steps), std::string(inside), scalar.place};
    if (const auto fault = check_scope(path, scope)) { return *fault; }
    return path;
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

Value::Value() = default;

Json Value::evaluate(const Json& document) const {
    if (const auto* literal = std::get_if<Json>(&content)) { return *literal; }
    if (const auto* path = std::get_if<PathExpression>(&content)) { return path->evaluate(document); }
    if (const auto* list = std::get_if<std::vector<Value>>(&content)) {
        Json made = Json::array();
        for (const Value& item : *list) { made.push(item.evaluate(document)); }
        return made;
    }
    Json made = Json::object();
    for (const auto& [key, value] : std::get<std::vector<std::pair<std::string, Value>>>(content)) {
        made.members().emplace_back(key, value.evaluate(document));
    }
    return made;
}

}  // namespace crossdock::pipeline
