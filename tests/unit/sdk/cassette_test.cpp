// Cassettes: what is no cassette, and what playing one back notices.
#include "support/temporary_folder.hpp"

#include <crossdock/sdk.hpp>
#include <crossdock/testing.hpp>

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;
using Catch::Contains;
using Lines = std::vector<std::string>;

namespace {

/// Posts what its order holds, once for each item.
class Poster final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "poster", .version = "1"};
    static sdk::Schema settings() {
        return sdk::Schema{}.url("base_url", "Root").secret("api_key", "Key").port("port", "Port", 8443);
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto url = host.settings().need_text("base_url") + "/orders";
        const sdk::Header key{"Authorization", "Bearer " + host.secret("api_key")};
        if (order.document.find("twice") != nullptr) { (void)host.http().get(url); }
        if (const auto text = order.document.text("text")) {
            return sdk::Submission::from(host.http().send("POST", url, {key}, *text), {.id = "/id", .reason = "/error"});
        }
        const auto reply = host.http().post(url, order.document, {key});
        if (order.document.find("throw") != nullptr) { throw std::runtime_error(reply.exchange); }
        return sdk::Submission::from(reply, {.id = "/id", .reason = "/error"});
    }

    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        const auto reply = host.http().get(host.settings().need_text("base_url") + "/stock");
        const auto stock = sdk::Json::parse(reply.body);
        for (const auto& item : stock.items()) { sink.emit({{.sku = item.text(), .quantity = 2}}); }
        return reply.exchange;
    }
};

constexpr auto descriptor = sdk::detail::descriptor<Poster>(&sdk::detail::supplier_interface<Poster>);

/// Sends what its message says, with the server of its settings.
class Mailer final : public sdk::NotificationChannel {
public:
    static constexpr sdk::Manifest manifest{.name = "mailer", .version = "1"};
    static sdk::Schema settings() { return sdk::Schema{}.host("host", "Server").port("port", "Port", 587); }

    sdk::Delivery deliver(const sdk::Message& message, sdk::Host& host) override {
        const auto settings = host.settings();
        const auto reply = host.submit({.host = settings.need_text("host"),
                                        .port = static_cast<std::uint16_t>(settings.need_integer("port")),
                                        .from = message.from,
                                        .to = {message.to},
                                        .message = message.text});
        return {.transport = reply.transport, .status = reply.status};
    }
};

constexpr auto mailer = sdk::detail::descriptor<Mailer>(&sdk::detail::channel_interface<Mailer>);

/// An order that is posted as recorded.
const std::string good = R"({
  "cassette": 1, "interface": "crossdock.supplier/1", "operation": "create_order",
  "settings": {"base_url": "https://api.example", "api_key": "{{api_key}}"},
  "input": {"reference": "PX1", "effect_key": "key-1", "order": {"total": 231.00, "from": "{{base_url}}", "odd": "{{no}}"}},
  "exchanges": [{
    "request": {"method": "POST", "url": "{{base_url}}/orders",
      "headers": {"authorization": "Bearer {{api_key}}", "Content-Type": "[redacted]"},
      "json": {"from": "{{base_url}}", "odd": "{{no}}", "total": 231.00}},
    "response": {"status": 422, "json": {"id": "A-1", "error": "the key {{api_key}} is old"}}}],
  "output": {"transport": "answered", "status": 422, "supplier_order_id": "A-1", "reason": "the key {{api_key}} is old",
    "exchange": "POST /orders -> 422 in 12 ms"}})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

Lines play(const std::string& cassette, const xd_plugin& plugin = descriptor) {
    return testing::play(testing::Plugin::from(plugin), testing::Cassette::parse(cassette, "a.json"));
}

struct Change {
    std::string from;
    std::string to;
    std::string line;
};

}  // namespace

TEST_CASE("a cassette that fits is played back without differences", "[sdk][unit]") {
    CHECK(play(good) == Lines{});
}

TEST_CASE("each thing that a cassette records is compared", "[sdk][unit]") {
    const auto change = GENERATE(
        Change{R"("method": "POST")", R"("method": "PUT")", R"(request 1 method: "POST" instead of "PUT")"},
        Change{"{{base_url}}/orders", "{{base_url}}/v2/orders",
               R"(request 1 url: "https://api.example/orders" instead of "https://api.example/v2/orders")"},
        Change{R"("Bearer {{api_key}}")", R"("Basic {{api_key}}")",
               R"(request 1 header authorization: "Bearer test-api_key", should be "Basic test-api_key")"},
        Change{R"("Content-Type")", R"("X-Trace")", R"(request 1 header X-Trace: missing, should be "[redacted]")"},
        Change{R"("total": 231.00}},)", R"("total": 231.0}},)", "request 1 body /total: 231.00 instead of 231.0"},
        Change{R"(, "total": 231.00}},)", "}},", "request 1 body /total: not expected, is 231.00"},
        Change{R"("order": {)", R"("order": {"twice": true, )", "request 1 method: \"GET\" instead of \"POST\""},
        Change{R"("status": 422, "supplier_order_id")", R"("status": 201, "supplier_order_id")",
               "output /status: 422 instead of 201"},
        Change{R"("supplier_order_id": "A-1", )", "", R"(output /supplier_order_id: not expected, is "A-1")"},
        Change{R"("output": {"transport")", R"("output": {"more": null, "transport")", "output /more: missing, should be null"},
        Change{R"("order": {)", R"("order": {"throw": true, )", "request 1 body /throw: not expected, is true"},
        Change{R"("output": {)", R"("rows": [{"sku": "A", "quantity": 1}], "output": {)", "rows: 0 instead of 1"},
        Change{R"("api_key": "{{api_key}}"})", R"("apikey": "x"})", "the setting \"apikey\" is not known to the plugin"});
    const auto lines = play(replaced(good, change.from, change.to));
    REQUIRE_FALSE(lines.empty());
    CHECK_THAT(lines.front(), Contains(change.line));
}

TEST_CASE("a request more or fewer is a difference", "[sdk][unit]") {
    const auto begin = good.find("\"exchanges\": [") + 14;
    const auto end = good.find("],\n  \"output\"");
    const auto exchange = good.substr(begin, end - begin);
    const auto one_fewer = play(good.substr(0, begin) + good.substr(end));
    REQUIRE_FALSE(one_fewer.empty());
    CHECK(one_fewer.front() == "request 1: POST https://api.example/orders is not in the cassette");
    const auto one_more = play(good.substr(0, end) + "," + exchange + good.substr(end));
    CHECK(one_more == Lines{"request 2: POST https://api.example/orders was never made"});
}

TEST_CASE("a body that is no JSON is compared as text, and bytes as bytes", "[sdk][unit]") {
    const std::string json = R"("json": {"from": "{{base_url}}", "odd": "{{no}}", "total": 231.00})";
    const auto text = replaced(good, R"("order": {)", R"("order": {"text": "a\nb {{api_key}}", )");
    CHECK(play(replaced(text, json, R"("body": "a\nb {{api_key}}")"))[0] ==
          R"(request 1 header Content-Type: missing, should be "[redacted]")");
    const auto plain = replaced(text, R"(, "Content-Type": "[redacted]")", "");
    CHECK(play(replaced(plain, json, R"("body": "a\nb {{api_key}}")")).empty());
    CHECK(play(replaced(plain, json, R"("body": "a\nc {{api_key}}")")) ==
          Lines{R"(request 1 body line 2: "b test-api_key" instead of "c test-api_key")"});
    CHECK(play(replaced(plain, json, R"("body_base64": "YQpiIHRlc3QtYXBpX2tleQ==")")).empty());
    CHECK(play(replaced(plain, ",\n      " + json, "")) == Lines{R"(request 1 body line 1: "a\n" instead of nothing)"});
    CHECK_THAT(play(plain).at(0), Contains("request 1 body: not JSON"));
}

TEST_CASE("a recorded fault is compared, durations apart", "[sdk][unit]") {
    const auto begin = good.find("\"output\"");
    const auto with = [&](const std::string& fault) {
        auto made = good.substr(0, begin) + "\"fault\": \"" + fault + "\"}";
        made = replaced(made, R"("order": {)", R"("order": {"throw": 1, )");
        return replaced(made, R"("json": {"from")", R"("json": {"throw": 1, "from")");
    };
    CHECK(play(with("POST /orders -> 422 in 12 ms")).empty());
    CHECK(play(with("POST /orders -> 500 in 12 ms")) ==
          Lines{R"(fault: "POST /orders -> 422 in some ms" instead of "POST /orders -> 500 in some ms")"});
    const auto answered = play(good.substr(0, begin) + R"("fault": "it broke"})");
    REQUIRE(answered.size() == 1);
    CHECK_THAT(answered[0], Contains("output: it answered {") && Contains("instead of failing (it broke)"));
    auto failed = replaced(good, R"("order": {)", R"("order": {"throw": 1, )");
    failed = replaced(failed, R"("json": {"from")", R"("json": {"throw": 1, "from")");
    CHECK_THAT(play(failed).at(0), Contains("output: it failed (POST /orders -> 422 in 0 ms) instead of answering {"));
}

TEST_CASE("an exchange that was cut or not sent is played as such, with its reason and pause", "[sdk][unit]") {
    const std::string response = R"({"status": 422, "json": {"id": "A-1", "error": "the key {{api_key}} is old"}})";
    const auto begin = good.find("\"output\"");
    const auto with = [&](const std::string& played, const std::string& output) {
        return play(replaced(good.substr(0, begin) + "\"output\": " + output + "}", response, played));
    };
    CHECK(with(R"({"transport": "cut", "reason": "reset"})", R"({"transport": "cut", "status": 0, "reason": "reset"})").empty());
    CHECK(with(R"({"transport": "not_sent"})", R"({"transport": "not_sent", "status": 0})").empty());
    CHECK(with(R"({"status": 429, "json": {}, "retry_after_ms": 7000})",
               R"({"transport": "answered", "status": 429, "retry_after_ms": 7000})")
              .empty());
}

TEST_CASE("recorded rows are compared, each whole", "[sdk][unit]") {
    const std::string stock = R"({
      "cassette": 1, "interface": "crossdock.supplier/1", "operation": "sync_inventory",
      "settings": {"base_url": "{{base_url}}", "api_key": "{{api_key}}"}, "input": {},
      "exchanges": [{"request": {"method": "GET", "url": "https://test-base_url.example/stock"},
                     "response": {"status": 200, "json": ["A", "B"]}}],
      "rows": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 2, "lower_bound": false, "price": ""}],
      "output": {"complete": true, "rows": 2}})";
    CHECK(play(stock) == Lines{});
    CHECK(play(replaced(stock, R"("sku": "B", "quantity": 2)", R"("sku": "B", "quantity": 3)")) ==
          Lines{"row 2 /quantity: 2 instead of 3"});
    CHECK(play(replaced(stock, R"("lower_bound": false)", R"("lower_bound": true)")) ==
          Lines{"row 2 /lower_bound: false instead of true"});
    CHECK(play(replaced(stock, R"({"sku": "A", "quantity": 2}, )", "")).at(0) == "rows: 2 instead of 1");
}

TEST_CASE("a recorded mail is compared with its envelope and server", "[sdk][unit]") {
    const std::string mail = R"({
      "cassette": 1, "interface": "crossdock.channel/1", "operation": "deliver", "settings": {"host": "mail.example", "port": 25},
      "input": {"message_id": "<1@x>", "from": "a@x", "to": "b@y", "subject": "s", "text": "M: 1\r\n\r\nx\r\n", "date": "d"},
      "exchanges": [{"smtp": {"host": "{{host}}", "port": "{{port}}", "tls": "starttls", "from": "a@x", "to": ["b@y"],
                              "message": "M: 1\r\n\r\nx\r\n"},
                     "response": {"status": 250}}],
      "output": {"transport": "answered", "status": 250}})";
    CHECK(play(mail, mailer) == Lines{});
    CHECK(play(replaced(mail, R"("{{port}}")", "25"), mailer) == Lines{});
    const auto change =
        GENERATE(Change{"{{host}}", "h", R"(request 1 host: "mail.example" instead of "h")"},
                 Change{"\"{{port}}\"", "26", R"(request 1 port: "25" instead of "26")"},
                 Change{"\"starttls\"", "\"implicit\"", R"(request 1 tls: "starttls" instead of "implicit")"},
                 Change{R"("from": "a@x", "to": [)", R"("from": "c@x", "to": [)", R"(request 1 from: "a@x" instead of "c@x")"},
                 Change{R"(["b@y"])", R"(["c@y"])", R"(request 1 to /0: "b@y" instead of "c@y")"},
                 Change{R"("message": "M: 1\r\n\r\nx)", R"("message": "M: 1\r\n\r\nz)",
                        R"(request 1 message line 3: "x\r\n" instead of "z\r\n")"},
                 Change{R"("smtp": {"host": "{{host}}", "port": "{{port}}", "tls": "starttls", "from": "a@x", "to": ["b@y"],
                              "message": "M: 1\r\n\r\nx\r\n"})",
                        R"("request": {"method": "GET", "url": "https://x"})",
                        "request 1: a mail through mail.example instead of GET https://x"});
    CHECK(play(replaced(mail, change.from, change.to), mailer) == Lines{change.line});
    CHECK_THAT(play(mail).at(0), Contains("the plugin does not offer the interface crossdock.channel/1"));
}

TEST_CASE("a bad cassette is refused by file and member", "[sdk][unit]") {
    const auto row = GENERATE(
        Change{R"("cassette": 1)", R"("cassette": 2)", "/cassette is 2, and 1 can be played"},
        Change{R"("cassette": 1,)", "", "/cassette is missing: it says the format, 1"},
        Change{"crossdock.supplier/1", "crossdock.supplier/2", "/interface is neither crossdock.supplier/1 nor"},
        Change{"create_order", "deliver", "/operation is no operation of crossdock.supplier/1"},
        Change{R"("operation": "create_order",)", "", "/operation is missing"},
        Change{R"("settings": {)", R"("setings": {)", "/setings is no member that a cassette has there"},
        Change{R"("input": {)", R"("input": 1, "rows": {)", "/input must be an object"},
        Change{R"("exchanges": [{)", R"("exchanges": [1, {)", "/exchanges/0 must be an object"},
        Change{R"("request": {)", R"("smtp": {}, "request": {)", "/exchanges/0 needs either \"request\" or \"smtp\""},
        Change{R"("method": "POST", )", "", "/exchanges/0/request/method is missing"},
        Change{R"("method": "POST")", R"("method": "POST", "uri": "")", "/exchanges/0/request/uri is no member"},
        Change{R"("[redacted]")", "1", "/exchanges/0/request/headers/Content-Type must be a string"},
        Change{R"("json": {"from")", R"("body": "", "json": {"from")", "/exchanges/0/request has more than one of \"json\""},
        Change{R"("response": {)", R"("response": {"body_base64": "a===", )", "/exchanges/0/response/body_base64 is no base64"},
        Change{R"({"status": 422, "json")", R"({"json")", "/exchanges/0/response/status is missing"},
        Change{R"({"status": 422, "json")", R"({"status": "422", "json")", "/exchanges/0/response/status must be an integer"},
        Change{R"({"status": 422, "json")", R"({"transport": "lost", "json")",
               "/exchanges/0/response/transport must be one of answered, not_sent, cut"},
        Change{R"({"status": 422, "json")", R"({"transport": "cut", "status": 422, "json")",
               "/exchanges/0/response/status cannot be there without an answer"},
        Change{R"("output": {)", R"("rows": [{"sku": "A"}], "output": {)", "/rows/0/quantity is missing"},
        Change{R"("output": {)", R"("rows": [{"sku": "A", "colour": ""}], "output": {)", "/rows/0/colour is no member"},
        Change{R"("output": {)", R"("fault": "f", "output": {)", "the cassette needs either \"output\" or \"fault\""},
        Change{R"("output": {)", R"("output": 1, "rows": {)", "/rows must be a list"}, Change{"{", "", "not JSON at byte"});
    std::string text;
    try {
        (void)testing::Cassette::parse(replaced(good, row.from, row.to), "acme/a.json");
    } catch (const std::runtime_error& error) { text = error.what(); }
    CHECK_THAT(text, Catch::StartsWith("acme/a.json: " + row.line));
}

TEST_CASE("a folder of cassettes is played whole, and one without cassettes is an error", "[sdk][unit]") {
    const crossdock::support::TemporaryFolder folder;
    const auto plugin = testing::Plugin::from(descriptor);
    CHECK_THROWS_WITH(testing::play_all(plugin, folder.path()), Contains("there is no cassette"));
    CHECK_THROWS_WITH(testing::play_all(plugin, folder.path() / "none"), Contains("none: there is no such folder"));
    CHECK_THROWS_WITH(testing::Cassette::load(folder.path() / "none.json"), Contains("none.json: the cassette cannot be opened"));
    std::ofstream(folder.path() / "c-good.json") << good;
    std::ofstream(folder.path() / "b-other.json") << replaced(good, R"("method": "POST")", R"("method": "PUT")");
    std::ofstream(folder.path() / "a-bad.json") << "{";
    std::ofstream(folder.path() / "notes.txt") << "no cassette";
    const auto lines = testing::play_all(plugin, folder.path());
    REQUIRE(lines.size() == 2);
    CHECK_THAT(lines[0], Contains("a-bad.json: not JSON"));
    CHECK(lines[1] == R"(b-other.json: request 1 method: "POST" instead of "PUT")");
}

namespace {

/// Answers what its expression gives, twice.
class Asker final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "asker", .version = "1"};
    static sdk::Schema settings() { return sdk::Schema{}.url("base_url", "Root"); }
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto first = host.evaluate(".a", order.document).dump();
        return {.reason = first + " " + host.evaluate(".a", order.document).dump()};
    }
};

constexpr auto asker = sdk::detail::descriptor<Asker>(&sdk::detail::supplier_interface<Asker>);

std::string asking(const std::string& evaluations, const std::string& end) {
    return R"({"cassette": 1, "interface": "crossdock.supplier/1", "operation": "create_order",
      "settings": {"base_url": "https://api.example"}, "input": {"reference": "R", "effect_key": "k", "order": {}},
      "evaluations": )" +
           evaluations + ", " + end + "}";
}

}  // namespace

TEST_CASE("expressions give what a cassette says, in order, and the last value holds on", "[sdk][unit]") {
    const std::string output = R"("output": {"transport": "not_sent", "status": 0, "reason": )";
    CHECK(play(asking(R"([{"expression": ".a", "value": 231.00}, {"expression": ".a", "value": "{{base_url}}"}])",
                      output + R"("231.00 \"https://api.example\""})"),
               asker) == Lines{});
    CHECK(play(asking(R"([{"expression": ".a", "value": null}])", output + R"("null null"})"), asker) == Lines{});
    CHECK(
        play(asking(R"([{"expression": ".a", "value": 1}, {"expression": ".a", "error": "it broke"}])", R"("fault": "it broke")"),
             asker) == Lines{});
    const auto wrong = GENERATE(R"({})", R"([1])", R"([{"expression": ".a"}])", R"([{"value": 1}])",
                                R"([{"expression": ".a", "value": 1, "error": "x"}])");
    CHECK_THROWS_WITH(testing::Cassette::parse(asking(wrong, output + R"("x"})"), "a.json"), Catch::Contains("/evaluations"));
}
