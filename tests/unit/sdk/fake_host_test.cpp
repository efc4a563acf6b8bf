// The services of the testing kit's host. Where a rule is the real host's, the expectation is that of tests/unit/plugin:
// services_test, workers_test, settings_test and the outbound tests.
#include <crossdock/sdk.hpp>
#include <crossdock/testing.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;
using Catch::Contains;
using testing::FakeHost;
using Call = testing::FakeHost::Call;

namespace {

sdk::Json schema() {
    return sdk::Schema{}
        .url("base_url", "Root of the API")
        .secret("api_key", "Key")
        .integer("port", "Port", 587)
        .choice("tls", "TLS", {"none", "starttls"}, "starttls")
        .boolean("verbose", "Chatty")
        .optional()
        .json();
}

const char* const settings = R"({"base_url":"https://api.example","api_key":"canary-key"})";

std::string problem(const FakeHost::Call& call) {
    return std::string(sdk::view(call.table()->problem(call.table()->context)));
}

}  // namespace

TEST_CASE("a plugin under test finds checked settings with defaults, and its secrets apart", "[sdk][unit]") {
    FakeHost host(settings, schema());
    const Call call(host, Call::Kind::plain);
    const sdk::Host seen(call.table());
    CHECK(seen.settings().dump() == R"({"base_url":"https://api.example","port":587,"tls":"starttls"})");
    CHECK(seen.secret("api_key") == "canary-key");
    CHECK_FALSE(seen.find_secret("base_url"));
    CHECK_FALSE(seen.find_secret("nobody"));
    host.set_secret("api_key", "rotated-key");
    CHECK(seen.secret("api_key") == "rotated-key");
}

TEST_CASE("settings under test are refused by name and without their value", "[sdk][unit]") {
    struct Row {
        const char* given;
        const char* complaint;
    };
    const auto row = GENERATE(
        Row{R"({"api_key":"canary"})", "\"base_url\" is missing (Root of the API)"},
        Row{R"({"base_url":"ftp://canary","api_key":"canary"})", "\"base_url\" must begin with http://"},
        Row{R"({"base_url":"http://x","api_key":""})", "\"api_key\" must not be empty"},
        Row{R"({"base_url":"http://x","api_key":"canary","port":"587"})", "\"port\" must be an integer"},
        Row{R"({"base_url":"http://x","api_key":"canary","port":1.5})", "\"port\" must be an integer"},
        Row{R"({"base_url":"http://x","api_key":"canary","tls":"canary"})", "\"tls\" must be one of none, starttls"},
        Row{R"({"base_url":"http://x","api_key":"canary","verbose":"yes"})", "\"verbose\" must be true or false"},
        Row{R"({"base_url":"http://x","api_key":{"env":"canary"}})", "\"api_key\" must be a string"},
        Row{R"({"base_url":"http://x","apikey":"canary"})", "\"apikey\" is not known to the plugin; it has base_url, api_key"});
    std::string text;
    try {
        (void)testing::check_settings(schema(), sdk::Json::parse(row.given));
    } catch (const std::runtime_error& error) { text = error.what(); }
    CHECK_THAT(text, Contains(row.complaint));
    CHECK_THAT(text, !Contains("canary"));
}

TEST_CASE("scripted answers come in order, and all that was asked for is kept", "[sdk][unit]") {
    FakeHost host;
    host.answer(429, "slow down", {{"Retry-After", "7"}, {"X-Id", "1"}}).cut().not_sent("no such host");
    const Call call(host, Call::Kind::plain);
    const sdk::Http http = sdk::Host(call.table()).http();
    const auto first = http.send("PUT", "https://api.example/a", {{"X-Test", "yes"}}, std::string("b\0dy", 4));
    CHECK(first.answered(429));
    CHECK(first.body == "slow down");
    CHECK(first.headers == std::vector<sdk::Header>{{"Retry-After", "7"}, {"X-Id", "1"}});
    CHECK(first.retry_after_ms == 7000);
    CHECK(http.get("https://api.example/b").transport == sdk::Transport::cut);
    CHECK(call.on_wire());
    const auto third = http.get("https://api.example/c");
    CHECK(third.transport == sdk::Transport::not_sent);
    CHECK(third.reason == "no such host");
    CHECK(host.replies_left() == 0);
    const auto unscripted = http.get("https://api.example/d");
    CHECK(unscripted.transport == sdk::Transport::not_sent);
    CHECK(unscripted.reason == "the test has no reply for GET https://api.example/d");
    const auto requests = host.requests();
    REQUIRE(requests.size() == 4);
    CHECK(requests[0].method == "PUT");
    CHECK(requests[0].header("x-test") == "yes");
    CHECK_FALSE(requests[0].header("X-Other"));
    CHECK(requests[0].body == std::string("b\0dy", 4));
    CHECK(requests[3].url == "https://api.example/d");
}

TEST_CASE("requests that the real host would not send are refused in its words", "[sdk][unit]") {
    FakeHost host;
    const Call call(host, Call::Kind::plain);
    const sdk::Http http = sdk::Host(call.table()).http();
    const auto why = [&](const sdk::HttpReply& reply) {
        CHECK(reply.transport == sdk::Transport::not_sent);
        return reply.reason;
    };
    CHECK(why(http.get("ftp://x")) == "the URL begins with neither http:// nor https://");
    CHECK(why(http.get("http://x/a b")) == "the URL holds a space or control character");
    CHECK(why(http.send("GET /", "http://x")) == "the method is no HTTP method");
    CHECK(why(http.get("http://x", {{"A:", "b"}})) == "a header's name is no header name");
    CHECK(why(http.get("http://x", {{"A", "b\r\nC: d"}})) == "the header A holds a line break or NUL");
    CHECK(host.requests().back().refused == "the header A holds a line break or NUL");
    CHECK_FALSE(call.on_wire());
}

TEST_CASE("mails are scripted and refused as requests are", "[sdk][unit]") {
    struct Row {
        sdk::SmtpSubmission mail;
        std::string reason;
    };
    const sdk::SmtpSubmission good{
        .host = "mail.example", .port = 25, .from = "a@x", .to = {"b@y"}, .message = "M: 1\r\n\r\n.\r\n"};
    const auto with = [&good](const auto& change) {
        auto mail = good;
        change(mail);
        return mail;
    };
    const auto row = GENERATE_COPY(
        Row{good, ""}, Row{with([](auto& mail) { mail.host = "a/b"; }), "the SMTP host is no host name"},
        Row{with([](auto& mail) { mail.port = 0; }), "the SMTP port is out of range"},
        Row{with([](auto& mail) { mail.from = "a@x\r\nRCPT TO:<c@z>"; }), "the sender's address is empty or holds a line break"},
        Row{with([](auto& mail) { mail.to.clear(); }), "there is no recipient"},
        Row{with([](auto& mail) { mail.to.push_back("b>y"); }), "a recipient's address is empty or holds a line break"},
        Row{with([](auto& mail) { mail.password = "a\nb"; }), "the SMTP user name or password holds a line break or NUL"},
        Row{with([](auto& mail) { mail.message = "a\nb\r\n"; }), "a line of the message is not ended by CR LF"},
        Row{with([](auto& mail) { mail.message = "a"; }), "the message does not end with CR LF"},
        Row{with([](auto& mail) { mail.message = std::string("a\0\r\n", 4); }), "the message holds NUL"});
    FakeHost host;
    host.answer(550);
    const Call call(host, Call::Kind::effect);
    const auto reply = sdk::Host(call.table()).submit(row.mail);
    CHECK(reply.transport == (row.reason.empty() ? sdk::Transport::answered : sdk::Transport::not_sent));
    CHECK(reply.status == (row.reason.empty() ? 550 : 0));
    CHECK_THAT(reply.reason, Catch::StartsWith(row.reason));
    CHECK(call.on_wire() == row.reason.empty());
    REQUIRE(host.mails().size() == 1);
    CHECK(host.mails()[0].mail.message == row.mail.message);
    CHECK_THAT(host.mails()[0].refused, Catch::StartsWith(row.reason));
}

TEST_CASE("an effect under test has one request at most", "[sdk][unit]") {
    FakeHost host;
    host.not_sent().answer(201).answer(201);
    const Call call(host, Call::Kind::effect);
    const sdk::Host seen(call.table());
    // What did not leave does not count.
    CHECK(seen.http().get("http://x").transport == sdk::Transport::not_sent);
    CHECK(seen.http().get("http://x").answered(201));
    const auto second = seen.http().get("http://x");
    CHECK(second.transport == sdk::Transport::not_sent);
    CHECK(second.reason == "an effect sends one request at most, and one has left");
    CHECK(seen.submit({.host = "h", .from = "a@x", .to = {"b@y"}, .message = "\r\n"}).reason == second.reason);
    CHECK(host.replies_left() == 1);
    CHECK(host.sent().size() == 4);
}

TEST_CASE("other operations under test may send more than once", "[sdk][unit]") {
    FakeHost host;
    host.answer(200).answer(200);
    const Call call(host, Call::Kind::plain);
    const auto http = sdk::Host(call.table()).http();
    CHECK(http.get("http://x").answered(200));
    CHECK(http.get("http://x").answered(200));
}

TEST_CASE("an effect whose time has passed is not sent", "[sdk][unit]") {
    FakeHost host;
    host.answer(200).answer(200);
    host.set_not_after(host.boot_ms() + 10);
    host.advance_ms(11);
    const bool effect = GENERATE(true, false);
    const Call call(host, effect ? Call::Kind::effect : Call::Kind::plain);
    CHECK(sdk::Host(call.table()).http().get("http://x").reason == (effect ? "its time to leave (not_after) had passed" : ""));
}

TEST_CASE("the clock under test stands still until it is moved", "[sdk][unit]") {
    FakeHost host;
    host.set_utc_ms(1'761'847'599'000);
    const Call call(host, Call::Kind::plain);
    const auto* table = call.table();
    const auto boot = table->boot_ms(table->context);
    CHECK(sdk::Host(table).utc_ms() == 1'761'847'599'000);
    host.advance_ms(1500);
    CHECK(sdk::Host(table).utc_ms() == 1'761'847'600'500);
    CHECK(table->boot_ms(table->context) == boot + 1500);
}

TEST_CASE("the log under test is kept, and secrets are blotted out of it", "[sdk][unit]") {
    FakeHost host(R"({"base_url":"https://api.example","api_key":"canary"})", schema());
    host.set_secret("longer", "canary-key");
    const Call call(host, Call::Kind::plain);
    const sdk::Host seen(call.table());
    seen.warning("canary-key and canary");
    seen.debug("abc");
    REQUIRE(host.log().size() == 2);
    CHECK(host.log()[0].level == XD_LOG_WARNING);
    CHECK(host.log()[0].text == "[secret] and [secret]");
    CHECK(host.log()[1].level == XD_LOG_DEBUG);
    host.set_secret("api_key", "abc");
    // As with the real host: three bytes are too few to blot.
    CHECK(host.redacted("abc") == "abc");
}

TEST_CASE("files under test are kept in memory by the host's rules", "[sdk][unit]") {
    FakeHost host;
    host.folder().files["old"] = "1";
    const Call call(host, Call::Kind::plain);
    const auto files = sdk::Host(call.table()).files();
    CHECK(files.read("old") == "1");
    CHECK_FALSE(files.read("cursor"));
    files.write("cursor", "17");
    files.write("cursor", "18");
    files.write("b.json", "{}");
    CHECK(files.read("cursor") == "18");
    CHECK(files.list() == std::vector<std::string>{"b.json", "cursor", "old"});
    CHECK(files.remove("cursor"));
    CHECK_FALSE(files.remove("cursor"));
    CHECK(host.folder().files.count("b.json") == 1);
    for (const std::string name : {"", ".", "..", "../other", ".hidden", "a/b", "/etc/passwd", "a b"}) {
        CHECK_THROWS_WITH(files.read(name), Contains("a file's name has 1 to 128"));
        CHECK_THROWS_WITH(files.write(name, ""), Contains("a file's name has 1 to 128"));
        CHECK_THROWS_WITH(files.remove(name), Contains("a file's name has 1 to 128"));
    }
    CHECK_THROWS_WITH(files.read(std::string(129, 'a')), Contains("a file's name has 1 to 128"));
    CHECK_THAT(problem(call), Contains("a file's name has 1 to 128"));
    CHECK_THROWS_WITH(files.write("a", std::string((16U << 20U) + 1, 'a')), "the file \"a\" would be longer than 16 MiB");
    for (int i = 0; host.folder().files.size() < testing::MemoryFiles::files_max; ++i) {
        host.folder().files[std::to_string(i)] = "";
    }
    CHECK_THROWS_WITH(files.write("one-more", ""), "there are 1000 files already; remove some");
    files.write("old", "2");
    host.folder().has_folder = false;
    CHECK_THROWS_WITH(files.write("a", "b"), "this plugin has no folder here");
    CHECK_THROWS_WITH(files.list(), "this plugin has no folder here");
}

TEST_CASE("a text that the host lends may be handed back to the very next service", "[sdk][unit]") {
    FakeHost host;
    host.folder().files["a"] = "content";
    const Call call(host, Call::Kind::plain);
    const auto* table = call.table();
    xd_text content{};
    REQUIRE(table->file_read(table->context, sdk::text("a"), &content) == XD_OK);
    REQUIRE(table->file_write(table->context, sdk::text("b"), content) == XD_OK);
    CHECK(host.folder().files["b"] == "content");
}

TEST_CASE("a canceled call under test sends and stores nothing", "[sdk][unit]") {
    FakeHost host;
    host.cancel();
    const Call call(host, Call::Kind::plain);
    const sdk::Host seen(call.table());
    CHECK(seen.canceled());
    CHECK(seen.http().get("http://x").reason == "the call was canceled");
    sdk::InventorySink sink(call.table());
    CHECK_THROWS_AS(sink.emit({{.sku = "A"}}), sdk::Canceled);
    CHECK(host.rows().empty());
}

TEST_CASE("rows whose size makes no sense end the call under test", "[sdk][unit]") {
    FakeHost host;
    const Call call(host, Call::Kind::plain);
    const auto* table = call.table();
    xd_inventory_row row{};
    row.size = sizeof(row) + 1;
    CHECK(table->emit_rows(table->context, &row, sizeof(row), 1) == XD_CANCELED);
    CHECK_THAT(call.host_fault(),
               Contains("inventory row 1 of the batch says that its size is " + std::to_string(sizeof(row) + 1)));
    CHECK(table->emit_rows(table->context, &row, 8, 1) == XD_CANCELED);
    CHECK_THAT(call.host_fault(), Contains("shorter than those of ABI revision 1"));
    row.size = sizeof(row);
    const std::string name(FakeHost::row_bytes_max, 'a');
    row.name = sdk::text(name);
    CHECK(table->emit_rows(table->context, &row, sizeof(row), 1) == XD_CANCELED);
    CHECK_THAT(call.host_fault(), Contains("longer than 65536 bytes"));
}

TEST_CASE("a row that makes no sense is named by its place and its sku", "[sdk][unit]") {
    FakeHost host;
    const Call call(host, Call::Kind::plain);
    const sdk::Host seen(call.table());
    sdk::InventorySink sink(call.table());
    const std::string sku(200, 's');
    CHECK_THROWS_AS(sink.emit({{.sku = "A"}, {.quantity = 1}}), sdk::Canceled);
    CHECK(call.host_fault() == "inventory row 2 of the batch has no sku");
    CHECK_THROWS_AS(sink.emit({{.sku = sku, .quantity = -1}}), sdk::Canceled);
    CHECK(call.host_fault() == "inventory row 1 of the batch (sku " + sku.substr(0, 40) + "): the quantity -1 is below 0");
    CHECK_THROWS_AS(sink.emit({{.sku = "A", .price = "1,5"}}), sdk::Canceled);
    CHECK(call.host_fault() == "inventory row 1 of the batch (sku A): the price is no decimal number: 1,5");
}

TEST_CASE("an expression under test gives what the test says, or names what the test has not said", "[sdk][unit]") {
    FakeHost host(settings, schema());
    host.evaluates(".a", R"({"price":231.00})").fails_to_evaluate(".b", "line 1, column 1: no");
    const Call call(host, Call::Kind::effect);
    const sdk::Host seen(call.table());
    const auto document = sdk::Json::parse(R"({"a":1})");
    CHECK(seen.evaluate(".a", document).dump() == R"({"price":231.00})");
    CHECK(seen.evaluate(".a", sdk::Json()).dump() == R"({"price":231.00})");
    CHECK_THROWS_WITH(seen.evaluate(".b", document), "line 1, column 1: no");
    CHECK_THROWS_WITH(seen.evaluate(".c", document),
                      "the test has no value for the expression `.c`: FakeHost::evaluates gives it one");
    CHECK_THROWS_WITH(seen.evaluate(std::string((16 << 10) + 1, ' '), document), Contains("larger than 16384 bytes"));
    CHECK_THROWS_WITH(seen.evaluate(".a", sdk::Json(std::string(4 << 20, 'x'))), Contains("larger than 4194304 bytes"));
    xd_text value{};
    CHECK(call.table()->evaluate(call.table()->context, sdk::text(".a"), sdk::text("{"), &value) == XD_FAULT);
    CHECK_THAT(problem(call), Contains("the document is no JSON"));
    CHECK_FALSE(call.on_wire());
    REQUIRE(host.evaluations().size() == 7);
    CHECK(host.evaluations()[0].document == R"({"a":1})");
    CHECK(host.evaluations()[0].problem.empty());
    CHECK(host.evaluations()[2].problem == "line 1, column 1: no");
}

TEST_CASE("an evaluation under test is canceled, unless an effect's request has left", "[sdk][unit]") {
    FakeHost host(settings, schema());
    host.evaluates(".", "1").answer(201);
    {
        const Call call(host, Call::Kind::create);
        CHECK_THROWS_WITH(sdk::Host(call.table()).evaluate(".", sdk::Json()), "nothing is evaluated while an instance is made");
    }
    host.cancel();
    for (const auto kind : {Call::Kind::plain, Call::Kind::effect}) {
        const Call call(host, kind);
        CHECK_THROWS_AS(sdk::Host(call.table()).evaluate(".", sdk::Json()), sdk::Canceled);
    }
}

TEST_CASE("a host of revision 2 evaluates nothing", "[sdk][unit]") {
    FakeHost host(settings, schema());
    host.set_revision(2);
    const Call call(host, Call::Kind::plain);
    CHECK(call.table()->size == offsetof(xd_host, evaluate));
    CHECK_THROWS_WITH(sdk::Host(call.table()).evaluate(".", sdk::Json()), "this host is too old: it evaluates no expressions");
    CHECK(sdk::Host(call.table()).secret("api_key") == "canary-key");
}

TEST_CASE("a code that a plugin asks for is recorded, and differs with the key and with the data", "[sdk][unit]") {
    FakeHost host(settings, schema());
    const Call call(host, Call::Kind::effect);
    const sdk::Host used(call.table());
    const auto mac = used.hmac_sha256("key", "data");
    CHECK(mac.size() == 32);
    CHECK(used.hmac_sha256("key", "data") == mac);
    CHECK(used.hmac_sha256("key", "other") != mac);
    CHECK(used.hmac_sha256("other", "data") != mac);
    REQUIRE(host.hmacs().size() == 4);
    CHECK(host.hmacs()[0].algorithm == XD_HMAC_SHA256);
    CHECK(host.hmacs()[0].key == "key");
    CHECK(host.hmacs()[0].data == "data");
    CHECK(host.hmacs()[0].mac == mac);
    xd_text none{};
    CHECK(call.table()->hmac(call.table()->context, 7, sdk::text("key"), sdk::text("data"), &none) == XD_FAULT);
    CHECK(std::string(sdk::view(call.table()->problem(call.table()->context))) ==
          "this host knows HMAC-SHA256 (1) only, not algorithm 7");
}

TEST_CASE("a host of revision 3 signs nothing", "[sdk][unit]") {
    FakeHost host(settings, schema());
    host.set_revision(3);
    const Call call(host, Call::Kind::plain);
    CHECK(call.table()->size == offsetof(xd_host, hmac));
    CHECK_THROWS_WITH(sdk::Host(call.table()).hmac_sha256("key", "data"), "this host is too old: it signs nothing");
}

TEST_CASE("bytes are written as hex and base64, and read back", "[sdk][unit]") {
    // RFC 4648, section 10.
    struct Row {
        std::string bytes, base64, hex;
    };
    const auto row = GENERATE(Row{"", "", ""}, Row{"f", "Zg==", "66"}, Row{"fo", "Zm8=", "666f"}, Row{"foo", "Zm9v", "666f6f"},
                              Row{"foob", "Zm9vYg==", "666f6f62"}, Row{"fooba", "Zm9vYmE=", "666f6f6261"},
                              Row{"foobar", "Zm9vYmFy", "666f6f626172"}, Row{"\xff\xfe\xfb", "//77", "fffefb"});
    CHECK(sdk::base64(row.bytes) == row.base64);
    CHECK(sdk::base64_bytes(row.base64) == row.bytes);
    CHECK(sdk::hex(row.bytes) == row.hex);
    for (const char* const bad : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v!", "Zm 9v", "====", "Zg==Zg=="}) {
        INFO(bad);
        CHECK_FALSE(sdk::base64_bytes(bad).has_value());
    }
}
