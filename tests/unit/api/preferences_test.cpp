// How a customer is told, set and read by key; and the link of a mail, which needs none.
#include "api/api.hpp"

#include <catch2/catch.hpp>

#include "notify/recipients.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using Catch::Matchers::Contains;

namespace {

const std::string writer = "xd_writer_0123456789";
const std::string reader = "xd_reader_0123456789";
const std::string bound = "xd_bound_01234567890";

class Desk {
public:
    Desk() : rig(PIPELINES), api(rig.clock, rig.store(), rig.engine(), rig.facts, {}) {
        auto options = support::fact_options();
        options.channels = {"email", "archive"};
        options.unsubscribe = {"https://orders.example", "a key of the store's own"};
        rig.facts.change(options);
        rig.commit([](store::Tx& tx) {
            (void)api::add_key(tx, {"writer", {"orders:write", "read"}, {}, writer}, "k1", 0);
            (void)api::add_key(tx, {"reader", {"read"}, {}, reader}, "k2", 0);
            (void)api::add_key(tx, {"bound", {"orders:write", "read"}, "c2", bound}, "k3", 0);
            for (const char* const id : {"c1", "c2"}) {
                tx.run(
                    "INSERT INTO customers (id, name, email, language, created_at, updated_at) VALUES (:1, 'Anna', "
                    "'anna@example.com', 'de', 0, 0)",
                    {id});
            }
        });
        api.set_ready();
    }

    http::Response ask(const std::string& method, const std::string& path, const std::string& key = "",
                       const std::string& body = "") {
        http::Request request;
        request.method = method;
        request.path = path;
        request.body = body;
        if (!key.empty()) { request.headers.emplace_back("Authorization", "Bearer " + key); }
        auto response = rig.value_of(api.handle(std::move(request)));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    std::string link(UtcMs until) {
        return std::string(notify::unsubscribe_path) +
               notify::unsubscribe_token("a key of the store's own", {"email", "<anna@example.com>", until});
    }

    support::EngineRig rig;
    api::Api api;
};

const std::string c1 = "/v1/customers/c1/preferences";

Json body_of(const http::Response& response) {
    return Json::parse(response.body).value();
}

}  // namespace

TEST_CASE("a customer's preferences are read, replaced and audited over the API", "[api][unit]") {
    Desk desk;
    auto shown = body_of(desk.ask("GET", c1, reader));
    CHECK(shown.text("customer_id") == "c1");
    CHECK(shown.find("preferences")->dump() == "{}");
    CHECK(shown.find("effective")->text("language") == "de");
    CHECK(shown.find("effective")->find("events")->find("order.placed")->text("when") == "off");
    CHECK(shown.find("effective")->find("events")->find("order.shipped")->text("when") == "immediate");
    CHECK(shown.find("stopped")->items().empty());

    const std::string wanted = R"({"language":"en","events":{"order.placed":"daily"}})";
    const auto put = desk.ask("PUT", c1, writer, wanted);
    REQUIRE(put.status == 200);
    CHECK(body_of(put).find("preferences")->dump() == wanted);
    shown = body_of(desk.ask("GET", c1, reader));
    CHECK(shown.find("effective")->find("events")->find("order.placed")->text("when") == "daily");
    CHECK(shown.find("effective")->text("language") == "en");
    CHECK(desk.rig.text("SELECT actor || ' ' || action || ' ' || subject || ' ' || detail FROM audit_log") ==
          "key writer (k1) customer.preferences c1 " + wanted);
    // The whole document is replaced.
    REQUIRE(desk.ask("PUT", c1, writer, "{}").status == 200);
    CHECK(body_of(desk.ask("GET", c1, reader)).find("preferences")->dump() == "{}");
}

TEST_CASE("wrong preferences change nothing, and each field is named", "[api][unit]") {
    Desk desk;
    const auto refused = desk.ask("PUT", c1, writer, R"({"channels":["fax"],"events":{"order.shipped":"weekly"}})");
    CHECK(refused.status == 422);
    CHECK_THAT(refused.body,
               Contains(R"({"pointer":"/channels/0","message":"is no channel that tells people; there are: email, archive"})"));
    CHECK_THAT(refused.body, Contains("/events/order.shipped"));
    CHECK(desk.ask("PUT", c1, writer, "{").status == 400);
    CHECK(desk.ask("PUT", c1, writer, R"({"language":"de","language":"en"})").status == 400);
    CHECK(desk.ask("PUT", c1, writer, std::string(20'000, ' ')).status == 413);
    CHECK(desk.rig.text("SELECT preferences FROM customers WHERE id = 'c1'") == "{}");
    CHECK(desk.rig.count("audit_log") == 0);
}

TEST_CASE("preferences are for those who may: a scope, and of a bound key its own customer", "[api][unit]") {
    Desk desk;
    CHECK(desk.ask("GET", c1).status == 401);
    CHECK(desk.ask("PUT", c1, reader, "{}").status == 403);
    CHECK(desk.ask("GET", c1, bound).status == 404);
    CHECK(desk.ask("PUT", c1, bound, "{}").status == 404);
    CHECK(desk.ask("GET", "/v1/customers/c2/preferences", bound).status == 200);
    CHECK(desk.ask("PUT", "/v1/customers/c2/preferences", bound, "{}").status == 200);
    CHECK(desk.ask("GET", "/v1/customers/c9/preferences", reader).status == 404);
    CHECK(desk.ask("PUT", "/v1/customers/c9/preferences", writer, "{}").status == 404);
    CHECK(desk.ask("DELETE", c1, writer).status == 405);
    CHECK(desk.ask("GET", "/v1/customers/c1", writer).status == 404);
}

TEST_CASE("a mail's link is shown by GET and acted on by POST, without a key", "[api][unit]") {
    Desk desk;
    const auto link = desk.link(desk.rig.clock.utc_ms() + 1'000);
    for (const char* const method : {"GET", "HEAD", "GET"}) {
        const auto page = desk.ask(method, link);
        CHECK(page.status == 200);
        CHECK_THAT(page.body, Contains("<form method=\"post\">") && Contains("&lt;anna@example.com&gt;"));
    }
    CHECK(desk.rig.count("stopped_recipients") == 0);
    const auto done = desk.ask("POST", link, "", "List-Unsubscribe=One-Click");
    CHECK(done.status == 200);
    CHECK_THAT(done.body, Contains("Unsubscribed") && Contains("&lt;anna@example.com&gt;"));
    // Once more is the same, and is written down once.
    CHECK(desk.ask("POST", link, "", "List-Unsubscribe=One-Click").status == 200);
    CHECK(desk.rig.count("stopped_recipients WHERE channel = 'email' AND cause = 'unsubscribed'") == 1);
    CHECK(desk.rig.count("audit_log WHERE action = 'recipient.unsubscribe'") == 1);
    CHECK(desk.ask("PUT", link).status == 405);
}

TEST_CASE("a link that is forged or has expired changes nothing", "[api][unit]") {
    Desk desk;
    const auto now = desk.rig.clock.utc_ms();
    auto forged = desk.link(now + 1'000);
    forged[forged.size() - 3] = forged[forged.size() - 3] == 'A' ? 'B' : 'A';
    for (const auto& link :
         {forged, desk.link(now - 1), std::string(notify::unsubscribe_path) + "x", std::string(notify::unsubscribe_path)}) {
        CHECK(desk.ask("GET", link).status == 404);
        CHECK(desk.ask("POST", link, "", "List-Unsubscribe=One-Click").status == 404);
    }
    auto options = support::fact_options();
    desk.rig.facts.change(options);
    // Nobody wants such links here.
    CHECK(desk.ask("POST", desk.link(now + 1'000)).status == 404);
    CHECK(desk.rig.count("stopped_recipients") == 0);
}
