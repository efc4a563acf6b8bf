#include "base/system_clock.hpp"
#include "client/outbound.hpp"
#include "fake_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace crossdock;
using namespace crossdock::http;

namespace {

using Header = std::pair<std::string, std::string>;

HttpExchange post(const FakeServer& server, std::string body = "{}") {
    return {.method = "POST",
            .url = server.url() + "/v1/orders",
            .headers = {{"Content-Type", "application/json"}},
            .body = std::move(body)};
}

}  // namespace

TEST_CASE("an answer comes back whole, with its headers", "[http_client][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(http_answer(429, R"({"error":"slow down"})", "Retry-After: 3\r\n"));
    });
    Outbound outbound;
    const auto result = outbound.send(post(server, R"({"unit_price":231.00,"tax":0.1})"), {});
    CHECK(result.transport == Transport::answered);
    CHECK(result.status == 429);
    CHECK(result.body == R"({"error":"slow down"})");
    CHECK(result.retry_after == milliseconds(3000));
    CHECK(result.on_wire);
    REQUIRE(server.notes().size() == 1);
    CHECK_THAT(server.notes()[0], Catch::StartsWith("POST /v1/orders HTTP/1.1\r\n"));
    CHECK_THAT(server.notes()[0], Catch::EndsWith(R"({"unit_price":231.00,"tax":0.1})"));
    CHECK_THAT(server.notes()[0], !Catch::Contains("Expect:"));
}

TEST_CASE("a POST whose reused connection is cut leaves once and its outcome is unknown", "[http_client][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        // libcurl connects again before it is stopped: that connection brings no request.
        auto request = peer.read_request();
        if (request.empty()) { return; }
        server.note(std::move(request));
        peer.write(http_answer(201, "{}"));
        // The second request on the same connection is read and then cut without an answer.
        if (auto second = peer.read_request(); !second.empty()) { server.note(std::move(second)); }
    });
    Outbound outbound;
    REQUIRE(outbound.send(post(server, R"({"n":1})"), {}).status == 201);
    const auto result = outbound.send(post(server, R"({"n":2})"), {});
    CHECK(result.transport == Transport::cut);
    CHECK(result.on_wire);
    const auto notes = server.notes();
    CHECK(std::count_if(notes.begin(), notes.end(), [](const auto& note) { return note.ends_with(R"({"n":2})"); }) == 1);
    REQUIRE(notes.size() == 2);
    // The next one is not disturbed.
    CHECK(outbound.send(post(server, R"({"n":3})"), {}).status == 201);
}

TEST_CASE("a request goes over the connection that the one before has left open", "[http_client][unit]") {
    FakeServer server([](FakeServer::Connection& peer, int) {
        while (!peer.read_request().empty()) { peer.write(http_answer(200, "{}")); }
    });
    {
        Outbound outbound;
        for (int i = 0; i < 3; ++i) { REQUIRE(outbound.send(post(server), {}).status == 200); }
        CHECK(server.connections() == 1);
    }
}

TEST_CASE("a GET that changes nothing may be repeated on a dead reused connection", "[http_client][unit]") {
    FakeServer server([](FakeServer::Connection& peer, int) {
        (void)peer.read_request();
        peer.write(http_answer(200, "{}"));
        (void)peer.read_request();
    });
    Outbound outbound;
    const HttpExchange get{.method = "GET", .url = server.url() + "/", .headers = {}, .body = {}, .may_repeat = true};
    REQUIRE(outbound.send(get, {}).status == 200);
    CHECK(outbound.send(get, {}).status == 200);
    CHECK(server.connections() == 2);
}

TEST_CASE("nothing leaves once not_after has passed", "[http_client][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) { server.note(peer.read_request()); });
    Outbound outbound;
    const auto result = outbound.send(post(server), {.not_after = system_boot_ms() - 1});
    CHECK(result.transport == Transport::not_sent);
    CHECK_FALSE(result.on_wire);
    CHECK_THAT(result.reason, Catch::Contains("not_after"));
    CHECK(server.notes().empty());
}

TEST_CASE("an exchange that cannot begin is not sent", "[http_client][unit]") {
    Outbound outbound;
    struct Row {
        std::string url;
        std::string reason;
    };
    const auto row =
        GENERATE(Row{"ftp://127.0.0.1/", "neither http:// nor https://"}, Row{"file:///etc/passwd", "neither http://"},
                 Row{"http://127.0.0.1/a b", "space or control character"},
                 Row{"http://127.0.0.1/\r\nX: y", "space or control character"}, Row{"refused", "onnect"});
    const auto url = row.url == "refused" ? "http://127.0.0.1:" + std::to_string(closed_port()) + "/" : row.url;
    const auto result = outbound.send({.method = "POST", .url = url, .headers = {}, .body = "{}"}, {});
    CHECK(result.transport == Transport::not_sent);
    CHECK_FALSE(result.on_wire);
    CHECK_THAT(result.reason, Catch::Contains(row.reason));
}

TEST_CASE("a header with a line break is refused", "[http_client][unit]") {
    Outbound outbound;
    const auto header = GENERATE(Header{"X-A", "b\r\nX-C: d"}, Header{"X-A", "b\nc"}, Header{"X-A\r\nX-B", "c"}, Header{"", "c"});
    const auto result = outbound.send({.method = "GET", .url = "http://127.0.0.1:1/", .headers = {header}, .body = {}}, {});
    CHECK(result.transport == Transport::not_sent);
    CHECK_THAT(result.reason, Catch::Contains("header"));
}

TEST_CASE("a redirect is an answer and is not followed", "[http_client][unit]") {
    FakeServer server([](FakeServer::Connection& peer, int) {
        (void)peer.read_request();
        peer.write(http_answer(307, "", "Location: /elsewhere\r\n"));
    });
    Outbound outbound;
    CHECK(outbound.send(post(server), {}).status == 307);
    CHECK(server.connections() == 1);
}

TEST_CASE("an answer that is late, too long or cut in the middle is unknown", "[http_client][unit]") {
    struct Row {
        std::string answer;
        std::string reason;
    };
    const auto row =
        GENERATE(Row{"", "imed out"}, Row{http_answer(201, std::string(5000, 'x')), "longer than allowed"},
                 Row{"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"half\"", "imed out"},
                 Row{"HTTP/1.1 201 Created\r\nX-Long: " + std::string(3000, 'h') + "\r\n\r\n", "longer than allowed"});
    FakeServer server([&](FakeServer::Connection& peer, int) {
        (void)peer.read_request();
        peer.write(row.answer);
        peer.drain();
    });
    Outbound outbound;
    const auto result = outbound.send(post(server), {.timeout = milliseconds(300), .body_max = 1000, .headers_max = 2000});
    CHECK(result.transport == Transport::cut);
    CHECK(result.on_wire);
    CHECK(result.status == 0);
    CHECK(result.body.empty());
    CHECK_THAT(result.reason, Catch::Contains(row.reason));
}
