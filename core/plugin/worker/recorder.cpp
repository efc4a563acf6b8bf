#include "recorder.hpp"

#include "crypto/crypto.hpp"
#include "http/message.hpp"
#include "plugin/settings.hpp"

#include <algorithm>
#include <array>

namespace crossdock::worker {
namespace {

/// Shorter secrets would be found everywhere; as in Redaction.
constexpr std::size_t secret_min = 4;

std::string replaced(std::string text, std::string_view value, std::string_view placeholder) {
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at + placeholder.size())) {
        text.replace(at, value.size(), placeholder);
    }
    return text;
}

bool same_word(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool carries_credentials(std::string_view header) {
    constexpr std::array<std::string_view, 6> names{"Authorization", "Proxy-Authorization", "Cookie",
                                                    "Set-Cookie",    "X-Api-Key",           "X-Auth-Token"};
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return same_word(name, header); });
}

/// A signature is no secret, but no playback could make it again: whoever plays has another key, and another time.
bool is_signature(std::string_view header) {
    constexpr std::string_view end = "signature";
    return header.size() >= end.size() && same_word(header.substr(header.size() - end.size()), end);
}

std::string without_slash(std::string url) {
    while (!url.empty() && url.back() == '/') { url.pop_back(); }
    return url;
}

const char* transport_name(http::Transport transport) {
    return transport == http::Transport::cut ? "cut" : "not_sent";
}

/// What both kinds of response say when there is no answer.
Json response_of(http::Transport transport, int status, const std::string& reason) {
    Json response = Json::object();
    if (transport == http::Transport::answered) { response.set("status", status); }
    else { response.set("transport", transport_name(transport)).set("reason", reason); }
    return response;
}

}  // namespace

Placeholders::Placeholders(const Json& schema, const Json& settings) {
    for (const auto& row : schema.items()) {
        const auto name = row.text("name");
        const auto* value = settings.find(name);
        if (value == nullptr) { continue; }
        const std::string placeholder = "{{" + name + "}}";
        settings_.emplace_back(name, value->is_string() ? value->as_string() : value->dump());
        const bool secret = plugin::is_secret(schema, name);
        if (!value->is_string() || (!secret && row.text("type") != "url")) { continue; }
        // An address is one with and without a slash at its end.
        const auto text = secret ? value->as_string() : without_slash(value->as_string());
        if (secret && text.size() < secret_min) { continue; }
        add(text, placeholder);
    }
    sort();
}

void Placeholders::add(const std::string& text, const std::string& placeholder) {
    const std::string escaped = Json(text).dump();
    for (const auto& form : {text, escaped.substr(1, escaped.size() - 2), http::encoded(text)}) {
        if (!form.empty()) { anywhere_.push_back({form, placeholder}); }
    }
}

void Placeholders::learn(const std::string& name, const std::string& secret) {
    const auto known = [&](const One& one) { return one.value == secret; };
    if (secret.size() < secret_min || std::any_of(anywhere_.begin(), anywhere_.end(), known)) { return; }
    add(secret, "{{" + name + "}}");
    sort();
}

void Placeholders::sort() {
    std::stable_sort(anywhere_.begin(), anywhere_.end(),
                     [](const One& a, const One& b) { return a.value.size() > b.value.size(); });
}

std::string Placeholders::in_text(std::string_view text) const {
    std::string made(text);
    for (const auto& one : anywhere_) { made = replaced(std::move(made), one.value, one.placeholder); }
    return made;
}

std::string Placeholders::in_header(std::string_view name, std::string_view value) const {
    auto made = in_text(value);
    if (!carries_credentials(name) && !is_signature(name)) { return made; }
    const auto space = made.find(' ');
    const std::string_view credentials = std::string_view(made).substr(space == std::string::npos ? 0 : space + 1);
    const bool whole = credentials.starts_with("{{") && credentials.ends_with("}}") && credentials.find(' ') == std::string::npos;
    return whole ? made : "[redacted]";
}

std::string Placeholders::in_field(std::string_view setting, std::string_view value) const {
    for (const auto& [name, text] : settings_) {
        if (name == setting && text == value) { return "{{" + name + "}}"; }
    }
    return in_text(value);
}

void Recorder::set_body(Json& into, std::string_view body) const {
    if (body.empty()) { return; }
    if (!is_utf8(body)) {
        into.set("body_base64", crypto::base64(body));
        return;
    }
    const auto shown = placeholders_.in_text(body);
    if (auto parsed = Json::parse(shown, {bytes_max, 70})) { into.set("json", std::move(*parsed)); }
    else { into.set("body", shown); }
}

void Recorder::keep(Json exchange, std::size_t bytes) {
    bytes_ += bytes;
    if (!overflowed()) { exchanges_.push(std::move(exchange)); }
}

void Recorder::add_evaluation(std::string_view expression, const std::string& value, const std::string& error) {
    bytes_ += expression.size() + value.size();
    if (overflowed()) { return; }
    Json made = Json::object({{"expression", expression}});
    if (!error.empty()) { made.set("error", placeholders_.in_text(error)); }
    else if (auto parsed = Json::parse(placeholders_.in_text(value), {bytes_max, 70})) { made.set("value", std::move(*parsed)); }
    evaluations_.push(std::move(made));
}

void Recorder::add(const http::HttpExchange& request, const http::HttpResult& result) {
    const auto headers = [this](const auto& list) {
        Json made = Json::object();
        for (const auto& [name, value] : list) { made.set(name, placeholders_.in_header(name, value)); }
        return made;
    };
    Json asked = Json::object({{"method", request.method}, {"url", placeholders_.in_text(request.url)}});
    asked.set("headers", headers(request.headers));
    set_body(asked, request.body);
    Json response = response_of(result.transport, result.status, result.reason);
    if (!result.headers.empty()) { response.set("headers", headers(result.headers)); }
    if (result.retry_after) { response.set("retry_after_ms", static_cast<std::int64_t>(result.retry_after->count())); }
    set_body(response, result.body);
    Json exchange = Json::object();
    exchange.set("request", std::move(asked)).set("response", std::move(response));
    keep(std::move(exchange), request.body.size() + result.body.size());
}

void Recorder::add(const http::SmtpExchange& request, const http::SmtpResult& result) {
    Json to = Json::array();
    for (const auto& address : request.to) { to.push(address); }
    Json asked = Json::object({{"host", placeholders_.in_field("host", request.host)},
                               {"port", placeholders_.in_field("port", std::to_string(request.port))},
                               {"tls", request.tls == http::SmtpExchange::Tls::none       ? "none"
                                       : request.tls == http::SmtpExchange::Tls::implicit ? "implicit"
                                                                                          : "starttls"},
                               {"from", request.from}});
    asked.set("to", std::move(to)).set("message", placeholders_.in_text(request.message));
    Json exchange = Json::object();
    exchange.set("smtp", std::move(asked)).set("response", response_of(result.transport, result.status, result.reason));
    keep(std::move(exchange), request.message.size());
}

}  // namespace crossdock::worker
