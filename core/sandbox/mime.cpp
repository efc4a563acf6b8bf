#include "crypto/crypto.hpp"
#include "sandbox/mail_store.hpp"

#include <algorithm>
#include <optional>

namespace crossdock::sandbox {
namespace {

constexpr int depth_max = 8;

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) { return {}; }
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::optional<int> digit(char c) {
    if (c >= '0' && c <= '9') { return c - '0'; }
    const char upper = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    if (upper >= 'A' && upper <= 'F') { return upper - 'A' + 10; }
    return {};
}

/// Quoted-printable (RFC 2045, 6.7); with `word`, the variant of encoded words, in which "_" is a space.
std::string from_quoted(std::string_view text, bool word) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += word && text[i] == '_' ? ' ' : text[i];
            continue;
        }
        if (text.substr(i + 1, 2) == "\r\n") { i += 2; }
        else if (text.substr(i + 1, 1) == "\n") { i += 1; }
        else if (i + 2 < text.size() && digit(text[i + 1]) && digit(text[i + 2])) {
            out += static_cast<char>(*digit(text[i + 1]) * 16 + *digit(text[i + 2]));
            i += 2;
        }
        else { out += '='; }
    }
    return out;
}

std::string from_base64_lines(std::string_view text) {
    std::string packed;
    std::copy_if(text.begin(), text.end(), std::back_inserter(packed), [](char c) { return c != '\r' && c != '\n' && c != ' '; });
    const auto decoded = crypto::from_base64(packed);
    return decoded.has_value() ? decoded.value() : std::string(text);
}

/// Undoes encoded words such as =?UTF-8?B?...?=; white space between two of them disappears.
std::string from_encoded_words(std::string_view text) {
    std::string out;
    bool behind_word = false;
    while (!text.empty()) {
        const auto begin = text.find("=?");
        const auto charset_end = begin == std::string_view::npos ? begin : text.find('?', begin + 2);
        const bool shaped =
            charset_end != std::string_view::npos && charset_end + 2 < text.size() && text[charset_end + 2] == '?';
        const auto end = shaped ? text.find("?=", charset_end + 3) : std::string_view::npos;
        if (end == std::string_view::npos) { break; }
        const auto between = text.substr(0, begin);
        if (!behind_word || !trimmed(between).empty()) { out += between; }
        const auto content = text.substr(charset_end + 3, end - charset_end - 3);
        const char kind = text[charset_end + 1];
        out += kind == 'B' || kind == 'b' ? from_base64_lines(content) : from_quoted(content, true);
        text.remove_prefix(end + 2);
        behind_word = true;
    }
    return out.append(text);
}

/// Splits headers, unfolded, from the body.
std::pair<Headers, std::string_view> split(std::string_view content) {
    Headers headers;
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        std::string_view line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        if (line.empty()) { break; }
        const auto colon = line.find(':');
        if ((line.front() == ' ' || line.front() == '\t') && !headers.empty()) {
            headers.back().second += " " + std::string(trimmed(line));
        }
        else if (colon != std::string_view::npos) {
            headers.emplace_back(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
        }
    }
    return {std::move(headers), content};
}

std::string find(const Headers& headers, std::string_view name) {
    const auto wanted = lower(name);
    const auto at =
        std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return lower(header.first) == wanted; });
    return at == headers.end() ? std::string() : at->second;
}

/// The value of `boundary=` in a Content-Type.
std::string boundary_of(const std::string& type) {
    const auto at = lower(type).find("boundary=");
    if (at == std::string::npos) { return {}; }
    const auto value = type.substr(at + 9);
    if (value.starts_with('"')) { return value.substr(1, value.find('"', 1) - 1); }
    return std::string(trimmed(value.substr(0, value.find(';'))));
}

void read_part(StoredMail& mail, const Headers& headers, std::string_view body, int depth);

void read_parts(StoredMail& mail, const std::string& boundary, std::string_view body, int depth) {
    const std::string mark = "--" + boundary;
    auto at = body.find(mark);
    while (at != std::string_view::npos) {
        body.remove_prefix(at + mark.size());
        if (body.starts_with("--")) { return; }
        body.remove_prefix(std::min(body.find('\n'), body.size() - 1) + 1);
        at = body.find("\n" + mark);
        auto part = body.substr(0, at);
        // The line end before a boundary belongs to the boundary.
        if (at != std::string_view::npos && part.ends_with('\r')) { part.remove_suffix(1); }
        const auto [headers, content] = split(part);
        read_part(mail, headers, content, depth + 1);
        if (at != std::string_view::npos) { ++at; }
    }
}

void read_part(StoredMail& mail, const Headers& headers, std::string_view body, int depth) {
    const auto type = find(headers, "Content-Type");
    const auto kind = lower(type);
    if (kind.starts_with("multipart/") && depth < depth_max) {
        if (const auto boundary = boundary_of(type); !boundary.empty()) { read_parts(mail, boundary, body, depth); }
        return;
    }
    const bool html = kind.starts_with("text/html");
    if (!html && !kind.empty() && !kind.starts_with("text/plain")) { return; }
    auto& place = html ? mail.html : mail.text;
    if (!place.empty()) { return; }
    const auto encoding = lower(find(headers, "Content-Transfer-Encoding"));
    if (encoding == "base64") { place = from_base64_lines(body); }
    else if (encoding == "quoted-printable") { place = from_quoted(body, false); }
    else { place = std::string(body); }
}

std::string without_brackets(std::string_view address) {
    if (address.starts_with('<') && address.ends_with('>')) { address = address.substr(1, address.size() - 2); }
    return std::string(address);
}

}  // namespace

std::string StoredMail::header(std::string_view name) const {
    return find(headers, name);
}

StoredMail parse_mail(std::string_view content) {
    StoredMail mail;
    auto [headers, body] = split(content);
    mail.envelope_from = without_brackets(find(headers, "X-Envelope-From"));
    for (const auto& [name, value] : headers) {
        if (name == "X-Envelope-To") { mail.envelope_to.push_back(without_brackets(value)); }
    }
    mail.message_id = find(headers, "Message-ID");
    mail.from = from_encoded_words(find(headers, "From"));
    mail.to = from_encoded_words(find(headers, "To"));
    mail.subject = from_encoded_words(find(headers, "Subject"));
    read_part(mail, headers, body, 0);
    mail.headers = std::move(headers);
    return mail;
}

}  // namespace crossdock::sandbox
