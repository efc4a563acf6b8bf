// How often a caller may ask: 429, what it is told, and that nothing of a refused request is kept.
#include "api/api.hpp"
#include "api/source.hpp"

#include <catch2/catch.hpp>

#include "crypto/crypto.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using namespace std::chrono_literals;
using support::order_text;

namespace {

using Headers = std::vector<http::Header>;
const std::string writer = "xd_writer_0123456789";
const std::string reader = "xd_reader_0123456789";

std::string header(const http::Response& response, const std::string& name) {
    std::string found;
    for (const auto& [key, value] : response.headers) {
        if (key == name) { found += (found.empty() ? "" : ", ") + value; }
    }
    return found;
}

class Desk {
public:
    explicit Desk(api::RateRules rates, std::vector<IpNetwork> trusted = {})
        : api(rig.clock, rig.store(), rig.engine(), rig.facts, options(rates, std::move(trusted))) {
        rig.commit([](store::Tx& tx) {
            (void)api::add_key(tx, {"writer", {"orders:write", "read"}, {}, writer}, "k1", 0);
            (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0);
        });
        api.set_ready();
    }

    http::Response ask(const std::string& method, const std::string& path, Headers headers, const std::string& body = "",
                       const std::string& peer = "192.0.2.1:4711") {
        http::Request request;
        request.method = method;
        request.path = path;
        request.headers = std::move(headers);
        request.body = body;
        request.peer = peer;
        auto response = rig.value_of(api.handle(std::move(request)));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    http::Response order(const std::string& id, const std::string& key = writer) {
        return ask("POST", "/v1/orders", {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}},
                   order_text(id));
    }
    http::Response webhook(const std::string& body, const std::string& peer = "192.0.2.1:4711", Headers more = {},
                           const std::string& secret = "shared secret") {
        more.emplace_back("X-Phonex-Signature", crypto::hmac_sha256_hex(secret, body));
        more.emplace_back("Content-Type", "application/json");
        return ask("POST", "/api/webhooks/phonex", std::move(more), body, peer);
    }
    http::Response sign_in(const std::string& key, const std::string& peer = "192.0.2.1:4711") {
        return ask("POST", "/session", {{"Content-Type", "application/x-www-form-urlencoded"}}, "key=" + key, peer);
    }

    support::EngineRig rig{PIPELINES};
    std::vector<std::string> limited;
    api::Api api;

private:
    api::ApiOptions options(api::RateRules rates, std::vector<IpNetwork> trusted) {
        api::ApiOptions made;
        made.accounts.by_name["phonex"] = rig.account;
        made.accounts.routes["wesellcellular"] = {{.use = {"phonex"}}};
        made.webhooks["phonex"] = {{}, {{"secret", 0, "shared secret"}}};
        made.rates = rates;
        made.trusted_proxies = std::move(trusted);
        made.rate_limited = [this](std::string_view rule) { limited.emplace_back(rule); };
        return made;
    }
};

void check_refused(const http::Response& response, const std::string& wait_s) {
    CHECK(response.status == 429);
    CHECK(header(response, "Content-Type") == "application/problem+json");
    CHECK(header(response, "Retry-After") == wait_s);
    CHECK(header(response, "RateLimit-Remaining") == "0");
    const auto body = Json::parse(response.body);
    REQUIRE(body.has_value());
    CHECK_THAT(body->text("type"), Catch::EndsWith("/rate-limited"));
    CHECK_THAT(body->text("detail"), Catch::Contains("Send it again in " + wait_s + " s."));
}

}  // namespace

TEST_CASE("a key that asks too often is answered 429, keeps nothing, and goes on when its time has come", "[api][unit]") {
    Desk desk({.api_key = {1, 2s, 2}});
    const auto first = desk.order("PO-1");
    CHECK(first.status == 202);
    CHECK(header(first, "RateLimit-Limit") == "2");
    CHECK(header(first, "RateLimit-Remaining") == "1");
    CHECK(header(first, "RateLimit-Reset") == "2");
    CHECK(desk.order("PO-2").status == 202);
    check_refused(desk.order("PO-3"), "2");
    CHECK(desk.limited == std::vector<std::string>{"api_key"});
    CHECK(desk.rig.count("orders") == 2);
    // Another key has its own.
    CHECK(desk.ask("GET", "/v1/orders", {{"Authorization", "Bearer " + reader}}).status == 200);
    desk.rig.pass(2'000ms);
    CHECK(desk.order("PO-3").status == 202);
    CHECK(desk.rig.count("orders") == 3);
}

TEST_CASE("an address that sends too many webhooks is answered 429 before anything is looked at or kept", "[api][unit]") {
    Desk desk({.webhook_source = {1, 1s, 2}});
    CHECK(desk.webhook(R"({"event":"a"})").status == 200);
    // A forged one counts as well.
    CHECK(desk.webhook(R"({"event":"b"})", "192.0.2.1:9", {}, "guessed").status == 401);
    const auto rows = desk.rig.count("inbound_webhooks");
    check_refused(desk.webhook(R"({"event":"c"})", "192.0.2.1:10"), "1");
    check_refused(desk.webhook(R"({"event":"d"})", "192.0.2.1:11", {}, "guessed"), "1");
    CHECK(desk.rig.count("inbound_webhooks") == rows);
    CHECK(desk.webhook(R"({"event":"c"})", "192.0.2.2:10").status == 200);
    desk.rig.pass(1'000ms);
    CHECK(desk.webhook(R"({"event":"c2"})").status == 200);
}

TEST_CASE("an account's webhooks are counted over all addresses, and forged ones use up nothing of them", "[api][unit]") {
    Desk desk({.webhook_account = {1, 1s, 2}});
    for (int i = 0; i < 5; ++i) { CHECK(desk.webhook(R"({"event":"x"})", "198.51.100.9:1", {}, "guessed").status == 401); }
    CHECK(desk.webhook(R"({"event":"a"})", "192.0.2.1:1").status == 200);
    CHECK(desk.webhook(R"({"event":"b"})", "192.0.2.2:1").status == 200);
    check_refused(desk.webhook(R"({"event":"c"})", "192.0.2.3:1"), "1");
    CHECK(desk.limited == std::vector<std::string>{"webhook_account"});
    desk.rig.pass(1'000ms);
    CHECK(desk.webhook(R"({"event":"c"})", "192.0.2.3:1").status == 200);
}

TEST_CASE("keys are tried on the page only so often from one address", "[api][unit]") {
    Desk desk({.sign_in = {10, 60s, 3}});
    for (int i = 0; i < 3; ++i) { CHECK(desk.sign_in("xd_guess_" + std::to_string(i)).status == 401); }
    const auto refused = desk.sign_in(reader, "192.0.2.1:9999");
    CHECK(refused.status == 429);
    CHECK(header(refused, "Retry-After") == "6");
    CHECK(header(refused, "Content-Type") == "text/html; charset=utf-8");
    CHECK_THAT(refused.body, Catch::Contains("Too many attempts came from your address. Try again in 6 s."));
    CHECK(desk.rig.count("sessions") == 0);
    CHECK(desk.sign_in(reader, "192.0.2.2:1").status == 303);
    desk.rig.pass(6'000ms);
    CHECK(desk.sign_in(reader).status == 303);
}

TEST_CASE("without rules nobody is told of any, and none is refused", "[api][unit]") {
    Desk desk({});
    for (int i = 0; i < 200; ++i) {
        REQUIRE(desk.ask("GET", "/v1/orders", {{"Authorization", "Bearer " + reader}}).status == 200);
    }
    CHECK(header(desk.order("PO-1"), "RateLimit-Limit").empty());
}

TEST_CASE("X-Forwarded-For is believed from trusted proxies only, and only as far as they wrote it", "[api][unit]") {
    const std::vector<IpNetwork> trusted{*IpNetwork::parse("10.0.0.0/8"), *IpNetwork::parse("2001:db8:1::/48")};
    struct Row {
        const char* peer;
        Headers headers;
        const char* source;
    };
    const auto row = GENERATE_REF(
        Row{"192.0.2.1:4711", {}, "192.0.2.1"}, Row{"[2001:db8::1]:4711", {}, "2001:db8::1"},
        Row{"[::ffff:192.0.2.1]:4711", {}, "192.0.2.1"}, Row{"192.0.2.1:1", {{"X-Forwarded-For", "203.0.113.1"}}, "192.0.2.1"},
        Row{"10.0.0.1:1", {{"x-forwarded-for", "203.0.113.1"}}, "203.0.113.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "1.2.3.4, 203.0.113.1"}}, "203.0.113.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "1.2.3.4, 203.0.113.1 , 10.0.0.7"}}, "203.0.113.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "203.0.113.1,10.0.0.7"}}, "203.0.113.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "10.0.0.7"}}, "1.2.3.4"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "203.0.113.1:9999"}}, "203.0.113.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "[2001:db8:2::9]:80"}}, "2001:db8:2::9"},
        Row{"[2001:db8:1::1]:1", {{"X-Forwarded-For", "2001:db8:2::9"}}, "2001:db8:2::9"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "1.2.3.4, unknown"}}, "10.0.0.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", ""}}, "10.0.0.1"},
        Row{"10.0.0.1:1", {{"X-Forwarded-For", "10.0.0.2"}}, "10.0.0.2"});
    http::Request request;
    request.peer = row.peer;
    request.headers = row.headers;
    CHECK(api::source_of(request, trusted) == row.source);
    if (std::string_view(row.peer).starts_with("10.")) { CHECK(api::source_of(request, {}) == "10.0.0.1"); }
}

TEST_CASE("a rate is one provider's customer's, who has a /64 of version 6", "[api][unit]") {
    CHECK(api::caller_of("192.0.2.1") == "192.0.2.1");
    CHECK(api::caller_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    CHECK(api::caller_of("2001:db8:1:2:ffff::1") == api::caller_of("2001:db8:1:2::7"));
}

TEST_CASE("clients behind a trusted proxy have a rate each, one that makes up addresses has one", "[api][unit]") {
    Desk desk({.webhook_source = {1, 1s, 1}}, {*IpNetwork::parse("10.0.0.0/8")});
    CHECK(desk.webhook(R"({"event":"a"})", "10.0.0.1:1", {{"X-Forwarded-For", "192.0.2.1"}}).status == 200);
    CHECK(desk.webhook(R"({"event":"b"})", "10.0.0.1:1", {{"X-Forwarded-For", "192.0.2.2"}}).status == 200);
    CHECK(desk.webhook(R"({"event":"c"})", "10.0.0.1:1", {{"X-Forwarded-For", "1.1.1.1, 192.0.2.1"}}).status == 429);
    CHECK(desk.webhook(R"({"event":"d"})", "198.51.100.1:1", {{"X-Forwarded-For", "1.1.1.1"}}).status == 200);
    CHECK(desk.webhook(R"({"event":"e"})", "198.51.100.1:2", {{"X-Forwarded-For", "1.1.1.2"}}).status == 429);
}
