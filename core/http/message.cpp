#include "http/message.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <array>

namespace crossdock::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

int digit(char c) {
    if (c >= '0' && c <= '9') { return c - '0'; }
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

struct Words {
    int status;
    std::string_view text;
};

constexpr std::array reasons{
    Words{101, "Switching Protocols"},
    Words{200, "OK"},
    Words{201, "Created"},
    Words{202, "Accepted"},
    Words{204, "No Content"},
    Words{301, "Moved Permanently"},
    Words{302, "Found"},
    Words{303, "See Other"},
    Words{304, "Not Modified"},
    Words{307, "Temporary Redirect"},
    Words{308, "Permanent Redirect"},
    Words{400, "Bad Request"},
    Words{401, "Unauthorized"},
    Words{403, "Forbidden"},
    Words{404, "Not Found"},
    Words{405, "Method Not Allowed"},
    Words{406, "Not Acceptable"},
    Words{408, "Request Timeout"},
    Words{409, "Conflict"},
    Words{410, "Gone"},
    Words{411, "Length Required"},
    Words{412, "Precondition Failed"},
    Words{413, "Content Too Large"},
    Words{414, "URI Too Long"},
    Words{415, "Unsupported Media Type"},
    Words{422, "Unprocessable Content"},
    Words{426, "Upgrade Required"},
    Words{429, "Too Many Requests"},
    Words{431, "Request Header Fields Too Large"},
    Words{500, "Internal Server Error"},
    Words{501, "Not Implemented"},
    Words{502, "Bad Gateway"},
    Words{503, "Service Unavailable"},
    Words{504, "Gateway Timeout"},
};

}  // namespace

std::optional<std::string> Request::header(std::string_view name) const {
    const auto at = std::find_if(headers.begin(), headers.end(), [&](const Header& h) { return same_name(h.first, name); });
    if (at == headers.end()) { return {}; }
    return at->second;
}

std::size_t Request::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [&](const Header& h) { return same_name(h.first, name); }));
}

std::optional<std::string> Request::parameter(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        const auto equals = std::min(pair.find('='), pair.size());
        if (decoded(pair.substr(0, equals)) == name) {
            return decoded(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{});
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

std::string_view reason(int status) {
    const auto* const at = std::find_if(reasons.begin(), reasons.end(), [&](const Words& w) { return w.status == status; });
    return at == reasons.end() ? std::string_view("Status") : at->text;
}

Response problem(int status, std::string_view title, std::string_view detail, std::string_view type) {
    Json body;
    body.set("type", type.empty() ? "about:blank" : std::string(type));
    body.set("title", std::string(title));
    body.set("status", status);
    body.set("detail", std::string(detail));
    Response made;
    made.status = status;
    made.headers.emplace_back("Content-Type", "application/problem+json");
    made.body = body.dump();
    return made;
}

std::string decoded_segment(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        }
        else { out += text[i]; }
    }
    return out;
}

std::string decoded(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return decoded_segment(spaced);
}

std::string encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
        if (letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace crossdock::http
