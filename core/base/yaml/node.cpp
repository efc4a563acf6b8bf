#include "yaml/node.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace crossdock::yaml {
namespace {

/// RFC 8259, section 6.
bool is_json_number(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t from = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') { ++at; }
        return at - from;
    };
    const auto skip = [&](std::string_view any_of) {
        if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) { return false; }
        ++at;
        return true;
    };
    skip("-");
    const bool zero = at < text.size() && text[at] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) { return false; }
    if (skip(".") && digits() == 0) { return false; }
    if (skip("eE")) {
        skip("+-");
        if (digits() == 0) { return false; }
    }
    return at == text.size();
}

}  // namespace

std::string where(const std::string& file, Place place) {
    return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

const Node* Node::find(std::string_view key) const {
    const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return at == entries.end() ? nullptr : &at->value;
}

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::null: return "nothing";
        case Node::Kind::scalar: return "text";
        case Node::Kind::list: return "a list";
        case Node::Kind::map: return "a map";
    }
    return "nothing";
}

Json to_json(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null: return {};
        case Node::Kind::scalar:
            if (!node.quoted) {
                if (node.text == "true") { return Json(true); }
                if (node.text == "false") { return Json(false); }
                if (is_json_number(node.text)) { return Json::number(node.text); }
            }
            return Json(node.text);
        case Node::Kind::list: {
            Json list = Json::array();
            for (const Node& item : node.items) { list.push(to_json(item)); }
            return list;
        }
        case Node::Kind::map: {
            Json map = Json::object();
            for (const Node::Entry& entry : node.entries) { map.members().emplace_back(entry.key, to_json(entry.value)); }
            return map;
        }
    }
    return {};
}

Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status)) { return Fault{"there is no such file", file.string()}; }
    if (!std::filesystem::is_regular_file(status)) { return Fault{"is no regular file", file.string()}; }
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
    std::string text(bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) { return Fault{"longer than " + std::to_string(bytes_max) + " bytes", file.string()}; }
    return {boost::system::in_place_value, std::move(text)};
}

Result<Node> read_file(const std::filesystem::path& file, Limits limits) {
    auto text = read_text(file, limits.bytes_max);
    if (!text) {
        // Also this place is one that an editor can jump to.
        return Fault{text.error().what, where(file.string(), {})};
    }
    return read(*text, file.string(), limits);
}

}  // namespace crossdock::yaml
