// Signing in to the page, and what a person on call sees and does over HTTP.
#include "api/api.hpp"
#include "api/session.hpp"

#include <catch2/catch.hpp>

#include "notify/attention.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::order_text;

namespace {

const std::string admin = "xd_admin_0123456789";
const std::string reader = "xd_reader_0123456789";
const std::string bound = "xd_bound_01234567890";
const std::string poster = "xd_poster_0123456789";

using Headers = std::vector<http::Header>;

std::string header(const http::Response& response, const std::string& name) {
    std::string found;
    for (const auto& [key, value] : response.headers) {
        if (key == name) { found = value; }
    }
    return found;
}

Json body_of(const http::Response& response) {
    auto parsed = Json::parse(response.body, JsonLimits{.bytes_max = 4 << 20});
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

std::string problem_type(const http::Response& response) {
    const std::string type = body_of(response).text("type");
    return type.substr(type.rfind('/') + 1);
}

class Desk {
public:
    explicit Desk(const support::RigOptions& chosen = {})
        : rig(PIPELINES, chosen), api(rig.clock, rig.store(), rig.engine(), rig.facts, options()) {
        rig.also_on_commit = [this](unsigned topics) {
            if ((topics & static_cast<unsigned>(store::Topic::events)) != 0) { api.events_added(); }
        };
        rig.commit([](store::Tx& tx) {
            (void)api::add_key(tx, {"ops", {"admin"}, {}, admin}, "k1", 0);
            (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0);
            (void)api::add_key(tx, {"bound", {"orders:write", "read", "admin"}, "c2", bound}, "k3", 0);
            (void)api::add_key(tx, {"poster", {"orders:write"}, {}, poster}, "k4", 0);
        });
        api.set_ready();
    }

    http::Response ask(const std::string& method, const std::string& target, const Headers& headers = {},
                       const std::string& body = "") {
        http::Request request;
        request.method = method;
        const auto mark = target.find('?');
        request.path = target.substr(0, mark);
        if (mark != std::string::npos) { request.query = target.substr(mark + 1); }
        request.body = body;
        request.peer = "127.0.0.1:1";
        request.headers = headers;
        auto response = rig.value_of(api.handle(std::move(request)));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    static Headers with_key(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }
    http::Response form(const std::string& body, Headers more = {}) {
        more.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        return ask("POST", "/session", more, body);
    }
    /// The cookie of somebody who signs in: "name=token".
    std::string cookie(const std::string& key) {
        const auto answer = form("key=" + key);
        REQUIRE(answer.status == 303);
        const auto set = header(answer, "Set-Cookie");
        return set.substr(0, set.find(';'));
    }
    std::string csrf(const std::string& cookie) { return body_of(ask("GET", "/session", {{"Cookie", cookie}})).text("csrf"); }
    void place(const std::string& id, const std::string& customer = "c1") {
        auto headers = with_key(admin);
        headers.emplace_back("Content-Type", "application/json");
        REQUIRE(ask("POST", "/v1/orders", headers, order_text(id, customer)).status == 202);
    }
    /// An order whose whereabouts nobody knows, parked as #1.
    void park(const std::string& id) {
        rig.start();
        rig.caller.script("create_order", support::cut());
        place(id);
        REQUIRE(rig.until([&] { return rig.effect() == "parked send 1"; }));
    }

    support::EngineRig rig;
    api::Api api;

private:
    api::ApiOptions options() {
        api::ApiOptions made;
        made.accounts.by_name["phonex"] = rig.account;
        made.degraded = [] {
            Json list = Json::array();
            list.push(Json::object({{"name", "phonex"}, {"state", "paused"}, {"reason", "401"}}));
            return list;
        };
        return made;
    }
};

}  // namespace

TEST_CASE("the page and its files come with a policy that runs nothing else", "[api][unit]") {
    Desk desk;
    const std::string path = GENERATE("/", "/page.css", "/page.js");
    const auto answer = desk.ask("GET", path);
    CHECK(answer.status == 200);
    const auto policy = header(answer, "Content-Security-Policy");
    for (const char* const part : {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                                   "img-src 'self' data:", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"}) {
        CHECK_THAT(policy, Catch::Contains(part));
    }
    CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
    CHECK(header(answer, "Cache-Control") == "no-store");
    CHECK_THAT(answer.body, !Catch::Contains("style=") && !Catch::Contains("onclick=") && !Catch::Contains("innerHTML"));
    CHECK(desk.ask("POST", path).status == 405);
}

TEST_CASE("a key signs in to the page, by a cookie that scripts and other sites do not get", "[api][unit]") {
    Desk desk;
    CHECK_THAT(desk.ask("GET", "/").body, Catch::Contains("id=\"sign-in\""));
    const auto answer = desk.form("key=+" + reader + "%0A");
    CHECK(answer.status == 303);
    CHECK(header(answer, "Location") == "/");
    const auto set = header(answer, "Set-Cookie");
    CHECK_THAT(set, Catch::StartsWith("crossdock=") && Catch::Contains("; Path=/; HttpOnly; SameSite=Strict"));
    const auto cookie = set.substr(0, set.find(';'));
    CHECK_THAT(desk.ask("GET", "/", {{"Cookie", "a=b; " + cookie}}).body, Catch::Contains("class=\"console\""));
    const auto me = body_of(desk.ask("GET", "/session", {{"Cookie", cookie}}));
    CHECK(me.text("key") == "reader");
    CHECK(me.find("scopes")->dump() == R"(["read"])");
    CHECK(me.text("csrf").size() == 64);
    CHECK(desk.ask("GET", "/v1/orders", {{"Cookie", cookie}}).status == 200);
    CHECK(desk.ask("GET", "/v1/events", {{"Cookie", cookie}}).status == 200);
    // Of the cookie only a digest is kept.
    CHECK(desk.rig.count("sessions") == 1);
    CHECK(desk.rig.count("sessions WHERE digest = :1", {cookie.substr(cookie.find('=') + 1)}) == 0);
    CHECK(desk.rig.count("audit_log WHERE action = 'session.open' AND actor = 'key reader (k2)'") == 1);
}

TEST_CASE("over TLS the cookie's name binds it to the host, and no other is taken", "[api][unit]") {
    Desk desk;
    const http::Header tls{"X-Forwarded-Proto", "https"};
    const auto set = header(desk.form("key=" + reader, {tls}), "Set-Cookie");
    CHECK_THAT(set, Catch::StartsWith("__Host-crossdock=") && Catch::EndsWith("; Secure"));
    const auto token = set.substr(17, 64);
    CHECK(desk.ask("GET", "/v1/orders", {tls, {"Cookie", "__Host-crossdock=" + token}}).status == 200);
    CHECK(desk.ask("GET", "/v1/orders", {tls, {"Cookie", "crossdock=" + token}}).status == 401);
    CHECK(desk.ask("GET", "/v1/orders", {{"Cookie", "xcrossdock=" + token}}).status == 401);
}

TEST_CASE("who brings no key that may read is not signed in, and reads why", "[api][unit]") {
    Desk desk;
    const auto refused = [&](const http::Response& answer, int status, const char* const text) {
        CHECK(answer.status == status);
        CHECK(header(answer, "Set-Cookie") == "");
        CHECK_THAT(answer.body, Catch::Contains(text));
    };
    refused(desk.form("key=xd_nobody_0123456789"), 401, "This key is unknown or revoked");
    refused(desk.form("key="), 422, "Paste an API key first");
    refused(desk.form("other=" + reader), 422, "Paste an API key first");
    refused(desk.form("key=" + poster), 403, "This key may not read");
    refused(desk.form("key=" + std::string(5'000, 'k')), 413, "At most 4096 bytes");
    refused(desk.ask("POST", "/session", {{"Content-Type", "application/json"}}, "{}"), 415, "x-www-form-urlencoded");
    refused(desk.form("key=" + reader, {{"Sec-Fetch-Site", "cross-site"}}), 403, "This did not come from the page");
    refused(desk.form("key=" + reader, {{"Origin", "http://evil.example"}, {"Host", "127.0.0.1:8080"}}), 403,
            "This did not come from the page");
    CHECK(desk.form("key=" + reader, {{"Origin", "http://127.0.0.1:8080"}, {"Host", "127.0.0.1:8080"}}).status == 303);
    CHECK(desk.ask("PUT", "/session").status == 405);
    CHECK(desk.ask("GET", "/session").status == 401);
}

TEST_CASE("a change that comes by cookie needs the session's own token beside it", "[api][unit]") {
    Desk desk;
    desk.place("PO-1");
    const auto cookie = desk.cookie(admin);
    const auto token = desk.csrf(cookie);
    const auto cancel = [&](const Headers& headers) { return desk.ask("POST", "/v1/orders/PO-1/cancel", headers); };
    CHECK(problem_type(cancel({{"Cookie", cookie}})) == "csrf");
    CHECK(cancel({{"Cookie", cookie}, {"X-CSRF-Token", std::string(64, '0')}}).status == 403);
    CHECK(cancel({{"Cookie", cookie}, {"X-CSRF-Token", desk.csrf(desk.cookie(admin))}}).status == 403);
    CHECK(desk.ask("DELETE", "/session", {{"Cookie", cookie}}).status == 403);
    CHECK(desk.rig.order_status() == "pending");
    CHECK(cancel({{"Cookie", cookie}, {"X-CSRF-Token", token}}).status == 200);
    CHECK(desk.rig.order_status() == "canceled");
}

TEST_CASE("a session ends by signing out, by its key's end, and with time", "[api][unit]") {
    Desk desk;
    const auto cookie = desk.cookie(reader);
    const auto other = desk.cookie(reader);
    const auto known = [&](const std::string& one) { return desk.ask("GET", "/v1/orders", {{"Cookie", one}}).status; };
    SECTION("signing out ends that one") {
        const auto out = desk.ask("DELETE", "/session", {{"Cookie", cookie}, {"X-CSRF-Token", desk.csrf(cookie)}});
        CHECK(out.status == 204);
        CHECK_THAT(header(out, "Set-Cookie"), Catch::EndsWith("Max-Age=0"));
        CHECK(known(cookie) == 401);
        CHECK(known(other) == 200);
        CHECK_THAT(desk.ask("GET", "/", {{"Cookie", cookie}}).body, Catch::Contains("Your session has ended"));
    }
    SECTION("a revoked key ends them all, and the streams that they read") {
        const auto stream = desk.ask("GET", "/v1/events?after=e0", {{"Cookie", cookie}}).stream;
        const auto piece = [&] {
            const auto given = desk.rig.value_of(stream());
            return given ? given->value_or("(end)") : std::string("(waits)");
        };
        CHECK_THAT(piece(), Catch::StartsWith(":"));
        desk.place("PO-1");
        CHECK_THAT(piece(), Catch::Contains("PO-1"));
        desk.place("PO-2");
        desk.rig.commit([](store::Tx& tx) { CHECK(api::revoke_key(tx, "reader", 5)); });
        CHECK(piece() == "(end)");
        CHECK(known(cookie) == 401);
        CHECK(known(other) == 401);
    }
    SECTION("eight hours without a request end it, a request in between does not") {
        desk.rig.clock.advance(milliseconds{api::session_rules::idle_ms - 1});
        CHECK(known(cookie) == 200);
        desk.rig.clock.advance(milliseconds{api::session_rules::idle_ms - 1});
        CHECK(known(cookie) == 200);
        CHECK(known(other) == 401);
        desk.rig.clock.advance(milliseconds{api::session_rules::idle_ms - 1});
        // What the page asks for by itself shows nobody.
        CHECK(desk.ask("GET", "/v1/orders", {{"Cookie", cookie}, {"X-Quiet", "1"}}).status == 200);
        desk.rig.clock.advance(milliseconds{1});
        CHECK(known(cookie) == 401);
    }
    SECTION("seven days end it, whatever comes in between") {
        for (std::int64_t at = 0; at < api::session_rules::longest_ms; at += api::session_rules::idle_ms / 2) {
            CHECK(known(cookie) == 200);
            desk.rig.clock.advance(milliseconds{api::session_rules::idle_ms / 2});
        }
        CHECK(known(cookie) == 401);
    }
    SECTION("one more than a key may have signs out the one that was not seen for longest") {
        desk.rig.clock.advance(milliseconds{api::session_rules::seen_every_ms});
        CHECK(known(other) == 200);
        for (std::int64_t i = 2; i <= api::session_rules::per_key_max; ++i) { (void)desk.cookie(reader); }
        CHECK(desk.rig.count("sessions") == api::session_rules::per_key_max);
        CHECK(known(cookie) == 401);
        CHECK(known(other) == 200);
    }
}

TEST_CASE("a key that is bound to a customer sees nothing that concerns all", "[api][unit]") {
    Desk desk;
    desk.place("PO-1", "c1");
    desk.place("PO-2", "c2");
    const Headers by_key = desk.with_key(bound);
    const Headers by_cookie{{"Cookie", desk.cookie(bound)}};
    const Headers headers = GENERATE_COPY(by_key, by_cookie);
    for (const char* const path : {"/v1/suppliers", "/v1/overview", "/v1/attention", "/v1/dead-letters", "/v1/dead-letters/x",
                                   "/v1/feeds", "/v1/orders/PO-2/explain"}) {
        CAPTURE(path);
        CHECK(problem_type(desk.ask("GET", path, headers)) == "customer");
    }
    CHECK(desk.ask("GET", "/v1/orders/PO-1", headers).status == 404);
    CHECK(desk.ask("GET", "/v1/orders/PO-2", headers).status == 200);
    CHECK(problem_type(desk.ask("POST", "/v1/attention/1/resolve", by_key, R"({"what":"done"})")) == "customer");
    CHECK(problem_type(desk.ask("POST", "/v1/dead-letters/x/replay", by_key)) == "customer");
}

TEST_CASE("suppliers are listed with their state, and why", "[api][unit]") {
    Desk desk;
    desk.place("PO-1");
    const auto list = body_of(desk.ask("GET", "/v1/suppliers", desk.with_key(reader)));
    const auto& one = list.find("suppliers")->items().front();
    CHECK(one.text("name") == "phonex");
    CHECK(one.text("state") == "paused");
    CHECK(one.text("reason") == "401");
    CHECK(one.integer("open") == 1);
    CHECK(one.find("last_sync")->is_null());
    const auto counts = body_of(desk.ask("GET", "/v1/overview", desk.with_key(reader)));
    CHECK(counts.integer("attention") == 0);
    CHECK(counts.find("not_served")->items().size() == 1);
}

TEST_CASE("what waits for a person is resolved over HTTP as on the command line", "[api][unit]") {
    Desk desk(support::of_class(model::EffectClass::unsafe));
    desk.park("PO-1");
    const auto list = body_of(desk.ask("GET", "/v1/attention", desk.with_key(reader)));
    const auto& entry = list.find("attention")->items().front();
    CHECK(entry.integer("number") == 1);
    CHECK(entry.find("choices")->dump() == R"(["adopt","resend","cancel"])");
    const auto resolve = [&](const std::string& body, const std::string& key = admin, const std::string& number = "1") {
        return desk.ask("POST", "/v1/attention/" + number + "/resolve", desk.with_key(key), body);
    };
    CHECK(problem_type(resolve(R"({"what":"adopt","supplier_order_id":"S-9"})", reader)) == "scope");
    CHECK(resolve("{").status == 400);
    CHECK(resolve("[]").status == 422);
    CHECK(resolve("").status == 422);
    CHECK(resolve(R"({"what":"adop"})").status == 422);
    CHECK(resolve(R"({"what":"adopt"})").status == 422);
    CHECK(resolve(R"({"what":7})").status == 422);
    CHECK(resolve(R"({"what":"adopt","supplier":"x"})").status == 422);
    CHECK(resolve(R"({"what":"resend","note":")" + std::string(501, 'n') + "\"}").status == 422);
    CHECK(resolve(R"({"what":"done"})", admin, "99").status == 404);
    CHECK(resolve(R"({"what":"done"})", admin, "one").status == 404);
    CHECK(desk.ask("GET", "/v1/attention/1/resolve", desk.with_key(admin)).status == 405);
    const auto still_open = resolve(R"({"what":"done"})");
    CHECK(still_open.status == 409);
    CHECK(problem_type(still_open) == "refused");
    CHECK(desk.rig.count("attention WHERE resolved_at IS NULL") == 1);

    const auto done = resolve(R"({"what":"adopt","supplier_order_id":"S-9","note":"seen in the portal"})");
    CHECK(done.status == 200);
    CHECK(body_of(done).text("resolution") == "adopted as S-9");
    CHECK(desk.rig.order_status() == "submitted");
    CHECK(desk.rig.text("SELECT resolved_by FROM attention") == "key ops (k1)");
    CHECK(desk.rig.count("audit_log WHERE action = 'attention.resolve' AND actor = 'key ops (k1)'") == 1);
    CHECK(resolve(R"({"what":"done"})").status == 409);
    const auto all = body_of(desk.ask("GET", "/v1/attention?all=1", desk.with_key(reader)));
    CHECK(all.find("attention")->items().size() == 1);
}

TEST_CASE("dead letters are listed, shown and replayed over HTTP as on the command line", "[api][unit]") {
    Desk desk;
    desk.place("PO-1");
    desk.rig.commit([](store::Tx& tx) { tx.run("UPDATE runs SET state = 'failed', reason = 'it broke'"); });
    const auto list = body_of(desk.ask("GET", "/v1/dead-letters?order_id=PO-1", desk.with_key(reader)));
    REQUIRE(list.find("dead_letters")->items().size() == 1);
    const auto id = list.find("dead_letters")->items().front().text("id");
    CHECK(list.find("dead_letters")->items().front().text("reason") == "it broke");
    CHECK(
        body_of(desk.ask("GET", "/v1/dead-letters?order_id=PO-2", desk.with_key(reader))).find("dead_letters")->items().empty());
    CHECK(body_of(desk.ask("GET", "/v1/dead-letters/" + id, desk.with_key(reader))).text("id") == id);
    CHECK(desk.ask("GET", "/v1/dead-letters/nothing", desk.with_key(reader)).status == 404);
    const auto replay = [&](const std::string& which, const std::string& key, const std::string& body = "") {
        return desk.ask("POST", "/v1/dead-letters/" + which + "/replay", desk.with_key(key), body);
    };
    CHECK(problem_type(replay(id, reader)) == "scope");
    CHECK(replay("nothing", admin).status == 404);
    CHECK(replay(id, admin, R"({"ids":"x"})").status == 422);
    CHECK(replay(id, admin, R"({"from":"nowhere"})").status == 409);
    CHECK(desk.rig.count("runs WHERE state = 'failed'") == 1);
    CHECK(replay(id, admin).status == 200);
    CHECK(desk.rig.count("runs WHERE state = 'failed'") == 0);
    CHECK(desk.rig.count("audit_log WHERE action = 'dead-letter.replay' AND actor = 'key ops (k1)'") == 1);
}

TEST_CASE("feeds in quarantine are listed with the reason", "[api][unit]") {
    Desk desk;
    desk.rig.commit([&](store::Tx& tx) {
        for (const char* const state : {"quarantined", "applied"}) {
            tx.run(
                "INSERT INTO feeds (id, supplier_id, run_id, state, rows_staged, reason, created_at, updated_at) VALUES (:1, :2, "
                "'r', :3, 7, 'collapsed', 1, 2)",
                {std::string("feed-") + state, desk.rig.account.supplier_id, state});
        }
    });
    const auto list = body_of(desk.ask("GET", "/v1/feeds", desk.with_key(reader)));
    REQUIRE(list.find("feeds")->items().size() == 1);
    CHECK(list.find("feeds")->items().front().text("reason") == "collapsed");
    CHECK(list.find("feeds")->items().front().integer("rows") == 7);
}

TEST_CASE("a feed in quarantine is shown, approved or rejected over HTTP by who may", "[api][unit]") {
    Desk desk;
    const std::string id = "01900000-0000-7000-8000-000000000001";
    desk.rig.commit([&](store::Tx& tx) {
        tx.run(
            "INSERT INTO feeds (id, supplier_id, run_id, state, rows_staged, reason, created_at, updated_at) VALUES (:1, :2, "
            "'r', "
            "'quarantined', 1, 'collapsed', 1, 2)",
            {id, desk.rig.account.supplier_id});
        tx.run(
            "INSERT INTO feed_rows (feed_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, grade, "
            "lock_status) VALUES (:1, 'X', '', '', 3, 0, 100, 'USD', '', '')",
            {id});
    });
    CHECK(body_of(desk.ask("GET", "/v1/feeds/" + id, desk.with_key(reader))).find("staged")->items().size() == 1);
    CHECK(desk.ask("GET", "/v1/feeds/none", desk.with_key(reader)).status == 404);
    const auto decide = [&](const std::string& what, const std::string& key, const std::string& body = "") {
        return desk.ask("POST", "/v1/feeds/" + id + "/" + what, desk.with_key(key), body);
    };
    CHECK(decide("approve", reader).status == 403);
    CHECK(desk.ask("GET", "/v1/feeds/" + id + "/approve", desk.with_key(admin)).status == 405);
    CHECK(decide("approve", admin, R"({"why":"x"})").status == 422);
    CHECK(desk.ask("POST", "/v1/feeds/" + id.substr(0, 8) + "/approve", desk.with_key(admin)).status == 404);
    CHECK(desk.rig.count("inventory_items") == 0);
    SECTION("approved") {
        CHECK(decide("approve", admin).status == 200);
        CHECK(desk.rig.count("inventory_items WHERE quantity = 3") == 1);
        CHECK(desk.rig.count("audit_log WHERE action = 'feed.approve' AND actor = 'key ops (k1)'") == 1);
        CHECK(decide("approve", admin).status == 409);
    }
    SECTION("rejected") {
        CHECK(decide("reject", admin, R"({"note":"nonsense"})").status == 200);
        CHECK(desk.rig.count("inventory_items") == 0);
        CHECK(desk.rig.count("audit_log WHERE action = 'feed.reject' AND detail = 'nonsense'") == 1);
    }
}

TEST_CASE("stock is asked for by page and filter, again only when it changed, and as CSV", "[api][unit]") {
    Desk desk;
    desk.rig.commit([&](store::Tx& tx) {
        for (const char* const sku : {"A", "B", "C"}) {
            tx.run(
                "INSERT INTO inventory_items (supplier_id, sku, warehouse, name, quantity, lower_bound, price_minor, currency, "
                "grade, lock_status, alert_open, present, updated_at) VALUES (:1, :2, '', 'Phone', 4, 0, 100, 'USD', 'A', '', "
                ":3, "
                "1, 1)",
                {desk.rig.account.supplier_id, sku, std::string_view(sku) == "B"});
        }
    });
    auto headers = desk.with_key(reader);
    const auto first = desk.ask("GET", "/v1/inventory?limit=2&supplier=phonex", headers);
    REQUIRE(first.status == 200);
    const auto page = body_of(first);
    CHECK(page.find("items")->items().size() == 2);
    CHECK(page.find("items")->items().front().integer("sellable") == 4);
    const auto link = header(first, "Link");
    CHECK_THAT(link, Catch::StartsWith("</v1/inventory?limit=2&supplier=phonex&cursor=") && Catch::EndsWith(">; rel=\"next\""));
    const auto second = desk.ask("GET", link.substr(1, link.find('>') - 1), headers);
    CHECK(body_of(second).find("items")->items().size() == 1);
    CHECK(body_of(second).find("next")->is_null());
    CHECK(header(second, "Link").empty());
    CHECK(body_of(desk.ask("GET", "/v1/inventory?low=1", headers)).find("items")->items().size() == 1);
    for (const char* const wrong : {"low=yes", "limit=none", "limit=0", "cursor=xyz"}) {
        CAPTURE(wrong);
        CHECK(desk.ask("GET", std::string("/v1/inventory?") + wrong, headers).status == 422);
    }
    const auto etag = header(first, "ETag");
    CHECK(header(first, "Cache-Control") == "private, no-cache");
    headers.emplace_back("If-None-Match", "\"other\", W/" + etag);
    const auto again = desk.ask("GET", "/v1/inventory?limit=2&supplier=phonex", headers);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header(again, "ETag") == etag);
    desk.rig.commit([](store::Tx& tx) { tx.run("UPDATE inventory_items SET quantity = 3 WHERE sku = 'A'"); });
    CHECK(desk.ask("GET", "/v1/inventory?limit=2&supplier=phonex", headers).status == 200);
    auto csv = desk.with_key(reader);
    csv.emplace_back("Accept", "text/csv");
    const auto table = desk.ask("GET", "/v1/inventory", csv);
    CHECK_THAT(header(table, "Content-Type"), Catch::StartsWith("text/csv"));
    CHECK_THAT(table.body, Catch::Contains("\r\nphonex,A,,Phone,3,false,3,1.00,USD,A,,false,"));
    CHECK(desk.ask("GET", "/v1/inventory", {}).status == 401);
}

TEST_CASE("an order is explained to who may see all", "[api][unit]") {
    Desk desk;
    desk.place("PO-1");
    const auto told = body_of(desk.ask("GET", "/v1/orders/PO-1/explain", desk.with_key(reader)));
    CHECK(told.text("order_id") == "PO-1");
    CHECK(told.find("now")->is_array());
    CHECK(desk.ask("GET", "/v1/orders/PO-9/explain", desk.with_key(reader)).status == 404);
    CHECK(desk.ask("POST", "/v1/orders/PO-1/explain", desk.with_key(reader)).status == 405);
}
