#include "http/loopback.hpp"
#include "support/running_server.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RunningServer;

namespace {

Task<std::optional<std::string>> count_down(std::shared_ptr<int> left) {
    if (*left == 0) { co_return std::nullopt; }
    --*left;
    co_return "line " + std::to_string(*left) + "\r\nhalf ";
}

Task<std::optional<std::string>> never() {
    std::function<void(std::function<void(int)>)> start = [](std::function<void(int)>) {};
    co_await on_callback<int>(std::move(start));
    co_return std::nullopt;
}

Task<http::Response> answer(http::Request request) {
    http::Response response;
    response.headers.emplace_back("X-Name", "value");
    response.body = request.method + " " + request.path + "?" + request.query + " " + request.header("X-Asked").value_or("-") +
                    " " + request.body;
    if (request.path == "/418") { response.status = 418; }
    if (request.path == "/cut") { response.cut = true; }
    if (request.path == "/lines") {
        auto left = std::make_shared<int>(3);
        response.stream = [left] { return count_down(left); };
    }
    if (request.path == "/never") { response.stream = never; }
    co_return response;
}

}  // namespace

TEST_CASE("an exchange brings status, headers and body, whatever the status", "[http]") {
    RunningServer server(answer);
    const auto reply = http::exchange(
        {.port = server.port(), .method = "POST", .target = "/a?b=c", .headers = {{"X-Asked", "yes"}}, .body = "body"});
    REQUIRE(reply.has_value());
    CHECK(reply.value().status == 200);
    CHECK(reply.value().header("x-name") == "value");
    CHECK_FALSE(reply.value().header("x-other"));
    CHECK(reply.value().body == "POST /a?b=c yes body");
    CHECK(http::exchange({.host = "localhost", .port = server.port(), .target = "/418"}).value().status == 418);
    CHECK(http::exchange({.port = server.port(), .method = "HEAD"}).value().body.empty());
    CHECK(http::exchange({.port = server.port(), .target = "/lines"}).value().body ==
          "line 2\r\nhalf line 1\r\nhalf line 0\r\nhalf ");
}

TEST_CASE("an exchange that fails says how, names the place and may be tried again", "[http]") {
    std::uint16_t port = 0;
    {
        RunningServer server(answer);
        port = server.port();
        const auto cut = http::exchange({.port = port, .target = "/cut"});
        REQUIRE(cut.has_error());
        CHECK(cut.error().what == "the connection was closed before a whole answer");
        CHECK(cut.error().advice == Advice::retry);
        const auto slow = http::exchange({.port = port, .target = "/never", .timeout = 100ms});
        REQUIRE(slow.has_error());
        CHECK(slow.error().what == "no whole answer within 100 ms");
        CHECK(slow.error().advice == Advice::retry);
    }
    const auto refused = http::exchange({.port = port});
    REQUIRE(refused.has_error());
    CHECK(refused.error().what == "cannot connect: Connection refused");
    CHECK(refused.error().where == "127.0.0.1:" + std::to_string(port));
    CHECK(refused.error().advice == Advice::retry);
    CHECK(http::exchange({.host = "example.org", .port = 80}).has_error());
}

TEST_CASE("a streamed body is handed over line by line until the reader has enough", "[http]") {
    RunningServer server(answer);
    std::vector<std::string> lines;
    const auto all = http::stream_lines({.port = server.port(), .target = "/lines"}, [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    });
    CHECK(all.value() == 200);
    CHECK(lines == std::vector<std::string>{"line 2", "half line 1", "half line 0", "half "});
    lines.clear();
    const auto some = http::stream_lines({.port = server.port(), .target = "/lines"}, [&](std::string_view line) {
        lines.emplace_back(line);
        return lines.size() < 2;
    });
    CHECK(some.value() == 200);
    CHECK(lines.size() == 2);
    const auto silent = http::stream_lines({.port = server.port(), .target = "/never", .timeout = 100ms}, [](std::string_view) {
        FAIL("a line came out of nothing");
        return true;
    });
    CHECK(silent.value() == 200);
}
