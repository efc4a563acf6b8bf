#include "request.hpp"

#include <algorithm>
#include <stdexcept>

namespace rest {
namespace {

std::vector<std::pair<std::string, Template>> members_of(const sdk::Json& settings, std::string_view key,
                                                         const std::string& name) {
    std::vector<std::pair<std::string, Template>> made;
    const auto* given = settings.find(key);
    if (given == nullptr || given->is_null()) { return made; }
    if (!given->is_object()) {
        throw std::runtime_error("the setting \"" + name + "." + std::string(key) + "\" must be a mapping");
    }
    for (const auto& [member, value] : given->members()) { made.emplace_back(member, Template::parse(value)); }
    return made;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// "scheme://host:port", in lower case; empty when it is no address.
std::string origin_of(std::string_view url) {
    const auto root = url.find("://");
    if (root == std::string_view::npos) { return {}; }
    std::string origin(url.substr(0, std::min(url.find_first_of("/?#", root + 3), url.size())));
    std::transform(origin.begin(), origin.end(), origin.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return origin;
}

std::string path_of(std::string_view url) {
    const auto root = url.find("://");
    const auto slash = root == std::string_view::npos ? root : url.find('/', root + 3);
    return slash == std::string_view::npos ? "" : std::string(url.substr(slash));
}

}  // namespace

sdk::Schema&& Request::settings(sdk::Schema&& schema, std::string_view method) {
    return std::move(schema)
        .choice("method", "the request's method", {"GET", "POST", "PUT", "PATCH", "DELETE"}, std::string(method))
        .path("path", "behind api_endpoint; begins with a slash")
        .data("query", "a mapping: parameters behind the path")
        .optional()
        .data("headers", "a mapping: further headers")
        .optional()
        .data("body", "what is sent as JSON")
        .optional()
        .data("form", "a mapping: what is sent as a form, instead of a body")
        .optional();
}

Request::Request(std::string name, const sdk::Json& settings)
    : name_(std::move(name)),
      method_(settings.need_text("method")),
      path_(Template::parse(settings.need_text("path"))),
      query_(members_of(settings, "query", name_)),
      headers_(members_of(settings, "headers", name_)),
      form_(members_of(settings, "form", name_)),
      body_(Template::member(settings, "body")) {
    if (body_ && !form_.empty()) { throw std::runtime_error("the setting \"" + name_ + "\" has both `body` and `form`"); }
}

std::string Request::path(const Scope& scope) const {
    std::string made;
    // A path without expressions is one literal.
    if (path_.pieces().empty()) { made = path_.render_text(scope); }
    for (const auto& piece : path_.pieces()) {
        if (!piece.inserted) {
            made += piece.literal;
            continue;
        }
        const auto value = as_text(Template::value_of(piece, scope), true);
        if (value.empty()) { throw std::runtime_error(name_ + ": a part of the path comes to nothing"); }
        made += sdk::url_encoded(value);
    }
    for (std::size_t at = 0; at < made.size();) {
        const auto end = std::min(made.find('/', at + 1), made.size());
        const auto segment = std::string_view(made).substr(at + 1, end - at - 1);
        if (segment == "." || segment == "..") {
            throw std::runtime_error(name_ + ": a part of the path comes to `" + std::string(segment) + "`");
        }
        at = end;
    }
    return made;
}

void Request::set_parameter(std::string& target, std::string_view name, std::string_view value) {
    const auto encoded = sdk::url_encoded(name) + "=";
    const auto question = target.find('?');
    for (auto at = question; at != std::string::npos && at < target.size();) {
        const auto end = std::min(target.find('&', at + 1), target.size());
        if (std::string_view(target).substr(at + 1, end - at - 1).starts_with(encoded)) {
            target.replace(at + 1, end - at - 1, encoded + sdk::url_encoded(value));
            return;
        }
        at = end;
    }
    target += (question == std::string::npos ? "?" : "&") + encoded + sdk::url_encoded(value);
}

Request::Ready Request::make(const Scope& scope) const {
    Ready made{method_, path(scope), {}, {}};
    for (const auto& [name, value] : query_) {
        const auto rendered = value.render(scope);
        if (!rendered.is_null()) { set_parameter(made.target, name, as_text(rendered, true)); }
    }
    for (const auto& [name, value] : headers_) {
        const auto text = value.render_text(scope);
        if (text.empty()) { continue; }
        if (std::any_of(text.begin(), text.end(), is_control)) {
            throw std::runtime_error(name_ + ": the header " + name + " would hold a control character");
        }
        made.headers.emplace_back(name, text);
    }
    if (body_) {
        made.body = body_->render(scope).dump();
        made.headers.emplace_back("Content-Type", "application/json");
    }
    else if (!form_.empty()) {
        for (const auto& [name, value] : form_) {
            const auto rendered = value.render(scope);
            if (rendered.is_null()) { continue; }
            made.body +=
                (made.body.empty() ? "" : "&") + sdk::url_encoded(name) + "=" + sdk::url_encoded(as_text(rendered, true));
        }
        made.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    }
    return made;
}

Client::Client(const sdk::Json& settings) : base_url_(settings.need_text("base_url")), auth_(settings) {
    while (!base_url_.empty() && base_url_.back() == '/') { base_url_.pop_back(); }
    if (base_url_.find_first_of("?#") != std::string::npos) {
        throw std::runtime_error("the setting \"base_url\" has a query or a fragment in it");
    }
}

sdk::HttpReply Client::send_signed(const Request::Ready& request, const sdk::Host& host, std::vector<sdk::Header>& headers) {
    headers = request.headers;
    auth_.sign(headers, host);
    auto reply = host.http().send(request.method, base_url_ + request.target, headers, request.body);
    return reply;
}

sdk::HttpReply Client::send(const Request::Ready& request, const sdk::Host& host) {
    std::vector<sdk::Header> headers;
    auto reply = send_signed(request, host, headers);
    if (reply.answered(401)) { (void)auth_.give_up(headers); }
    return reply;
}

sdk::HttpReply Client::ask_for_any(const Request::Ready& request, const sdk::Host& host) {
    std::vector<sdk::Header> headers;
    auto reply = send_signed(request, host, headers);
    if (reply.answered(401) && auth_.give_up(headers)) {
        reply = send_signed(request, host, headers);
        if (reply.answered(401)) { (void)auth_.give_up(headers); }
    }
    return reply;
}

sdk::HttpReply Client::ask(const Request::Ready& request, const sdk::Host& host, const std::string& what) {
    auto reply = ask_for_any(request, host);
    const auto told = (what.empty() ? "" : what + ": ") + reply.exchange;
    if (reply.retry_after_ms) { throw sdk::RetryLater(told, *reply.retry_after_ms); }
    if (!reply.answered(200)) { throw std::runtime_error(told); }
    return reply;
}

std::string Client::target_of(std::string_view address, std::string_view asked_for) const {
    const auto base_path = path_of(base_url_);
    std::string whole;
    if (!origin_of(address).empty()) {
        if (origin_of(address) != origin_of(base_url_)) {
            throw std::runtime_error("the next page is said to be on another server");
        }
        whole = path_of(address);
    }
    else if (address.starts_with("//")) { throw std::runtime_error("the next page is said to be on another server"); }
    else if (address.starts_with('/')) { whole = address; }
    else if (address.starts_with('?')) {
        whole = base_path + std::string(asked_for.substr(0, asked_for.find('?'))) + std::string(address);
    }
    if (!whole.starts_with(base_path + "/")) { throw std::runtime_error("the next page is said to be outside of api_endpoint"); }
    whole.erase(0, base_path.size());
    return whole.substr(0, whole.find('#'));
}

sdk::Json answer_document(sdk::Json asked, const sdk::HttpReply& reply) {
    sdk::Json headers = sdk::Json::object();
    for (const auto& [name, value] : reply.headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        if (headers.find(lower) == nullptr) { headers.set(lower, value); }
    }
    asked.set("status", reply.status).set("headers", std::move(headers));
    asked.set("body", reply.json().value_or(sdk::Json()));
    return asked;
}

}  // namespace rest
