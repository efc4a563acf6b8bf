// The testing kit's way to load, make and call a plugin, its comparisons and its runner.
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

const std::string test_plugins = TEST_PLUGINS;

/// Does what its order says; see the tests.
class Probe final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{
        .name = "probe", .version = "1.2.3", .create_order = sdk::EffectClass::lookup, .abi_needs = 1};
    static sdk::Schema settings() {
        return sdk::Schema{}.secret("token", "Token").optional().text("greeting", "Said at the start", "hello");
    }

    explicit Probe(const sdk::Host& host) {
        ++alive;
        host.info(host.settings().need_text("greeting") + " " + host.find_secret("token").value_or(""));
        sent_at_start_ = sdk::name(host.http().get("https://api.example/").transport);
        if (host.settings().need_text("greeting") == "refuse") {
            --alive;
            throw std::runtime_error("not with the token " + host.secret("token"));
        }
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() override { --alive; }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto wish = order.document.text("do").value_or("");
        sdk::Submission made{.transport = sdk::Transport::answered, .status = 201};
        made.reason = "token " + host.find_secret("token").value_or("none") + ", at the start " + sent_at_start_;
        if (wish == "settings") { made.reason = host.settings().dump(); }
        if (wish == "later") { throw sdk::RetryLater("busy, says " + host.secret("token"), 7'000); }
        if (wish == "not supported") { throw sdk::NotSupported(); }
        if (wish == "post twice" || wish == "post and deny") { made = post(host); }
        if (wish == "post twice") { made = post(host); }
        if (wish == "post and deny") { made.transport = sdk::Transport::not_sent; }
        return made;
    }

    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& /*host*/) override {
        const std::vector<sdk::InventoryRow> rows(FakeHost::rows_per_batch + 1, sdk::InventoryRow{.sku = "A"});
        sink.emit(rows);
        return "none";
    }

    static inline int alive = 0;

private:
    static sdk::Submission post(const sdk::Host& host) {
        return sdk::Submission::from(host.http().post("https://api.example/orders", sdk::Json::object()), {});
    }
    std::string sent_at_start_;
};

constexpr auto probe_descriptor = sdk::detail::descriptor<Probe>(&sdk::detail::supplier_interface<Probe>);

std::string order(const std::string& wish = "") {
    return R"({"reference":"PX1","effect_key":"key-1","order":{"do":")" + wish + R"("}})";
}

}  // namespace

TEST_CASE("rows under test are collected until the call is canceled", "[sdk][unit]") {
    const auto plugin = testing::Plugin::from(probe_descriptor);
    auto instance = plugin.start("{}");
    FakeHost whole;
    const auto answer = instance.call("sync_inventory", "{}", whole);
    CHECK(answer.document.need_integer("rows") == 501);
    CHECK(whole.rows().size() == 501);
    FakeHost canceled;
    canceled.cancel_after_batches(1);
    CHECK(instance.call("sync_inventory", "{}", canceled).status == testing::Status::canceled);
    CHECK(canceled.rows().size() == FakeHost::rows_per_batch);
}

TEST_CASE("a plugin under test says what it is", "[sdk][unit]") {
    const auto plugin = testing::Plugin::from(probe_descriptor);
    CHECK(plugin.name() == "probe");
    CHECK(plugin.version() == "1.2.3");
    CHECK(plugin.abi_revision() == CROSSDOCK_ABI_REVISION);
    CHECK(plugin.abi_needs() == 1);
    CHECK(plugin.interfaces() == std::vector<std::string>{"crossdock.supplier/1"});
    CHECK(plugin.operations() == std::vector<std::string>{"create_order", "sync_inventory"});
    CHECK_FALSE(plugin.serial_calls());
    CHECK(plugin.manifest().at("/classes/create_order")->text() == "lookup");
    CHECK(plugin.schema().items().size() == 2);
    CHECK_THROWS_WITH(plugin.schema("crossdock.channel/1"),
                      "the plugin: the plugin does not offer the interface "
                      "crossdock.channel/1; it offers crossdock.supplier/1");
}

TEST_CASE("an object of a plugin under test is made by its settings, and ends", "[sdk][unit]") {
    const auto plugin = testing::Plugin::from(probe_descriptor);
    REQUIRE(Probe::alive == 0);
    {
        FakeHost making;
        making.answer(200);
        auto instance = plugin.start(R"({"token":"canary"})", making);
        CHECK(Probe::alive == 1);
        CHECK(making.log().at(0).text == "hello [secret]");
        CHECK(making.replies_left() == 1);
        const auto moved = std::move(instance);
        CHECK(Probe::alive == 1);
    }
    CHECK(Probe::alive == 0);
    CHECK_THROWS_WITH(plugin.start(R"({"token":"canary","greeting":"refuse"})"),
                      "the plugin: the plugin does not start: not with the token [secret]");
    CHECK_THROWS_WITH(plugin.start(R"({"greting":"x"})"), Contains("\"greting\" is not known to the plugin"));
    CHECK_THROWS_WITH(plugin.start("{"), Contains("the settings are no JSON"));
    CHECK(Probe::alive == 0);
}

TEST_CASE("an answer under test is what the engine would get", "[sdk][unit]") {
    auto instance = testing::Plugin::from(probe_descriptor).start(R"({"token":"canary"})");
    FakeHost host;
    const auto ask = [&](const std::string& wish) { return instance.call("create_order", order(wish), host); };
    const auto plain = ask("");
    REQUIRE(plain.ok());
    // Nothing is sent while an object is made.
    CHECK(plain.document.need_text("reason") == "token [secret], at the start not_sent");
    CHECK(ask("settings").document.need_text("reason") == R"({"greeting":"hello"})");
    const auto later = ask("later");
    CHECK(later.status == testing::Status::fault);
    CHECK(later.fault == "busy, says [secret]");
    CHECK(later.retry_after_ms == 7000);
    const auto unsupported = ask("not supported");
    CHECK(unsupported.status == testing::Status::not_supported);
    CHECK(unsupported.fault == "create_order is not supported by the plugin probe");
    CHECK(instance.call("find_order", "{}", host).status == testing::Status::not_supported);
    CHECK_THROWS_WITH(instance.call("creat_order", "{}", host), "there is no operation \"creat_order\"");
    CHECK_THAT(instance.call("create_order", "{}", host).fault, Contains("\"order\" is missing"));
}

TEST_CASE("a second request of an effect under test shows, and so does one that is denied", "[sdk][unit]") {
    auto instance = testing::Plugin::from(probe_descriptor).start("{}");
    FakeHost host;
    host.answer(201, "{}").answer(201, "{}");
    const auto twice = instance.call("create_order", order("post twice"), host);
    CHECK(twice.fault == "the plugin says that nothing was sent, but a request left");
    REQUIRE(host.requests().size() == 2);
    CHECK(host.requests()[1].refused == "an effect sends one request at most, and one has left");
    // The next call is an effect of its own.
    CHECK(instance.call("create_order", order("post and deny"), host).fault == twice.fault);
    CHECK(host.replies_left() == 0);
}

TEST_CASE("a host of revision 1 can be stood in for", "[sdk][unit]") {
    FakeHost host;
    host.set_revision(1);
    auto instance = testing::Plugin::from(probe_descriptor).start(R"({"token":"canary"})", host);
    CHECK(instance.call("create_order", order("settings"), host).document.need_text("reason") ==
          R"({"greeting":"hello","token":"[secret]"})");
    CHECK_FALSE(instance.call("create_order", order("later"), host).retry_after_ms);
    const Call call(host, Call::Kind::plain);
    CHECK_THROWS_WITH(sdk::Host(call.table()).files().list(), Contains("this host is too old"));
}

TEST_CASE("a plugin of an older revision is loaded from its file and works", "[sdk][unit]") {
    const auto plugin = testing::Plugin::load(test_plugins + "/librevision_1.so");
    CHECK(plugin.name() == "revision-1");
    CHECK(plugin.abi_revision() == 1);
    CHECK(plugin.abi_needs() == 1);
    auto instance = plugin.start(R"({"base_url":"https://api.example","api_key":"open sesame"})");
    FakeHost host;
    CHECK(instance.call("sync_inventory", "{}", host).document.need_integer("rows") == 2);
    REQUIRE(host.rows().size() == 2);
    CHECK(host.rows()[0].price == "231.00");
    CHECK(host.rows()[1].lower_bound);
}

TEST_CASE("a plugin of revision 2 is loaded from its file and works", "[sdk][unit]") {
    const auto plugin = testing::Plugin::load(test_plugins + "/librevision_2.so");
    CHECK(plugin.abi_revision() == 2);
    CHECK(plugin.abi_needs() == 2);
    auto instance = plugin.start(R"({"api_key":"open sesame"})");
    FakeHost host;
    host.folder().files["cursor"] = "16";
    CHECK_THAT(instance.call("create_order", "{}", host).document.need_text("exchange"), Catch::StartsWith("11 16 "));
    CHECK(host.folder().files["cursor"] == "17");
    CHECK(instance.call("find_order", "{}", host).retry_after_ms == 7000);
}

TEST_CASE("a plugin of revision 3 is loaded from its file and works", "[sdk][unit]") {
    const auto plugin = testing::Plugin::load(test_plugins + "/librevision_3.so");
    CHECK(plugin.abi_revision() == 3);
    CHECK(plugin.abi_needs() == 3);
    auto instance = plugin.start("{}");
    FakeHost host;
    host.evaluates(".reference | length", "3");
    CHECK_THAT(instance.call("create_order", R"({"reference":"PX1"})", host).document.need_text("exchange"),
               Catch::StartsWith("3 "));
    CHECK(host.evaluations().at(0).document == R"({"reference":"PX1"})");
}

TEST_CASE("a plugin of revision 4 is loaded from its file and works", "[sdk][unit]") {
    const auto plugin = testing::Plugin::load(test_plugins + "/librevision_4.so");
    CHECK(plugin.abi_revision() == 4);
    auto instance = plugin.start("{}");
    FakeHost host;
    CHECK_THAT(instance.call("create_order", R"({"reference":"PX1"})", host).document.need_text("exchange"),
               Catch::StartsWith("32 "));
}

TEST_CASE("a file that is no plugin is refused by name and reason", "[sdk][unit]") {
    struct Row {
        std::string file;
        std::string reason;
    };
    const auto row = GENERATE(Row{"libnone.so", "there is no such plugin file"},
                              Row{"libno_symbol.so", "it does not export the symbol crossdock_plugin"},
                              Row{"libwrong_abi_old.so", "the plugin is too old: it was built for ABI revision"},
                              Row{"libwrong_abi_new.so", "the plugin is too new: it needs ABI revision"},
                              Row{"", "the plugin cannot be loaded"});
    std::string text;
    try {
        (void)testing::Plugin::load(test_plugins + "/" + row.file);
    } catch (const std::runtime_error& error) { text = error.what(); }
    CHECK_THAT(text, Catch::StartsWith(test_plugins + "/" + row.file + ": ") && Contains(row.reason));
}

TEST_CASE("JSON is compared by value, numbers by how they are written", "[sdk][unit]") {
    const auto lines = [](const char* expected, const char* found) {
        return testing::differences(sdk::Json::parse(expected), sdk::Json::parse(found), "body");
    };
    using Lines = std::vector<std::string>;
    CHECK(lines(R"({"a":1,"b":[true,null]})", R"({"b":[true,null],"a":1})").empty());
    CHECK(lines("231.00", "231.0") == Lines{"body: 231.0 instead of 231.00"});
    CHECK(lines(R"({"a":{"b":[1,2]}})", R"({"a":{"b":[1,"2"]}})") == Lines{"body /a/b/1: \"2\" instead of 2"});
    CHECK(lines(R"({"a":1})", R"({"b":false})") == Lines{"body /a: missing, should be 1", "body /b: not expected, is false"});
    CHECK(lines("[1]", "[1,2]") == Lines{"body: 2 items instead of 1"});
    CHECK(lines("true", "false") == Lines{"body: false instead of true"});
}

TEST_CASE("the runner runs what it is asked for and tells by its exit", "[sdk][unit]") {
    std::vector<std::string> ran;
    testing::Suite suite;
    suite.test("an order is placed", [&] { ran.emplace_back("placed"); });
    suite.test("an order is refused", [&] { ran.emplace_back("refused"); });
    const auto run = [&](std::vector<std::string> words) {
        ran.clear();
        words.insert(words.begin(), "program");
        std::vector<char*> argv;
        for (auto& word : words) { argv.push_back(word.data()); }
        return suite.run(static_cast<int>(argv.size()), argv.data());
    };
    CHECK(run({}) == 0);
    CHECK(ran == std::vector<std::string>{"placed", "refused"});
    CHECK(run({"refused"}) == 0);
    CHECK(ran == std::vector<std::string>{"refused"});
    CHECK(run({"--list"}) == 0);
    CHECK(ran.empty());
    CHECK(run({"no such test"}) == 1);
    suite.test("a bad one", [] { testing::expect(false, "as told"); });
    CHECK(run({}) == 1);
    CHECK(ran.size() == 2);
    CHECK(run({"placed"}) == 0);
    suite.test("a worse one", [] { throw 42; });
    CHECK(run({"worse"}) == 1);
}

TEST_CASE("an expectation that fails says where, what and what instead", "[sdk][unit]") {
    using testing::expect_equal;
    using testing::expect_throws;
    CHECK_NOTHROW(expect_equal(std::size_t{1}, 1));
    CHECK_NOTHROW(expect_equal(std::string("a"), "a"));
    CHECK_NOTHROW(expect_equal(std::optional<std::string>("a"), "a"));
    CHECK_NOTHROW(expect_equal(sdk::Json::parse(R"({"a":1,"b":2})"), sdk::Json::parse(R"({"b":2,"a":1})")));
    CHECK_NOTHROW(expect_equal(testing::Status::ok, testing::Status::ok));
    CHECK_THAT(expect_throws([] { expect_equal(1, 2, "rows"); }),
               Contains("testing_test.cpp:") && Catch::EndsWith(": rows: 1 instead of 2"));
    CHECK_THAT(expect_throws([] { expect_equal(testing::Status::fault, testing::Status::ok); }),
               Catch::EndsWith(": fault instead of ok"));
    CHECK_THAT(expect_throws([] { expect_equal(std::optional<std::int64_t>(), 7); }), Catch::EndsWith(": nothing instead of 7"));
    CHECK_THAT(expect_throws([] { testing::expect(false, "it works"); }), Catch::EndsWith(": it works"));
    CHECK_THAT(expect_throws([] { testing::expect_none({"a", "b"}); }), Catch::EndsWith("there are differences\n    a\n    b"));
    CHECK_THROWS_AS(expect_throws([] {}), testing::Failed);
}
