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

http::Response json_answer(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}};
    response.body = std::move(body);
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

}  // namespace crossdock::api
