// Clients that mean no good, over real sockets: each is answered as it must be or closed, and others go on.
#include "support/raw_socket.hpp"
#include "support/running_server.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::RunningServer;

namespace {

Task<http::Response> echo(http::Request request) {
    http::Response response;
    response.body = request.path + " " + std::to_string(request.headers.size());
    co_return response;
}

/// Another client is served as if nothing were.
void check_others(const RunningServer& server) {
    RawSocket other(server.port());
    REQUIRE(other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(other.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
}

std::string headers(int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) { text += "X-" + std::to_string(i) + ": y\r\n"; }
    return text + "\r\n";
}

}  // namespace

TEST_CASE("a first line without an end is answered 414", "[http]") {
    RunningServer server(echo, {.header_max = 4'000});
    RawSocket client(server.port());
    client.send("GET /" + std::string(10'000, 'x'));
    CHECK(client.read_all().starts_with("HTTP/1.1 414 "));
    CHECK(client.ended());
    check_others(server);
}

TEST_CASE("more headers than are taken are answered 431, as many as that are fine", "[http]") {
    RunningServer server(echo, {.headers_max = 50});
    RawSocket client(server.port());
    REQUIRE(client.send(headers(50)));
    CHECK(client.read_response().starts_with("HTTP/1.1 200 "));
    REQUIRE(client.send(headers(51)));
    const auto refused = client.read_all();
    CHECK(refused.starts_with("HTTP/1.1 431 "));
    CHECK(refused.find("there are more than 50 headers") != std::string::npos);
    CHECK(client.ended());
}

TEST_CASE("a client that sends a byte now and then has as long as one that sends nothing", "[http]") {
    const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1'000, 'x');
    // Within the headers, and within the body.
    const std::size_t begin = GENERATE(std::size_t{0}, std::size_t{60});
    RunningServer server(echo, {.read_timeout = 300ms});
    RawSocket client(server.port());
    REQUIRE(client.send(request.substr(0, begin + 1)));
    std::string answer;
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t at = begin + 1; at < request.size() && answer.empty(); ++at) {
        client.send(request.substr(at, 1));
        answer = client.read_until("\r\n", 20ms);
    }
    CHECK(answer.starts_with("HTTP/1.1 408 "));
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
    check_others(server);
}

TEST_CASE("a flood of pipelined requests is answered one after the other, and others are answered in between", "[http]") {
    RunningServer server(echo);
    RawSocket client(server.port());
    constexpr int flood = 2'000;
    std::string all;
    for (int i = 0; i < flood; ++i) { all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
    std::thread sender([&] { client.send(all); });
    check_others(server);
    for (int i = 0; i < flood; ++i) {
        const auto response = client.read_response();
        REQUIRE(response.ends_with("\r\n\r\n/" + std::to_string(i) + " 1"));
    }
    sender.join();
}

TEST_CASE("a client that takes no answers in is cut off, and holds nobody up", "[http]") {
    // More than the kernel's own buffers hold.
    const http::Handler big = [](const http::Request&) -> Task<http::Response> {
        co_return http::Response{.body = std::string(8 << 20, 'x')};
    };
    RunningServer server(big, {.write_timeout = 300ms});
    RawSocket client(server.port());
    for (int i = 0; i < 8; ++i) { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); }
    // It reads nothing until the server has given up; then there is the other one only.
    for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;) {
        RawSocket other(server.port());
        REQUIRE(other.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
        REQUIRE(other.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
        if (server.connections() == 1) { break; }
    }
    CHECK(client.read_all().size() < std::size_t{8} << 23);
    CHECK(client.ended());
}

TEST_CASE("whatever is wrong with a request, the connection's next bytes are no request", "[http]") {
    // Request smuggling: what two readers might see as one request or as two.
    const auto* const first = GENERATE(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\x01: y\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
    INFO(first);
    RunningServer server(echo);
    RawSocket client(server.port());
    REQUIRE(client.send(std::string(first) + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.end_sending();
    const auto all = client.read_all();
    CHECK(all.find("/smuggled") == std::string::npos);
    const bool refused = all.starts_with("HTTP/1.1 400 ") || all.starts_with("HTTP/1.1 413 ");
    CHECK((refused || all.find(" 200 ") == std::string::npos));
    CHECK(all.starts_with("HTTP/1.1 4"));
    CHECK(client.ended());
    check_others(server);
}
