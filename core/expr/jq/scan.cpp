#include "jq/scan.hpp"

#include <algorithm>
#include <array>

namespace crossdock::jq {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

char opening_of(char closing) {
    switch (closing) {
        case ')': return '(';
        case ']': return '[';
        default: return '{';
    }
}

/// Walks through an expression, piece by piece: a bracket, a word, a stretch of a string, a comment.
class Walk {
public:
    explicit Walk(std::string_view text) : text_(text) {}

    [[nodiscard]] bool done() const { return problem_ || at_ >= text_.size(); }
    [[nodiscard]] std::size_t at() const { return at_; }
    /// Brackets and strings that are open.
    [[nodiscard]] std::size_t depth() const { return open_.size(); }
    [[nodiscard]] bool outside() const { return open_.empty(); }
    [[nodiscard]] bool in_string() const { return !open_.empty() && open_.back().sign == '"'; }
    [[nodiscard]] bool stands_here(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    [[nodiscard]] std::optional<Problem> problem() const { return problem_; }

    /// Takes one piece. Answers it when it is a word: "env", "$ENV"; members such as ".env" are none.
    std::string_view step() {
        if (in_string()) {
            step_in_string();
            return {};
        }
        const char c = text_[at_];
        if (c == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
            return {};
        }
        if (c == '"' || c == '(' || c == '[' || c == '{') {
            open(c);
            return {};
        }
        if (c == ')' || c == ']' || c == '}') {
            close(c);
            return {};
        }
        if (is_word(c) || c == '$') { return word(); }
        if (is_control(c)) { refuse("a control character does not belong into an expression", at_); }
        // A member's name is no word of the language.
        ++at_;
        if (c == '.') {
            while (at_ < text_.size() && is_word(text_[at_])) { ++at_; }
        }
        return {};
    }

    /// What is still open at the end is a problem.
    void end() {
        if (problem_ || open_.empty()) { return; }
        const Open last = open_.back();
        if (last.sign == '"') { refuse("a string is left open", last.at); }
        else { refuse(std::string("a `") + last.sign + "` is left open", last.at); }
    }

private:
    struct Open {
        char sign;
        std::size_t at;
    };

    static bool is_control(char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
    }

    void refuse(std::string what, std::size_t at) {
        if (!problem_) { problem_ = Problem{std::move(what), at}; }
    }
    void open(char sign) {
        if (open_.size() >= nesting_max) {
            refuse("nested deeper than " + std::to_string(nesting_max) + " levels", at_);
            return;
        }
        open_.push_back({sign, at_});
        ++at_;
    }
    void close(char sign) {
        if (open_.empty()) { refuse(std::string("nothing is open that this `") + sign + "` could close", at_); }
        else if (open_.back().sign != opening_of(sign)) {
            refuse(std::string("a `") + open_.back().sign + "` is closed by a `" + sign + "`", at_);
        }
        else {
            open_.pop_back();
            ++at_;
        }
    }
    void step_in_string() {
        const char c = text_[at_];
        if (c == '"') {
            open_.pop_back();
            ++at_;
            return;
        }
        if (c != '\\') {
            if (is_control(c)) { refuse("a control character does not belong into an expression", at_); }
            ++at_;
            return;
        }
        ++at_;
        if (at_ < text_.size() && text_[at_] == '(') { open('('); }
        else { at_ = std::min(at_ + 1, text_.size()); }
    }
    std::string_view word() {
        const std::size_t from = at_;
        ++at_;
        while (at_ < text_.size() && is_word(text_[at_])) { ++at_; }
        return text_.substr(from, at_ - from);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Open> open_;
    std::optional<Problem> problem_;
};

}  // namespace

Extent extent_of(std::string_view text, std::string_view closing) {
    Walk walk(text);
    Extent extent;
    while (!walk.done() && !extent.closed) {
        if (!closing.empty() && walk.outside() && walk.stands_here(closing)) { extent.closed = true; }
        else { (void)walk.step(); }
    }
    extent.size = extent.closed ? walk.at() : text.size();
    if (!extent.closed) { walk.end(); }
    extent.problem = walk.problem();
    if (!extent.problem && extent.size > expression_bytes_max && (extent.closed || closing.empty())) {
        extent.problem = Problem{"an expression is longer than " + std::to_string(expression_bytes_max) + " bytes", 0};
    }
    return extent;
}

std::optional<std::size_t> find_word(std::string_view text, std::string_view word) {
    Walk walk(text);
    while (!walk.done()) {
        const std::size_t at = walk.at();
        if (walk.step() == word) { return at; }
    }
    return {};
}

namespace {

/// Words behind which `.` is what it was.
bool keeps_input(std::string_view word) {
    static constexpr std::array<std::string_view, 7> words{"and", "or", "if", "then", "elif", "else", "try"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The name that begins there; empty when none does.
std::string name_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) { ++end; }
    const bool name = end > at && !(text[at] >= '0' && text[at] <= '9');
    return name ? std::string(text.substr(at, end - at)) : "";
}

}  // namespace

std::vector<InputPath> input_paths(std::string_view text) {
    std::vector<InputPath> paths;
    std::vector<bool> known{true};  // by depth: whether `.` is the expression's input there
    bool operand = true;            // whether a value, rather than an operator, would come next
    bool called = false;            // the last piece was a function's name
    Walk walk(text);
    while (!walk.done()) {
        const std::size_t at = walk.at();
        const std::size_t depth = walk.depth();
        const bool in_string = walk.in_string();
        const char c = text[at];
        const auto word = walk.step();
        if (walk.depth() > depth) {
            known.resize(depth + 1);
            known.push_back(known[depth] && !(c == '(' && called));
            operand = true;
        }
        else if (walk.depth() < depth) {
            known.resize(walk.depth() + 1);
            operand = false;
        }
        else if (in_string || c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '#') { continue; }
        else if (!word.empty()) {
            operand = keeps_input(word);
            // What else has a meaning of its own (def, reduce, catch, as, ...) makes `.` another, perhaps.
            if (word == "def" || word == "reduce" || word == "foreach" || word == "catch" || word == "as") {
                known[depth] = false;
            }
        }
        else if (c == '.') {
            auto first = name_at(text, at + 1);
            const std::size_t behind = at + 1 + first.size();
            if (operand && known[depth] && !first.empty()) {
                const bool more = behind < text.size() && text[behind] == '.';
                paths.push_back({std::move(first), more ? name_at(text, behind + 1) : "", at});
            }
            operand = false;
        }
        else {
            if (c == '|') { known[depth] = false; }
            operand = c != '?';
        }
        called = !word.empty() && !keeps_input(word);
    }
    return paths;
}

Position position_of(std::string_view text, std::size_t at) {
    Position position;
    for (const char c : text.substr(0, at)) {
        if (c == '\n') {
            ++position.line;
            position.column = 1;
        }
        // Every byte but those that go on with a character of UTF-8.
        else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) { ++position.column; }
    }
    return position;
}

}  // namespace crossdock::jq
