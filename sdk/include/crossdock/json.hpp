#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::sdk {

/// A text that is no JSON, or a document that lacks what was asked of it.
class JsonError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A JSON value that keeps numbers as they were written (231.00 stays 231.00) and members in their order.
///
/// Threads: a value, like std::string.
/// Errors:  parse and the `need_` functions throw JsonError, whose text names the place or the field.
class Json {
public:
    enum class Kind { null, boolean, number, string, array, object };
    using Member = std::pair<std::string, Json>;

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : kind_(Kind::boolean), boolean_(value) {}
    Json(int value) : kind_(Kind::number), text_(std::to_string(value)) {}
    Json(std::int64_t value) : kind_(Kind::number), text_(std::to_string(value)) {}
    Json(const char* value) : kind_(Kind::string), text_(value) {}
    Json(std::string_view value) : kind_(Kind::string), text_(value) {}
    Json(std::string value) : kind_(Kind::string), text_(std::move(value)) {}

    [[nodiscard]] static Json array() { return Json(Kind::array); }
    [[nodiscard]] static Json object() { return Json(Kind::object); }

    /// Limits: 64 MiB and 96 levels. Duplicate keys and trailing text are errors.
    [[nodiscard]] static Json parse(std::string_view text);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
    [[nodiscard]] bool is_number() const { return kind_ == Kind::number; }
    [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
    [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
    [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }

    [[nodiscard]] bool as_boolean() const { return boolean_; }
    /// A string's content, or a number as it was written; empty for other kinds.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] const std::vector<Json>& items() const { return items_; }
    [[nodiscard]] const std::vector<Member>& members() const { return members_; }
    /// The number when it is an integer without fraction or exponent that fits 64 bits.
    [[nodiscard]] std::optional<std::int64_t> integer() const;

    /// The member of that name; null when absent or when this is no object.
    [[nodiscard]] const Json* find(std::string_view key) const;
    /// The value at a JSON pointer (RFC 6901), for example "/order/items/0"; null when absent.
    [[nodiscard]] const Json* at(std::string_view pointer) const;
    /// The member when it is a string.
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    [[nodiscard]] std::string need_text(std::string_view key) const;
    [[nodiscard]] std::int64_t need_integer(std::string_view key) const;
    [[nodiscard]] const Json& need_array(std::string_view key) const;

    /// Adds or replaces a member; makes an object of a null.
    Json& set(std::string_view key, Json value);
    /// The same, but leaves an absent value out.
    Json& set_if(std::string_view key, const std::optional<std::string>& value);
    /// Copies a member of another object, if it has it.
    Json& copy(const Json& from, std::string_view key);
    /// Appends; makes an array of a null.
    Json& push(Json value);

    /// Compact text; bytes that are no UTF-8 become U+FFFD, so that the result is always JSON.
    [[nodiscard]] std::string dump() const;

private:
    friend class JsonReader;
    explicit Json(Kind kind) : kind_(kind) {}
    void write(std::string& out) const;

    Kind kind_ = Kind::null;
    bool boolean_ = false;
    std::string text_;
    std::vector<Json> items_;
    std::vector<Member> members_;
};

/// How many bytes of valid UTF-8 begin the text as one character (RFC 3629); 0 when none do.
[[nodiscard]] inline std::size_t utf8_length(std::string_view text) {
    if (text.empty()) { return 0; }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    if (first < 0x80) { return 1; }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) { return 0; }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) { return 0; }
    }
    const auto second = byte(1);
    // Overlong forms, UTF-16 surrogates and what lies beyond U+10FFFF.
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return length;
}

/// Reads one text. Not for direct use: see Json::parse.
class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    Json whole() {
        if (text_.size() > (64U << 20U)) { fail("longer than 64 MiB"); }
        Json value = read(0);
        skip_space();
        if (at_ != text_.size()) { fail("text behind the document's end"); }
        return value;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw JsonError("not JSON at byte " + std::to_string(at_) + ": " + what);
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    void expect(char c) {
        if (at_ >= text_.size() || text_[at_] != c) { fail(std::string("'") + c + "' expected"); }
        ++at_;
    }
    bool word(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected) { return false; }
        at_ += expected.size();
        return true;
    }

    Json read(int depth) {
        constexpr int levels_max = 96;
        skip_space();
        if (depth >= levels_max && (peek() == '{' || peek() == '[')) { fail("nested deeper than 96 levels"); }
        switch (peek()) {
            case '{': return object(depth);
            case '[': return array(depth);
            case '"': return Json(string());
            default: break;
        }
        if (word("true")) { return Json(true); }
        if (word("false")) { return Json(false); }
        if (word("null")) { return Json(); }
        return number();
    }

    Json object(int depth) {
        Json made = Json::object();
        expect('{');
        skip_space();
        if (peek() == '}') {
            ++at_;
            return made;
        }
        while (true) {
            skip_space();
            std::string key = string();
            if (made.find(key) != nullptr) { fail("the key \"" + key + "\" stands twice in one object"); }
            skip_space();
            expect(':');
            made.members_.emplace_back(std::move(key), read(depth + 1));
            skip_space();
            if (peek() == ',') {
                ++at_;
                continue;
            }
            expect('}');
            return made;
        }
    }

    Json array(int depth) {
        Json made = Json::array();
        expect('[');
        skip_space();
        if (peek() == ']') {
            ++at_;
            return made;
        }
        while (true) {
            made.items_.push_back(read(depth + 1));
            skip_space();
            if (peek() == ',') {
                ++at_;
                continue;
            }
            expect(']');
            return made;
        }
    }

    std::size_t digits() {
        const auto start = at_;
        while (peek() >= '0' && peek() <= '9') { ++at_; }
        return at_ - start;
    }

    Json number() {
        const auto start = at_;
        if (peek() == '-') { ++at_; }
        const auto first = at_;
        if (digits() == 0) { fail("a value expected"); }
        if (text_[first] == '0' && at_ - first > 1) { fail("a number begins with 0"); }
        if (peek() == '.') {
            ++at_;
            if (digits() == 0) { fail("a digit expected behind the decimal point"); }
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') { ++at_; }
            if (digits() == 0) { fail("a digit expected in the exponent"); }
        }
        Json made(Json::Kind::number);
        made.text_ = text_.substr(start, at_ - start);
        return made;
    }

    unsigned hex4() {
        if (text_.size() - at_ < 4) { fail("four hex digits expected"); }
        unsigned value = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, value, 16);
        if (error != std::errc{} || end != text_.data() + at_ + 4) { fail("four hex digits expected"); }
        at_ += 4;
        return value;
    }

    void escaped_unit(std::string& out) {
        unsigned code = hex4();
        if (code >= 0xDC00 && code <= 0xDFFF) { fail("half of a surrogate pair"); }
        if (code >= 0xD800 && code <= 0xDBFF) {
            if (!word("\\u")) { fail("half of a surrogate pair"); }
            const unsigned low = hex4();
            if (low < 0xDC00 || low > 0xDFFF) { fail("half of a surrogate pair"); }
            code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        }
        const auto add = [&out](unsigned byte) { out += static_cast<char>(byte); };
        if (code < 0x80) { add(code); }
        else if (code < 0x800) {
            add(0xC0U | (code >> 6U));
            add(0x80U | (code & 0x3FU));
        }
        else if (code < 0x10000) {
            add(0xE0U | (code >> 12U));
            add(0x80U | ((code >> 6U) & 0x3FU));
            add(0x80U | (code & 0x3FU));
        }
        else {
            add(0xF0U | (code >> 18U));
            add(0x80U | ((code >> 12U) & 0x3FU));
            add(0x80U | ((code >> 6U) & 0x3FU));
            add(0x80U | (code & 0x3FU));
        }
    }

    std::string string() {
        expect('"');
        std::string out;
        while (true) {
            if (at_ >= text_.size()) { fail("a string is not closed"); }
            const char c = text_[at_++];
            if (c == '"') { return out; }
            if (static_cast<unsigned char>(c) < 0x20) { fail("a control character in a string"); }
            if (c != '\\') {
                out += c;
                continue;
            }
            const char escape = peek();
            ++at_;
            switch (escape) {
                case '"':
                case '\\':
                case '/': out += escape; break;
                case 'b': out += '\b'; break;
                case 'f': out += '\f'; break;
                case 'n': out += '\n'; break;
                case 'r': out += '\r'; break;
                case 't': out += '\t'; break;
                case 'u': escaped_unit(out); break;
                default: fail("an unknown escape");
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

inline Json Json::parse(std::string_view text) {
    return JsonReader(text).whole();
}

inline std::optional<std::int64_t> Json::integer() const {
    if (kind_ != Kind::number) { return {}; }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || end != text_.data() + text_.size()) { return {}; }
    return value;
}

inline const Json* Json::find(std::string_view key) const {
    for (const auto& member : members_) {
        if (member.first == key) { return &member.second; }
    }
    return nullptr;
}

inline const Json* Json::at(std::string_view pointer) const {
    const Json* here = this;
    while (here != nullptr && !pointer.empty()) {
        if (pointer.front() != '/') { throw JsonError("a JSON pointer begins with '/': " + std::string(pointer)); }
        pointer.remove_prefix(1);
        const auto end = std::min(pointer.find('/'), pointer.size());
        std::string token;
        for (std::size_t i = 0; i < end; ++i) {
            const bool escaped = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
            token += escaped ? (pointer[++i] == '0' ? '~' : '/') : pointer[i];
        }
        pointer.remove_prefix(end);
        if (!here->is_array()) {
            here = here->find(token);
            continue;
        }
        std::size_t index = 0;
        const auto [last, error] = std::from_chars(token.data(), token.data() + token.size(), index);
        const bool valid = error == std::errc{} && last == token.data() + token.size() && index < here->items_.size();
        here = valid ? &here->items_[index] : nullptr;
    }
    return here;
}

inline std::optional<std::string> Json::text(std::string_view key) const {
    const auto* member = find(key);
    if (member == nullptr || !member->is_string()) { return {}; }
    return member->text_;
}

inline std::string Json::need_text(std::string_view key) const {
    if (const auto value = text(key)) { return *value; }
    throw JsonError("\"" + std::string(key) + (find(key) == nullptr ? "\" is missing" : "\" is no string"));
}

inline std::int64_t Json::need_integer(std::string_view key) const {
    const auto* member = find(key);
    if (member == nullptr) { throw JsonError("\"" + std::string(key) + "\" is missing"); }
    if (const auto value = member->integer()) { return *value; }
    throw JsonError("\"" + std::string(key) + "\" is no integer");
}

inline const Json& Json::need_array(std::string_view key) const {
    const auto* member = find(key);
    if (member == nullptr) { throw JsonError("\"" + std::string(key) + "\" is missing"); }
    if (!member->is_array()) { throw JsonError("\"" + std::string(key) + "\" is no array"); }
    return *member;
}

inline Json& Json::set(std::string_view key, Json value) {
    if (kind_ == Kind::null) { kind_ = Kind::object; }
    if (kind_ != Kind::object) { throw JsonError("a member can be set in an object only"); }
    for (auto& member : members_) {
        if (member.first == key) {
            member.second = std::move(value);
            return *this;
        }
    }
    members_.emplace_back(std::string(key), std::move(value));
    return *this;
}

inline Json& Json::set_if(std::string_view key, const std::optional<std::string>& value) {
    return value ? set(key, Json(*value)) : *this;
}

inline Json& Json::copy(const Json& from, std::string_view key) {
    const auto* member = from.find(key);
    return member == nullptr ? *this : set(key, *member);
}

inline Json& Json::push(Json value) {
    if (kind_ == Kind::null) { kind_ = Kind::array; }
    if (kind_ != Kind::array) { throw JsonError("a value can be appended to an array only"); }
    items_.push_back(std::move(value));
    return *this;
}

namespace detail {

inline void write_string(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
        const char c = text.front();
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        }
        else if (c == '\n') { out += "\\n"; }
        else if (c == '\r') { out += "\\r"; }
        else if (c == '\t') { out += "\\t"; }
        else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 15U];
        }
        else {
            const auto length = utf8_length(text);
            if (length == 0) { out += "\xEF\xBF\xBD"; }
            else { out += text.substr(0, length); }
            text.remove_prefix(length == 0 ? 1 : length);
            continue;
        }
        text.remove_prefix(1);
    }
    out += '"';
}

}  // namespace detail

inline void Json::write(std::string& out) const {
    switch (kind_) {
        case Kind::null: out += "null"; return;
        case Kind::boolean: out += boolean_ ? "true" : "false"; return;
        case Kind::number: out += text_; return;
        case Kind::string: detail::write_string(out, text_); return;
        case Kind::array: {
            out += '[';
            for (const auto& item : items_) {
                if (&item != &items_.front()) { out += ','; }
                item.write(out);
            }
            out += ']';
            return;
        }
        case Kind::object: {
            out += '{';
            for (const auto& member : members_) {
                if (&member != &members_.front()) { out += ','; }
                detail::write_string(out, member.first);
                out += ':';
                member.second.write(out);
            }
            out += '}';
            return;
        }
    }
}

inline std::string Json::dump() const {
    std::string out;
    write(out);
    return out;
}

}  // namespace crossdock::sdk
