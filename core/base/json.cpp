#include "base/json.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace crossdock {
namespace {

[[noreturn]] void wrong_kind(const char* wanted) {
    std::fprintf(stderr, "bug: a JSON value was read as %s and is none\n", wanted);
    std::abort();
}

/// Length of the valid UTF-8 sequence at `at`, or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) { return 1; }
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) { length = 2; }
    else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        if (first == 0xE0) { low = 0xA0; }
        if (first == 0xED) { high = 0x9F; }
    }
    else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        if (first == 0xF0) { low = 0x90; }
        if (first == 0xF4) { high = 0x8F; }
    }
    if (length == 0 || at + length > text.size()) { return 0; }
    if (byte(at + 1) < low || byte(at + 1) > high) { return 0; }
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(at + i) < 0x80 || byte(at + i) > 0xBF) { return 0; }
    }
    return length;
}

void write_string(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
            ++i;
            continue;
        }
        if (static_cast<unsigned char>(c) < 0x20) {
            switch (c) {
                case '\n': out += "\\n"; break;
                case '\r': out += "\\r"; break;
                case '\t': out += "\\t"; break;
                default: {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    out += escape;
                }
            }
            ++i;
            continue;
        }
        const std::size_t length = sequence_length(text, i);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            ++i;
            continue;
        }
        out.append(text, i, length);
        i += length;
    }
    out += '"';
}

}  // namespace

Json::Json(std::int64_t value) : kind_(Kind::number), text_(std::to_string(value)) {}
Json::Json(std::uint64_t value) : kind_(Kind::number), text_(std::to_string(value)) {}

Json Json::array(Array items) {
    Json made;
    made.kind_ = Kind::array;
    made.array_ = std::move(items);
    return made;
}

Json Json::object(Object members) {
    Json made;
    made.kind_ = Kind::object;
    made.object_ = std::move(members);
    return made;
}

Json Json::number(std::string literal) {
    Json made;
    made.kind_ = Kind::number;
    made.text_ = std::move(literal);
    return made;
}

bool Json::as_boolean() const {
    if (kind_ != Kind::boolean) { wrong_kind("a boolean"); }
    return boolean_;
}
const std::string& Json::as_string() const {
    if (kind_ != Kind::string) { wrong_kind("a string"); }
    return text_;
}
const std::string& Json::literal() const {
    if (kind_ != Kind::number) { wrong_kind("a number"); }
    return text_;
}
const Json::Array& Json::items() const {
    if (kind_ != Kind::array) { wrong_kind("an array"); }
    return array_;
}
Json::Array& Json::items() {
    if (kind_ != Kind::array) { wrong_kind("an array"); }
    return array_;
}
const Json::Object& Json::members() const {
    if (kind_ != Kind::object) { wrong_kind("an object"); }
    return object_;
}
Json::Object& Json::members() {
    if (kind_ != Kind::object) { wrong_kind("an object"); }
    return object_;
}

std::optional<std::int64_t> Json::integer() const {
    if (kind_ != Kind::number) { return {}; }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || end != text_.data() + text_.size()) { return {}; }
    return value;
}

const Json* Json::find(std::string_view key) const {
    if (kind_ != Kind::object) { return nullptr; }
    const auto at = std::find_if(object_.begin(), object_.end(), [&](const Member& m) { return m.first == key; });
    return at == object_.end() ? nullptr : &at->second;
}

std::string Json::text(std::string_view key, std::string_view otherwise) const {
    const Json* found = find(key);
    return found != nullptr && found->is_string() ? found->text_ : std::string(otherwise);
}

std::optional<std::string> Json::maybe_text(std::string_view key) const {
    const Json* found = find(key);
    if (found == nullptr || !found->is_string()) { return {}; }
    return found->text_;
}

std::int64_t Json::integer(std::string_view key, std::int64_t otherwise) const {
    const Json* found = find(key);
    return found == nullptr ? otherwise : found->integer().value_or(otherwise);
}

bool Json::boolean(std::string_view key, bool otherwise) const {
    const Json* found = find(key);
    return found != nullptr && found->is_boolean() ? found->boolean_ : otherwise;
}

Json& Json::set(std::string key, Json value) {
    if (kind_ == Kind::null) { kind_ = Kind::object; }
    if (kind_ != Kind::object) { wrong_kind("an object"); }
    const auto at = std::find_if(object_.begin(), object_.end(), [&](const Member& m) { return m.first == key; });
    if (at != object_.end()) { at->second = std::move(value); }
    else { object_.emplace_back(std::move(key), std::move(value)); }
    return *this;
}

Json& Json::push(Json value) {
    if (kind_ == Kind::null) { kind_ = Kind::array; }
    if (kind_ != Kind::array) { wrong_kind("an array"); }
    array_.push_back(std::move(value));
    return *this;
}

void Json::write(std::string& out, int indent, int depth) const {
    const auto line = [&](int level) {
        if (indent > 0) {
            out += '\n';
            out.append(static_cast<std::size_t>(indent * level), ' ');
        }
    };
    switch (kind_) {
        case Kind::null: out += "null"; return;
        case Kind::boolean: out += boolean_ ? "true" : "false"; return;
        case Kind::number: out += text_; return;
        case Kind::string: write_string(out, text_); return;
        case Kind::array: {
            out += '[';
            for (std::size_t i = 0; i < array_.size(); ++i) {
                if (i > 0) { out += ','; }
                line(depth + 1);
                array_[i].write(out, indent, depth + 1);
            }
            if (!array_.empty()) { line(depth); }
            out += ']';
            return;
        }
        case Kind::object: {
            out += '{';
            for (std::size_t i = 0; i < object_.size(); ++i) {
                if (i > 0) { out += ','; }
                line(depth + 1);
                write_string(out, object_[i].first);
                out += indent > 0 ? ": " : ":";
                object_[i].second.write(out, indent, depth + 1);
            }
            if (!object_.empty()) { line(depth); }
            out += '}';
            return;
        }
    }
}

std::string Json::dump() const {
    std::string out;
    write(out, 0, 0);
    return out;
}

std::string Json::pretty() const {
    std::string out;
    write(out, 2, 0);
    return out;
}

bool Json::operator==(const Json& other) const {
    return kind_ == other.kind_ && boolean_ == other.boolean_ && text_ == other.text_ && array_ == other.array_ &&
           object_ == other.object_;
}

std::string json_quoted(std::string_view text) {
    std::string out;
    write_string(out, text);
    return out;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = sequence_length(text, i);
        if (length == 0) { return false; }
        i += length;
    }
    return true;
}

}  // namespace crossdock
