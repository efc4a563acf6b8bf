#include "sandbox/dialect.hpp"

#include "crypto/crypto.hpp"
#include "sandbox/folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace crossdock::sandbox {
namespace {

constexpr std::size_t size_otherwise = 100;

/// RFC 6901, without escapes; indexes of lists are not needed.
const Json* at(const Json& from, std::string_view pointer) {
    const Json* found = &from;
    while (found != nullptr && !pointer.empty()) {
        pointer.remove_prefix(1);
        const auto name = pointer.substr(0, pointer.find('/'));
        found = found->find(name);
        pointer.remove_prefix(name.size());
    }
    return found;
}

std::string text_at(const Json& from, std::string_view pointer) {
    const auto* found = at(from, pointer);
    if (found == nullptr) { return {}; }
    return found->is_string() ? found->as_string() : found->is_number() ? found->literal() : std::string();
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.front() != '0' && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Json> value_at(const Json& from, std::string_view written) {
    const auto* found = at(from, written.substr(1));
    if (found == nullptr) { return {}; }
    if (written.front() == '#' && found->is_string() && is_digits(found->as_string())) {
        return Json::number(found->as_string());
    }
    return *found;
}

std::optional<std::size_t> number(const std::optional<std::string>& text) {
    if (!text) { return {}; }
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size()) { return {}; }
    return value;
}

/// The simulator's word for an error as a code in capitals; what every supplier has a word for, by its status.
std::string error_code(int status, std::string word) {
    if (status == 429) { return "BUSY"; }
    if (status == 401) { return "AUTH"; }
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return word;
}

/// A field of an application/x-www-form-urlencoded body.
std::string form_field(const http::Request& request, std::string_view name) {
    http::Request fields;
    fields.query = request.body;
    return fields.parameter(name).value_or("");
}

/// Whether a path is that of a route; what stands for {id} is answered.
std::optional<std::string> matched(std::string_view path, std::string_view route) {
    constexpr std::string_view id = "{id}";
    const auto hole = route.find(id);
    if (hole == std::string_view::npos) { return path == route ? std::optional<std::string>("") : std::nullopt; }
    const auto before = route.substr(0, hole);
    const auto behind = route.substr(hole + id.size());
    if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind)) { return {}; }
    const auto found = path.substr(before.size(), path.size() - before.size() - behind.size());
    if (found.find('/') != std::string_view::npos) { return {}; }
    return http::decoded_segment(found);
}

}  // namespace

Json filled(const Json& written, const Json& from) {
    if (written.is_string() && (written.as_string().starts_with("$/") || written.as_string().starts_with("#/"))) {
        return value_at(from, written.as_string()).value_or(Json());
    }
    if (!written.is_object()) { return written; }
    if (const auto* each = written.find("each"); each != nullptr && written.find("as") != nullptr) {
        Json list = Json::array();
        const auto* items = at(from, each->as_string());
        if (items == nullptr || !items->is_array()) { return list; }
        for (const auto& item : items->items()) { list.push(filled(*written.find("as"), item)); }
        return list;
    }
    if (const auto* word = written.find("word"); word != nullptr && written.find("of") != nullptr) {
        const auto text = text_at(from, word->as_string());
        const auto* theirs = written.find("of")->find(text);
        return text.empty() ? Json() : theirs == nullptr ? Json(text) : *theirs;
    }
    Json made = Json::object();
    for (const auto& [key, member] : written.members()) {
        const bool pointer = member.is_string() && (member.as_string().starts_with("$/") || member.as_string().starts_with("#/"));
        if (pointer && !value_at(from, member.as_string())) { continue; }
        made.set(key, filled(member, from));
    }
    return made;
}

Result<Dialect> Dialect::load(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (text.has_error()) { return Fault{text.error().what, file.string(), Advice::stop}; }
    auto whole = Json::parse(text.value());
    if (whole.has_error()) {
        return Fault{"the dialect is no JSON: " + whole.error().what, file.string() + ":" + whole.error().where, Advice::stop};
    }
    Dialect made;
    if (auto done = made.read(whole.value()); done.has_error()) {
        return Fault{done.error().what, file.string() + "#" + done.error().where, Advice::stop};
    }
    return made;
}

Result<void> Dialect::read(const Json& whole) {
    static constexpr std::array<std::string_view, 7> known{"comment", "auth",    "key_header", "signature_header",
                                                           "routes",  "webhook", "errors"};
    if (!whole.is_object()) { return Fault{"the dialect is no object", "", Advice::stop}; }
    for (const auto& [name, value] : whole.members()) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return Fault{"a dialect has no such member", "/" + name, Advice::stop};
        }
    }
    const auto* auth = whole.find("auth");
    if (auth == nullptr) { return Fault{"it is not said how requests are authorized", "/auth", Advice::stop}; }
    auth_ = auth->text("kind");
    auth_name_ = auth->text("name");
    token_path_ = auth->text("token_path");
    token_lifetime_s_ = auth->integer("lifetime_s", token_lifetime_s_);
    static constexpr std::array<std::string_view, 4> kinds{"bearer", "basic", "header", "oauth2"};
    if (std::find(kinds.begin(), kinds.end(), auth_) == kinds.end()) {
        return Fault{"is bearer, basic, header or oauth2", "/auth/kind", Advice::stop};
    }
    key_header_ = whole.text("key_header", key_header_);
    signature_header_ = whole.text("signature_header", signature_header_);
    if (const auto* webhook = whole.find("webhook")) { webhook_ = *webhook; }
    if (const auto* errors = whole.find("errors")) {
        if (const auto* statuses = errors->find("statuses")) {
            for (const auto& [from, to] : statuses->members()) {
                error_statuses_[static_cast<std::int64_t>(number(from).value_or(0))] = to.integer().value_or(200);
            }
        }
        if (const auto* body = errors->find("body")) { error_body_ = *body; }
    }
    const auto* routes = whole.find("routes");
    if (routes == nullptr || !routes->is_array()) { return Fault{"is no list", "/routes", Advice::stop}; }
    for (const auto& written : routes->items()) {
        auto route = read_route(written, "/routes/" + std::to_string(routes_.size()));
        if (route.has_error()) { return route.error(); }
        routes_.push_back(std::move(route).value());
    }
    return {};
}

Result<Dialect::Route> Dialect::read_route(const Json& written, const std::string& where) const {
    static constexpr std::array<std::string_view, 5> operations{"create_order", "cancel_order", "find_order", "show_order",
                                                                "inventory"};
    Route route;
    route.operation = written.text("operation");
    if (std::find(operations.begin(), operations.end(), route.operation) == operations.end()) {
        return Fault{"is no operation of the simulator", where + "/operation", Advice::stop};
    }
    if (route_of(route.operation) != nullptr) { return Fault{"comes twice", where + "/operation", Advice::stop}; }
    route.method = written.text("method", "GET");
    route.path = written.text("path");
    if (!route.path.starts_with('/')) { return Fault{"begins with a slash", where + "/path", Advice::stop}; }
    if (const auto* request = written.find("request")) { route.request = *request; }
    if (const auto* answer = written.find("answer")) { route.answer = *answer; }
    route.reference = written.text("reference");
    route.id = written.text("id");
    route.status = static_cast<int>(written.integer("status"));
    if (const auto* paging = written.find("paging")) {
        route.paging = paging->text("kind");
        route.parameter = paging->text("parameter");
        route.size_parameter = paging->text("size_parameter");
    }
    return route;
}

const Dialect::Route* Dialect::route_of(std::string_view operation) const {
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) { return route.operation == operation; });
    return found == routes_.end() ? nullptr : &*found;
}

bool Dialect::client_is_known(const http::Request& request, std::string_view api_key) const {
    const auto given = request.header("Authorization").value_or("");
    const std::string pair = http::encoded(auth_name_) + ":" + http::encoded(api_key);
    const bool by_header = crypto::equal_constant_time(given, "Basic " + crypto::base64(pair));
    const bool by_body = crypto::equal_constant_time(form_field(request, "client_id"), auth_name_) &&
                         crypto::equal_constant_time(form_field(request, "client_secret"), std::string(api_key));
    return by_header || by_body;
}

bool Dialect::authorized(const http::Request& request, std::string_view api_key, BootMs now) const {
    const auto given = request.header("Authorization").value_or("");
    if (auth_ == "bearer") { return crypto::equal_constant_time(given, "Bearer " + std::string(api_key)); }
    if (auth_ == "basic") {
        return crypto::equal_constant_time(given, "Basic " + crypto::base64(auth_name_ + ":" + std::string(api_key)));
    }
    if (auth_ == "header") { return crypto::equal_constant_time(request.header(auth_name_).value_or(""), std::string(api_key)); }
    constexpr std::string_view bearer = "Bearer ";
    if (!given.starts_with(bearer)) { return false; }
    const auto token = tokens_.find(std::string_view(given).substr(bearer.size()));
    return token != tokens_.end() && now < token->second;
}

std::optional<http::Response> Dialect::token(const http::Request& request, std::string_view api_key, BootMs now) {
    if (auth_ != "oauth2" || request.path != token_path_ || request.method != "POST") { return {}; }
    http::Response made;
    made.headers.emplace_back("Content-Type", "application/json");
    if (form_field(request, "grant_type") != "client_credentials" || !client_is_known(request, api_key)) {
        made.status = 401;
        made.body = R"({"error":"invalid_client"})";
        return made;
    }
    // Unforgeable without the key, and no randomness: the simulator is the same from run to run.
    const auto token =
        crypto::hmac_sha256_hex(std::string(api_key), "token " + std::to_string(++issued_) + " " + std::to_string(now));
    tokens_[token] = now + token_lifetime_s_ * 1000;
    made.body = Json::object({{"access_token", token}, {"token_type", "Bearer"}, {"expires_in", token_lifetime_s_}}).dump();
    return made;
}

void Dialect::canonical_page(const Route& route, http::Request& request) const {
    const auto size = std::max<std::size_t>(1, number(request.parameter(route.size_parameter)).value_or(size_otherwise));
    const auto given = request.parameter(route.parameter);
    std::size_t page = 1;
    if (route.paging == "offset") { page = number(given).value_or(0) / size + 1; }
    else if (route.paging == "cursor") {
        // Opaque, so that nobody counts it up.
        if (given && given->starts_with("after-")) { page = number(given->substr(6)).value_or(0) + 1; }
    }
    else { page = number(given).value_or(1); }
    request.query = "page=" + std::to_string(page) + "&page_size=" + std::to_string(size);
}

std::optional<http::Request> Dialect::understood(http::Request request) const {
    for (const auto& route : routes_) {
        if (route.method != request.method) { continue; }
        auto id = matched(request.path, route.path);
        if (!id) { continue; }
        const auto body = Json::parse(request.body);
        if (route.operation == "create_order") {
            request.path = "/v1/orders";
            if (body) { request.body = filled(route.request, *body).dump(); }
            if (const auto key = request.header(key_header_)) { request.headers.emplace_back("Idempotency-Key", *key); }
        }
        else if (route.operation == "cancel_order") {
            if (!route.id.empty()) { *id = body ? text_at(*body, route.id) : ""; }
            request.path = "/v1/orders/" + http::encoded(*id) + "/cancel";
            request.method = "POST";
        }
        else if (route.operation == "find_order") {
            request.path = "/v1/orders";
            const auto reference = request.parameter(route.reference);
            request.query = reference ? "reference=" + http::encoded(*reference) : "";
        }
        else if (route.operation == "show_order") { request.path = "/v1/orders/" + http::encoded(*id); }
        else {
            request.path = "/v1/inventory";
            canonical_page(route, request);
        }
        return request;
    }
    return {};
}

http::Response Dialect::presented(std::string_view operation, http::Response answer) const {
    auto body = Json::parse(answer.body, {.bytes_max = 64 << 20});
    if (!body) { return answer; }
    if (answer.status >= 400) {
        body->set("problems", Json::array({*body})).set("code", error_code(answer.status, body->text("error")));
        if (!error_body_.is_null()) { answer.body = filled(error_body_, *body).dump(); }
        if (const auto other = error_statuses_.find(answer.status); other != error_statuses_.end()) {
            answer.status = static_cast<int>(other->second);
        }
        return answer;
    }
    const auto* route = route_of(operation);
    if (route == nullptr) { return answer; }
    if (const auto* orders = body->find("orders")) {
        body->set("count", static_cast<std::int64_t>(orders->items().size())).set("next", Json());
    }
    if (const auto page = body->integer("page"); page > 0) {
        const bool more = page < body->integer("pages");
        body->set("next", more ? Json("after-" + std::to_string(page)) : Json());
        if (more && route->paging == "link") {
            std::string address = route->path + "?" + route->parameter + "=" + std::to_string(page + 1);
            if (!route->size_parameter.empty()) {
                address += "&" + route->size_parameter + "=" + std::to_string(body->integer("page_size"));
            }
            answer.headers.emplace_back("Link", "<" + route->path + ">; rel=\"first\", <" + address + ">; rel=\"next\"");
        }
    }
    if (route->status != 0) { answer.status = route->status; }
    if (!route->answer.is_null()) { answer.body = filled(route->answer, *body).dump(); }
    return answer;
}

std::string Dialect::webhook(const std::string& body) const {
    const auto parsed = Json::parse(body);
    return webhook_ && parsed ? filled(*webhook_, *parsed).dump() : body;
}

}  // namespace crossdock::sandbox
