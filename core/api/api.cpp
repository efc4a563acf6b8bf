#include "api/api.hpp"

#include "api/problem.hpp"
#include "api/source.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "orders/story.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <charconv>

namespace crossdock::api {
namespace {

constexpr std::int64_t page_default = 100;
constexpr std::int64_t page_max = 1'000;
/// Between two counts of the open work, which take a while when there is much of it.
constexpr milliseconds count_pause{1'000};

std::int64_t page_size(const http::Request& request) {
    const auto asked = request.parameter("limit");
    if (!asked) { return page_default; }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(asked->data(), asked->data() + asked->size(), value);
    if (error != std::errc{} || end != asked->data() + asked->size()) { return page_default; }
    return std::clamp<std::int64_t>(value, 1, page_max);
}

Json list_notifications(store::Tx& tx, std::int64_t most, const std::optional<std::string>& customer) {
    Json list = Json::array();
    const std::string condition =
        customer ? "WHERE n.user_id = :1 ORDER BY n.created_at DESC, n.id LIMIT :2" : "ORDER BY n.created_at DESC, n.id LIMIT :1";
    const store::Tx::Params params = customer ? store::Tx::Params{*customer, most} : store::Tx::Params{most};
    for (auto& [id, type, order_id, email, subject, sent, sent_at, created, channel, template_name, digest, not_told, state,
                reason] : tx.all<std::string, std::string, std::optional<std::string>, std::string, std::string, std::int64_t,
                                 std::optional<std::int64_t>, std::int64_t, std::string, std::string, std::optional<std::string>,
                                 std::optional<std::string>, std::optional<std::string>, std::optional<std::string>>(
             "SELECT n.id, n.type, n.order_id, n.email, n.subject, n.sent, n.sent_at, n.created_at, n.channel, n.template, "
             "n.digest_id, n.not_told, (SELECT e.state FROM effects e WHERE e.notification_id = COALESCE(n.digest_id, n.id)), "
             "(SELECT e.reason FROM effects e WHERE e.notification_id = COALESCE(n.digest_id, n.id)) FROM notifications n " +
                 condition,
             params)) {
        if (not_told) {
            state = "not_told";
            reason = not_told;
        }
        list.push(Json::object({{"id", id},
                                {"type", type},
                                {"order_id", order_id},
                                {"email", email},
                                {"subject", subject},
                                {"sent", sent != 0},
                                {"sent_at", sent_at ? Json(rfc3339_ms(*sent_at)) : Json()},
                                {"created_at", rfc3339_ms(created)},
                                {"channel", channel},
                                {"template", template_name},
                                {"digest_id", digest},
                                {"state", sent != 0 ? Json("sent") : Json(state)},
                                {"reason", sent != 0 ? Json() : Json(reason)}}));
    }
    return Json::object({{"notifications", std::move(list)}});
}

/// The client's own, when it is one that fits into a log; else a new one.
std::string request_id(const http::Request& request, Clock& clock, Randomness& randomness) {
    constexpr std::size_t longest = 128;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    auto given = request.header("X-Request-Id");
    if (given && !given->empty() && given->size() <= longest && std::all_of(given->begin(), given->end(), fits)) {
        return *given;
    }
    return new_id(clock, randomness);
}

/// The order that a request has placed.
std::string order_of(const http::Response& response) {
    constexpr std::string_view orders = "/v1/orders/";
    for (const auto& [name, value] : response.headers) {
        if (name == "Location" && value.starts_with(orders)) { return value.substr(orders.size()); }
    }
    return {};
}

/// Answers are of one moment and for one reader, and are what they say they are.
void guard(http::Response& response) {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    const bool own = std::any_of(response.headers.begin(), response.headers.end(),
                                 [](const http::Header& header) { return header.first == "Cache-Control"; });
    if (!response.stream && !own) { response.headers.emplace_back("Cache-Control", "no-store"); }
}

}  // namespace

Task<http::Response> Api::handle(http::Request request) {
    const BootMs begun = clock_.boot_ms();
    const std::string method = request.method;
    // Of a mail's link its signature is the recipient's own.
    const std::string path =
        request.path.starts_with(notify::unsubscribe_path) ? std::string(notify::unsubscribe_path) + "..." : request.path;
    const std::string peer = request.peer;
    const auto notes = std::make_shared<http::Notes>();
    request.notes = notes;
    notes->id = request_id(request, clock_, engine_.environment().randomness);
    request.source = source_of(request, options_.get()->trusted_proxies);
    const std::string source = request.source;
    http::Response response = co_await route(std::move(request));
    response.headers.insert(response.headers.end(), notes->headers.begin(), notes->headers.end());
    response.headers.emplace_back("X-Request-Id", notes->id);
    if (!path.starts_with("/api/")) { guard(response); }
    const milliseconds took{clock_.boot_ms() - begun};
    const auto options = options_.get();
    if (options->answered) { options->answered(method, path, response.status, took); }
    // Never headers or a query: both may carry what nobody should read.
    const auto line = options->log_requests ? Log::info : Log::debug;
    line("request", {{"method", method},
                     {"path", path},
                     {"status", response.status},
                     {"ms", took.count()},
                     {"request", notes->id},
                     {"key", notes->key},
                     {"source", source},
                     {"peer", peer},
                     {"order", order_of(response)}});
    co_return response;
}

std::optional<model::RateVerdict> Api::over_rate(Rate& rate, const std::string& caller, const http::Request& request) {
    const auto options = options_.get();
    const auto verdict = rate.buckets.take(caller, options->rates.*rate.rule, clock_.boot_ms());
    if (request.notes && verdict.limit > 0) {
        // Of two rules the last one that was asked counts. Names and meaning: draft-ietf-httpapi-ratelimit-headers-06, section 3.
        request.notes->headers = {{"RateLimit-Limit", std::to_string(verdict.limit)},
                                  {"RateLimit-Remaining", std::to_string(verdict.remaining)},
                                  {"RateLimit-Reset", std::to_string(verdict.reset_s)}};
    }
    if (verdict.taken) { return {}; }
    if (options->rate_limited) { options->rate_limited(rate.name); }
    if (verdict.first_refusal) {
        Log::warning("a caller asks too often and is answered 429",
                     {{"rule", rate.name}, {"caller", caller}, {"peer", request.peer}, {"path", request.path}});
    }
    return verdict;
}

Task<http::Response> Api::route(http::Request request) {
    const std::string path = request.path;
    const bool get = request.method == "GET" || request.method == "HEAD";
    constexpr std::string_view orders = "/v1/orders/";
    constexpr std::string_view webhooks = "/api/webhooks/";
    if (path == "/livez") { co_return json_answer(200, R"({"status":"alive"})"); }
    if (path == "/readyz") { co_return co_await readyz(); }
    if (!ready_ || stopping_) {
        const std::string why = stopping_ ? "The daemon is stopping." : "The daemon is starting.";
        if (path == "/") { co_return waiting_page(why); }
        co_return unavailable(why);
    }
    const Place place(requests_);
    if (!place.taken()) { co_return unavailable(requests_->full(), "Send it again."); }
    if (is_page(path)) { co_return co_await page(std::move(request)); }
    if (is_desk(path)) { co_return co_await desk(std::move(request)); }
    if (path.starts_with(webhooks)) {
        if (request.method != "POST") { co_return method_not_allowed("POST"); }
        co_return co_await webhook(std::move(request), path.substr(webhooks.size()));
    }
    if (path == "/v1/orders" && request.method == "POST") { co_return co_await post_order(std::move(request)); }
    if (path == "/v1/events") {
        if (!get) { co_return method_not_allowed("GET"); }
        co_return co_await events(std::move(request));
    }
    if (path == "/v1/events/ws") { co_return co_await events_socket(std::move(request)); }
    if (path == "/metrics") {
        if (!get) { co_return method_not_allowed("GET"); }
        co_return co_await metrics(std::move(request));
    }
    constexpr std::string_view cancel = "/cancel";
    if (path.starts_with(orders) && path.ends_with(cancel) && path.size() > orders.size() + cancel.size()) {
        if (request.method != "POST") { co_return method_not_allowed("POST"); }
        co_return co_await cancel_order(std::move(request),
                                        path.substr(orders.size(), path.size() - orders.size() - cancel.size()));
    }
    if (path.starts_with(orders) && path.size() > orders.size()) {
        if (!get) { co_return method_not_allowed("GET"); }
        co_return co_await get_order(std::move(request), path.substr(orders.size()));
    }
    constexpr std::string_view customers = "/v1/customers/";
    constexpr std::string_view preferences_end = "/preferences";
    if (path.starts_with(customers) && path.ends_with(preferences_end) &&
        path.size() > customers.size() + preferences_end.size()) {
        co_return co_await preferences(std::move(request),
                                       path.substr(customers.size(), path.size() - customers.size() - preferences_end.size()));
    }
    if (path.starts_with(notify::unsubscribe_path)) {
        co_return co_await unsubscribe(std::move(request), path.substr(notify::unsubscribe_path.size()));
    }
    if (path == "/v1/inventory") {
        if (!get) { co_return method_not_allowed("GET"); }
        co_return co_await inventory(std::move(request));
    }
    if (path == "/v1/orders" || path == "/v1/notifications") {
        if (!get) { co_return method_not_allowed(path == "/v1/orders" ? "GET, POST" : "GET"); }
        co_return co_await list(std::move(request));
    }
    co_return problem(404, "not-found", "There is nothing at this address", path.substr(0, 200));
}

Task<http::Response> Api::readyz() {
    if (stopping_) { co_return unavailable("The daemon is stopping."); }
    if (!ready_) { co_return unavailable("The daemon is starting."); }
    Json state = Json::object({{"status", "ready"}});
    const auto options = options_.get();
    if (auto degraded = options->degraded ? options->degraded() : Json::array(); !degraded.items().empty()) {
        state.set("degraded", std::move(degraded));
    }
    if (open_work_.level().nearly_full()) { co_await count_open_work(); }
    auto levels = options->queues ? options->queues() : std::vector<QueueLevel>{};
    levels.insert(levels.end(), {requests_->level(), streams_->level(), open_work_.level()});
    Json queues = Json::array();
    for (const auto& level : levels) {
        if (!level.nearly_full()) { continue; }
        queues.push(Json::object({{"name", level.name}, {"waiting", level.waiting}, {"most", level.most}}));
    }
    if (!queues.items().empty()) { state.set("queues", std::move(queues)); }
    co_return json_answer(200, state.dump());
}

Task<http::Response> Api::metrics(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(std::move(request), "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (who->customer_id) { co_return bound_key(); }
    const auto options = options_.get();
    if (!options->metrics) { co_return problem(404, "not-found", "There is nothing at this address", "/metrics"); }
    const auto text = co_await options->metrics();
    if (!text) { co_return unavailable(text.error(), "The store could not be read; ask again."); }
    http::Response response;
    response.status = 200;
    response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = *text;
    co_return response;
}

Task<void> Api::count_open_work() {
    const BootMs now = clock_.boot_ms();
    if (work_counted_at_ != 0 && now - work_counted_at_ < count_pause.count()) { co_return; }
    work_counted_at_ = now;
    std::function<std::int64_t(store::Tx&)> unit = [](store::Tx& tx) { return store::open_work(tx); };
    const auto open = co_await store_.read<std::int64_t>(std::move(unit));
    // Those under way may be stored already or not: counted twice rather than not at all.
    if (open) { open_work_.assign(static_cast<std::size_t>(*open) + requests_->level().waiting); }
}

Task<std::optional<Fault>> Api::take_work() {
    if (open_work_.level().nearly_full()) { co_await count_open_work(); }
    if (open_work_.enter()) { co_return std::nullopt; }
    co_return open_work_.full();
}

Task<http::Response> Api::list(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    const auto customer = who->customer_id;
    const auto most = page_size(request);
    std::function<Json(store::Tx&)> unit;
    if (request.path == "/v1/orders") {
        unit = [most, customer](store::Tx& tx) { return orders::list_orders(tx, most, customer); };
    }
    else {
        unit = [most, customer](store::Tx& tx) { return list_notifications(tx, most, customer); };
    }
    auto found = co_await store_.read<Json>(std::move(unit));
    if (!found) { co_return unavailable(found.error(), "The store could not be read; ask again."); }
    co_return json_answer(200, found->dump());
}

void Api::stop() {
    stopping_ = true;
    events_.notify();
}

}  // namespace crossdock::api
