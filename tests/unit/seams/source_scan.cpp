#include "source_scan.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <regex>
#include <utility>

namespace crossdock::test {
namespace {

namespace fs = std::filesystem;

std::string place(const Source& source, std::size_t offset, std::string_view what) {
    const auto line = 1 + std::count(source.text.begin(), source.text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
    return source.path + ":" + std::to_string(line) + ": " + std::string(what);
}

/// Offsets and texts of the matches, one for each line: std::regex recurses over long texts, so it sees a line at a time.
std::vector<std::pair<std::size_t, std::string>> matches(const Source& source, const std::regex& pattern) {
    std::vector<std::pair<std::size_t, std::string>> found;
    std::size_t start = 0;
    while (start < source.text.size()) {
        const std::size_t end = std::min(source.text.find('\n', start), source.text.size());
        const std::string line = source.text.substr(start, end - start);
        if (std::smatch match; std::regex_search(line, match, pattern)) {
            found.emplace_back(start + static_cast<std::size_t>(match.position()), match.str());
        }
        start = end + 1;
    }
    return found;
}

/// The offset behind the bracket that closes the one at `at`.
std::size_t behind_bracket(std::string_view text, std::size_t at) {
    int open = 0;
    for (; at < text.size(); ++at) {
        if (std::string_view("([{").find(text[at]) != std::string_view::npos) { ++open; }
        if (std::string_view(")]}").find(text[at]) != std::string_view::npos && --open == 0) { return at + 1; }
    }
    return text.size();
}

constexpr std::string_view pass = "CrashPoint::pass(";

/// True when a crash point of that side is passed at `offset`.
bool is_pass(std::string_view text, std::size_t offset, std::string_view side) {
    if (offset == std::string_view::npos) { return false; }
    return text.substr(offset, behind_bracket(text, offset + pass.size() - 1) - offset).find(side) != std::string_view::npos;
}

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
    while (at < text.size() && is_space(text[at])) { ++at; }
    return at;
}

char char_before(std::string_view text, std::size_t at) {
    while (at > 0 && is_space(text[at - 1])) { --at; }
    return at > 0 ? text[at - 1] : '\0';
}

/// True when a lambda with a capture begins at this '['.
bool is_capturing_lambda(std::string_view text, std::size_t at) {
    // A lambda follows an opening bracket, a comma or an operator, or `return`; an index follows a name; an attribute opens
    // twice.
    const char before = char_before(text, at);
    const bool returned = text.substr(0, at).ends_with("return ");
    if (!returned && std::string_view("({,=&|?:;").find(before) == std::string_view::npos) { return false; }
    if (at + 1 < text.size() && text[at + 1] == '[') { return false; }
    const std::size_t behind = behind_bracket(text, at);
    if (skip_space(text, at + 1) == behind - 1) { return false; }
    const std::size_t next = skip_space(text, behind);
    return next < text.size() && (text[next] == '(' || text[next] == '{' || text[next] == '<');
}

void find_in_awaited_expression(const Source& source, std::size_t at, std::vector<std::string>& found) {
    const std::string_view text = source.text;
    int open = 0;
    for (; at < text.size() && text[at] != ';' && open >= 0; ++at) {
        const char c = text[at];
        if (c == '[' && open > 0 && is_capturing_lambda(text, at)) {
            found.push_back(place(source, at, "a capturing lambda inside a co_await expression"));
            return;
        }
        if (c == '(' || c == '[' || c == '{') { ++open; }
        if (c == ')' || c == ']' || c == '}') { --open; }
    }
}

/// The body of the lambda that begins at this '[', or nothing when it has none.
std::string_view lambda_body(std::string_view text, std::size_t at) {
    at = skip_space(text, behind_bracket(text, at));
    if (at < text.size() && text[at] == '(') { at = behind_bracket(text, at); }
    const std::size_t open = text.find_first_of("{;", at);
    if (open == std::string_view::npos || text[open] == ';') { return {}; }
    return text.substr(open, behind_bracket(text, open) - open);
}

}  // namespace

std::string without_comments(std::string_view text) {
    std::string out(text);
    enum class In { code, line_comment, block_comment, string, character } in = In::code;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char c = out[i];
        const char next = i + 1 < out.size() ? out[i + 1] : '\0';
        switch (in) {
            case In::code:
                if (c == '/' && (next == '/' || next == '*')) {
                    in = next == '/' ? In::line_comment : In::block_comment;
                    out[i] = out[i + 1] = ' ';
                    ++i;
                }
                else if (c == '"') { in = In::string; }
                // Not the separator in 1'000.
                else if (c == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(out[i - 1])) == 0)) {
                    in = In::character;
                }
                break;
            case In::line_comment:
                if (c == '\n') { in = In::code; }
                else { out[i] = ' '; }
                break;
            case In::block_comment:
                if (c == '*' && next == '/') {
                    out[i] = out[i + 1] = ' ';
                    ++i;
                    in = In::code;
                }
                else if (c != '\n') { out[i] = ' '; }
                break;
            case In::string:
            case In::character:
                if (c == '\\') { ++i; }
                else if (c == (in == In::string ? '"' : '\'') || c == '\n') { in = In::code; }
                break;
        }
    }
    return out;
}

std::vector<Source> read_sources(const fs::path& top, const std::vector<std::string>& folders) {
    std::vector<Source> sources;
    for (const auto& folder : folders) {
        if (!fs::exists(top / folder)) { continue; }
        for (const auto& entry : fs::recursive_directory_iterator(top / folder)) {
            const auto extension = entry.path().extension();
            if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp" && extension != ".h")) { continue; }
            std::ifstream in(entry.path(), std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(in), {}};
            sources.push_back({fs::relative(entry.path(), top).generic_string(), without_comments(text)});
        }
    }
    std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
    return sources;
}

bool is_listed(std::string_view path, const std::vector<std::string_view>& entries) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](std::string_view entry) { return entry.ends_with('/') ? path.starts_with(entry) : path == entry; });
}

std::vector<std::string> ambient_uses(const Source& source) {
    static const std::regex pattern(
        R"(std::j?thread\b|thread_pool\b|std::async\b|pthread_create|\b(steady|system|high_resolution|deadline)_timer\b|)"
        R"(::now\s*\(|\bclock_gettime\b|\bgettimeofday\b|\btimerfd_create\b|::time\s*\(|)"
        R"(sleep_(for|until)|\b(u|nano)?sleep\s*\(|random_device|\bgetrandom\b|\bgetentropy\b|\bRAND_bytes\b|\bmt19937|\bs?rand\s*\()");
    std::vector<std::string> found;
    for (const auto& [offset, what] : matches(source, pattern)) { found.push_back(place(source, offset, what)); }
    return found;
}

std::vector<std::string> bare_acts(const Source& source) {
    // The word as a statement: a whole literal, or behind another statement in one.
    static const std::regex pattern(
        R"re("\(?\s*commit\s*;?\s*\)?"|(;|\\n)\s*commit\s*;?\s*\)?"|"end transaction|\.commit\s*\(\s*\)|)re"
        R"(\bcurl_(easy|multi)_perform\b|\bcurl_easy_send\b|\bcaller_?(\.|->)call\s*\()",
        std::regex::ECMAScript | std::regex::icase);
    const std::string_view text = source.text;
    std::vector<std::string> found;
    for (const auto& [offset, what] : matches(source, pattern)) {
        const auto above = text.rfind(pass, offset);
        const auto below = text.find(pass, offset);
        if (!is_pass(text, above, "Side::before") || !is_pass(text, below, "Side::after")) {
            found.push_back(place(source, offset, what));
        }
    }
    return found;
}

std::vector<std::string> unsafe_closures(const Source& source) {
    std::vector<std::string> found;
    constexpr std::string_view word = "co_await";
    const std::string_view text = source.text;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) {
        find_in_awaited_expression(source, at + word.size(), found);
    }
    for (auto at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
        if (!is_capturing_lambda(text, at)) { continue; }
        const auto body = lambda_body(text, at);
        if (body.find("co_await") != std::string_view::npos || body.find("co_return") != std::string_view::npos) {
            found.push_back(place(source, at, "a capturing lambda that is a coroutine"));
        }
    }
    return found;
}

}  // namespace crossdock::test
