#include "api/problem.hpp"

#include "base/bound.hpp"

namespace crossdock::api {

http::Response problem(int status, const std::string& name, const std::string& title, const std::string& detail,
                       const std::vector<std::pair<std::string, std::string>>& errors) {
    Json body = Json::object(
        {{"type", "https://crossdock.example/problems/" + name}, {"title", title}, {"status", status}, {"detail", detail}});
    if (!errors.empty()) {
        Json list = Json::array();
        for (const auto& [pointer, message] : errors) { list.push(Json::object({{"pointer", pointer}, {"message", message}})); }
        body.set("errors", std::move(list));
    }
    http::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/problem+json"}};
    response.body = body.dump();
    return response;
}

http::Response bound_key() {
    return problem(403, "customer", "This key is bound to one customer", "What stands here concerns all of them.");
}

http::Response method_not_allowed(const std::string& allowed) {
    auto response = problem(405, "method", "This resource has no such method", "Allowed: " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

http::Response field_problem(const std::string& title, const std::vector<std::pair<std::string, std::string>>& errors) {
    const auto& [pointer, message] = errors.front();
    std::string detail = (pointer.empty() ? "The document" : pointer) + " " + message + ".";
    if (errors.size() > 1) { detail += " " + std::to_string(errors.size() - 1) + " more in `errors`."; }
    return problem(422, "fields", title, detail, errors);
}

http::Response json_answer(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}};
    response.body = std::move(body);
    return response;
}

http::Response too_many(const model::RateVerdict& verdict, const std::string& detail) {
    auto response = problem(429, "rate-limited", "Too many requests came from you",
                            detail + " Send it again in " + std::to_string(verdict.retry_s) + " s.");
    response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_s));
    return response;
}

http::Response unavailable(const std::string& detail) {
    auto response = problem(503, "unavailable", "The daemon cannot take this now", detail);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response unavailable(const Fault& fault, const std::string& next) {
    if (!says_full(fault)) { return unavailable(next); }
    std::string queue = fault.what;
    queue.front() = 'T';
    return unavailable(queue + ". " + next);
}

http::Response waiting_page(const std::string& detail) {
    auto response = unavailable(detail);
    response.body = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Crossdock</title><p>" + detail +
                    " This page tries again by itself.</p></html>";
    response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                        {"Content-Security-Policy", "default-src 'none'"},
                        {"Retry-After", "1"},
                        {"Refresh", "2"}};
    return response;
}

}  // namespace crossdock::api
