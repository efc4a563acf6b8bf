#include "base/journal_point.hpp"
#include "client/curl_handle.hpp"
#include "client/outbound.hpp"

#include <algorithm>
#include <cctype>

namespace crossdock::http {
namespace {

/// One request under way, as libcurl's callbacks see it.
struct Sending {
    Attempt attempt;
    const HttpExchange& exchange;
    HttpResult result = {};
    std::size_t header_bytes = 0;
    bool too_long = false;
};

int about_to_leave(void* user, char* /*peer*/, char* /*own*/, int /*peer_port*/, int /*own_port*/) {
    auto& sending = *static_cast<Sending*>(user);
    auto& attempt = sending.attempt;
    // libcurl sends a POST again by itself when a reused connection was cut without an answer; the peer may have acted on the
    // first.
    if (attempt.left > 0 && !sending.exchange.may_repeat) {
        attempt.twice = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (too_late(attempt.limits)) {
        attempt.late = true;
        return CURL_PREREQFUNC_ABORT;
    }
    CrashPoint::pass(External::http_send, Side::before);
    ++attempt.left;
    return CURL_PREREQFUNC_OK;
}

std::size_t take_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
    auto& sending = *static_cast<Sending*>(user);
    if (sending.result.body.size() + size > sending.attempt.limits.body_max) {
        sending.too_long = true;
        return 0;
    }
    sending.result.body.append(data, size);
    return size;
}

std::size_t take_header(char* data, std::size_t /*one*/, std::size_t size, void* user) {
    auto& sending = *static_cast<Sending*>(user);
    sending.header_bytes += size;
    if (sending.header_bytes > sending.attempt.limits.headers_max) {
        sending.too_long = true;
        return 0;
    }
    std::string_view line(data, size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) { line.remove_suffix(1); }
    if (line.starts_with("HTTP/")) {
        sending.result.headers.clear();  // an interim answer's headers are not the answer's
        return size;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) { return size; }
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) { value.remove_prefix(1); }
    sending.result.headers.emplace_back(line.substr(0, colon), value);
    return size;
}

/// Why libcurl must not sign this request; empty when it may.
std::string refusal_to_sign(const HttpExchange& exchange) {
    const auto& [scheme, id, key] = exchange.signature;
    if (!scheme.starts_with("aws:amz:") || id.empty() || key.empty() || id.find(':') != std::string::npos) {
        return "it cannot be signed: the scheme is aws:amz:REGION:SERVICE, with an id without a colon, and a key";
    }
    constexpr std::size_t expect_from = 1U << 20U;  // libcurl asks before it sends more
    if (exchange.body.size() >= expect_from) { return "a signed request has less than 1 MiB"; }
    const bool typed = std::any_of(exchange.headers.begin(), exchange.headers.end(),
                                   [](const auto& header) { return header.first == "Content-Type" && !header.second.empty(); });
    return exchange.body.empty() || typed ? "" : "a signed request with a body needs a Content-Type";
}

/// Why this request must not be handed to libcurl; empty when it may.
std::string refusal(const HttpExchange& exchange) {
    const auto is_token = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
    if (exchange.method.empty() || !std::all_of(exchange.method.begin(), exchange.method.end(), is_token)) {
        return "the method is no HTTP method";
    }
    if (!exchange.url.starts_with("http://") && !exchange.url.starts_with("https://")) {
        return "the URL begins with neither http:// nor https://";
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
    if (std::any_of(exchange.url.begin(), exchange.url.end(), is_control)) {
        return "the URL holds a space or control character";
    }
    for (const auto& [name, value] : exchange.headers) {
        if (name.empty() || !std::all_of(name.begin(), name.end(), is_token)) { return "a header's name is no header name"; }
        if (has_line_break(value)) { return "the header " + name + " holds a line break or NUL"; }
    }
    return exchange.signature.scheme.empty() ? std::string() : refusal_to_sign(exchange);
}

void set_method_and_body(CURL* curl, const HttpExchange& exchange) {
    if (exchange.method == "GET" && exchange.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (exchange.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, exchange.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
}

/// "Expect" would make libcurl send twice after a 417, and it invents a Content-Type: neither is sent unless given.
/// "name;" sends a header without a value. A signed request does without: libcurl 7.88 signs these two as headers, though it does
/// not send them. (`refusal` sees to it that there is nothing to suppress.)
bool make_headers(const HttpExchange& exchange, CurlList& list) {
    bool whole = !exchange.signature.scheme.empty() || (append(list, "Expect:") && append(list, "Content-Type:"));
    for (const auto& [name, value] : exchange.headers) {
        whole = whole && append(list, value.empty() ? name + ";" : name + ": " + value);
    }
    return whole;
}

void settle(Sending& sending, CURLcode code) {
    auto& result = sending.result;
    const auto& attempt = sending.attempt;
    result.elapsed = attempt.elapsed();
    result.on_wire = attempt.left > 0;
    if (code == CURLE_OK) {
        long status = 0;
        curl_off_t seconds = 0;
        curl_easy_getinfo(attempt.handle, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(attempt.handle, CURLINFO_RETRY_AFTER, &seconds);
        result.transport = Transport::answered;
        result.status = static_cast<int>(status);
        if (seconds > 0) { result.retry_after = std::chrono::seconds(seconds); }
        return;
    }
    result.transport = result.on_wire ? Transport::cut : Transport::not_sent;
    result.reason = sending.too_long ? "the answer is longer than allowed" : attempt.reason(code);
    result.body.clear();
    result.headers.clear();
}

}  // namespace

HttpResult Outbound::send(const HttpExchange& exchange, const ExchangeLimits& limits) {
    if (auto why = refusal(exchange); !why.empty()) { return {.reason = std::move(why)}; }
    if (too_late(limits)) { return {.reason = std::string(too_late_reason)}; }
    auto handle = pool_->take();
    CurlList headers;
    if (!handle || !make_headers(exchange, headers)) { return {.reason = "out of memory"}; }
    CURL* curl = handle.get();
    Sending sending{Attempt(curl, limits), exchange};
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_URL, exchange.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &about_to_leave);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, &sending);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sending);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &sending);
    set_method_and_body(curl, exchange);
    if (!exchange.signature.scheme.empty()) {
        curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, exchange.signature.scheme.c_str());
        curl_easy_setopt(curl, CURLOPT_USERNAME, exchange.signature.id.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, exchange.signature.key.c_str());
    }
    const CURLcode code = curl_easy_perform(curl);
    CrashPoint::pass(External::http_send, Side::after);
    settle(sending, code);
    pool_->give_back(std::move(handle), code);
    return std::move(sending.result);
}

}  // namespace crossdock::http
