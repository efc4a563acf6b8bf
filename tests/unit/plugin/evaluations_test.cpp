// The plugins' host service "evaluate an expression", over real workers: the plugin in one, jq in another.
#include "plugin/evaluations.hpp"
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;
using namespace std::string_literals;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;
/// Neither ends nor eats memory.
constexpr const char* endless = "def f: f; f";

Workers::Options with_expressions() {
    Workers::Options options;
    options.expressions = EXPRESSIONS;
    options.deaths_max = 1;
    return options;
}

/// One or two accounts of the obliging plugin.
struct Accounts : Floor {
    explicit Accounts(const std::vector<std::string>& names = {"acme"}, Workers::Options options = with_expressions())
        : Floor(std::move(options)) {
        for (const auto& name : names) {
            auto spec = supplier_spec(test_plugins / "libobliging.so");
            spec.name = name;
            const auto started = wait(workers->start(std::move(spec)));
            REQUIRE(started.has_value());
        }
    }
    static Call wish(const std::string& expression, const std::string& document = "null", const std::string& more = "") {
        return order_call(R"({"do":"evaluate","expression":)" + Json(expression).dump() + R"(,"document":)" + document + more +
                          "}");
    }
    CallAnswer ask(const std::string& expression, const std::string& document = "null", const std::string& more = "") {
        return wait(workers->call(wish(expression, document, more), {}));
    }
    /// The value's JSON, or "fault: ...".
    std::string value(const std::string& expression, const std::string& document = "null") {
        const auto answer = ask(expression, document);
        return answer.status == CallStatus::answered ? answer.output.text("reason") : "fault: " + answer.text;
    }
};

}  // namespace

TEST_CASE("a plugin gets what an expression gives for its document", "[workers][unit]") {
    Accounts accounts;
    CHECK(accounts.workers->pid_of(evaluations_worker) == -1);
    const std::string document = R"({"items":[{"sku":"A","quantity":10},{"sku":"\"B\\","quantity":2}],"price":231.00})";
    CHECK(accounts.value("[.items[].quantity] | add", document) == "12");
    CHECK(accounts.value(".items[1].sku", document) == R"("\"B\\")");
    CHECK(accounts.value(".items | map({(.sku): .quantity}) | add", document) == R"({"\"B\\":2,"A":10})");
    CHECK(accounts.value(".price", document) == "231");
    CHECK(accounts.value(".", "12345678901234567890") == R"("12345678901234567890")");
    CHECK(accounts.value(".none", document) == "null");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // Under sanitizers, with other tests beside it, the evaluator needs longer for that than it is given.
    CHECK(accounts.ask("length", "null", R"(,"size":4000000)").output.text("reason") == "4000000");
#endif
    CHECK(accounts.workers->pid_of(evaluations_worker) != -1);
    CHECK(accounts.workers->pid_of(evaluations_worker) != accounts.workers->pid_of("acme"));
}

TEST_CASE("what cannot be evaluated is told to the plugin, and nothing has died of it", "[workers][unit]") {
    Accounts accounts;
    REQUIRE(accounts.value("1") == "1");
    const auto plugin = accounts.workers->pid_of("acme");
    const auto evaluator = accounts.workers->pid_of(evaluations_worker);
    struct Row {
        std::string expression;
        std::string document;
        std::string error;
    };
    const std::vector<Row> rows{
        {".a | lenght", "null", "line 1, column 6: lenght/0 is not defined"},
        {"1 +\n(2", "null", "line 2, column 1: "},
        {".a * {}", R"({"a":"x"})", "string (\"x\") and object ({}) cannot be multiplied"},
        {"error(\"too much\")", "null", "too much"},
        {".[]", "[1,2]", "it gives several values"},
        {"empty", "null", "it gives no value"},
        {"env", "null", "line 1, column 1: `env` is not to be had"},
        {"$ENV.HOME", "null", "line 1, column 1: `$ENV` is not to be had"},
        {"include \"x\"; 1", "null", "line 1, column 1: "},
        {"input", "null", "`input` is not to be had"},
        {"1\0+1"s, "null", "line 1, column 2: a control character"},
        {std::string((16 << 10) + 1, ' '), "null", "the expression is larger than 16384 bytes"},
        {"1", R"(null,"size":4194303)", "the document is larger than 4194304 bytes"},
        {"[., .]", R"(null,"size":600000)", "the value is larger than 1048576 bytes"},
    };
    for (const auto& row : rows) {
        INFO(row.expression.substr(0, 40));
        const auto answer = accounts.ask(row.expression, row.document);
        // An effect that only evaluated has sent nothing: not unknown.
        CHECK(answer.status == CallStatus::failed);
        CHECK_THAT(answer.text, Contains(row.error));
        CHECK_THAT(accounts.ask(row.expression, row.document, R"(,"catch":1)").output.text("reason"),
                   Contains("caught: ") && Contains(row.error));
    }
    CHECK(accounts.value("1") == "1");
    CHECK(accounts.workers->pid_of("acme") == plugin);
    CHECK(accounts.workers->pid_of(evaluations_worker) == evaluator);
}

TEST_CASE("calls that run at once each get the values of their own expressions", "[workers][unit]") {
    Accounts accounts({"acme", "zenith"});
    std::vector<std::pair<int, std::shared_ptr<std::optional<CallAnswer>>>> answers;
    for (int i = 0; i < 60; ++i) {
        auto call = Accounts::wish(". + 1000 * " + std::to_string(i % 7), std::to_string(i), R"(,"times":10)");
        call.target = i % 2 == 0 ? "acme" : "zenith";
        answers.emplace_back(i, accounts.begin(accounts.workers->call(std::move(call), {})));
    }
    for (const auto& [i, answer] : answers) {
        CHECK(accounts.get(answer).output.text("reason") == std::to_string(i + 1000 * (i % 7)));
    }
}

TEST_CASE("an evaluation counts as nothing that an effect has sent", "[workers][unit]") {
    FakeServer server([](FakeServer::Connection& connection, int) {
        connection.read_request();
        connection.write(http_answer(201, R"({"id":"S-1"})"));
    });
    Accounts accounts;
    const auto wish = R"({"do":"post and evaluate","times":3,"expression":".a","document":{"a":"mapped"},"url":")" +
                      server.url() + R"(/orders"})";
    auto answer = accounts.wait(accounts.workers->call(order_call(wish), {}));
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("supplier_order_id") == "S-1");
    CHECK(answer.output.text("reason") == R"("mapped")");
    CHECK(server.connections() == 1);
    // Behind a request that left, a failed evaluation leaves the effect unknown.
    auto failing = wish;
    failing.replace(failing.find(R"(".a")"), 4, R"(".a.b")");
    answer = accounts.wait(accounts.workers->call(order_call(failing), {}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("Cannot index string"));
}

TEST_CASE("a call that waits for a value ends when it is canceled", "[workers][unit]") {
    Accounts accounts;
    const auto waiting = accounts.begin(accounts.workers->call(Accounts::wish(endless), {}));
    const auto behind = accounts.begin(accounts.workers->call(Accounts::wish("1"), {}));
    accounts.until([&] { return accounts.workers->pid_of(evaluations_worker) != -1; });
    const auto began = accounts.clock.boot_ms();
    accounts.workers->cancel("acme");
    CHECK(accounts.get(waiting).text == "canceled");
    CHECK(accounts.get(behind).text == "canceled");
    CHECK(accounts.clock.boot_ms() - began < 1'500);
    CHECK(accounts.value("1") == "1");
}

TEST_CASE("an effect whose request has left gets its value although it is canceled", "[workers][unit]") {
    std::atomic<bool> arrived{false};
    std::atomic<bool> canceled{false};
    FakeServer server([&](FakeServer::Connection& connection, int) {
        connection.read_request();
        arrived = true;
        while (!canceled) { std::this_thread::yield(); }
        connection.write(http_answer(201, R"({"id":"S-1"})"));
    });
    Accounts accounts;
    // Nothing is started any more once the workers are being stopped.
    REQUIRE(accounts.value("1") == "1");
    const auto waiting = accounts.begin(accounts.workers->call(
        order_call(R"({"do":"post and evaluate","expression":".a","document":{"a":1},"url":")" + server.url() + R"(/orders"})"),
        {}));
    accounts.until([&] { return arrived.load(); });
    const auto stopped = accounts.begin(Floor::finished(accounts.workers->stop(milliseconds(5'000))));
    canceled = true;
    const auto answer = accounts.get(waiting);
    CHECK(answer.status == CallStatus::answered);
    CHECK(answer.output.text("reason") == "1");
    (void)accounts.get(stopped);
}

TEST_CASE("a worker that dies while its plugin waits for a value leaves nothing behind", "[workers][unit]") {
    auto options = with_expressions();
    options.deaths_max = 0;
    Accounts accounts({"acme"}, options);
    const auto waiting = accounts.begin(accounts.workers->call(Accounts::wish(endless), {}));
    accounts.until([&] { return accounts.workers->pid_of(evaluations_worker) != -1; });
    ::kill(accounts.workers->pid_of("acme"), SIGKILL);
    CHECK(accounts.get(waiting).status == CallStatus::unknown);
    CHECK(accounts.value("1 + 1") == "2");
}

TEST_CASE("one account's endless expressions delay another's by one at a time", "[workers][unit]") {
    Accounts accounts({"acme", "zenith"});
    std::vector<std::shared_ptr<std::optional<CallAnswer>>> endlessly;
    for (int i = 0; i < 4; ++i) {
        endlessly.push_back(accounts.begin(accounts.workers->call(Accounts::wish(endless, "null", R"(,"catch":1)"), {})));
    }
    accounts.until([&] { return accounts.workers->pid_of(evaluations_worker) != -1; });
    auto call = Accounts::wish("1 + 1");
    call.target = "zenith";
    const auto answer = accounts.wait(accounts.workers->call(call, {}));
    CHECK(answer.output.text("reason") == "2");
    CHECK(std::count_if(endlessly.begin(), endlessly.end(), [](const auto& one) { return one->has_value(); }) <= 1);
    for (const auto& one : endlessly) {
        CHECK_THAT(accounts.get(one).output.text("reason"),
                   Contains("it took longer than 2s") || Contains("its turn did not come"));
    }
    CHECK(accounts.workers->pid_of("acme") != -1);
}

TEST_CASE("nothing is evaluated while an instance is made", "[workers][unit]") {
    Accounts accounts(std::vector<std::string>{});
    auto spec = supplier_spec(test_plugins / "libobliging.so", Json::object({{"greeting", "evaluate"}}));
    const auto started = accounts.wait(accounts.workers->start(std::move(spec)));
    REQUIRE(started.has_error());
    CHECK_THAT(started.error().what, Contains("nothing is evaluated while an instance is made"));
}

TEST_CASE("where there is no evaluator the plugin is told so", "[workers][unit]") {
    Accounts accounts({"acme"}, Workers::Options{});
    CHECK(accounts.value("1") == "fault: nothing is evaluated here");
}
