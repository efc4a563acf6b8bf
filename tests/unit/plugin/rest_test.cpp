// The plugin rest in a real worker: what the host lets through before an effect, and what it keeps to itself.
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

constexpr const char* token = R"({"access_token":"canary/token+1","token_type":"Bearer","expires_in":600})";

Json settings(const FakeServer& server) {
    return Json::parse(
               R"({"base_url":")" + server.url() + R"(","token_url":")" + server.url() +
               R"(/token","client_secret":"canary-secret","auth":{"kind":"oauth2","client_id":"me","credentials_in":"body"},)" +
               R"("create_order":{"path":"/orders","id":"${{ .body.id }}","reason":"${{ .body.why }}"}})")
        .value();
}

CallAnswer order(Floor& floor, bool record = false) {
    auto call = order_call("{}");
    call.record = record;
    return floor.wait(floor.workers->call(std::move(call), {}));
}

}  // namespace

TEST_CASE("an order's request leaves behind the one for its token, and both are counted apart", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        for (;;) {
            const auto request = peer.read_request();
            if (request.empty()) { return; }
            server.note(request);
            const bool asks = request.starts_with("POST /token");
            peer.write(http_answer(asks ? 200 : 201, asks ? token : R"({"id":"S-1"})"));
        }
    });
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(PLUGINS) / "librest.so", settings(server))))
                .has_value());
    const auto answer = order(floor);
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("supplier_order_id") == "S-1");
    REQUIRE(server.notes().size() == 2);
    CHECK_THAT(server.notes()[0], Contains("grant_type=client_credentials&client_id=me&client_secret=canary-secret"));
    CHECK_THAT(server.notes()[1], Contains("Authorization: Bearer canary/token+1"));
    CHECK(order(floor).status == CallStatus::answered);
    CHECK(server.notes().size() == 3);
}

TEST_CASE("a token that is not to be had leaves the order unsent, with the status that refused it", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        (void)peer.read_request();
        peer.write(http_answer(401, R"({"error":"invalid_client"})"));
        peer.drain();
    });
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(PLUGINS) / "librest.so", settings(server))))
                .has_value());
    const auto answer = order(floor);
    CHECK(answer.status == CallStatus::failed);
    CHECK_THAT(answer.text, Catch::StartsWith("there is no access token: POST /token -> 401 in "));
    CHECK(answer.peer_status == 401);
}

TEST_CASE("an order that was cut behind its token is unknown", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        const auto first = peer.read_request();
        if (first.starts_with("POST /token")) {
            peer.write(http_answer(200, token));
            (void)peer.read_request();
        }
    });
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(PLUGINS) / "librest.so", settings(server))))
                .has_value());
    const auto answer = order(floor);
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == "cut");
}

TEST_CASE("an access token stands neither in what is recorded nor in what is shown", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        for (;;) {
            const auto request = peer.read_request();
            if (request.empty()) { return; }
            const bool asks = request.starts_with("POST /token");
            peer.write(http_answer(asks ? 200 : 422, asks ? token : R"({"why":"the token canary/token+1 may not order"})"));
        }
    });
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(PLUGINS) / "librest.so", settings(server))))
                .has_value());
    const auto answer = order(floor, true);
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("reason") == "the token [secret] may not order");
    const auto recorded = answer.exchanges.dump();
    INFO(recorded);
    CHECK(recorded.find("canary") == std::string::npos);
    CHECK_THAT(recorded, Contains(R"("access_token":"{{access_token}}")"));
    CHECK_THAT(recorded, Contains("Bearer {{access_token}}"));
    CHECK_THAT(recorded, Contains("client_secret={{client_secret}}"));
    // The next call, with the token of the first, shows it as little.
    const auto next = order(floor, true);
    CHECK(next.output.text("reason") == "the token [secret] may not order");
    CHECK(next.exchanges.dump().find("canary") == std::string::npos);
}
