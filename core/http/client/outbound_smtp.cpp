#include "base/journal_point.hpp"
#include "client/curl_handle.hpp"
#include "client/outbound.hpp"

#include <algorithm>
#include <cstring>

namespace crossdock::http {
namespace {

/// One submission under way, as libcurl's callbacks see it.
struct Submitting {
    Attempt attempt;
    const SmtpExchange& exchange;
    std::size_t handed_over = 0;
    bool begun = false;  ///< the server said 354 and the message was about to leave
    bool ended = false;  ///< all of it was handed over
};

int about_to_speak(void* user, char* /*peer*/, char* /*own*/, int /*peer_port*/, int /*own_port*/) {
    auto& attempt = static_cast<Submitting*>(user)->attempt;
    if (attempt.left > 0) {
        attempt.twice = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (too_late(attempt.limits)) {
        attempt.late = true;
        return CURL_PREREQFUNC_ABORT;
    }
    ++attempt.left;
    return CURL_PREREQFUNC_OK;
}

/// Called once the server has said 354; answering 0 makes libcurl send the final dot.
std::size_t give_message(char* buffer, std::size_t one, std::size_t count, void* user) {
    auto& submitting = *static_cast<Submitting*>(user);
    if (!submitting.begun && too_late(submitting.attempt.limits)) {
        submitting.attempt.late = true;
        return CURL_READFUNC_ABORT;
    }
    const std::string& message = submitting.exchange.message;
    const auto piece = std::min(one * count, message.size() - submitting.handed_over);
    if (piece > 0 && submitting.handed_over + piece == message.size()) {
        CrashPoint::pass(External::smtp_final_dot, Side::before);
    }
    submitting.begun = true;
    std::memcpy(buffer, message.data() + submitting.handed_over, piece);
    submitting.handed_over += piece;
    if (piece == 0) {
        submitting.ended = true;
        CrashPoint::pass(External::smtp_final_dot, Side::after);
    }
    return piece;
}

bool bad_address(const std::string& address) {
    return address.empty() || has_line_break(address) || address.find_first_of(" <>") != std::string::npos;
}

/// Why this message must not be handed to libcurl; empty when it may.
std::string refusal(const SmtpExchange& exchange) {
    const auto bad_host = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || std::strchr("/@?#\\", c) != nullptr;
    };
    if (exchange.host.empty() || std::any_of(exchange.host.begin(), exchange.host.end(), bad_host)) {
        return "the SMTP host is no host name";
    }
    if (exchange.port == 0) { return "the SMTP port is 0"; }
    // A line break in an address would become a further command, that is, a further recipient.
    if (bad_address(exchange.from)) { return "the sender's address is empty or holds a line break, NUL, space or angle bracket"; }
    if (exchange.to.empty()) { return "there is no recipient"; }
    if (std::any_of(exchange.to.begin(), exchange.to.end(), bad_address)) {
        return "a recipient's address is empty or holds a line break, NUL, space or angle bracket";
    }
    if (has_line_break(exchange.username) || has_line_break(exchange.password)) {
        return "the SMTP user name or password holds a line break or NUL";
    }
    const std::string& message = exchange.message;
    if (!message.ends_with("\r\n")) { return "the message does not end with CR LF"; }
    for (std::size_t i = 0; i < message.size(); ++i) {
        const bool bare = (message[i] == '\n' && (i == 0 || message[i - 1] != '\r')) ||
                          (message[i] == '\r' && (i + 1 == message.size() || message[i + 1] != '\n'));
        // Only lines that end with CR LF have their leading dots stuffed.
        if (bare) { return "a line of the message is not ended by CR LF"; }
        if (message[i] == '\0') { return "the message holds NUL"; }
    }
    return {};
}

void set_envelope(CURL* curl, const SmtpExchange& exchange) {
    const bool bare_v6 = exchange.host.find(':') != std::string::npos && exchange.host.front() != '[';
    const std::string host = bare_v6 ? "[" + exchange.host + "]" : exchange.host;
    const std::string scheme = exchange.tls == SmtpExchange::Tls::implicit ? "smtps://" : "smtp://";
    curl_easy_setopt(curl, CURLOPT_URL, (scheme + host + ":" + std::to_string(exchange.port)).c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(exchange.tls == SmtpExchange::Tls::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (!exchange.username.empty()) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, exchange.username.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, exchange.password.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, ("<" + exchange.from + ">").c_str());
}

bool make_recipients(const SmtpExchange& exchange, CurlList& list) {
    bool whole = true;
    for (const auto& address : exchange.to) { whole = whole && append(list, "<" + address + ">"); }
    return whole;
}

/// libcurl's error says too little (451 and 554 share one): the server's last reply code decides.
SmtpResult settle(const Submitting& submitting, CURLcode code) {
    const auto& attempt = submitting.attempt;
    long status = 0;
    curl_easy_getinfo(attempt.handle, CURLINFO_RESPONSE_CODE, &status);
    SmtpResult result{.reason = attempt.reason(code), .elapsed = attempt.elapsed(), .on_wire = submitting.begun};
    const bool refused = status >= 400 && status <= 599;
    if (code == CURLE_OK || refused) {
        result.transport = Transport::answered;
        result.status = static_cast<int>(status);
        return result;
    }
    // Behind 354 the server may have the whole message, whatever it said or did not say since.
    result.transport = submitting.begun ? Transport::cut : Transport::not_sent;
    return result;
}

}  // namespace

SmtpResult Outbound::submit(const SmtpExchange& exchange, const ExchangeLimits& limits) {
    if (auto why = refusal(exchange); !why.empty()) { return {.reason = std::move(why)}; }
    if (too_late(limits)) { return {.reason = std::string(too_late_reason)}; }
    auto handle = pool_->take();
    CurlList recipients;
    if (!handle || !make_recipients(exchange, recipients)) { return {.reason = "out of memory"}; }
    CURL* curl = handle.get();
    Submitting submitting{Attempt(curl, limits), exchange};
    set_envelope(curl, exchange);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &about_to_speak);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, &submitting);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_message);
    curl_easy_setopt(curl, CURLOPT_READDATA, &submitting);
    CrashPoint::pass(External::smtp_send, Side::before);
    const CURLcode code = curl_easy_perform(curl);
    CrashPoint::pass(External::smtp_send, Side::after);
    auto result = settle(submitting, code);
    pool_->give_back(std::move(handle), code);
    return result;
}

}  // namespace crossdock::http
