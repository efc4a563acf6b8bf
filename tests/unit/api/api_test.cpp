#include "api/api.hpp"

#include <catch2/catch.hpp>

#include "crypto/crypto.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::order_text;

namespace {

const std::string writer = "xd_writer_0123456789";
const std::string reader = "xd_reader_0123456789";
const std::string bound = "xd_bound_01234567890";

/// The API over the whole engine, in one thread.
class Desk {
public:
    Desk() : rig(PIPELINES), api(rig.clock, rig.store(), rig.engine(), rig.facts, options()) {
        rig.also_on_commit = [this](unsigned topics) {
            if ((topics & static_cast<unsigned>(store::Topic::events)) != 0) { api.events_added(); }
        };
        rig.commit([](store::Tx& tx) {
            (void)api::add_key(tx, {"writer", {"orders:write", "read"}, {}, writer}, "k1", 0);
            (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0);
            (void)api::add_key(tx, {"bound", {"orders:write", "read"}, "c2", bound}, "k3", 0);
        });
        api.set_ready();
    }

    http::Response ask(const std::string& method, const std::string& target, const std::string& key = "",
                       const std::string& body = "", const std::vector<http::Header>& more = {}) {
        http::Request request;
        request.method = method;
        const auto mark = target.find('?');
        request.path = target.substr(0, mark);
        if (mark != std::string::npos) { request.query = target.substr(mark + 1); }
        request.body = body;
        request.peer = "127.0.0.1:1";
        if (!key.empty()) { request.headers.emplace_back("Authorization", "Bearer " + key); }
        request.headers.insert(request.headers.end(), more.begin(), more.end());
        auto response = rig.value_of(api.handle(std::move(request)));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    http::Response post(const std::string& body, const std::string& key = writer, std::vector<http::Header> more = {}) {
        more.emplace_back("Content-Type", "application/json; charset=utf-8");
        return ask("POST", "/v1/orders", key, body, more);
    }
    http::Response webhook(const std::string& body, const std::string& secret = "shared secret",
                           const std::string& account = "phonex") {
        return ask("POST", "/api/webhooks/" + account, "", body,
                   {{"x-phonex-signature", crypto::hmac_sha256_hex(secret, body)}, {"Content-Type", "application/json"}});
    }

    /// A scheme that signs an id and a time.
    static crypto::SignatureScheme timed() {
        using What = crypto::SignedPart::What;
        crypto::SignatureScheme scheme;
        scheme.header = "Signature";
        scheme.content = {{What::id, ""}, {What::text, "."}, {What::timestamp, ""}, {What::text, "."}, {What::body, ""}};
        scheme.time = crypto::SendingTime{.header = "Time"};
        scheme.id_header = "Id";
        return scheme;
    }

    support::EngineRig rig;
    api::Api api;

private:
    api::ApiOptions options() {
        api::ApiOptions made;
        made.accounts.by_name["phonex"] = rig.account;
        made.accounts.routes["wesellcellular"] = {{.use = {"phonex"}}};
        made.webhooks["phonex"] = {{}, {{"secret", 0, "shared secret"}}};
        made.accounts.by_name["timed"] = rig.account;
        made.accounts.by_name["timed"].name = "timed";
        made.webhooks["timed"] = {timed(), {{"old", 0, "first"}, {"next", 0, "second"}}};
        made.order_body_max = 2'000;
        made.webhook_body_max = 1'000;
        return made;
    }
};

std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) { return value; }
    }
    return {};
}

Json body_of(const http::Response& response) {
    auto parsed = Json::parse(response.body);
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

std::string problem_type(const http::Response& response) {
    CHECK(header(response, "Content-Type") == "application/problem+json");
    const Json body = body_of(response);
    CHECK(body.integer("status") == response.status);
    const std::string type = body.text("type");
    return type.substr(type.rfind('/') + 1);
}

std::vector<std::string> pointers(const http::Response& response) {
    std::vector<std::string> found;
    const Json body = body_of(response);
    if (const Json* errors = body.find("errors")) {
        for (const auto& error : errors->items()) { found.push_back(error.text("pointer")); }
    }
    return found;
}

/// The stream's next piece, once there is one.
Task<void> next_of(http::BodyStream stream, std::shared_ptr<std::optional<std::string>> into) {
    auto given = co_await stream();
    *into = given.value_or("(end)");
}

}  // namespace

TEST_CASE("an order is answered 202 with its place, and its repeat byte for byte the same", "[api][unit]") {
    Desk desk;
    const auto first = desk.post(order_text("PO-1"));
    CHECK(first.status == 202);
    CHECK(first.body == R"({"order_id":"PO-1","status":"pending"})");
    CHECK(header(first, "Location") == "/v1/orders/PO-1");
    CHECK(header(first, "Idempotency-Replayed").empty());
    desk.rig.caller.script("create_order", support::created(200, "S-1"));
    desk.rig.start();
    REQUIRE(desk.rig.until([&] { return desk.rig.order_status() == "submitted"; }));
    const auto again = desk.post(order_text("PO-1"));
    CHECK(again.status == 202);
    CHECK(again.body == first.body);
    CHECK(header(again, "Idempotency-Replayed") == "true");
    const auto shown = desk.ask("GET", "/v1/orders/PO-1", reader);
    CHECK(shown.status == 200);
    CHECK(body_of(shown).text("status") == "submitted");
}

TEST_CASE("an order that is not taken is answered with the reason, and nothing of it stands", "[api][unit]") {
    Desk desk;
    const auto count = [&] { return desk.rig.count("orders"); };
    CHECK(problem_type(desk.post(order_text("PO-1"), "")) == "unauthorized");
    CHECK(desk.post(order_text("PO-1"), "xd_nobody_knows_this").status == 401);
    CHECK(header(desk.post(order_text("PO-1"), ""), "WWW-Authenticate") == "Bearer");
    CHECK(problem_type(desk.post(order_text("PO-1"), reader)) == "scope");
    CHECK(desk.post(order_text("PO-1"), reader).status == 403);
    CHECK(desk.ask("POST", "/v1/orders", writer, order_text("PO-1")).status == 415);
    CHECK(desk.ask("POST", "/v1/orders", writer, order_text("PO-1"), {{"Content-Type", "text/plain"}}).status == 415);
    CHECK(desk.post(std::string(2'001, ' ')).status == 413);
    CHECK(problem_type(desk.post("{")) == "syntax");
    CHECK(desk.post(R"({"order_id":"1","order_id":"2"})").status == 400);
    const auto wrong = desk.post(R"({"order_id":7,"supplier":"phonex","items":[]})");
    CHECK(wrong.status == 422);
    CHECK(pointers(wrong) == std::vector<std::string>{"/order_id", "/customer_id", "/items"});
    std::string elsewhere = order_text("PO-1");
    elsewhere.replace(elsewhere.find("phonex"), 6, "nobody");
    CHECK(pointers(desk.post(elsewhere)) == std::vector<std::string>{"/supplier"});
    CHECK(problem_type(desk.post(order_text("PO-1"), bound)) == "customer");
    CHECK(desk.post(order_text("PO-1"), writer, {{"Idempotency-Key", std::string(256, 'k')}}).status == 400);
    CHECK(count() == 0);
    CHECK(desk.rig.count("runs") == 0);
}

TEST_CASE("an order_id and an Idempotency-Key each stand for one content", "[api][unit]") {
    Desk desk;
    CHECK(desk.post(order_text("PO-1"), writer, {{"Idempotency-Key", "K"}}).status == 202);
    const auto conflict = desk.post(order_text("PO-1", "c9"));
    CHECK(conflict.status == 409);
    CHECK(problem_type(conflict) == "order-id-taken");
    CHECK_THAT(conflict.body, !Catch::Matchers::Contains("231.00"));
    const auto reused = desk.post(order_text("PO-2"), writer, {{"Idempotency-Key", "K"}});
    CHECK(reused.status == 422);
    CHECK(problem_type(reused) == "idempotency-key-reused");
    CHECK(desk.rig.count("orders") == 1);
}

TEST_CASE("a route leads an order to its account", "[api][unit]") {
    Desk desk;
    std::string routed = order_text("PO-1");
    routed.replace(routed.find("phonex"), 6, "wesellcellular");
    CHECK(desk.post(routed).status == 202);
    CHECK(desk.rig.text("SELECT supplier_id FROM supplier_orders") == desk.rig.account.supplier_id);
}

TEST_CASE("a key that is bound to a customer sees that customer's orders only", "[api][unit]") {
    Desk desk;
    desk.post(order_text("PO-1", "c1"));
    CHECK(desk.post(order_text("PO-2", "c2"), bound).status == 202);
    CHECK(desk.ask("GET", "/v1/orders/PO-1", bound).status == 404);
    CHECK(desk.ask("GET", "/v1/orders/PO-1", bound).body.find("c1") == std::string::npos);
    CHECK(desk.ask("GET", "/v1/orders/PO-2", bound).status == 200);
    const Json list = body_of(desk.ask("GET", "/v1/orders", bound));
    REQUIRE(list.find("orders")->items().size() == 1);
    CHECK(list.find("orders")->items().front().text("order_id") == "PO-2");
    CHECK(body_of(desk.ask("GET", "/v1/orders?limit=1", writer)).find("orders")->items().size() == 1);
    CHECK(body_of(desk.ask("GET", "/v1/orders", writer)).find("orders")->items().size() == 2);
}

TEST_CASE("a signed webhook is answered 200 once it is on disk, its repeat too, with one effect", "[api][unit]") {
    Desk desk;
    const auto first = desk.webhook(R"({"id":1})");
    CHECK(first.status == 200);
    CHECK(first.body == "{}");
    CHECK(desk.webhook(R"({"id":1})").status == 200);
    CHECK(desk.rig.count("inbound_webhooks") == 1);
    CHECK(desk.rig.count("inbound_webhooks WHERE repeats = 1 AND state = 'received'") == 1);
    CHECK(desk.rig.count("runs WHERE pipeline = 'status-ingest'") == 1);
}

TEST_CASE("a webhook whose signed time is long past is refused with that reason, and its metadata are kept", "[api][unit]") {
    Desk desk;
    const auto scheme = desk.timed();
    const auto send = [&](const std::string& secret, const std::string& id, UtcMs at) {
        return desk.ask("POST", "/api/webhooks/timed", "", "{}", crypto::sign_webhook(scheme, {"", 0, secret}, "{}", id, at));
    };
    const auto now = desk.rig.clock.utc_ms();
    CHECK(send("first", "m1", now).status == 200);
    CHECK(send("second", "m1", now + 1'000).status == 200);
    CHECK(send("second", "m2", now).status == 200);
    CHECK(desk.rig.count("inbound_webhooks WHERE delivery_id = 'm1' AND secret = 'old' AND repeats = 1") == 1);
    CHECK(desk.rig.count("inbound_webhooks WHERE delivery_id = 'm2' AND secret = 'next' AND sent_at IS NOT NULL") == 1);
    const auto stale = send("first", "m3", now - 301'000);
    CHECK(stale.status == 401);
    CHECK(problem_type(stale) == "stale");
    CHECK(body_of(stale).text("detail") == "Time is 301 s old, more than 5m");
    CHECK(desk.rig.count(
              "inbound_webhooks WHERE state = 'refused' AND body = '' AND reason = 'Time is 301 s old, more than 5m'") == 1);
    CHECK(problem_type(send("third", "m3", now - 301'000)) == "signature");
    CHECK(desk.rig.count("runs") == 2);
}

TEST_CASE("a webhook that is forged, foreign, too large or no document starts nothing", "[api][unit]") {
    Desk desk;
    const auto forged = desk.webhook(R"({"id":1})", "wrong secret");
    CHECK(forged.status == 401);
    CHECK(problem_type(forged) == "signature");
    CHECK(desk.ask("POST", "/api/webhooks/phonex", "", "{}").status == 401);
    CHECK(desk.rig.count("inbound_webhooks WHERE state = 'refused' AND body = ''") == 2);
    CHECK(desk.webhook("{}", "shared secret", "nobody").status == 404);
    CHECK(desk.webhook(std::string(1'001, ' ')).status == 413);
    CHECK(desk.ask("GET", "/api/webhooks/phonex").status == 405);
    CHECK(desk.webhook("{nonsense").status == 400);
    CHECK(desk.webhook("{nonsense").status == 400);
    CHECK(desk.rig.count("inbound_webhooks WHERE state = 'rejected'") == 1);
    CHECK(desk.rig.count("runs") == 0);
}

TEST_CASE("events are read from any cursor onward, each once", "[api][unit]") {
    Desk desk;
    desk.post(order_text("PO-1", "c1"));
    desk.post(order_text("PO-2", "c2"));
    const auto opened = desk.ask("GET", "/v1/events?after=e0", reader);
    CHECK(opened.status == 200);
    CHECK(header(opened, "Content-Type") == "text/event-stream");
    const auto piece = [&](const http::Response& stream) {
        const auto given = desk.rig.value_of(stream.stream());
        return given ? given->value_or("(end)") : std::string("(waits)");
    };
    CHECK_THAT(piece(opened), Catch::Matchers::StartsWith(":"));
    const std::string both = piece(opened);
    CHECK_THAT(both, Catch::Matchers::Contains("id: e1\nevent: order.placed\ndata: {\"id\":\"e1\"") &&
                         Catch::Matchers::Contains("PO-1") && Catch::Matchers::Contains("PO-2"));

    // From the first one's cursor: the second only.
    const auto later = desk.ask("GET", "/v1/events", reader, "", {{"Last-Event-ID", "e1"}});
    (void)piece(later);
    const std::string rest = piece(later);
    CHECK_THAT(rest, Catch::Matchers::Contains("PO-2") && !Catch::Matchers::Contains("PO-1"));

    // A bound key sees its own customer's.
    const auto own = desk.ask("GET", "/v1/events?after=e0", bound);
    (void)piece(own);
    CHECK_THAT(piece(own), Catch::Matchers::Contains("PO-2") && !Catch::Matchers::Contains("PO-1"));

    CHECK(desk.ask("GET", "/v1/events?after=yesterday", reader).status == 400);
    CHECK(desk.ask("GET", "/v1/events?after=e-1", reader).status == 400);
    CHECK(desk.ask("GET", "/v1/events").status == 401);
}

TEST_CASE("an event stream without a cursor tells only what comes, and a heartbeat when nothing does", "[api][unit]") {
    Desk desk;
    desk.post(order_text("PO-1"));
    const auto opened = desk.ask("GET", "/v1/events", reader);
    (void)desk.rig.value_of(opened.stream());
    auto slot = std::make_shared<std::optional<std::string>>();
    const auto listen = [&] {
        slot->reset();
        spawn(desk.rig.executor(), next_of(opened.stream, slot));
        desk.rig.settle();
    };
    listen();
    CHECK_FALSE(slot->has_value());
    desk.post(order_text("PO-2"));
    REQUIRE(slot->has_value());
    CHECK_THAT(**slot, Catch::Matchers::Contains("PO-2") && !Catch::Matchers::Contains("PO-1"));
    listen();
    CHECK_FALSE(slot->has_value());
    desk.rig.clock.advance(milliseconds{15'000});
    desk.rig.settle();
    CHECK(slot->value_or("") == ": heartbeat\n\n");
    listen();
    desk.api.stop();
    desk.rig.settle();
    CHECK(slot->value_or("") == "(end)");
}

TEST_CASE("before it is ready and once it stops, the daemon lives and takes nothing", "[api][unit]") {
    support::EngineRig rig(PIPELINES);
    api::Api api(rig.clock, rig.store(), rig.engine(), rig.facts, {});
    const auto ask = [&](const std::string& path) {
        http::Request request;
        request.method = "GET";
        request.path = path;
        return rig.value_of(api.handle(std::move(request))).value();
    };
    CHECK(ask("/livez").status == 200);
    CHECK(ask("/readyz").status == 503);
    CHECK(ask("/v1/orders").status == 503);
    CHECK(header(ask("/v1/orders"), "Retry-After") == "1");
    api.set_ready();
    CHECK(ask("/readyz").status == 200);
    CHECK(ask("/v1/orders").status == 401);
    CHECK(ask("/nowhere").status == 404);
    api.stop();
    CHECK(ask("/livez").status == 200);
    CHECK(ask("/readyz").status == 503);
    CHECK(ask("/v1/orders").status == 503);
}

TEST_CASE("a method that an address has not is answered with those it has", "[api][unit]") {
    Desk desk;
    const auto wrong = desk.ask("DELETE", "/v1/orders", writer);
    CHECK(wrong.status == 405);
    CHECK(header(wrong, "Allow") == "GET, POST");
    CHECK(header(desk.ask("POST", "/v1/inventory", writer), "Allow") == "GET");
    CHECK(desk.ask("GET", "/v1/suppliers", reader).status == 200);
    CHECK(desk.ask("GET", "/v1/inventory", reader).status == 200);
    CHECK(desk.ask("GET", "/v1/notifications", reader).status == 200);
}

TEST_CASE("a revoked key opens nothing any more", "[api][unit]") {
    Desk desk;
    CHECK(desk.ask("GET", "/v1/orders", reader).status == 200);
    desk.rig.commit([](store::Tx& tx) { CHECK(api::revoke_key(tx, "reader", 5)); });
    CHECK(desk.ask("GET", "/v1/orders", reader).status == 401);
    CHECK(!api::check_key({"n", {"everything"}, {}, writer}).has_value());
    CHECK(!api::check_key({"n", {}, {}, writer}).has_value());
    CHECK(!api::check_key({"n", {"read"}, {}, "short"}).has_value());
    CHECK(api::check_key({"n", {"read"}, {}, writer}).has_value());
    for (const std::string& good :
         {std::string("pxk_live_9fQ2mZ7vK4tB1xR8"), std::string("3c9a1f0e7b5d2846a1c3e5f708192b3d"),
          std::string("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaG9wIn0.4pcPyMD09olPSyXnrXCjTwXyr4BsezdI1AVTmud2fU4")}) {
        CHECK(api::check_key({"n", {"read"}, {}, good, true}).has_value());
    }
    for (const std::string& bad :
         {std::string(), std::string("1234567890123456"), std::string("passwordpassword"), std::string(200, 'x'),
          std::string("a b c d e f g h i j k l m n o p q"), std::string("tab\t9fQ2mZ7vK4tB1xR8pL"), std::string(3'000, 'q')}) {
        const auto refused = api::check_key({"n", {"read"}, {}, bad, true});
        REQUIRE_FALSE(refused.has_value());
        CHECK((bad.empty() || refused.error().text().find(bad) == std::string::npos));
    }
}
