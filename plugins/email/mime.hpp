#pragma once

#include <crossdock/sdk.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

/// Writes mail as RFC 5322, 2045 and 2047 want it. Pure functions.
namespace email {

namespace sdk = crossdock::sdk;

/// Quoted-printable lines never hold "=_", so this cannot occur in a part.
inline constexpr std::string_view boundary = "=_crossdock_alternative_=";

inline bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Refuses what would let a value become a header or a recipient of its own.
inline void refuse_line_breaks(std::string_view value, std::string_view field) {
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
        throw std::invalid_argument("\"" + std::string(field) + "\" holds a line break or NUL");
    }
}

/// An address as it may stand in an envelope: local@domain, printable ASCII, nothing that quotes or groups.
inline void check_address(std::string_view address, std::string_view field) {
    refuse_line_breaks(address, field);
    const auto at = address.find('@');
    const bool one_at = at != std::string_view::npos && at == address.rfind('@') && at > 0 && at + 1 < address.size();
    if (!one_at || address.size() > 254 || !is_printable_ascii(address) ||
        address.find_first_of(" <>()[],;:\\\"") != std::string_view::npos) {
        throw std::invalid_argument("\"" + std::string(field) + "\" is no mail address that can be used here");
    }
}

/// Unstructured header text: as it is when plain, else as encoded words of at most 75 characters, folded (RFC 2047, section 2).
inline std::string header_text(std::string_view text) {
    if (is_printable_ascii(text) && text.find("=?") == std::string_view::npos && text.size() <= 900) { return std::string(text); }
    std::string out;
    while (!text.empty()) {
        // 45 bytes become 60 characters; a character of UTF-8 is never split.
        std::size_t taken = 0;
        while (taken < text.size()) {
            const auto length = std::max<std::size_t>(1, sdk::utf8_length(text.substr(taken)));
            if (taken + length > 45) { break; }
            taken += length;
        }
        if (!out.empty()) { out += "\r\n "; }
        out += "=?UTF-8?B?" + sdk::base64(text.substr(0, taken)) + "?=";
        text.remove_prefix(taken);
    }
    return out;
}

/// `"Name" <address>`, the name quoted or encoded.
inline std::string mailbox(std::string_view name, std::string_view address) {
    if (name.empty()) { return std::string(address); }
    if (!is_printable_ascii(name) || name.size() > 60 || name.find("=?") != std::string_view::npos) {
        return header_text(name) + " <" + std::string(address) + ">";
    }
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') { quoted += '\\'; }
        quoted += c;
    }
    return quoted + "\" <" + std::string(address) + ">";
}

/// Quoted-printable (RFC 2045, section 6.7): lines of at most 76 characters, all line breaks CR LF.
inline std::string quoted_printable(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool line_ends = c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
        if (line_ends) {
            i += c == '\r' ? 1 : 0;
            out += "\r\n";
            column = 0;
            continue;
        }
        const bool last_of_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
        const bool plain = (c > 0x20 && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !last_of_line);
        const std::size_t width = plain ? 1 : 3;
        if (column + width > 75) {
            out += "=\r\n";
            column = 0;
        }
        if (plain) { out += c; }
        else {
            out += '=';
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 15U];
        }
        column += width;
    }
    return out;
}

/// The whole message, headers and both alternatives, ready for SMTP. Errors: std::invalid_argument names the field.
inline std::string compose(const sdk::Message& message) {
    check_address(message.from, "from");
    check_address(message.to, "to");
    refuse_line_breaks(message.from_name, "from_name");
    refuse_line_breaks(message.subject, "subject");
    const auto id = std::string_view(message.message_id);
    if (id.size() < 5 || id.size() > 250 || id.front() != '<' || id.back() != '>' || !is_printable_ascii(id) ||
        id.find(' ') != std::string_view::npos) {
        throw std::invalid_argument("\"message_id\" is no <id@domain>");
    }
    if (!is_printable_ascii(message.date) || message.date.empty()) {
        throw std::invalid_argument("\"date\" is no RFC 5322 date");
    }

    const bool bad_link =
        !is_printable_ascii(message.unsubscribe) || message.unsubscribe.find_first_of(" <>,") != std::string::npos;
    if (bad_link || message.unsubscribe.size() > 900) { throw std::invalid_argument("\"unsubscribe\" is no link for a header"); }

    const auto part = [](std::string_view type, std::string_view text) {
        return "--" + std::string(boundary) + "\r\nContent-Type: " + std::string(type) +
               "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text) + "\r\n";
    };
    std::string out;
    out += "Date: " + message.date + "\r\n";
    out += "From: " + mailbox(message.from_name, message.from) + "\r\n";
    out += "To: " + message.to + "\r\n";
    out += "Subject: " + header_text(message.subject) + "\r\n";
    out += "Message-ID: " + message.message_id + "\r\n";
    out += "Auto-Submitted: auto-generated\r\n";
    if (!message.unsubscribe.empty()) {
        // RFC 8058: the mail client posts to the link by itself, when its user says so.
        out += "List-Unsubscribe: <" + message.unsubscribe + ">\r\n";
        out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    }
    out += "MIME-Version: 1.0\r\n";
    out += "Content-Type: multipart/alternative; boundary=\"" + std::string(boundary) + "\"\r\n\r\n";
    out += part("text/plain", message.text);
    if (!message.html.empty()) { out += part("text/html", message.html); }
    return out + "--" + std::string(boundary) + "--\r\n";
}

}  // namespace email
