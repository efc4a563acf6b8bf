// Which names a mail's template asks for, and whether they are there.
#include "expr/mail_template.hpp"

#include <algorithm>
#include <string_view>

namespace crossdock::expr {
namespace {

constexpr std::string_view subject_mark = "Subject: ";

struct Part {
    std::string_view text;
    std::size_t first_line;
    std::size_t first_column;
};

std::string place(const std::string& file, const Part& part, std::size_t offset) {
    const auto before = part.text.substr(0, offset);
    const auto breaks = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const auto start = before.rfind('\n');
    const auto characters = [](std::string_view text) {
        return static_cast<std::size_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    const std::size_t column =
        start == std::string_view::npos ? part.first_column + characters(before) : 1 + characters(before.substr(start + 1));
    return file + ":" + std::to_string(part.first_line + breaks) + ":" + std::to_string(column);
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) { text.remove_prefix(1); }
    while (!text.empty() && blank(text.back())) { text.remove_suffix(1); }
    return text;
}

void add_names(const MailTemplate& mail, const Part& part, std::vector<MailName>& names) {
    std::vector<std::string> sections;
    for (auto at = part.text.find("{{"); at != std::string_view::npos; at = part.text.find("{{", at)) {
        const bool raw = part.text.substr(at).starts_with("{{{");
        const std::string_view end = raw ? "}}}" : "}}";
        const auto begin = at + (raw ? 3 : 2);
        const auto stop = part.text.find(end, begin);
        if (stop == std::string_view::npos) { return; }
        auto inside = trimmed(part.text.substr(begin, stop - begin));
        const char kind = inside.empty() ? '!' : inside.front();
        if (kind == '#' || kind == '^' || kind == '/' || kind == '&') { inside = trimmed(inside.substr(1)); }
        if (kind == '/' && !sections.empty()) { sections.pop_back(); }
        if (kind != '!' && kind != '/') { names.push_back({std::string(inside), sections, place(mail.file, part, at)}); }
        // What is not there opens nothing to look into.
        if (kind == '#' || kind == '^') { sections.push_back(kind == '#' ? std::string(inside) : std::string()); }
        at = stop + end.size();
    }
}

const Json* inside_of(const Json& shape) {
    return shape.is_array() ? (shape.items().empty() ? nullptr : &shape.items().front()) : &shape;
}

/// Something that may hold anything.
bool is_open(const Json& shape) {
    return shape.is_object() && shape.members().empty();
}

struct Found {
    const Json* value = nullptr;
    bool anything = false;
};

Found look_up(const std::vector<const Json*>& contexts, std::string_view name) {
    const auto dot = name.find('.');
    const auto first = name.substr(0, dot);
    for (auto at = contexts.rbegin(); at != contexts.rend(); ++at) {
        if (is_open(**at)) { return {nullptr, true}; }
        const Json* value = (*at)->find(first);
        if (value == nullptr) { continue; }
        if (dot == std::string_view::npos) { return {value, false}; }
        const Json* deeper = inside_of(*value);
        if (deeper == nullptr) { return {}; }
        return look_up({deeper}, name.substr(dot + 1));
    }
    return {};
}

std::vector<const Json*> contexts_of(const Json& shape, const std::vector<std::string>& sections) {
    std::vector<const Json*> contexts{&shape};
    static const Json open = Json::object();
    for (const auto& section : sections) {
        if (section.empty() || section == ".") { continue; }
        const auto found = look_up(contexts, section);
        if (found.anything) { contexts.push_back(&open); }
        if (found.value == nullptr) { continue; }
        const Json* inside = inside_of(*found.value);
        if (inside != nullptr && inside->is_object()) { contexts.push_back(inside); }
    }
    return contexts;
}

}  // namespace

std::vector<MailName> names_of(const MailTemplate& mail) {
    std::vector<MailName> names;
    add_names(mail, {mail.subject, 1, subject_mark.size() + 1}, names);
    add_names(mail, {mail.text, mail.text_line, 1}, names);
    add_names(mail, {mail.html, mail.html_line, 1}, names);
    return names;
}

bool has_name(const Json& shape, const MailName& name) {
    if (name.name == ".") { return true; }
    const auto found = look_up(contexts_of(shape, name.sections), name.name);
    return found.anything || found.value != nullptr;
}

std::vector<std::string> names_at(const Json& shape, const std::vector<std::string>& sections) {
    std::vector<std::string> names;
    const auto contexts = contexts_of(shape, sections);
    for (auto at = contexts.rbegin(); at != contexts.rend(); ++at) {
        for (const auto& [key, value] : (*at)->members()) { names.push_back(key); }
    }
    return names;
}

}  // namespace crossdock::expr
