// The live page: its files, signing in and out, and whose request it is.
#include "api/api.hpp"
#include "api/page_files.hpp"
#include "api/problem.hpp"
#include "api/session.hpp"
#include "api/source.hpp"
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "store/journal.hpp"

namespace crossdock::api {
namespace {

constexpr std::size_t form_max = 4 << 10;

/// Everything comes from here, nothing is written as markup by the script, and nobody frames it.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

http::Response file(std::string text, const char* type, int status = 200) {
    http::Response response;
    response.status = status;
    response.body = std::move(text);
    response.headers = {{"Content-Type", type},
                        {"Content-Security-Policy", content_policy},
                        {"X-Frame-Options", "DENY"},
                        {"Referrer-Policy", "same-origin"},
                        {"Cross-Origin-Resource-Policy", "same-origin"}};
    return response;
}

http::Response sign_in_page(int status, const char* message) {
    constexpr std::string_view mark = "<!--message-->";
    std::string text = page_sign_in_html;
    if (const auto at = text.find(mark); at != std::string::npos) {
        const std::string shown = *message == '\0' ? "" : std::string("<p class=\"refused\" role=\"alert\">") + message + "</p>";
        text.replace(at, mark.size(), shown);
    }
    return file(std::move(text), "text/html; charset=utf-8", status);
}

http::Response see_page(const std::string& cookie) {
    http::Response response;
    response.status = 303;
    response.headers = {{"Location", "/"}};
    if (!cookie.empty()) { response.headers.emplace_back("Set-Cookie", cookie); }
    return response;
}

bool changes(const http::Request& request) {
    return request.method != "GET" && request.method != "HEAD";
}

/// The field of a form, without the blanks that pasting brings along.
std::string field(const http::Request& request, std::string_view name) {
    http::Request form;
    form.query = request.body;
    std::string value = form.parameter(name).value_or("");
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!value.empty() && blank(value.back())) { value.pop_back(); }
    while (!value.empty() && blank(value.front())) { value.erase(0, 1); }
    return value;
}

}  // namespace

Task<Result<std::optional<Principal>>> Api::signed_in(std::string token, bool quiet) {
    const std::string digest = session_digest(token);
    const UtcMs now = clock_.utc_ms();
    std::function<std::optional<Principal>(store::Tx&)> look = [digest, now](store::Tx& tx) {
        return find_session(tx, digest, now);
    };
    auto found = co_await store_.read<std::optional<Principal>>(std::move(look));
    if (!found || !*found || !(*found)->session_stale || quiet) { co_return found; }
    std::function<int(store::Tx&)> touch = [digest, now](store::Tx& tx) {
        touch_session(tx, digest, now);
        return 0;
    };
    auto stored = co_await store_.commit<int>(Commit::key_change, std::move(touch));
    if (!stored) { co_return stored.error(); }
    co_return found;
}

Task<Result<Principal>> Api::principal(http::Request request, std::string scope, std::shared_ptr<http::Response> refusal) {
    const auto refused = [&](const std::string& detail) {
        *refusal = problem(401, "unauthorized", "An API key is needed", detail);
        refusal->headers.emplace_back("WWW-Authenticate", "Bearer");
        return Fault{detail};
    };
    const auto authorization = request.header("Authorization");
    const auto cookie = authorization ? std::nullopt : session_token(request);
    const auto token = bearer_token(authorization);
    if (!token && !cookie) { co_return refused("Send the header \"Authorization: Bearer xd_...\"."); }
    Result<std::optional<Principal>> found = std::optional<Principal>();
    if (cookie) { found = co_await signed_in(*cookie, request.header("X-Quiet").has_value()); }
    else {
        std::function<std::optional<Principal>(store::Tx&)> look = [token = *token, now = clock_.utc_ms()](store::Tx& tx) {
            return find_principal(tx, token, now);
        };
        found = co_await store_.read<std::optional<Principal>>(std::move(look));
    }
    if (!found) {
        *refusal = unavailable(found.error(), "Whose key it is could not be read; send it again.");
        co_return found.error();
    }
    if (!*found) {
        co_return refused(cookie ? "Your session has ended; sign in again." : "This key is unknown or revoked, or has expired.");
    }
    if (request.notes) { request.notes->key = (*found)->key_id; }
    if (const auto over = over_rate(api_key_, (*found)->key_id, request)) {
        *refusal = too_many(*over, "This key asks too often; nothing was done.");
        co_return Fault{"rate-limited"};
    }
    if (cookie && changes(request) &&
        !crypto::equal_constant_time(request.header("X-CSRF-Token").value_or(""), csrf_token(*cookie))) {
        *refusal =
            problem(403, "csrf", "This did not come from the page", "Send the session's token in the header X-CSRF-Token.");
        co_return Fault{"csrf"};
    }
    if (!(*found)->may(scope)) {
        *refusal = problem(403, "scope", "This key may not do that", "It needs the scope " + scope + ".");
        co_return Fault{"scope"};
    }
    if ((*found)->use_stale) { co_await note_use((*found)->key_id); }
    co_return std::move(**found);
}

Task<void> Api::note_use(std::string key_id) {
    // Those who come meanwhile need not store it, too.
    if (!noting_.insert(key_id).second) { co_return; }
    std::function<int(store::Tx&)> unit = [key_id, now = clock_.utc_ms()](store::Tx& tx) {
        touch_key(tx, key_id, now);
        return 0;
    };
    // When the store has no place for it, the next request stores it.
    (void)co_await store_.commit<int>(Commit::key_change, std::move(unit));
    noting_.erase(key_id);
}

bool Api::is_page(const std::string& path) {
    return path == "/" || path == "/page.css" || path == "/page.js" || path == "/session";
}

Task<http::Response> Api::page(http::Request request) {
    const bool get = !changes(request);
    if (request.path == "/session") {
        // Where a refused sign-in leaves the browser's address.
        if (get && request.header("Accept").value_or("").find("text/html") != std::string::npos) { co_return see_page({}); }
        if (get) { co_return co_await who_is_it(std::move(request)); }
        if (request.method == "POST") { co_return co_await sign_in(std::move(request)); }
        if (request.method == "DELETE") { co_return co_await sign_out(std::move(request)); }
        co_return method_not_allowed("GET, POST, DELETE");
    }
    if (!get) { co_return method_not_allowed("GET"); }
    if (request.path == "/page.css") { co_return file(page_css, "text/css; charset=utf-8"); }
    if (request.path == "/page.js") { co_return file(page_js, "text/javascript; charset=utf-8"); }
    co_return co_await front(std::move(request));
}

Task<http::Response> Api::front(http::Request request) {
    const auto token = session_token(request);
    if (!token) { co_return sign_in_page(200, ""); }
    const auto who = co_await signed_in(*token, false);
    if (!who) { co_return sign_in_page(503, "The store could not be read. Reload this page in a moment."); }
    if (!*who) { co_return sign_in_page(200, "Your session has ended. Sign in again."); }
    co_return file(page_console_html, "text/html; charset=utf-8");
}

Task<http::Response> Api::sign_in(http::Request request) {
    if (!same_origin(request)) {
        co_return problem(403, "csrf", "This did not come from the page", "Open the page and sign in there.");
    }
    if (const auto over = over_rate(sign_in_, caller_of(request.source), request)) {
        const std::string message =
            "Too many attempts came from your address. Try again in " + std::to_string(over->retry_s) + " s.";
        auto response = sign_in_page(429, message.c_str());
        response.headers.emplace_back("Retry-After", std::to_string(over->retry_s));
        co_return response;
    }
    if (request.body.size() > form_max) {
        co_return problem(413, "too-large", "The form is too large", "At most " + std::to_string(form_max) + " bytes.");
    }
    if (!request.header("Content-Type").value_or("").starts_with("application/x-www-form-urlencoded")) {
        co_return problem(415, "media-type", "A form is needed", "Send Content-Type: application/x-www-form-urlencoded.");
    }
    const std::string key = field(request, "key");
    if (key.empty()) { co_return sign_in_page(422, "Paste an API key first."); }
    const std::string token = new_session_token(engine_.environment().randomness);
    const UtcMs now = clock_.utc_ms();
    std::function<std::optional<Principal>(store::Tx&)> unit = [this, key, digest = session_digest(token), now](store::Tx& tx) {
        auto who = find_principal(tx, key, now);
        if (!who || !who->may("read")) { return who; }
        open_session(tx, digest, who->key_id, now);
        store::append_audit(tx, facts_.new_id(), who->actor(), "session.open", "page", "", now);
        return who;
    };
    const auto who = co_await store_.commit<std::optional<Principal>>(Commit::key_change, std::move(unit));
    if (!who) { co_return sign_in_page(503, "The daemon is busy. Try again in a moment."); }
    if (!*who) {
        Log::warning("nobody was signed in: the key is unknown, revoked or expired", {{"peer", request.peer}});
        co_return sign_in_page(
            401, "This key is unknown or revoked, or has expired. <code>crossdock key create</code> makes a new one.");
    }
    if (!(*who)->may("read")) { co_return sign_in_page(403, "This key may not read. It needs the scope <code>read</code>."); }
    Log::info("signed in", {{"key", (*who)->name}, {"peer", request.peer}});
    co_return see_page(session_cookie(token, over_tls(request)));
}

Task<http::Response> Api::who_is_it(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    Json scopes = Json::array();
    for (const char* const scope : {"read", "orders:write", "admin"}) {
        if (who->may(scope)) { scopes.push(scope); }
    }
    Json answer = Json::object({{"key", who->name}, {"scopes", std::move(scopes)}, {"customer_id", who->customer_id}});
    const auto token = session_token(request);
    if (token && !who->session.empty()) { answer.set("csrf", csrf_token(*token)); }
    co_return json_answer(200, answer.dump());
}

Task<http::Response> Api::sign_out(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    std::function<bool(store::Tx&)> unit = [this, who = *who](store::Tx& tx) {
        const bool closed = close_session(tx, who.session);
        if (closed) { store::append_audit(tx, facts_.new_id(), who.actor(), "session.close", "page", "", clock_.utc_ms()); }
        return closed;
    };
    const auto closed = co_await store_.commit<bool>(Commit::key_change, std::move(unit));
    if (!closed) { co_return unavailable(closed.error(), "You are still signed in; try again."); }
    // Other tabs of this session, and their streams, learn it now.
    events_.notify();
    http::Response response;
    response.status = 204;
    response.headers = {{"Set-Cookie", ended_cookie(over_tls(request))}};
    co_return response;
}

}  // namespace crossdock::api
