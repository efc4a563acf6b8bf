#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path plugins = PLUGINS;

const char* const seed_order = R"({"supplier":"wesellcellular","order_id":"PXSTKL0000347","customer_id":"worldtech-1734",)"
                               R"("items":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":231.00},)"
                               R"({"sku":"CASE","quantity":1,"unit_price":0.1,"ours":"not sent"}],)"
                               R"("shipping_address":{"line1":"1734 Harbor Boulevard"},"metadata":{"note":"n"},"extra":1})";

/// A worker with the phonex plugin, talking to `server`.
class PhoneX {
public:
    explicit PhoneX(const FakeServer& server) {
        const auto settings = Json::parse(R"({"base_url":")" + server.url() + R"(/","api_key":"canary-key"})").value();
        manifest = floor.wait(floor.workers->start(supplier_spec(plugins / "libphonex.so", settings))).value();
    }
    CallAnswer call(const std::string& operation, const std::string& input, OnBatch on_batch = {}) {
        Call call;
        call.target = "acme";
        call.operation = operation;
        call.input = Json::parse(input).value();
        call.timeout = milliseconds(20'000);
        call.effect = operation == "create_order";
        call.not_after = call.effect ? system_boot_ms() + 10'000 : 0;
        return floor.wait(floor.workers->call(std::move(call), std::move(on_batch)));
    }
    Floor floor;
    Manifest manifest;
};

std::string create_input() {
    return std::string(R"({"reference":"PXSTKL0000347-2","effect_key":"key-1","supplier":"WSC","order":)") + seed_order + "}";
}

Task<bool> take(std::shared_ptr<std::vector<std::string>> seen, Json rows) {
    for (const auto& row : rows.items()) { seen->push_back(row.dump()); }
    co_return true;
}

}  // namespace

TEST_CASE("PhoneX gets an order as its API wants it, money as written", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(http_answer(201, R"({"order_id":"PXSTKL0000347-2","supplier_order_id":"ORD845140","status":"pending"})"));
        peer.drain();
    });
    PhoneX phonex(server);
    CHECK(phonex.manifest.classes.front() == std::pair<std::string, std::string>("create_order", "idempotent"));
    const auto answer = phonex.call("create_order", create_input());
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == "answered");
    CHECK(answer.output.integer("status") == 201);
    CHECK(answer.output.text("supplier_order_id") == "ORD845140");
    CHECK(answer.output.text("supplier_status") == "pending");
    CHECK_THAT(answer.output.text("exchange"), Catch::StartsWith("POST /v1/orders -> 201 in "));
    REQUIRE(server.notes().size() == 1);
    const auto request = server.notes()[0];
    CHECK_THAT(request, Catch::StartsWith("POST /v1/orders HTTP/1.1\r\n"));
    CHECK_THAT(request, Contains("\r\nAuthorization: Bearer canary-key\r\n"));
    CHECK_THAT(request, Contains("\r\nIdempotency-Key: key-1\r\n"));
    CHECK_THAT(request, Contains("\r\nContent-Type: application/json\r\n"));
    CHECK(request.substr(request.find("\r\n\r\n") + 4) ==
          R"({"supplier":"WSC","order_id":"PXSTKL0000347-2","customer_id":"worldtech-1734",)"
          R"("items":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":231.00},{"sku":"CASE","quantity":1,"unit_price":0.1}],)"
          R"("shipping_address":{"line1":"1734 Harbor Boulevard"},"metadata":{"note":"n"}})");
}

TEST_CASE("what PhoneX answers is reported, and no id is made up", "[workers][unit]") {
    struct Row {
        std::string answer;
        std::string transport;
        int status;
        std::string id;
        std::string reason;
    };
    const auto row =
        GENERATE(Row{http_answer(422, R"({"error":"unknown SKU"})"), "answered", 422, "", "unknown SKU"},
                 Row{http_answer(201, "<html>ORD845140</html>"), "answered", 201, "", "no JSON"},
                 Row{http_answer(201, R"({"supplier_order_id":845140})"), "answered", 201, "", ""},
                 Row{http_answer(201, R"({"order_id":"OTHER","supplier_order_id":"ORD845140"})"), "answered", 201, "",
                     "speaks of the order OTHER"},
                 Row{http_answer(500, R"({"error":"key canary-key broke"})"), "answered", 500, "", "key [secret] broke"},
                 Row{"", "cut", 0, "", ""});
    FakeServer server([&](FakeServer::Connection& peer, int) {
        (void)peer.read_request();
        peer.write(row.answer);
    });
    PhoneX phonex(server);
    const auto answer = phonex.call("create_order", create_input());
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == row.transport);
    CHECK(answer.output.integer("status") == row.status);
    CHECK(answer.output.text("supplier_order_id") == row.id);
    CHECK_THAT(answer.output.text("reason"), Contains(row.reason));
}

TEST_CASE("a supplier that cannot be reached leaves the order unsent", "[workers][unit]") {
    Floor floor;
    const auto settings =
        Json::parse(R"({"base_url":"http://127.0.0.1:)" + std::to_string(closed_port()) + R"(","api_key":"canary-key"})").value();
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(plugins / "libphonex.so", settings))).has_value());
    const auto answer = floor.wait(floor.workers->call(order_call(seed_order), {}));
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == "not_sent");
}

TEST_CASE("a lookup counts exact references only, and only in an answer that was understood", "[workers][unit]") {
    struct Row {
        std::string answer;
        std::string matches;
    };
    const auto row =
        GENERATE(Row{http_answer(200, R"({"orders":[{"order_id":"A/1","supplier_order_id":"ORD1","status":"shipped"},)"
                                      R"({"order_id":"A/12","supplier_order_id":"ORD2","status":"pending"}]})"),
                     R"([{"supplier_order_id":"ORD1","supplier_status":"shipped"}])"},
                 Row{http_answer(200, R"({"orders":[]})"), "[]"}, Row{http_answer(404, R"({"orders":[]})"), "none"},
                 Row{http_answer(200, R"({"order":[]})"), "none"}, Row{http_answer(200, "oops"), "none"}, Row{"", "none"});
    FakeServer server([&](FakeServer::Connection& peer, int) {
        server.note(peer.read_request());
        peer.write(row.answer);
    });
    PhoneX phonex(server);
    const auto answer = phonex.call("find_order", R"({"reference":"A/1"})");
    REQUIRE(answer.status == CallStatus::answered);
    const auto* matches = answer.output.find("matches");
    CHECK((matches == nullptr ? "none" : matches->dump()) == row.matches);
    CHECK_THAT(server.notes()[0], Catch::StartsWith("GET /v1/orders?reference=A%2F1 HTTP/1.1\r\n"));
}

TEST_CASE("a webhook becomes evidence, or a fault that names the field", "[workers][unit]") {
    FakeServer server([](FakeServer::Connection&, int) {});
    PhoneX phonex(server);
    const auto translate = [&](const std::string& body) {
        Json input = Json::object();
        input.set("body", body).set("headers", Json::object());
        return phonex.call("handle_webhook", input.dump());
    };
    const auto seed =
        translate(R"({"event":"order.status_updated","order_id":"PXSTKL0000347","supplier_order_id":"ORD845140",)"
                  R"("status":"shipped","tracking_number":"1Z999AA10123456784","updated_at":"2025-10-30T18:06:39Z"})");
    REQUIRE(seed.status == CallStatus::answered);
    CHECK(seed.output.dump() ==
          R"({"evidence":[{"event":"order.status_updated","reference":"PXSTKL0000347","supplier_order_id":"ORD845140",)"
          R"("supplier_status":"shipped","tracking_number":"1Z999AA10123456784","occurred_at":"2025-10-30T18:06:39Z"}]})");
    struct Row {
        const char* body;
        const char* field;
    };
    for (const auto& row :
         {Row{R"({"event":"e","status":"s","updated_at":"2025-10-30T18:06:39Z"})", "\"order_id\" is missing"},
          Row{R"({"event":"e","order_id":"a","status":7,"updated_at":"2025-10-30T18:06:39Z"})", "\"status\" is no string"},
          Row{R"({"event":"e","order_id":"a","status":"s","updated_at":"yesterday"})", "\"updated_at\" is no RFC 3339"},
          Row{R"({"event":"e","order_id":"a","status":"s","tracking_number":1,"updated_at":"2025-10-30T18:06:39Z"})",
              "\"tracking_number\" is no string"},
          Row{"[]", "no JSON object"}, Row{"{", "not JSON"}}) {
        const auto answer = translate(row.body);
        CHECK(answer.status == CallStatus::failed);
        CHECK_THAT(answer.text, Contains(row.field));
    }
}

TEST_CASE("PhoneX's stock is read page by page, prices as written", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        for (auto request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            server.note(request.substr(0, request.find("\r\n")));
            const bool first = request.find("page=1&") != std::string::npos;
            peer.write(http_answer(
                200,
                first
                    ? R"({"items":[{"sku":"A","name":"a","quantity":12,"price":231.00,"currency":"USD","grade":"B",)"
                      R"("lock_status":"unlocked","warehouse":"MIA"}],"page":1,"pages":2})"
                    : R"({"items":[{"sku":"B","name":"b","quantity":"100+","price":0.1,"currency":"USD"}],"page":2,"pages":2})"));
        }
    });
    PhoneX phonex(server);
    auto seen = std::make_shared<std::vector<std::string>>();
    const OnBatch on_batch = [seen](Json rows) { return take(seen, std::move(rows)); };
    const auto answer = phonex.call("sync_inventory", "{}", on_batch);
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.boolean("complete"));
    CHECK(answer.output.integer("rows") == 2);
    REQUIRE(seen->size() == 2);
    CHECK(seen->at(0) ==
          R"({"sku":"A","name":"a","quantity":12,"lower_bound":false,"price":"231.00","currency":"USD","grade":"B",)"
          R"("lock_status":"unlocked","warehouse":"MIA"})");
    CHECK_THAT(seen->at(1), Contains(R"("quantity":100,"lower_bound":true,"price":"0.1")"));
    CHECK(server.notes() == std::vector<std::string>{"GET /v1/inventory?page=1&page_size=100 HTTP/1.1",
                                                     "GET /v1/inventory?page=2&page_size=100 HTTP/1.1"});
}

TEST_CASE("a stock listing that fails, loops or contradicts itself is never complete", "[workers][unit]") {
    const std::string item = R"({"sku":"A","name":"a","quantity":1,"price":1.50,"currency":"USD"})";
    struct Row {
        std::string second;
        std::string reason;
    };
    const auto row = GENERATE_COPY(
        Row{http_answer(503, "{}"), "503"}, Row{"", "cut"},
        Row{http_answer(200, R"({"items":[)" + item + R"(],"page":2,"pages":2})"), "A was listed before"},
        Row{http_answer(200, R"({"items":[],"page":1,"pages":2})"), "says that it is page 1"},
        Row{http_answer(200, R"({"items":[],"page":2,"pages":3})"), "changed from 2 to 3"},
        Row{http_answer(200, R"({"items":[],"page":2,"pages":2})"), "no items"},
        Row{http_answer(200, R"({"items":[{"sku":"B","quantity":-1,"price":1,"currency":"USD"}],"page":2,"pages":2})"),
            "/items/0: \"quantity\""},
        Row{http_answer(200, R"({"items":[{"sku":"B","quantity":1,"price":1e3,"currency":"USD"}],"page":2,"pages":2})"),
            "/items/0: \"price\""},
        Row{http_answer(200, R"({"items":[{"sku":"B","qua)"), "not JSON"});
    FakeServer server([&](FakeServer::Connection& peer, int) {
        for (auto request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            const bool first = request.find("page=1&") != std::string::npos;
            const auto said = first ? http_answer(200, R"({"items":[)" + item + R"(],"page":1,"pages":2})") : row.second;
            if (said.empty()) { return; }
            peer.write(said);
        }
    });
    PhoneX phonex(server);
    auto seen = std::make_shared<std::vector<std::string>>();
    const OnBatch on_batch = [seen](Json rows) { return take(seen, std::move(rows)); };
    const auto answer = phonex.call("sync_inventory", "{}", on_batch);
    CHECK(answer.status == CallStatus::failed);
    CHECK_THAT(answer.text, Contains("inventory page 2"));
    CHECK_THAT(answer.text, Contains(row.reason));
}

namespace {

Json message(const std::string& to = "buyer@worldtech.example") {
    Json input = Json::object();
    input.set("message_id", "<fact-1@crossdock.example>").set("from", "orders@crossdock.example").set("from_name", "PhoneExport");
    input.set("to", to).set("subject", "Your order \xE2\x80\x93 shipped").set("text", "Tracking 1Z999AA10123456784\n.dot\n");
    input.set("html", "<p>1Z999AA10123456784 \xC3\xA9</p>").set("date", "Thu, 30 Oct 2025 18:06:39 +0000");
    return input;
}

Call deliver(Json input) {
    Call call;
    call.target = "email";
    call.operation = "deliver";
    call.input = std::move(input);
    call.effect = true;
    call.not_after = system_boot_ms() + 10'000;
    return call;
}

/// Accepts every mail and notes it; cuts behind the final dot when told to.
void serve_mail(FakeServer& server, FakeServer::Connection& peer, bool cut) {
    peer.write("220 sink\r\n");
    for (auto line = peer.read_until("\r\n"); !line.empty(); line = peer.read_until("\r\n")) {
        if (!line.starts_with("DATA")) {
            peer.write("250 fine\r\n");
            continue;
        }
        peer.write("354 go on\r\n");
        server.note(peer.read_until("\r\n.\r\n"));
        if (cut) { return; }
        peer.write("250 taken\r\n");
    }
}

Result<Manifest> start_email(Floor& floor, const FakeServer& server) {
    WorkerSpec spec;
    spec.name = "email";
    spec.interface = "crossdock.channel/1";
    spec.library = plugins / "libemail.so";
    spec.settings = Json::parse(R"({"host":"127.0.0.1","tls":"none","port":)" + std::to_string(server.port()) + "}").value();
    return floor.wait(floor.workers->start(std::move(spec)));
}

}  // namespace

TEST_CASE("a mail goes out as MIME with text and HTML", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) { serve_mail(server, peer, false); });
    Floor floor;
    const auto manifest = start_email(floor, server);
    REQUIRE(manifest.has_value());
    CHECK(manifest->classes == decltype(manifest->classes){{"deliver", "repeatable"}});
    const auto answer = floor.wait(floor.workers->call(deliver(message()), {}));
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == "answered");
    CHECK(answer.output.integer("status") == 250);
    REQUIRE(server.notes().size() == 1);
    const auto mail = server.notes()[0];
    CHECK_THAT(mail, Contains("Message-ID: <fact-1@crossdock.example>\r\n"));
    CHECK_THAT(mail, Contains("From: \"PhoneExport\" <orders@crossdock.example>\r\nTo: buyer@worldtech.example\r\n"));
    CHECK_THAT(mail, Contains("Subject: =?UTF-8?B?WW91ciBvcmRlciDigJMgc2hpcHBlZA==?=\r\n"));
    CHECK_THAT(mail, Contains("Content-Type: multipart/alternative; boundary="));
    CHECK_THAT(mail, Contains("Tracking 1Z999AA10123456784\r\n..dot\r\n"));
    CHECK_THAT(mail, Contains("<p>1Z999AA10123456784 =C3=A9</p>\r\n"));
}

TEST_CASE("a mail whose final dot got no answer is cut, and one with a smuggled recipient never leaves", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) { serve_mail(server, peer, true); });
    Floor floor;
    REQUIRE(start_email(floor, server).has_value());
    CHECK(floor.wait(floor.workers->call(deliver(message()), {})).output.text("transport") == "cut");
    for (const auto* to : {"a@b.example\r\nBcc: x@y.example", "a@b.example> x", "nobody", "a@b@c"}) {
        const auto answer = floor.wait(floor.workers->call(deliver(message(to)), {}));
        CHECK(answer.status == CallStatus::failed);
        CHECK_THAT(answer.text, Contains("\"to\""));
    }
    auto subject = message();
    subject.set("subject", "x\r\nBcc: evil@x.example");
    CHECK_THAT(floor.wait(floor.workers->call(deliver(subject), {})).text, Contains("\"subject\""));
    CHECK(server.notes().size() == 1);
}
