// What a person on call sees and does: suppliers, what waits for a person, dead letters, feeds. None of it is one customer's.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "inventory/feed.hpp"
#include "notify/attention.hpp"
#include "orders/account_load.hpp"
#include "orders/explain.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/person.hpp"

#include <algorithm>
#include <charconv>

namespace crossdock::api {
namespace {

constexpr std::int64_t listed_max = 1'000;
constexpr std::int64_t feeds_max = 100;
constexpr std::size_t note_max = 500;
constexpr std::size_t id_size = 36;
constexpr std::string_view attention_path = "/v1/attention/";
constexpr std::string_view dead_letters_path = "/v1/dead-letters/";
constexpr std::string_view orders_path = "/v1/orders/";
constexpr std::string_view explain_end = "/explain";
constexpr std::string_view resolve_end = "/resolve";
constexpr std::string_view replay_end = "/replay";
constexpr std::string_view feeds_path = "/v1/feeds/";
constexpr std::string_view approve_end = "/approve";
constexpr std::string_view reject_end = "/reject";

using MaybeText = std::optional<std::string>;

/// What stands between the two, decoded; nothing when the path is another one.
MaybeText between(const std::string& path, std::string_view begin, std::string_view end) {
    if (!path.starts_with(begin) || !path.ends_with(end) || path.size() <= begin.size() + end.size()) { return {}; }
    const auto middle = path.substr(begin.size(), path.size() - begin.size() - end.size());
    if (middle.find('/') != std::string::npos) { return {}; }
    return http::decoded_segment(middle);
}

/// The last time that the account's stock or prices were asked for, and how it went.
Json last_sync(store::Tx& tx, const std::string& supplier_id) {
    const auto row = tx.first<std::string, std::string, MaybeText, std::int64_t>(
        "SELECT type, status, message, created_at FROM supplier_sync_logs WHERE supplier_id = :1 AND type <> 'order' ORDER BY "
        "created_at DESC, id "
        "DESC "
        "LIMIT 1",
        {supplier_id});
    if (!row) { return {}; }
    const auto& [type, status, message, at] = *row;
    return Json::object({{"type", type}, {"status", status}, {"message", message}, {"at", rfc3339_ms(at)}});
}

/// `degraded` as ApiOptions::degraded gives it.
Json list_suppliers(store::Tx& tx, const Json& degraded) {
    Json list = Json::array();
    for (auto& [id, name, display, type, endpoint, active] :
         tx.all<std::string, std::string, std::string, std::string, MaybeText, std::int64_t>(
             "SELECT id, name, display_name, type, api_endpoint, active FROM suppliers WHERE configured = 1 ORDER BY name")) {
        Json one = Json::object(
            {{"name", name}, {"display_name", display}, {"type", type}, {"api_endpoint", endpoint}, {"active", active != 0}});
        if (auto disabled = orders::disabled_json(tx, name); !disabled.is_null()) { one.set("disabled", std::move(disabled)); }
        one.set("state", active != 0 ? "served" : "disabled");
        for (const auto& trouble : degraded.items()) {
            if (trouble.text("name") != name) { continue; }
            one.set("state", trouble.text("state")).set("reason", trouble.maybe_text("reason"));
        }
        const Json load = orders::account_load(tx, name, id);
        for (const auto& [key, value] : load.members()) { one.set(key, value); }
        one.set("last_sync", last_sync(tx, id));
        list.push(std::move(one));
    }
    return Json::object({{"suppliers", std::move(list)}});
}

Json list_dead_letters(store::Tx& tx, const pipeline::DeadLetterFilter& filter) {
    Json list = Json::array();
    for (const auto& letter : pipeline::dead_letters(tx, filter)) { list.push(letter.json()); }
    return Json::object({{"dead_letters", std::move(list)}});
}

/// How much waits for a person.
Json overview(store::Tx& tx, const Json& degraded) {
    return Json::object({{"attention", tx.number("SELECT COUNT(*) FROM attention WHERE resolved_at IS NULL")},
                         {"dead_letters", tx.number("SELECT COUNT(*) FROM runs WHERE state = 'failed'") +
                                              tx.number("SELECT COUNT(*) FROM effects WHERE state = 'dead' AND run_id IS NULL")},
                         {"quarantined_feeds", tx.number("SELECT COUNT(*) FROM feeds WHERE state = 'quarantined'")},
                         {"not_served", degraded}});
}

http::Response not_found(const std::string& what, const std::string& detail) {
    return problem(404, "not-found", what, detail.substr(0, 200));
}

http::Response answer_of(const pipeline::Decided& decided) {
    using What = pipeline::Decided::What;
    switch (decided.what) {
        case What::done: return json_answer(200, decided.answer.dump());
        case What::wrong: return field_problem("The request has wrong fields", {{"/" + decided.why.where, decided.why.what}});
        case What::unknown: return not_found("There is nothing of that number or id", decided.why.what);
        case What::refused: break;
    }
    return problem(409, "refused", "That cannot be done now", decided.why.what);
}

/// A body that is empty or an object whose members are texts of a bounded length.
Result<Json> read_texts(const std::string& body, const std::vector<std::string>& names) {
    if (body.empty()) { return Json::object(); }
    auto read = Json::parse(body);
    if (!read) { return Fault{read.error().text()}; }
    if (!read->is_object()) { return Fault{"must be an object", "/"}; }
    Json taken = Json::object();
    for (const auto& [name, value] : read->members()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) { return Fault{"is not known here", "/" + name}; }
        if (!value.is_string()) { return Fault{"must be a text", "/" + name}; }
        if (value.as_string().size() > note_max) {
            return Fault{"has more than " + std::to_string(note_max) + " bytes", "/" + name};
        }
        taken.set(name, value);
    }
    return good(std::move(taken));
}

}  // namespace

bool Api::is_desk(const std::string& path) {
    return path == "/v1/suppliers" || path == "/v1/overview" || path == "/v1/attention" || path == "/v1/dead-letters" ||
           path == "/v1/feeds" || path.starts_with(attention_path) || path.starts_with(dead_letters_path) ||
           path.starts_with(feeds_path) || between(path, orders_path, explain_end).has_value();
}

Task<http::Response> Api::desk(http::Request request) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    const std::string path = request.path;
    const auto number = between(path, attention_path, resolve_end);
    const auto letter = between(path, dead_letters_path, replay_end);
    const auto approved = between(path, feeds_path, approve_end);
    const auto rejected = between(path, feeds_path, reject_end);
    if (number || letter || approved || rejected) {
        if (request.method != "POST") { co_return method_not_allowed("POST"); }
        std::string what = number ? "resolve" : letter ? "replay" : approved ? "approve" : "reject";
        std::string subject = number ? *number : letter ? *letter : approved ? *approved : *rejected;
        co_return co_await desk_act(std::move(request), std::move(what), std::move(subject));
    }
    if (path.starts_with(attention_path)) { co_return not_found("There is nothing at this address", path); }
    if (!get) { co_return method_not_allowed("GET"); }
    if (const auto order_id = between(path, orders_path, explain_end)) {
        co_return co_await explain(std::move(request), *order_id);
    }
    co_return co_await desk_read(std::move(request));
}

Task<http::Response> Api::desk_read(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (who->customer_id) { co_return bound_key(); }
    const auto options = options_.get();
    const Json degraded = options->degraded ? options->degraded() : Json::array();
    std::function<std::optional<Json>(store::Tx&)> unit;
    if (request.path == "/v1/suppliers") {
        unit = [degraded](store::Tx& tx) { return list_suppliers(tx, degraded); };
    }
    else if (request.path == "/v1/overview") {
        unit = [degraded](store::Tx& tx) { return overview(tx, degraded); };
    }
    else if (request.path == "/v1/attention") {
        const bool all = request.parameter("all") == "1";
        unit = [all](store::Tx& tx) { return notify::list_attention(tx, all, listed_max); };
    }
    else if (request.path == "/v1/feeds") {
        inventory::FeedFilter filter{request.parameter("account").value_or(""),
                                     request.parameter("state").value_or("quarantined"), feeds_max};
        unit = [filter](store::Tx& tx) { return inventory::list_feeds(tx, filter); };
    }
    else if (const auto feed = between(request.path, feeds_path, "")) {
        unit = [id = *feed](store::Tx& tx) { return inventory::show_feed(tx, id); };
    }
    else if (request.path == "/v1/dead-letters") {
        pipeline::DeadLetterFilter filter;
        filter.pipeline = request.parameter("pipeline").value_or("");
        filter.account = request.parameter("account").value_or("");
        filter.order_id = request.parameter("order_id").value_or("");
        unit = [filter](store::Tx& tx) { return list_dead_letters(tx, filter); };
    }
    else {
        const auto id = between(request.path, dead_letters_path, "");
        unit = [id](store::Tx& tx) { return id ? pipeline::show_dead_letter(tx, *id) : std::nullopt; };
    }
    auto found = co_await store_.read<std::optional<Json>>(std::move(unit));
    if (!found) { co_return unavailable(found.error(), "The store could not be read; ask again."); }
    if (!*found) { co_return not_found("There is nothing of that id", request.path); }
    co_return json_answer(200, (*found)->dump());
}

Task<http::Response> Api::explain(http::Request request, std::string order_id) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (who->customer_id) { co_return bound_key(); }
    std::function<std::optional<Json>(store::Tx&)> unit = [order_id](store::Tx& tx) {
        return orders::explain_order(tx, order_id);
    };
    auto found = co_await store_.read<std::optional<Json>>(std::move(unit));
    if (!found) { co_return unavailable(found.error(), "The store could not be read; ask again."); }
    if (!*found) { co_return not_found("There is no such order", order_id); }
    co_return json_answer(200, (*found)->dump());
}

Task<http::Response> Api::desk_act(http::Request request, std::string what, std::string subject) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "admin", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (who->customer_id) { co_return bound_key(); }
    const bool resolving = what == "resolve";
    const bool of_feed = what == "approve" || what == "reject";
    const std::vector<std::string> names = resolving ? std::vector<std::string>{"what", "supplier_order_id", "note"}
                                           : of_feed ? std::vector<std::string>{"note"}
                                                     : std::vector<std::string>{"from"};
    auto said = read_texts(request.body, names);
    if (!said && said.error().where.empty()) {
        co_return problem(400, "syntax", "The body is no JSON document", said.error().text());
    }
    if (!said) {
        const std::string where = said.error().where == "/" ? "" : said.error().where;
        co_return field_problem("The request has wrong fields", {{where, said.error().what}});
    }
    std::string by = who->actor();
    if (resolving) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(subject.data(), subject.data() + subject.size(), number);
        if (error != std::errc{} || end != subject.data() + subject.size()) {
            co_return not_found("There is nothing of that number or id", subject);
        }
        said->set("number", number);
        const auto done = co_await pipeline::resolve_attention(engine_.environment(), std::move(*said), std::move(by));
        if (!done) { co_return unavailable(done.error(), "Nothing was changed; try again."); }
        co_return answer_of(*done);
    }
    // Not the beginning of one, as on the command line: that may stand for several.
    if (subject.size() != id_size) { co_return not_found("There is nothing of that number or id", subject); }
    if (of_feed) {
        said->set("feed", subject);
        const auto done = co_await pipeline::decide_feed(engine_.environment(), std::move(what), std::move(*said), std::move(by));
        if (!done) { co_return unavailable(done.error(), "Nothing was changed; try again."); }
        co_return answer_of(*done);
    }
    Json ids = Json::array();
    ids.push(subject);
    said->set("ids", std::move(ids));
    const auto done = co_await pipeline::replay_dead_letters(engine_.environment(), std::move(*said), std::move(by));
    if (!done) { co_return unavailable(done.error(), "Nothing was changed; try again."); }
    co_return answer_of(*done);
}

}  // namespace crossdock::api
