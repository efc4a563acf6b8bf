#include "template.hpp"

#include <algorithm>
#include <stdexcept>

namespace rest {
namespace {

constexpr std::string_view opening = "${{";
constexpr std::string_view closing = "}}";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// How many bytes stand before the `}}` that ends an expression: not one in a string, a comment or between brackets. Nothing:
/// none does.
std::optional<std::size_t> extent_of(std::string_view text) {
    std::vector<char> open;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool in_string = !open.empty() && open.back() == '"';
        if (open.empty() && text.substr(at).starts_with(closing)) { return at; }
        if (in_string && c == '\\') {
            // `\(` goes back to the language until its bracket is closed.
            if (at + 1 < text.size() && text[at + 1] == '(') { open.push_back('('); }
            ++at;
        }
        else if (c == '"') {
            if (in_string) { open.pop_back(); }
            else { open.push_back(c); }
        }
        else if (in_string) { continue; }
        else if (c == '#') { at = std::min(text.find('\n', at), text.size()); }
        else if (c == '(' || c == '[' || c == '{') { open.push_back(c); }
        else if ((c == ')' || c == ']' || c == '}') && !open.empty()) { open.pop_back(); }
    }
    return {};
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a lone path; nothing on what is none.
class PathReader {
public:
    explicit PathReader(std::string_view text) : text_(text) {}

    [[nodiscard]] std::optional<Template::Path> read() {
        if (!take('.')) { return {}; }
        if (!done() && !member()) { return {}; }
        while (!done()) {
            const bool read = take('.') ? member() : index();
            if (!read) { return {}; }
        }
        return std::move(path_);
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
        if (peek() == '"') { return quoted(); }
        const auto from = at_;
        if (!is_letter(peek())) { return false; }
        while (is_letter(peek()) || is_digit(peek())) { ++at_; }
        path_.steps.emplace_back(std::string(text_.substr(from, at_ - from)));
        return true;
    }
    bool quoted() {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != '"') { end += text_[end] == '\\' ? 2 : 1; }
        if (end >= text_.size()) { return false; }
        try {
            path_.steps.emplace_back(sdk::Json::parse(text_.substr(at_, end - at_ + 1)).text());
        } catch (const sdk::JsonError&) { return false; }
        at_ = end + 1;
        return true;
    }
    bool index() {
        constexpr std::size_t digits_max = 6;
        if (!take('[')) { return false; }
        std::size_t value = 0;
        const auto from = at_;
        while (is_digit(peek())) { value = value * 10 + static_cast<std::size_t>(text_[at_++] - '0'); }
        if (at_ == from || at_ - from > digits_max || !take(']')) { return false; }
        path_.steps.emplace_back(value);
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Template::Path path_;
};

sdk::Json follow(const Template::Path& path, const Scope& scope) {
    if (path.steps.empty()) { return scope.whole(); }
    const auto* name = std::get_if<std::string>(&path.steps.front());
    const auto* at = name == nullptr ? nullptr : scope.find(*name);
    for (std::size_t i = 1; i < path.steps.size() && at != nullptr; ++i) {
        if (const auto* key = std::get_if<std::string>(&path.steps[i])) { at = at->find(*key); }
        else {
            const auto index = std::get<std::size_t>(path.steps[i]);
            at = at->is_array() && index < at->items().size() ? &at->items()[index] : nullptr;
        }
    }
    return at == nullptr ? sdk::Json() : *at;
}

}  // namespace

const sdk::Json* Scope::find(std::string_view name) const {
    if (item_ != nullptr && name == "item") { return item_; }
    return document_->find(name);
}

sdk::Json Scope::whole() const {
    sdk::Json made = item_alone_ ? sdk::Json::object() : *document_;
    if (item_ != nullptr) { made.set("item", *item_); }
    return made;
}

std::string as_text(const sdk::Json& value, bool plain) {
    if (value.is_null()) { return {}; }
    if (value.is_string() || value.is_number()) { return value.text(); }
    if (plain && (value.is_array() || value.is_object())) {
        throw std::runtime_error("a list or a mapping stands where a text must be");
    }
    return value.dump();
}

void Template::parse_text(const std::string& text) {
    std::string_view rest = text;
    kind_ = Kind::text;
    while (!rest.empty()) {
        const auto at = rest.find(opening);
        if (at != 0) { pieces_.push_back({std::string(rest.substr(0, at))}); }
        if (at == std::string_view::npos) { break; }
        rest.remove_prefix(at + opening.size());
        const auto size = extent_of(rest);
        if (!size) {
            pieces_.push_back({{}, Broken{}});
            break;
        }
        const auto source = trimmed(rest.substr(0, *size));
        if (auto path = PathReader(source).read()) { pieces_.push_back({{}, std::move(*path)}); }
        else { pieces_.push_back({{}, Computed{std::string(source)}}); }
        rest.remove_prefix(*size + closing.size());
    }
    if (pieces_.size() == 1 && pieces_.front().inserted) { kind_ = Kind::inserted; }
}

Template Template::parse(const sdk::Json& written) {
    Template made;
    made.literal_ = written;
    if (written.is_string()) {
        made.parse_text(written.text());
        if (written.text().find(opening) == std::string::npos) { made.kind_ = Kind::literal; }
    }
    else if (written.is_array()) {
        made.kind_ = Kind::list;
        for (const auto& item : written.items()) { made.items_.push_back(parse(item)); }
    }
    else if (written.is_object()) {
        const auto* each = written.find("each");
        const auto* as = written.find("as");
        if (each != nullptr && as != nullptr && written.members().size() == 2) {
            made.kind_ = Kind::each;
            made.items_.push_back(parse(*each));
            made.items_.push_back(parse(*as));
            return made;
        }
        made.kind_ = Kind::map;
        for (const auto& [key, value] : written.members()) { made.members_.emplace_back(key, parse(value)); }
    }
    return made;
}

std::optional<Template> Template::member(const sdk::Json& settings, std::string_view name) {
    const auto* written = settings.find(name);
    if (written == nullptr || written->is_null()) { return {}; }
    return parse(*written);
}

sdk::Json Template::value_of(const Piece& piece, const Scope& scope) {
    if (!piece.inserted) { return {piece.literal}; }
    if (const auto* path = std::get_if<Path>(&*piece.inserted)) { return follow(*path, scope); }
    if (const auto* computed = std::get_if<Computed>(&*piece.inserted)) { return scope.evaluate(computed->source); }
    throw std::runtime_error("the closing `}}` of `${{` is missing");
}

sdk::Json Template::render(const Scope& scope) const {
    switch (kind_) {
        case Kind::literal: return literal_;
        case Kind::inserted: return value_of(pieces_.front(), scope);
        case Kind::text: {
            std::string text;
            for (const auto& piece : pieces_) { text += as_text(value_of(piece, scope), false); }
            return {text};
        }
        case Kind::list: {
            sdk::Json list = sdk::Json::array();
            for (const auto& item : items_) { list.push(item.render(scope)); }
            return list;
        }
        case Kind::map: {
            sdk::Json map = sdk::Json::object();
            for (const auto& [key, member] : members_) {
                auto value = member.render(scope);
                // A null that the file writes itself is meant.
                if (!value.is_null() || member.kind_ == Kind::literal) { map.set(key, std::move(value)); }
            }
            return map;
        }
        case Kind::each: {
            const auto from = items_.front().render(scope);
            if (!from.is_array()) { throw std::runtime_error("`each` takes a list"); }
            sdk::Json list = sdk::Json::array();
            for (const auto& item : from.items()) { list.push(items_.back().render(scope.with(item))); }
            return list;
        }
    }
    return {};
}

std::string Template::render_text(const Scope& scope) const {
    return as_text(render(scope), true);
}

bool Template::holds(const Scope& scope) const {
    const auto value = render(scope);
    return !value.is_null() && (value.kind() != sdk::Json::Kind::boolean || value.as_boolean());
}

}  // namespace rest
