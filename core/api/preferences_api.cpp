// How a customer is told: preferences by key, and the link of a mail by its signature.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "notify/recipients.hpp"
#include "store/journal.hpp"

namespace crossdock::api {
namespace {

constexpr std::size_t preferences_max = 16 << 10;

http::Response no_customer(const std::string& id) {
    return problem(404, "not-found", "There is no such customer", id.substr(0, 200));
}

std::vector<std::pair<std::string, std::string>> listed(const std::vector<model::FieldError>& errors) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const auto& error : errors) { list.emplace_back(error.pointer, error.message); }
    return list;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

/// A page for whoever has followed a link: no script, nothing from elsewhere.
http::Response simple_page(int status, const std::string& title, const std::string& content) {
    http::Response response;
    response.status = status;
    response.body =
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>" +
        title +
        "</title><style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:"
        "15vh auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style></head><body><h1>" +
        title + "</h1>" + content + "</body></html>";
    response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                        {"Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                         "frame-ancestors 'none'; base-uri 'none'"},
                        {"X-Frame-Options", "DENY"},
                        {"Referrer-Policy", "no-referrer"}};
    return response;
}

}  // namespace

Task<http::Response> Api::preferences(http::Request request, std::string customer_id) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (!get && request.method != "PUT") { co_return method_not_allowed("GET, PUT"); }
    const std::string id = http::decoded_segment(customer_id);
    auto refusal = std::make_shared<http::Response>();
    auto who = co_await principal(request, get ? "read" : "orders:write", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (who->customer_id && *who->customer_id != id) { co_return no_customer(id); }
    if (!get) { co_return co_await set_preferences(std::move(request), id, std::move(*who)); }
    std::function<std::optional<Json>(store::Tx&)> unit = [id, options = facts_.options()](store::Tx& tx) {
        return notify::shown_preferences(tx, id, options->clients);
    };
    auto found = co_await store_.read<std::optional<Json>>(std::move(unit));
    if (!found) { co_return unavailable(found.error(), "The store could not be read; ask again."); }
    if (!*found) { co_return no_customer(id); }
    co_return json_answer(200, (*found)->dump());
}

Task<http::Response> Api::set_preferences(http::Request request, std::string customer_id, Principal who) {
    if (request.body.size() > preferences_max) {
        co_return problem(413, "too-large", "The document is too large",
                          "At most " + std::to_string(preferences_max) + " bytes.");
    }
    const auto document = Json::parse(request.body);
    if (!document) { co_return problem(400, "syntax", "The body is no JSON document", document.error().text()); }
    const auto options = facts_.options();
    const auto read = model::read_preferences(*document, {model::client_events(), options->channels});
    if (!read) { co_return field_problem("The preferences have wrong fields", listed(read.error())); }
    std::function<std::optional<Json>(store::Tx&)> unit = [this, id = customer_id, wanted = *read, options,
                                                           by = who.actor()](store::Tx& tx) -> std::optional<Json> {
        if (!notify::set_preferences(tx, id, wanted, clock_.utc_ms())) { return {}; }
        store::append_audit(tx, facts_.new_id(), by, "customer.preferences", id, model::to_json(wanted).dump(), clock_.utc_ms());
        return notify::shown_preferences(tx, id, options->clients);
    };
    auto stored = co_await store_.commit<std::optional<Json>>(Commit::customer_add, std::move(unit));
    if (!stored) { co_return unavailable(stored.error(), "Nothing was changed; send it again."); }
    if (!*stored) { co_return no_customer(customer_id); }
    co_return json_answer(200, (*stored)->dump());
}

Task<http::Response> Api::unsubscribe(http::Request request, std::string token) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (!get && request.method != "POST") { co_return method_not_allowed("GET, POST"); }
    const auto options = facts_.options();
    const auto who = notify::read_unsubscribe_token(options->unsubscribe.key, token, clock_.utc_ms());
    if (!who) { co_return simple_page(404, "This link does not work", "<p>" + who.error().what + "</p>"); }
    const std::string shown = "<strong>" + escaped(who->recipient) + "</strong>";
    if (get) {
        // Whoever only looks, a scanner of mails included, changes nothing.
        co_return simple_page(200, "Unsubscribe",
                              "<p>Mails about orders are sent to " + shown +
                                  ".</p><form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" "
                                  "value=\"One-Click\"><button>Send no more of them</button></form>");
    }
    std::function<int(store::Tx&)> unit = [this, who = *who](store::Tx& tx) {
        const UtcMs now = clock_.utc_ms();
        const notify::Stop stop{notify::Stop::Cause::unsubscribed, "unsubscribed by the link in a mail"};
        if (notify::stop_recipient(tx, who.channel, who.recipient, stop, now)) {
            store::append_audit(tx, facts_.new_id(), "recipient " + who.recipient, "recipient.unsubscribe", who.recipient,
                                who.channel, now);
        }
        return 0;
    };
    const auto stored = co_await store_.commit<int>(Commit::customer_add, std::move(unit));
    if (!stored) { co_return unavailable(stored.error(), "Nothing was changed; try again."); }
    co_return simple_page(200, "Unsubscribed", "<p>No more mails about orders are sent to " + shown + ".</p>");
}

}  // namespace crossdock::api
