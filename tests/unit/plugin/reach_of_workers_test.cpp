// What a document asks for does not decide where a worker's requests go.
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

/// The plugin posts to the address that the order holds: the worst that data could do.
WorkerSpec steered(std::vector<std::string> reach, bool fenced = true) {
    auto spec = supplier_spec(std::filesystem::path(TEST_PLUGINS) / "libobliging.so");
    spec.reach = std::move(reach);
    spec.fenced = fenced;
    return spec;
}

CallAnswer post(Floor& floor, const std::string& url) {
    return floor.wait(floor.workers->call(wish("post", R"(,"url":")" + url + "\""), {}));
}

}  // namespace

TEST_CASE("an order steers no request to where no setting points", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(http_answer(201, "{}"));
    });
    const auto own = "127.0.0.1:" + std::to_string(server.port());
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(steered({"supplier.example:443"}))).has_value());
    for (const std::string& url :
         {"http://" + own, "http://supplier.example:443@" + own, std::string("http://169.254.169.254/latest/meta-data/"),
          std::string("https://supplier.example:8443/"), "http://localhost:" + std::to_string(server.port())}) {
        CAPTURE(url);
        const auto answer = post(floor, url);
        CHECK(answer.status == CallStatus::failed);
        CHECK_THAT(answer.text, Contains("the plugin wants to reach") && Contains("`reach`"));
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("what is named under reach is reached, and without the fence everything is", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(http_answer(201, "{}"));
    });
    const auto own = "127.0.0.1:" + std::to_string(server.port());
    const bool fenced = GENERATE(true, false);
    Floor floor;
    REQUIRE(
        floor.wait(floor.workers->start(steered(fenced ? std::vector{own} : std::vector<std::string>{}, fenced))).has_value());
    CHECK(post(floor, "http://" + own).output.integer("status") == 201);
    CHECK(server.notes().size() == 1);
}

TEST_CASE("a plugin whose settings name no place reaches none", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(steered({}))).has_value());
    CHECK(post(floor, "http://127.0.0.1:9/").status == CallStatus::failed);
}

TEST_CASE("a worker asks no other machine in clear unless that is said", "[workers][unit]") {
    auto spec = steered({"supplier.example:80"});
    spec.plain_http = GENERATE(false, true);
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(spec)).has_value());
    const auto answer = post(floor, "http://supplier.example/");
    CHECK((answer.text.find("is http:// to another machine") != std::string::npos) == !spec.plain_http);
}

TEST_CASE("a worker whose settings speak in clear does not start", "[workers][unit]") {
    auto spec = supplier_spec(std::filesystem::path(PLUGINS) / "libphonex.so",
                              Json::parse(R"({"base_url":"http://phonex.example","api_key":"canary-secret"})").value());
    spec.fenced = true;
    Floor floor;
    const auto started = floor.wait(floor.workers->start(spec));
    REQUIRE_FALSE(started.has_value());
    CHECK_THAT(started.error().text(), Contains("\"base_url\" is http:// to another machine") && !Contains("canary"));
    spec.plain_http = true;
    CHECK(floor.wait(floor.workers->start(spec)).has_value());
}
