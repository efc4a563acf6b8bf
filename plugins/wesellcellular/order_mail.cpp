#include "order_mail.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace wesellcellular {
namespace {

std::string base64(std::string_view bytes) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string made;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U; };
        const unsigned group = byte(0) << 16U | byte(1) << 8U | byte(2);
        made += letters[group >> 18U & 63U];
        made += letters[group >> 12U & 63U];
        made += i + 1 < bytes.size() ? letters[group >> 6U & 63U] : '=';
        made += i + 2 < bytes.size() ? letters[group & 63U] : '=';
    }
    return made;
}

std::string lines_of_76(const std::string& text) {
    constexpr std::size_t width = 76;
    std::string made;
    for (std::size_t at = 0; at < text.size(); at += width) { made += text.substr(at, width) + "\r\n"; }
    return made;
}

/// RFC 2047, one encoded word: a reference has at most 128 bytes, of which some may be left out.
std::string header_text(const std::string& text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (plain) { return text; }
    constexpr std::size_t most = 45;
    std::size_t length = 0;
    while (length < text.size()) {
        const auto next = std::max<std::size_t>(1, sdk::utf8_length(std::string_view(text).substr(length)));
        if (length + next > most) { break; }
        length += next;
    }
    return "=?UTF-8?B?" + base64(std::string_view(text).substr(0, length)) + "?=";
}

/// RFC 5322, 3.3.
std::string date(std::int64_t utc_ms) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto seconds = static_cast<std::time_t>(utc_ms / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                  days.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                  months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                  parts.tm_sec);
    return text.data();
}

}  // namespace

std::string order_mail(const sdk::Order& order, const std::string& csv, const std::string& file_name, const std::string& from,
                       const std::string& to, std::int64_t utc_ms) {
    const auto at = from.rfind('@');
    const auto domain = at == std::string::npos ? "localhost" : from.substr(at + 1);
    // The file's name is made of letters, digits, - and _, and differs where reference or key do.
    const std::string boundary = "=_" + file_name;
    const std::string text = "Order " + order.reference + "\r\n\r\nThe order is in the attached file " + file_name +
                             ".\r\nA second mail with this Message-ID is the same order.\r\n";
    std::string mail = "Message-ID: <" + file_name + "@" + domain + ">\r\nDate: " + date(utc_ms) + "\r\nFrom: <" + from +
                       ">\r\nTo: <" + to + ">\r\nSubject: " + header_text("Order " + order.reference) +
                       "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n";
    mail += "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
            lines_of_76(base64(text));
    mail += "--" + boundary +
            "\r\nContent-Type: text/csv; charset=utf-8; header=present\r\nContent-Transfer-Encoding: base64\r\n" +
            "Content-Disposition: attachment; filename=\"" + file_name + "\"\r\n\r\n" + lines_of_76(base64(csv));
    return mail + "--" + boundary + "--\r\n";
}

}  // namespace wesellcellular
