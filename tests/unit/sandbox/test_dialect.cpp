#include "crypto/crypto.hpp"
#include "running_supplier.hpp"
#include "sandbox/dialect.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace std::chrono_literals;
using sandbox::Dialect;
using support::quiet_options;
using support::RunningSupplier;
using support::TemporaryFolder;
using support::WebhookReceiver;

namespace {

const std::filesystem::path examples = std::filesystem::path(CROSSDOCK_SOURCE_FOLDER) / "config" / "suppliers" / "examples";

sandbox::SupplierOptions speaking(const std::string& name, const std::filesystem::path& folder) {
    auto options = quiet_options(folder);
    options.dialect = examples / (name + ".dialect.json");
    options.lookup = true;
    options.idempotency = true;
    options.inventory = std::filesystem::path(CROSSDOCK_SOURCE_FOLDER) / "config" / "sandbox-inventory.json";
    return options;
}

const std::vector<http::Header> password{{"Authorization", "Basic " + crypto::base64("crossdock:key")}};

const char* const kontor_order =
    R"({"CustRef":"R-1","Positions":[{"ArtNo":"A","Qty":1,"NetPrice":231.00}],"Consignee":{"city":"Wien"}})";
const char* const northgate_order =
    R"({"data":{"number":"R-1","lines":[{"article":{"code":"A"},"pieces":1,"price":{"amount":231.00}}],"ship_to":{"city":"Wien"}}})";

Json body_of(const Result<http::LoopbackAnswer>& answer) {
    return Json::parse(answer.value().body).value();
}

std::vector<http::Header> with_token(const RunningSupplier& supplier) {
    const auto answer =
        supplier.call("POST", "/oauth/token", "grant_type=client_credentials&client_id=crossdock&client_secret=key",
                      {{"Content-Type", "application/x-www-form-urlencoded"}});
    REQUIRE(answer.value().status == 200);
    CHECK(body_of(answer).integer("expires_in") == 600);
    return {{"Authorization", "Bearer " + body_of(answer).text("access_token")}};
}

}  // namespace

TEST_CASE("in another dialect the same simulator takes orders, once for each key", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = speaking("kontor", folder.path());
    options.supplier_order_ids = {"90000000000000000017"};
    const RunningSupplier supplier(options);
    CHECK(supplier.call("POST", "/api/PlaceOrder", kontor_order, {}).value().status == 401);
    CHECK(supplier.call("POST", "/v1/orders", kontor_order, password).value().status == 404);
    auto keyed = password;
    keyed.emplace_back("X-Request-Key", "k-1");
    for (int i = 0; i < 2; ++i) {
        const auto answer = supplier.call("POST", "/api/PlaceOrder", kontor_order, keyed);
        CHECK(answer.value().status == 200);
        CHECK(answer.value().body == R"({"ok":true,"OrderNo":90000000000000000017,"CustRef":"R-1","State":"pending"})");
    }
    CHECK(supplier.order_count() == 1);
    CHECK(supplier.posts("R-1") == 2);
    const auto refused = supplier.call("POST", "/api/PlaceOrder", R"({"CustRef":"R-2","Positions":[]})", password);
    CHECK(refused.value().status == 200);
    CHECK(refused.value().body == R"({"ok":false,"ErrCode":"INVALID_ORDER","ErrText":"items must be a list that is not empty"})");
    const auto found = body_of(supplier.call("GET", "/api/OrderList?CustRef=R-1", {}, password));
    CHECK(found.integer("Count") == 1);
    CHECK(found.find("Orders")->items().front().find("OrderNo")->dump() == "90000000000000000017");
    const auto canceled = supplier.call("POST", "/api/CancelOrder", R"({"OrderNo":"90000000000000000017"})", password);
    CHECK(body_of(canceled).text("State") == "canceled");
}

TEST_CASE("a dialect misbehaves as it was told, in its own words", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSupplier supplier(speaking("kontor", folder.path()));
    supplier.tell("faults", R"({"operation":"create_order","kind":"status","status":429})");
    const auto busy = supplier.call("POST", "/api/PlaceOrder", kontor_order, password);
    CHECK(busy.value().status == 200);
    CHECK(body_of(busy).text("ErrCode") == "BUSY");
    supplier.tell("faults", R"({"operation":"create_order","kind":"status","status":502})");
    CHECK(supplier.call("POST", "/api/PlaceOrder", kontor_order, password).value().status == 502);
    supplier.tell("faults", R"({"operation":"create_order","kind":"cut_after_accept","accept":true})");
    CHECK(supplier.call("POST", "/api/PlaceOrder", kontor_order, password).has_error());
    CHECK(supplier.order_count() == 1);
}

TEST_CASE("access tokens are issued for the key, end, and can be revoked", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSupplier supplier(speaking("northgate", folder.path()));
    const auto wrong =
        supplier.call("POST", "/oauth/token", "grant_type=client_credentials&client_id=crossdock&client_secret=no", {});
    CHECK(wrong.value().status == 401);
    CHECK(supplier.call("POST", "/v2/purchase-orders", northgate_order, {{"Authorization", "Bearer key"}}).value().status == 401);
    const auto token = with_token(supplier);
    const auto placed = supplier.call("POST", "/v2/purchase-orders", northgate_order, token);
    CHECK(placed.value().body == R"({"data":{"id":"ORD845140","number":"R-1","state":"pending"}})");
    CHECK(supplier.get("/_sandbox/tokens").integer("issued") == 1);
    CHECK(supplier.call("DELETE", "/_sandbox/tokens", {}, {}).value().status == 200);
    CHECK(supplier.call("GET", "/v2/purchase-orders?number=R-1", {}, token).value().status == 401);
    const auto again = with_token(supplier);
    CHECK(body_of(supplier.call("GET", "/v2/purchase-orders?number=R-1", {}, again)).find("data")->items().size() == 1);
    const auto shown = supplier.call("POST", "/v2/purchase-orders/ORD845140/cancellation", "{}", again);
    CHECK(body_of(shown).find("data")->text("state") == "canceled");
    const auto none = supplier.call("POST", "/v2/purchase-orders/ORD1/cancellation", "{}", again);
    CHECK(none.value().body == R"({"errors":[{"code":"not_found","detail":"no such order"}]})");
}

TEST_CASE("pieces and parcels are told in the dialect's words", "[sandbox]") {
    const TemporaryFolder first;
    const RunningSupplier kontor(speaking("kontor", first.path()));
    CHECK(kontor.call("POST", "/api/PlaceOrder", kontor_order, password).value().status == 200);
    const auto by_kontor = [&] {
        const auto shown = body_of(kontor.call("GET", "/api/OrderList?CustRef=R-1", {}, password));
        return shown.find("Orders")->items().front().find("Positions")->dump();
    };
    CHECK(by_kontor() == "[]");
    kontor.tell("orders/ORD845140",
                R"({"status":"confirmed","items":[{"sku":"A","state":"backordered","quantity":1},{"sku":"B","state":"other"}]})");
    CHECK(by_kontor() == R"([{"ArtNo":"A","Qty":1,"State":"BACKORDER"},{"ArtNo":"B","State":"other"}])");
    CHECK(kontor.call("POST", "/_sandbox/orders/ORD845140", R"({"status":"confirmed","items":{}})", {}).value().status == 422);

    const TemporaryFolder second;
    const RunningSupplier northgate(speaking("northgate", second.path()));
    const auto token = with_token(northgate);
    CHECK(northgate.call("POST", "/v2/purchase-orders", northgate_order, token).value().status == 201);
    for (const std::string number : {"1Z999AA10123456784", "1Z999AA10123456793"}) {
        northgate.tell("orders/ORD845140", R"({"status":"shipped","tracking_number":")" + number +
                                               R"(","items":[{"sku":"A","state":"shipped","quantity":2}]})");
    }
    const auto shown = body_of(northgate.call("GET", "/v2/purchase-orders?number=R-1", {}, token)).find("data")->items().front();
    CHECK(shown.find("lines")->dump() == R"([{"article":{"code":"A"},"pieces":2,"state":"shipped"}])");
    const auto& parcels = shown.find("parcels")->items();
    REQUIRE(parcels.size() == 2);
    CHECK(parcels[0].text("tracking") == "1Z999AA10123456784");
    CHECK(parcels[1].text("tracking") == "1Z999AA10123456793");
    CHECK(parcels[0].find("content")->dump() == R"([{"code":"A","pieces":2}])");
}

TEST_CASE("a stock is read on by cursor, and by Link header", "[sandbox]") {
    const TemporaryFolder first;
    const RunningSupplier northgate(speaking("northgate", first.path()));
    const auto token = with_token(northgate);
    std::size_t read = 0;
    std::string cursor;
    std::int64_t total = 0;
    do {
        const auto page =
            body_of(northgate.call("GET", "/v2/stock?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor), {}, token));
        read += page.find("data")->items().size();
        cursor = page.find("meta")->text("next");
        total = page.find("meta")->integer("total");
    } while (!cursor.empty());
    CHECK(read == static_cast<std::size_t>(total));
    CHECK(total > 2);

    const TemporaryFolder second;
    const RunningSupplier kontor(speaking("kontor", second.path()));
    std::string next = "/api/ArticleList?PerPage=2";
    std::size_t seen = 0;
    while (!next.empty()) {
        const auto answer = kontor.call("GET", next, {}, password).value();
        seen += Json::parse(answer.body)->find("Articles")->items().size();
        const auto link = answer.header("Link").value_or("");
        const auto at = link.rfind('<');
        next = link.empty() ? "" : link.substr(at + 1, link.find('>', at) - at - 1);
    }
    CHECK(seen == read);
}

TEST_CASE("webhooks are sent in the dialect's words, signed under its header", "[sandbox]") {
    const TemporaryFolder folder;
    WebhookReceiver receiver;
    auto options = speaking("kontor", folder.path());
    options.webhook_url = receiver.url();
    options.accept_after = 10ms;
    options.ship_after = 20ms;
    const RunningSupplier supplier(options);
    CHECK(supplier.call("POST", "/api/PlaceOrder", kontor_order, password).value().status == 200);
    const auto webhooks = receiver.wait(2);
    REQUIRE(webhooks.size() == 2);
    CHECK(webhooks[1].header("X-Kontor-Signature") == crypto::hmac_sha256_hex("secret", webhooks[1].body));
    const auto body = Json::parse(webhooks[1].body).value();
    CHECK(body.text("CustRef") == "R-1");
    CHECK(body.text("State") == "shipped");
    CHECK(body.text("ParcelNo") == "1Z999AA10123456784");
}

TEST_CASE("a dialect that makes no sense is refused with its place", "[sandbox]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"{", "the dialect is no JSON"}, Row{"{}", "#/auth: it is not said"},
        Row{R"({"auth":{"kind":"magic"}})", "#/auth/kind: is bearer, basic, header or oauth2"},
        Row{R"({"auth":{"kind":"basic"},"rootes":[]})", "#/rootes: a dialect has no such member"},
        Row{R"({"auth":{"kind":"basic"}})", "#/routes: is no list"},
        Row{R"({"auth":{"kind":"basic"},"routes":[{"operation":"order","path":"/"}]})", "#/routes/0/operation: is no operation"},
        Row{R"({"auth":{"kind":"basic"},"routes":[{"operation":"inventory","path":"x"}]})",
            "#/routes/0/path: begins with a slash"},
        Row{R"({"auth":{"kind":"basic"},"routes":[{"operation":"inventory","path":"/a"},{"operation":"inventory","path":"/b"}]})",
            "#/routes/1/operation: comes twice"});
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "d.json") << row.text;
    const auto loaded = Dialect::load(folder.path() / "d.json");
    REQUIRE(loaded.has_error());
    CHECK_THAT(loaded.error().text(), Catch::Contains(row.fault));
}
