#include "base/json.hpp"
#include "support/raw_socket.hpp"
#include "support/running_server.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <stdexcept>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::RunningServer;

namespace {

/// Answers with what it was asked; some paths misbehave.
Task<http::Response> echo(http::Request request) {
    if (request.path == "/throw") { throw std::runtime_error("a secret reason"); }
    if (request.path == "/throw-int") { throw 42; }
    http::Response response;
    if (request.path == "/cut") { response.cut = true; }
    if (request.path == "/close") { response.close = true; }
    if (request.path == "/none") { response.status = 204; }
    response.headers.emplace_back("X-Split", "a\r\nX-Injected: b");
    response.body = request.method + " " + request.path + " ?" + request.query + " #" + std::to_string(request.requests_before) +
                    " " + std::to_string(request.body.size()) + " " + request.body.substr(0, 100);
    co_return response;
}

std::string post(std::string_view body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string body_of(const std::string& response) {
    const auto at = response.find("\r\n\r\n");
    return at == std::string::npos ? std::string() : response.substr(at + 4);
}

void check_problem(const std::string& response, int status) {
    INFO(response);
    CHECK(response.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    CHECK(response.find("Content-Type: application/problem+json\r\n") != std::string::npos);
    const auto body = Json::parse(body_of(response));
    REQUIRE(body.has_value());
    CHECK(body.value().integer("status") == status);
    CHECK_FALSE(body.value().text("type").empty());
    CHECK_FALSE(body.value().text("title").empty());
    CHECK_FALSE(body.value().text("detail").empty());
}

}  // namespace

TEST_CASE("one connection carries many requests, counted", "[http]") {
    RunningServer server(echo);
    RawSocket client(server.port());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(client.send("GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"));
        const auto response = client.read_response();
        CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(body_of(response) == "GET /a ?b=c #" + std::to_string(i) + " 0 ");
        CHECK(response.find("\r\nX-Injected") == std::string::npos);
    }
}

TEST_CASE("a body is taken whole, by its length or in chunks, in pieces or at once", "[http]") {
    RunningServer server(echo);
    RawSocket client(server.port());
    REQUIRE(client.send(post("hello")));
    CHECK(body_of(client.read_response()) == "POST /x ? #0 5 hello");
    REQUIRE(client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"));
    REQUIRE(client.send("2\r\nlo\r\n0\r\n\r\n"));
    CHECK(body_of(client.read_response()) == "POST /x ? #1 5 hello");
    REQUIRE(client.send("POST /x HTTP/1.1\r\nHo"));
    REQUIRE(client.send("st: a\r\nContent-Length: 4\r\n"));
    REQUIRE(client.send("\r\nbo"));
    REQUIRE(client.send("dy"));
    CHECK(body_of(client.read_response()) == "POST /x ? #2 4 body");
    REQUIRE(client.send(post("one") + post("two")));
    CHECK(body_of(client.read_response()) == "POST /x ? #3 3 one");
    CHECK(body_of(client.read_response()) == "POST /x ? #4 3 two");
}

TEST_CASE("a client that asks before it sends a body is told to go on", "[http]") {
    RunningServer server(echo);
    RawSocket client(server.port());
    REQUIRE(client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    REQUIRE(client.send("ok"));
    CHECK(body_of(client.read_response()) == "POST /x ? #0 2 ok");
}

TEST_CASE("HEAD, 204 and HTTP/1.0 are answered as they must be", "[http]") {
    RunningServer server(echo);
    RawSocket client(server.port());
    REQUIRE(client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.0\r\n\r\n"));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(head.find("Content-Length: 15\r\n") != std::string::npos);
    const auto none = client.read_until("\r\n\r\n");
    CHECK(none.starts_with("HTTP/1.1 204 No Content\r\n"));
    CHECK(none.find("Content-Length") == std::string::npos);
    const auto old = client.read_all();
    CHECK(body_of(old) == "GET /b ? #2 0 ");
    CHECK(old.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.ended());
}

TEST_CASE("what is no proper HTTP request is answered 400 and closed", "[http]") {
    const auto bytes = GENERATE("nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                                "GET / HTTP/3.7\r\nHost: a\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3x\r\n\r\nabc",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
                                "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    INFO(bytes);
    RunningServer server(echo);
    RawSocket client(server.port());
    REQUIRE(client.send(bytes));
    client.end_sending();
    check_problem(client.read_all(), 400);
    CHECK(client.ended());
}

TEST_CASE("a body above the limit is answered 413 before it was read", "[http]") {
    RunningServer server(echo, {.body_max = 1000});
    SECTION("declared: nothing of it was sent") {
        RawSocket client(server.port());
        REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"));
        check_problem(client.read_response(), 413);
    }
    SECTION("declared, and the client waits for leave to send") {
        RawSocket client(server.port());
        REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n"));
        check_problem(client.read_response(), 413);
    }
    SECTION("declared as absurd") {
        RawSocket client(server.port());
        REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n"));
        check_problem(client.read_response(), 413);
    }
    SECTION("in chunks: it ends nowhere") {
        RawSocket client(server.port());
        REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
        for (int i = 0; i < 20; ++i) { client.send("64\r\n" + std::string(100, 'x') + "\r\n"); }
        check_problem(client.read_response(), 413);
    }
    SECTION("exactly the limit is taken") {
        RawSocket client(server.port());
        REQUIRE(client.send(post(std::string(1000, 'x'))));
        CHECK(client.read_response().starts_with("HTTP/1.1 200 "));
    }
}

TEST_CASE("headers above the limit are answered 431", "[http]") {
    RunningServer server(echo, {.header_max = 2000});
    SECTION("too much at once") {
        RawSocket client(server.port());
        REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(3000, 'x') + "\r\n\r\n"));
        check_problem(client.read_all(), 431);
    }
    SECTION("they never end") {
        RawSocket client(server.port());
        REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n"));
        for (int i = 0; i < 100; ++i) { client.send("X-" + std::to_string(i) + ": " + std::string(50, 'x') + "\r\n"); }
        check_problem(client.read_all(), 431);
    }
}

TEST_CASE("a request that does not arrive in time is answered 408 and closed", "[http]") {
    const auto begun =
        GENERATE("G", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    RunningServer server(echo, {.read_timeout = 100ms});
    RawSocket client(server.port());
    REQUIRE(client.send(begun));
    check_problem(client.read_all(), 408);
    CHECK(client.ended());
}

TEST_CASE("a connection that stays silent is closed without a word", "[http]") {
    RunningServer server(echo, {.idle_timeout = 100ms});
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(client.read_response().starts_with("HTTP/1.1 200 "));
    CHECK(client.read_all().empty());
    CHECK(client.ended());
}

TEST_CASE("beyond the cap a connection is told to come back later, and then may", "[http]") {
    RunningServer server(echo, {.connections_max = 1});
    auto first = std::make_unique<RawSocket>(server.port());
    REQUIRE(first->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(first->read_response().starts_with("HTTP/1.1 200 "));
    RawSocket second(server.port());
    const auto told = second.read_response();
    check_problem(told, 503);
    CHECK(told.find("Retry-After: 1\r\n") != std::string::npos);
    CHECK(told.find("the queue http.connections is full (1)") != std::string::npos);
    first.reset();
    std::string answer;
    for (const auto deadline = std::chrono::steady_clock::now() + 20s;
         !answer.starts_with("HTTP/1.1 200 ") && std::chrono::steady_clock::now() < deadline;) {
        RawSocket third(server.port());
        third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        answer = third.read_response();
    }
    CHECK(answer.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("an exception in a handler is answered 500 without its text, and the server lives on", "[http]") {
    RunningServer server(echo);
    const auto path = GENERATE("/throw", "/throw-int");
    RawSocket client(server.port());
    REQUIRE(client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto response = client.read_response();
    check_problem(response, 500);
    CHECK(response.find("secret") == std::string::npos);
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(client.read_response().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a handler may cut the connection without an answer, or close it behind one", "[http]") {
    RunningServer server(echo);
    RawSocket cut(server.port());
    REQUIRE(cut.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(cut.read_all().empty());
    CHECK(cut.ended());
    RawSocket closed(server.port());
    REQUIRE(closed.send("GET /close HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto response = closed.read_all();
    CHECK(response.starts_with("HTTP/1.1 200 "));
    CHECK(response.find("Connection: close\r\n") != std::string::npos);
    CHECK(closed.ended());
}

TEST_CASE("a busy port is a fault that names it once", "[http]") {
    RunningServer server(echo);
    boost::asio::io_context context;
    const auto second = http::Server::listen(context.get_executor(), "127.0.0.1", server.port(), {}, echo);
    REQUIRE(second.has_error());
    const auto place = "127.0.0.1:" + std::to_string(server.port());
    CHECK(second.error().text() == place + ": this port is in use by another program");
    CHECK(second.error().advice == Advice::stop);
    CHECK(http::Server::listen(context.get_executor(), "nowhere", 0, {}, echo).has_error());
}

namespace {

/// Answers when the test says so.
struct Gate {
    std::atomic<bool> entered{false};
    std::function<void(int)> open;  ///< set on the server's thread before `entered`
};

Task<http::Response> wait_for_gate(std::shared_ptr<Gate> gate, http::Request request) {
    std::function<void(std::function<void(int)>)> start = [gate](std::function<void(int)> then) {
        gate->open = std::move(then);
        gate->entered = true;
        gate->entered.notify_all();
    };
    co_await on_callback<int>(std::move(start));
    co_return http::Response{.body = "done " + request.path};
}

}  // namespace

TEST_CASE("stopping lets a request under way finish and closes idle connections at once", "[http]") {
    auto gate = std::make_shared<Gate>();
    RunningServer server([gate](http::Request request) { return wait_for_gate(gate, std::move(request)); });
    RawSocket idle(server.port());
    RawSocket busy(server.port());
    REQUIRE(busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    gate->entered.wait(false);
    std::thread stopper([&] { server.stop(20s); });
    CHECK(idle.read_all().empty());
    CHECK(idle.ended());
    CHECK_FALSE(busy.ended());
    gate->open(1);
    const auto response = busy.read_all();
    CHECK(body_of(response) == "done /slow");
    CHECK(response.find("Connection: close\r\n") != std::string::npos);
    stopper.join();
    CHECK_FALSE(RawSocket(server.port()).connected());
}

TEST_CASE("stopping closes a request that does not finish within the grace", "[http]") {
    auto gate = std::make_shared<Gate>();
    RunningServer server([gate](http::Request request) { return wait_for_gate(gate, std::move(request)); });
    RawSocket busy(server.port());
    REQUIRE(busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    gate->entered.wait(false);
    std::thread stopper([&] { server.stop(50ms); });
    CHECK(busy.read_all().empty());
    CHECK(busy.ended());
    gate->open(1);
    stopper.join();
}
