// GET /v1/inventory: filters, pages, conditional requests, CSV.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "crypto/crypto.hpp"
#include "inventory/items.hpp"

#include <algorithm>
#include <charconv>

namespace crossdock::api {
namespace {

constexpr std::int64_t page_default = 100;
constexpr std::int64_t page_max = 1'000;
constexpr std::size_t filter_max = 128;
constexpr std::size_t etag_size = 32;

using FieldErrors = std::vector<std::pair<std::string, std::string>>;

inventory::ItemQuery read_query(const http::Request& request, FieldErrors& errors) {
    inventory::ItemQuery query;
    query.most = page_default;
    const auto text = [&](const char* name, std::string& to) {
        const auto given = request.parameter(name);
        if (!given) { return; }
        if (given->size() > filter_max) { errors.emplace_back(name, "has more than 128 bytes"); }
        to = *given;
    };
    text("supplier", query.account);
    text("sku", query.sku);
    text("q", query.text);
    text("warehouse", query.warehouse);
    text("grade", query.grade);
    text("lock_status", query.lock_status);
    if (const auto low = request.parameter("low")) {
        if (*low != "1" && *low != "0") { errors.emplace_back("low", "must be 1 or 0"); }
        query.low = *low == "1";
    }
    if (const auto limit = request.parameter("limit")) {
        const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), query.most);
        if (error != std::errc{} || end != limit->data() + limit->size() || query.most < 1) {
            errors.emplace_back("limit", "must be a whole number of at least 1");
        }
        query.most = std::clamp<std::int64_t>(query.most, 1, page_max);
    }
    query.after = request.parameter("cursor").value_or("");
    if (!query.after.empty() && !inventory::is_cursor(query.after)) {
        errors.emplace_back("cursor", "must be one that an answer gave as `next`");
    }
    return query;
}

/// Whether a conditional request has that answer already (RFC 9110, 13.1.2: compared weakly).
bool has_it(const std::optional<std::string>& if_none_match, const std::string& etag) {
    if (!if_none_match) { return false; }
    std::string_view rest = *if_none_match;
    while (!rest.empty()) {
        auto one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) { one.remove_prefix(1); }
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) { one.remove_suffix(1); }
        if (one.starts_with("W/")) { one.remove_prefix(2); }
        if (one == "*" || one == etag) { return true; }
    }
    return false;
}

/// The address of the next page: the same request from another cursor.
std::string next_target(const http::Request& request, const std::string& cursor) {
    std::string kept;
    std::string_view rest = request.query;
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (!one.starts_with("cursor=")) { kept += std::string(one) + "&"; }
    }
    return request.path + "?" + kept + "cursor=" + cursor;
}

http::Response answer_of(const http::Request& request, const Json& list) {
    const bool csv = request.header("Accept").value_or("").find("text/csv") != std::string::npos;
    http::Response response = csv ? http::Response{} : json_answer(200, list.dump());
    if (csv) {
        response.headers.emplace_back("Content-Type", "text/csv; charset=utf-8; header=present");
        response.body = inventory::items_csv(list);
    }
    const std::string etag = "\"" + crypto::sha256_hex(response.body).substr(0, etag_size) + "\"";
    if (has_it(request.header("If-None-Match"), etag)) {
        response = http::Response{};
        response.status = 304;
    }
    response.headers.emplace_back("ETag", etag);
    response.headers.emplace_back("Vary", "Accept, Authorization, Cookie");
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    if (const auto next = list.maybe_text("next")) {
        response.headers.emplace_back("Link", "<" + next_target(request, *next) + ">; rel=\"next\"");
    }
    return response;
}

}  // namespace

Task<http::Response> Api::inventory(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    FieldErrors errors;
    const auto query = read_query(request, errors);
    if (!errors.empty()) { co_return field_problem("The request has wrong parameters", errors); }
    const auto options = options_.get();
    std::function<Json(store::Tx&)> unit = [query, options, now = clock_.utc_ms()](store::Tx& tx) {
        return inventory::list_items(tx, query, options->stock, now);
    };
    auto found = co_await store_.read<Json>(std::move(unit));
    if (!found) { co_return unavailable(found.error(), "The store could not be read; ask again."); }
    co_return answer_of(request, *found);
}

}  // namespace crossdock::api
