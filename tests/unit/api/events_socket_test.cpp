// /v1/events/ws and what an event stream says when its cursor is not there any more.
#include "api/api.hpp"
#include "api/session.hpp"

#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using namespace std::chrono_literals;
using support::order_text;

namespace {

using Headers = std::vector<http::Header>;
const std::string writer = "xd_writer_0123456789";
const std::string reader = "xd_reader_0123456789";
const std::string bound = "xd_bound_01234567890";

class Desk {
public:
    Desk() : api(rig.clock, rig.store(), rig.engine(), rig.facts, options()) {
        rig.also_on_commit = [this](unsigned topics) {
            if ((topics & static_cast<unsigned>(store::Topic::events)) != 0) { api.events_added(); }
        };
        rig.commit([](store::Tx& tx) {
            (void)api::add_key(tx, {"writer", {"orders:write"}, {}, writer}, "k1", 0);
            (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0);
            (void)api::add_key(tx, {"bound", {"read"}, "c2", bound}, "k3", 0);
        });
        api.set_ready();
    }
    http::Response ask(const std::string& method, const std::string& target, Headers headers, const std::string& body = "") {
        http::Request request;
        request.method = method;
        const auto mark = target.find('?');
        request.path = target.substr(0, mark);
        if (mark != std::string::npos) { request.query = target.substr(mark + 1); }
        request.headers = std::move(headers);
        request.body = body;
        request.peer = "127.0.0.1:1";
        auto response = rig.value_of(api.handle(std::move(request)));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    void order(const std::string& id, const std::string& customer = "worldtech-1734") {
        const auto placed =
            ask("POST", "/v1/orders", {{"Authorization", "Bearer " + writer}, {"Content-Type", "application/json"}},
                order_text(id, customer));
        REQUIRE(placed.status == 202);
    }
    http::Response open(const std::string& key, const std::string& query = "", Headers more = {}) {
        more.insert(more.end(), {{"Upgrade", "websocket"},
                                 {"Connection", "Upgrade"},
                                 {"Sec-WebSocket-Version", "13"},
                                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
        if (!key.empty()) { more.emplace_back("Authorization", "Bearer " + key); }
        return ask("GET", "/v1/events/ws" + query, std::move(more));
    }
    http::SocketPiece next(const http::Response& opened, bool heard = false) {
        REQUIRE(opened.socket);
        auto piece = rig.value_of(opened.socket(heard));
        REQUIRE(piece.has_value());
        return std::move(*piece);
    }

    support::EngineRig rig{PIPELINES};
    api::Api api;

private:
    api::ApiOptions options() {
        api::ApiOptions made;
        made.accounts.by_name["phonex"] = rig.account;
        made.accounts.routes["wesellcellular"] = {{.use = {"phonex"}}};
        return made;
    }
};

Task<void> keep(Task<http::SocketPiece> task, std::shared_ptr<std::optional<http::SocketPiece>> into) {
    *into = co_await std::move(task);
}

/// A socket that is asked for its next piece, which it has not yet.
struct Waiting {
    Waiting(Desk& desk, const http::Response& opened, bool heard = false) {
        spawn(desk.rig.executor(), keep(opened.socket(heard), slot));
        desk.rig.settle();
    }
    std::shared_ptr<std::optional<http::SocketPiece>> slot = std::make_shared<std::optional<http::SocketPiece>>();
};

}  // namespace

TEST_CASE("events come over a WebSocket as over SSE, from any cursor onward, to a key's own customer", "[api][unit]") {
    Desk desk;
    desk.order("PO-1");
    desk.order("PO-2", "c2");
    const auto opened = desk.open(reader, "?after=e0");
    CHECK(opened.status == 101);
    CHECK(desk.next(opened).texts == std::vector<std::string>{R"({"id":"e0","type":"hello"})"});
    const auto both = desk.next(opened);
    REQUIRE(both.texts.size() == 2);
    CHECK_THAT(both.texts[0], Catch::StartsWith(R"({"id":"e1","type":"order.placed")") && Catch::Contains("PO-1"));
    CHECK_THAT(both.texts[1], Catch::StartsWith(R"({"id":"e2","type":"order.placed")") && Catch::Contains("PO-2"));

    const auto later = desk.open(reader, "?after=e1");
    (void)desk.next(later);
    CHECK(desk.next(later).texts == std::vector<std::string>{both.texts[1]});

    const auto own = desk.open(bound, "?after=e0");
    (void)desk.next(own);
    CHECK(desk.next(own).texts == std::vector<std::string>{both.texts[1]});

    const auto from_now = desk.open(reader);
    CHECK_THAT(desk.next(from_now).texts.at(0), Catch::Contains(R"("id":"e2","type":"hello")"));
    const Waiting waiting(desk, from_now);
    CHECK_FALSE(waiting.slot->has_value());
    desk.order("PO-3");
    REQUIRE(waiting.slot->has_value());
    CHECK_THAT((*waiting.slot)->texts.at(0), Catch::Contains("PO-3"));
}

TEST_CASE("a WebSocket is refused as the other stream is, and without a handshake with what is missing", "[api][unit]") {
    Desk desk;
    CHECK(desk.open("").status == 403);
    CHECK(desk.open("", "", {{"Origin", "http://a"}, {"Host", "a"}}).status == 401);
    CHECK(desk.open("xd_nobody_0123456789").status == 401);
    CHECK(desk.open(writer).status == 403);
    CHECK(desk.open(reader, "?after=yesterday").status == 400);
    const auto plain = desk.ask("GET", "/v1/events/ws", {{"Authorization", "Bearer " + reader}});
    CHECK(plain.status == 426);
    CHECK_THAT(plain.body, Catch::Contains("In this request the header `Upgrade: websocket` is missing."));
    CHECK_FALSE(plain.socket);
}

TEST_CASE("a page's cookie opens a WebSocket for the page's own address only", "[api][unit]") {
    Desk desk;
    const std::string token = "0123456789abcdef";
    desk.rig.commit([&](store::Tx& tx) { api::open_session(tx, api::session_digest(token), "k2", desk.rig.clock.utc_ms()); });
    const http::Header cookie{"Cookie", "crossdock=" + token};
    const http::Header host{"Host", "orders.example:8080"};
    CHECK(desk.open("", "", {cookie, host, {"Origin", "http://orders.example:8080"}}).status == 101);
    CHECK(desk.open("", "", {cookie, host, {"Origin", "https://evil.example"}}).status == 403);
    CHECK(desk.open("", "", {cookie, host, {"Origin", "null"}}).status == 403);
    CHECK(desk.open("", "", {cookie, host}).status == 403);
    CHECK(desk.open("", "", {cookie, host, {"Origin", "http://orders.example:8080"}, {"Sec-Fetch-Site", "cross-site"}}).status ==
          403);
}

TEST_CASE("a WebSocket is pinged, goes on while pongs come, and is closed when two stay out", "[api][unit]") {
    Desk desk;
    const auto opened = desk.open(reader);
    (void)desk.next(opened);
    const auto beat = [&](bool heard) {
        const Waiting waiting(desk, opened, heard);
        if (!waiting.slot->has_value()) { desk.rig.clock.advance(15'000ms); }
        desk.rig.settle();
        REQUIRE(waiting.slot->has_value());
        return **waiting.slot;
    };
    for (int i = 0; i < 5; ++i) { CHECK(beat(true).ping); }
    CHECK(beat(false).ping);
    const auto ended = beat(false);
    CHECK_FALSE(ended.ping);
    CHECK(ended.close == 1008);
    CHECK(ended.reason == "no pong came back");
}

TEST_CASE("a WebSocket says why it ends: the key is revoked, the daemon stops", "[api][unit]") {
    Desk desk;
    const auto opened = desk.open(reader);
    (void)desk.next(opened);
    const Waiting waiting(desk, opened);
    SECTION("revoked") {
        desk.rig.commit([](store::Tx& tx) { CHECK(api::revoke_key(tx, "reader", 5)); });
        desk.order("PO-1");
        REQUIRE(waiting.slot->has_value());
        CHECK((*waiting.slot)->close == 4401);
        CHECK((*waiting.slot)->texts.empty());
    }
    SECTION("stopping") {
        desk.api.stop();
        desk.rig.settle();
        REQUIRE(waiting.slot->has_value());
        CHECK((*waiting.slot)->close == 1001);
    }
}

TEST_CASE("a reader whose cursor was pruned, or never was, is told to begin anew", "[api][unit]") {
    Desk desk;
    for (const char* const id : {"PO-1", "PO-2", "PO-3", "PO-4"}) { desk.order(id); }
    desk.rig.commit([](store::Tx& tx) { tx.run("DELETE FROM events WHERE sequence <= 2"); });
    const std::string cursor = GENERATE("e0", "e1", "e99");
    const auto socket = desk.open(reader, "?after=" + cursor);
    CHECK(desk.next(socket).texts == std::vector<std::string>{R"({"id":"e4","type":"reset"})"});
    const auto stream = desk.ask("GET", "/v1/events?after=" + cursor, {{"Authorization", "Bearer " + reader}});
    const auto piece = desk.rig.value_of(stream.stream());
    REQUIRE(piece.has_value());
    CHECK_THAT(piece->value(), Catch::Contains("id: e4\nevent: reset\ndata: {\"id\":\"e4\",\"type\":\"reset\"}\n\n"));
    // What is still there whole is read on.
    const auto kept = desk.open(reader, "?after=e2");
    CHECK_THAT(desk.next(kept).texts.at(0), Catch::Contains("hello"));
    CHECK(desk.next(kept).texts.size() == 2);
}

TEST_CASE("readers over a WebSocket take places among those of events", "[api][unit]") {
    support::EngineRig rig{PIPELINES};
    api::ApiOptions options;
    options.event_streams_max = 1;
    api::Api api(rig.clock, rig.store(), rig.engine(), rig.facts, options);
    rig.commit([](store::Tx& tx) { (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0); });
    api.set_ready();
    const auto open = [&] {
        http::Request request;
        request.method = "GET";
        request.path = "/v1/events/ws";
        request.headers = {{"Upgrade", "websocket"},
                           {"Connection", "Upgrade"},
                           {"Sec-WebSocket-Version", "13"},
                           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                           {"Authorization", "Bearer " + reader}};
        return rig.value_of(api.handle(std::move(request))).value();
    };
    auto first = open();
    CHECK(first.status == 101);
    CHECK(open().status == 503);
    first = {};
    CHECK(open().status == 101);
}
