#include "sandbox/smtp_session.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace crossdock::sandbox {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

/// Takes "FROM:<a@b> SIZE=9" apart, given "FROM:"; nothing when it is none.
struct Path {
    std::string address;
    std::string_view parameters;
};

std::optional<Path> path_of(std::string_view argument, std::string_view word) {
    if (upper(argument.substr(0, word.size())) != word) { return {}; }
    argument.remove_prefix(word.size());
    while (argument.starts_with(' ')) { argument.remove_prefix(1); }
    if (!argument.starts_with('<')) { return {}; }
    const auto end = argument.find('>');
    if (end == std::string_view::npos) { return {}; }
    const auto address = argument.substr(1, end - 1);
    const bool odd =
        std::any_of(address.begin(), address.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '<'; });
    if (odd) { return {}; }
    return Path{std::string(address), argument.substr(end + 1)};
}

}  // namespace

std::string SmtpSession::greeting() {
    return "220 sandbox ESMTP\r\n";
}

std::string SmtpSession::stored(int code) {
    if (code == 250) { return "250 2.0.0 stored\r\n"; }
    return std::to_string(code) + (code >= 500 ? " 5.3.0" : " 4.3.0") + " refused, as told to\r\n";
}

SmtpSession::Step SmtpSession::line(std::string_view text, bool whole) {
    if (in_data_) { return data_line(text, whole); }
    if (!whole) { return {.reply = "500 5.5.2 line too long\r\n"}; }
    return command(text);
}

SmtpSession::Step SmtpSession::command(std::string_view text) {
    const auto space = std::min(text.find(' '), text.size());
    const std::string verb = upper(text.substr(0, space));
    const std::string_view argument = space < text.size() ? text.substr(space + 1) : std::string_view{};
    if (verb == "EHLO") {
        reset();
        greeted_ = true;
        return {.reply =
                    "250-sandbox\r\n250-SIZE " + std::to_string(limits_.message_max) + "\r\n250-PIPELINING\r\n250 8BITMIME\r\n"};
    }
    if (verb == "HELO") {
        reset();
        greeted_ = true;
        return {.reply = "250 sandbox\r\n"};
    }
    if (verb == "QUIT") { return {.reply = "221 2.0.0 bye\r\n", .close = true}; }
    if (verb == "NOOP") { return {.reply = "250 2.0.0 ok\r\n"}; }
    if (verb == "RSET") {
        reset();
        return {.reply = "250 2.0.0 ok\r\n"};
    }
    if (verb == "MAIL") { return mail_from(argument); }
    if (verb == "RCPT") { return recipient(argument); }
    if (verb == "DATA") {
        if (mail_.to.empty()) { return {.reply = "503 5.5.1 first MAIL and RCPT\r\n"}; }
        in_data_ = true;
        return {.reply = "354 go on, end with a dot\r\n"};
    }
    return {.reply = "502 5.5.1 unknown command\r\n"};
}

SmtpSession::Step SmtpSession::mail_from(std::string_view argument) {
    if (!greeted_) { return {.reply = "503 5.5.1 first EHLO or HELO\r\n"}; }
    if (has_sender_) { return {.reply = "503 5.5.1 one sender only\r\n"}; }
    const auto path = path_of(argument, "FROM:");
    if (!path) { return {.reply = "501 5.5.4 MAIL FROM:<address>\r\n"}; }
    const std::string parameters = upper(path->parameters);
    if (const auto at = parameters.find(" SIZE="); at != std::string::npos) {
        std::size_t size = 0;
        const char* const begin = parameters.data() + at + 6;
        const auto [end, error] = std::from_chars(begin, parameters.data() + parameters.size(), size);
        if (error != std::errc{} || size > limits_.message_max) { return {.reply = "552 5.3.4 the message is too large\r\n"}; }
    }
    has_sender_ = true;
    mail_.from = path->address;
    return {.reply = "250 2.1.0 ok\r\n"};
}

SmtpSession::Step SmtpSession::recipient(std::string_view argument) {
    if (!has_sender_) { return {.reply = "503 5.5.1 first MAIL\r\n"}; }
    const auto path = path_of(argument, "TO:");
    if (!path || path->address.empty()) { return {.reply = "501 5.5.4 RCPT TO:<address>\r\n"}; }
    if (mail_.to.size() >= limits_.recipients_max) { return {.reply = "452 4.5.3 too many recipients\r\n"}; }
    mail_.to.push_back(path->address);
    return {.reply = "250 2.1.5 ok\r\n"};
}

SmtpSession::Step SmtpSession::data_line(std::string_view text, bool whole) {
    if (whole && text == ".") {
        Step step;
        if (line_too_long_) { step.reply = "500 5.6.0 a line is longer than " + std::to_string(limits_.line_max) + " bytes\r\n"; }
        else if (too_large_) { step.reply = "552 5.3.4 the message is too large\r\n"; }
        else { step.mail = std::move(mail_); }
        reset();
        return step;
    }
    line_too_long_ = line_too_long_ || !whole;
    if (text.starts_with('.')) { text.remove_prefix(1); }
    too_large_ = too_large_ || mail_.content.size() + text.size() + 2 > limits_.message_max;
    if (too_large_ || line_too_long_) {
        mail_.content.clear();
        return {};
    }
    mail_.content.append(text).append("\r\n");
    return {};
}

void SmtpSession::reset() {
    in_data_ = has_sender_ = too_large_ = line_too_long_ = false;
    mail_ = {};
}

}  // namespace crossdock::sandbox
