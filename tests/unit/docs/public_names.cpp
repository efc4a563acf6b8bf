#include "public_names.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <vector>

namespace crossdock::test {
namespace {

bool in_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Words, numbers and single marks; "::" is one token. Directives are left out.
std::vector<std::string> tokens_of(std::string_view code) {
    std::vector<std::string> tokens;
    bool line_begins = true;
    for (std::size_t i = 0; i < code.size();) {
        const char c = code[i];
        if (c == '#' && line_begins) {
            i = std::min(code.find('\n', i), code.size());
            continue;
        }
        line_begins = c == '\n' || (line_begins && c == ' ');
        std::size_t end = i + 1;
        if (in_word(c)) {
            while (end < code.size() && in_word(code[end])) { ++end; }
        }
        else if (code.substr(i, 2) == "::") { end = i + 2; }
        if (std::isspace(static_cast<unsigned char>(c)) == 0) { tokens.emplace_back(code.substr(i, end - i)); }
        i = end;
    }
    return tokens;
}

using Tokens = std::vector<std::string>;

bool has(const Tokens& tokens, std::string_view word) {
    return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
}

/// Behind the bracket that closes the one at `at`.
std::size_t behind(const Tokens& tokens, std::size_t at, std::string_view open, std::string_view close) {
    std::size_t depth = 0;
    for (; at < tokens.size(); ++at) {
        if (tokens[at] == open) { ++depth; }
        if (tokens[at] == close && --depth == 0) { return at + 1; }
    }
    return at;
}

/// A declaration without template<...> and [[...]] in front or within.
Tokens plain(const Tokens& statement) {
    Tokens made;
    for (std::size_t i = 0; i < statement.size(); ++i) {
        if (statement[i] == "template" && i + 1 < statement.size()) { i = behind(statement, i + 1, "<", ">") - 1; }
        else if (statement[i] == "[") { i = behind(statement, i, "[", "]") - 1; }
        else { made.push_back(statement[i]); }
    }
    return made;
}

/// What a declaration declares; nothing when it is one of those that do not count. `own` is the class that it stands in.
std::optional<std::string> declared(const Tokens& statement, const std::string& own) {
    const Tokens words = plain(statement);
    if (words.empty() || words.front() == "friend" || words.front() == "static_assert" || has(words, "operator")) { return {}; }
    if (words.front() == "using") { return words.size() > 2 && words[2] == "=" ? std::optional(words[1]) : std::nullopt; }
    std::size_t end = 0;
    while (end < words.size() && words[end] != "(" && words[end] != "=" && words[end] != "{") { ++end; }
    if (end == 0 || !in_word(words[end - 1].front())) { return {}; }
    // A function that was declared in a class is defined outside it: "Json::parse".
    const bool defined = end >= 2 && words[end - 2] == "::";
    if (defined || words[end - 1] == own || has(words, "~")) { return {}; }
    return words[end - 1];
}

class Reader {
public:
    explicit Reader(Tokens tokens) : tokens_(std::move(tokens)) {}

    std::set<std::string> read() {
        scope("", true, true, false);
        return std::move(names_);
    }

private:
    /// One namespace or class, up to the bracket that closes it. What is not `reachable` from outside has no public part either.
    void scope(const std::string& own, bool reachable, bool visible, bool is_class) {
        Tokens statement;
        while (at_ < tokens_.size()) {
            const auto& token = tokens_[at_];
            if (token == "}") {
                ++at_;
                return;
            }
            const bool access = is_class && at_ + 1 < tokens_.size() && tokens_[at_ + 1] == ":" &&
                                (token == "public" || token == "private" || token == "protected");
            if (access) {
                visible = reachable && token == "public";
                at_ += 2;
                statement.clear();
            }
            else if (token == ";") {
                ++at_;
                note(statement, own, visible);
                statement.clear();
            }
            else if (token == "{") { block(statement, own, visible); }
            else if (token == "(") {
                const auto end = behind(tokens_, at_, "(", ")");
                statement.insert(statement.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(at_),
                                 tokens_.begin() + static_cast<std::ptrdiff_t>(end));
                at_ = end;
            }
            else {
                statement.push_back(token);
                ++at_;
            }
        }
    }

    void block(Tokens& statement, const std::string& own, bool visible) {
        const Tokens words = plain(statement);
        const bool opens_class = !words.empty() && (words.front() == "class" || words.front() == "struct");
        if (has(words, "namespace") || (!words.empty() && words.front() == "extern")) {
            ++at_;
            const bool shown = visible && !has(words, "detail");
            scope("", shown, shown, false);
            statement.clear();
        }
        else if (opens_class) {
            ++at_;
            note({words[1]}, own, visible);
            scope(words[1], visible, visible && words.front() == "struct", true);
            statement.clear();
        }
        else {
            if (!words.empty() && words.front() == "enum") {
                const bool scoped = words[1] == "class" || words[1] == "struct";
                note({words[scoped ? 2 : 1]}, own, visible);
                statement.clear();
                at_ = behind(tokens_, at_, "{", "}");
                return;
            }
            // A function's body ends it; the braces of an initial value do not.
            at_ = behind(tokens_, at_, "{", "}");
            if (at_ < tokens_.size() && tokens_[at_] == ";") { return; }
            note(statement, own, visible);
            statement.clear();
        }
    }

    void note(const Tokens& statement, const std::string& own, bool visible) {
        if (!visible) { return; }
        if (auto name = declared(statement, own)) { names_.insert(std::move(*name)); }
    }

    Tokens tokens_;
    std::size_t at_ = 0;
    std::set<std::string> names_;
};

void add_words(std::string_view text, std::set<std::string>& words) {
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() && in_word(text[end])) { ++end; }
        if (end > i) { words.emplace(text.substr(i, end - i)); }
        i = std::max(end, i + 1);
    }
}

}  // namespace

std::string bare_code(std::string_view header) {
    std::string code;
    for (std::size_t i = 0; i < header.size();) {
        const auto rest = header.substr(i);
        if (rest.starts_with("\\\n")) { i += 2; }
        else if (rest.starts_with("//")) { i = std::min(header.find('\n', i), header.size()); }
        else if (rest.starts_with("/*")) { i = std::min(header.find("*/", i + 2), header.size() - 2) + 2; }
        // A single quote between digits separates thousands.
        else if (rest.front() == '"' || (rest.front() == '\'' && !(i > 0 && in_word(header[i - 1])))) {
            const char quote = rest.front();
            std::size_t end = i + 1;
            while (end < header.size() && header[end] != quote) { end += header[end] == '\\' ? 2 : 1; }
            code += '0';  // a value stood here
            i = end + 1;
        }
        else {
            code += rest.front();
            ++i;
        }
    }
    return code;
}

std::set<std::string> public_names(std::string_view header) {
    return Reader(tokens_of(bare_code(header))).read();
}

std::set<std::string> c_names(std::string_view header) {
    std::set<std::string> all, names;
    add_words(bare_code(header), all);
    for (const auto& name : all) {
        const bool ours = name.starts_with("xd_") || name.starts_with("XD_") || name.starts_with("CROSSDOCK_");
        if (ours && !name.ends_with('_') && !name.ends_with("_H")) { names.insert(name); }
    }
    return names;
}

std::set<std::string> code_words(std::string_view page) {
    std::set<std::string> words;
    bool fenced = false;
    for (std::size_t i = 0; i < page.size();) {
        const auto end = std::min(page.find('\n', i), page.size());
        const auto line = page.substr(i, end - i);
        i = end + 1;
        if (line.starts_with("```")) { fenced = !fenced; }
        else if (fenced) { add_words(line, words); }
        else {
            for (auto open = line.find('`'); open != std::string_view::npos;) {
                const auto close = line.find('`', open + 1);
                if (close == std::string_view::npos) { break; }
                add_words(line.substr(open + 1, close - open - 1), words);
                open = line.find('`', close + 1);
            }
        }
    }
    return words;
}

}  // namespace crossdock::test
