#include "accounts.hpp"

#include <string>

namespace {

constexpr const char* order = R"({"reference":"R","effect_key":"k","order":{}})";
constexpr const char* token_url = "https://login.acme.example/token";

sdk::Json account(const std::string& auth, const std::string& secrets) {
    auto settings =
        with_find(R"({"path":"/orders","items":"${{ .body.list }}","reference":"${{ .item.ref }}","id":"${{ .item.id }}"})");
    settings.set("auth", sdk::Json::parse(auth));
    const auto given = sdk::Json::parse(secrets);
    for (const auto& [key, value] : given.members()) { settings.set(key, value); }
    return settings;
}

sdk::Json oauth2(const std::string& more = "") {
    return account(R"({"kind":"oauth2","client_id":"me & co","scope":"orders")" + more + "}",
                   R"({"client_secret":"s3cret/1","token_url":")" + std::string(token_url) + "\"}");
}

std::string token(const std::string& name, int lifetime_s = 600) {
    return R"({"access_token":")" + name + R"(","token_type":"Bearer","expires_in":)" + std::to_string(lifetime_s) + "}";
}

std::string authorization(const testing::FakeHost& host, std::size_t request) {
    return host.requests().at(request).header("Authorization").value_or("none");
}

void signs_with_each_kind() {
    struct Row {
        const char* auth;
        const char* secrets;
        const char* header;
        const char* value;
    };
    for (const Row& row : {
             Row{R"({"kind":"none"})", "{}", "Authorization", ""},
             Row{R"({"kind":"bearer"})", R"({"api_key":"k3y"})", "Authorization", "Bearer k3y"},
             Row{R"({"kind":"header","name":"X-Key"})", R"({"api_key":"k3y"})", "X-Key", "k3y"},
             // RFC 7617, section 2.
             Row{R"({"kind":"basic","username":"Aladdin"})", R"({"password":"open sesame"})", "Authorization",
                 "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
         }) {
        testing::FakeHost host;
        host.answer(201, R"({"id":"S"})");
        const auto answer = plugin().start(account(row.auth, row.secrets)).call("create_order", order, host);
        testing::expect(answer.ok(), answer.fault);
        testing::expect_equal(host.requests().at(0).header(row.header).value_or(""), row.value, row.auth);
    }
}

/// The request for a token is another one than the order's: it does not take the order's only request away.
void an_order_fetches_its_token_first() {
    testing::FakeHost host;
    host.answer(200, token("t-1")).answer(201, R"({"id":"S"})");
    auto instance = plugin().start(oauth2());
    const auto answer = instance.call("create_order", order, host);
    testing::expect(answer.ok(), answer.fault);
    testing::expect_equal(answer.document.text("supplier_order_id").value_or(""), "S");
    const auto requests = host.requests();
    testing::expect_equal(requests.size(), 2);
    testing::expect_equal(requests[0].url, token_url);
    testing::expect_equal(requests[0].body, "grant_type=client_credentials&scope=orders");
    // "me%20%26%20co:s3cret%2F1"
    testing::expect_equal(authorization(host, 0), "Basic bWUlMjAlMjYlMjBjbzpzM2NyZXQlMkYx");
    testing::expect_equal(authorization(host, 1), "Bearer t-1");
    host.answer(201, R"({"id":"T"})");
    testing::expect(instance.call("create_order", order, host).ok(), "a second order");
    testing::expect_equal(host.requests().size(), 3, "one token serves many calls");
}

void a_client_may_say_who_it_is_in_the_body() {
    testing::FakeHost host;
    host.answer(200, token("t-1")).answer(201, R"({"id":"S"})");
    testing::expect(plugin().start(oauth2(R"(,"credentials_in":"body","audience":"api")")).call("create_order", order, host).ok(),
                    "it answers");
    testing::expect_equal(
        host.requests().at(0).body,
        "grant_type=client_credentials&scope=orders&audience=api&client_id=me%20%26%20co&client_secret=s3cret%2F1");
    testing::expect_equal(authorization(host, 0), "none");
}

void a_token_is_renewed_before_it_ends() {
    testing::FakeHost host;
    auto instance = plugin().start(oauth2());
    const auto ask = [&] {
        return instance.call("find_order", R"({"reference":"R"})", host).document.find("matches") != nullptr;
    };
    host.answer(200, token("t-1", 600)).answer(200, R"({"list":[]})");
    testing::expect(ask(), "the first");
    host.advance_ms(569'000);
    host.answer(200, R"({"list":[]})");
    testing::expect(ask(), "with 31 seconds left");
    testing::expect_equal(authorization(host, 2), "Bearer t-1");
    host.advance_ms(1'000);
    host.answer(200, token("t-2", 600)).answer(200, R"({"list":[]})");
    testing::expect(ask(), "with 30 seconds left");
    testing::expect_equal(authorization(host, 4), "Bearer t-2");
}

/// Sending an order again is the engine's to decide: what came of the first request, a 401 does not say.
void an_order_with_an_old_token_is_not_sent_again() {
    testing::FakeHost host;
    auto instance = plugin().start(oauth2());
    host.answer(200, token("t-1")).answer(401, "{}");
    const auto answer = instance.call("create_order", order, host);
    testing::expect_equal(answer.document.need_integer("status"), 401);
    testing::expect_equal(host.requests().size(), 2);
    host.answer(200, token("t-2")).answer(201, R"({"id":"S"})");
    testing::expect(instance.call("create_order", order, host).ok(), "the next attempt");
    testing::expect_equal(authorization(host, 3), "Bearer t-2");
}

void a_question_with_an_old_token_is_asked_again_once() {
    testing::FakeHost host;
    auto instance = plugin().start(oauth2());
    host.answer(200, token("t-1")).answer(401, "{}").answer(200, token("t-2")).answer(200, R"({"list":[]})");
    testing::expect(instance.call("find_order", R"({"reference":"R"})", host).document.find("matches") != nullptr, "found out");
    host.answer(401, "{}").answer(200, token("t-3")).answer(401, "{}");
    const auto refused = instance.call("find_order", R"({"reference":"R"})", host);
    testing::expect_equal(refused.document.need_integer("status"), 401);
    testing::expect_equal(host.requests().size(), 7);
}

void without_a_token_nothing_is_sent() {
    for (const auto& [status, body] :
         {std::pair<int, const char*>{401, R"({"error":"invalid_client"})"}, {200, "{}"}, {200, "<html>"}}) {
        testing::FakeHost host;
        host.answer(status, body);
        const auto answer = plugin().start(oauth2()).call("create_order", order, host);
        testing::expect_equal(answer.status, testing::Status::fault);
        testing::expect(answer.fault.starts_with("there is no access token: POST /token -> "), answer.fault);
        testing::expect_equal(host.requests().size(), 1);
    }
    testing::FakeHost busy;
    busy.answer(503, "", {{"Retry-After", "3"}});
    testing::expect_equal(plugin().start(oauth2()).call("create_order", order, busy).retry_after_ms.value_or(0), 3000);
}

/// The host lets one form to the token's address through before the order, and nothing else.
void nothing_else_leaves_before_an_order() {
    const auto settings = oauth2();
    testing::FakeHost host(settings, plugin().schema());
    host.answer(200, "{}").answer(200, "{}").answer(200, "{}");
    const testing::FakeHost::Call call(host, testing::FakeHost::Call::Kind::effect);
    const sdk::Http http(call.table());
    const std::vector<sdk::Header> form{{"Content-Type", "application/x-www-form-urlencoded"}};
    testing::expect_equal(http.send("POST", token_url, form).status, 200);
    testing::expect(!call.on_wire(), "a token is no order");
    testing::expect_equal(http.send("POST", token_url, form).status, 200);
    testing::expect(call.on_wire(), "a second one may be anything");
    testing::expect_equal(http.send("POST", "https://api.acme.example/orders", {}).status, 0);
}

}  // namespace

void add_auth_tests(testing::Suite& suite) {
    suite.test("requests are signed with each kind of auth", signs_with_each_kind);
    suite.test("an order fetches its token first, and has its own request left", an_order_fetches_its_token_first);
    suite.test("a client may say who it is in the body", a_client_may_say_who_it_is_in_the_body);
    suite.test("a token is renewed before it ends", a_token_is_renewed_before_it_ends);
    suite.test("an order with an old token is not sent again", an_order_with_an_old_token_is_not_sent_again);
    suite.test("a question with an old token is asked again, once", a_question_with_an_old_token_is_asked_again_once);
    suite.test("without a token nothing is sent", without_a_token_nothing_is_sent);
    suite.test("nothing but one request for a token leaves before an order", nothing_else_leaves_before_an_order);
}
