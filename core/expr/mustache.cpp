// The only file that sees the mustache library.
#include "expr/mustache.hpp"

#include <mustache.hpp>

#include <algorithm>
#include <charconv>

namespace crossdock::expr {
namespace {

namespace km = kainjow::mustache;

std::string position(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, std::min(offset, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n');
    return std::to_string(line) + ":" + std::to_string(before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1);
}

/// What the library takes silently: a partial that nobody defines is empty to it, and changed delimiters trip an assertion in it.
Result<> refuse_unsupported(std::string_view text) {
    for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
        const std::size_t first = text.find_first_not_of(" \t\r\n", at + 2);
        if (first == std::string_view::npos) { break; }
        if (text[first] == '>') { return Fault{"partials ({{> name}}) are not supported", position(text, at)}; }
        if (text[first] == '=') { return Fault{"delimiters cannot be changed ({{= =}})", position(text, at)}; }
    }
    return {};
}

/// The library ends its messages with " at OFFSET".
Fault explained(std::string_view text, const std::string& message) {
    const auto cut = message.rfind(" at ");
    std::size_t offset = 0;
    if (cut != std::string::npos) { std::from_chars(message.data() + cut + 4, message.data() + message.size(), offset); }
    return Fault{message.substr(0, cut), position(text, offset)};
}

km::data converted(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null: return km::data(false);
        case Json::Kind::boolean: return km::data(value.as_boolean());
        case Json::Kind::number: return km::data(value.literal());
        case Json::Kind::string: return value.as_string().empty() ? km::data(false) : km::data(value.as_string());
        case Json::Kind::array: {
            km::data list(km::data::type::list);
            for (const Json& item : value.items()) { list.push_back(converted(item)); }
            return list;
        }
        case Json::Kind::object: {
            km::data object(km::data::type::object);
            for (const auto& [key, member] : value.members()) { object.set(key, converted(member)); }
            return object;
        }
    }
    return km::data(false);
}

}  // namespace

Result<> check_template(std::string_view template_text) {
    if (auto supported = refuse_unsupported(template_text); !supported) { return supported; }
    const km::mustache compiled{std::string(template_text)};
    if (!compiled.is_valid()) { return explained(template_text, compiled.error_message()); }
    return {};
}

Result<std::string> render(std::string_view template_text, const Json& data, bool html) {
    if (const auto supported = refuse_unsupported(template_text); !supported) { return supported.error(); }
    km::mustache compiled{std::string(template_text)};
    if (!compiled.is_valid()) { return explained(template_text, compiled.error_message()); }
    if (!html) {
        compiled.set_custom_escape([](const std::string& text) { return text; });
    }
    std::string made = compiled.render(converted(data));
    if (!compiled.is_valid()) { return explained(template_text, compiled.error_message()); }
    return {boost::system::in_place_value, std::move(made)};
}

}  // namespace crossdock::expr
