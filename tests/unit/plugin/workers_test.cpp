#include "base/signal.hpp"
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;

WorkerSpec obliging(const std::string& settings = "{}") {
    return supplier_spec(test_plugins / "libobliging.so", Json::parse(settings).value());
}

/// Counts rows and answers whether to go on.
Task<bool> count_rows(std::shared_ptr<std::vector<std::string>> seen, std::size_t stop_at, Json rows) {
    for (const auto& row : rows.items()) { seen->push_back(row.dump()); }
    co_return seen->size() < stop_at;
}

/// Stores a batch slowly: waits for `gate` to be opened.
Task<bool> wait_for_gate(Clock& clock, std::shared_ptr<bool> open, std::shared_ptr<int> batches, Json /*rows*/) {
    ++*batches;
    while (!*open) { co_await pause(clock, milliseconds(5)); }
    co_return true;
}

Call inventory_call() {
    Call call;
    call.target = "acme";
    call.operation = "sync_inventory";
    call.input = Json::object();
    return call;
}

}  // namespace

TEST_CASE("a plugin that fits answers with its manifest", "[workers][unit]") {
    Floor floor;
    const auto manifest = floor.wait(floor.workers->start(obliging()));
    REQUIRE(manifest.has_value());
    CHECK(manifest->name == "obliging");
    CHECK(manifest->version == "0.1.0");
    CHECK(manifest->digest.size() == 64);
    CHECK(manifest->classes.front() == std::pair<std::string, std::string>("create_order", "lookup"));
    CHECK(manifest->schema.items().size() == 3);
    CHECK(floor.workers->pid_of("acme") > 0);
    CHECK(floor.workers->pid_of("nobody") == -1);
}

TEST_CASE("a plugin that does not fit is refused with the reason", "[workers][unit]") {
    struct Row {
        const char* library;
        const char* interface;
        const char* settings;
        const char* reason;
    };
    const auto row = GENERATE(
        Row{"absent.so", "crossdock.supplier/1", "{}", "no such plugin file"},
        Row{"libno_symbol.so", "crossdock.supplier/1", "{}", "does not export the symbol crossdock_plugin"},
        Row{"libwrong_abi_old.so", "crossdock.supplier/1", "{}",
            "too old: it was built for ABI revision 0, this Crossdock takes 1 to 5"},
        Row{"libwrong_abi_new.so", "crossdock.supplier/1", "{}", "too new: it needs ABI revision 6, this Crossdock takes 1 to 5"},
        Row{"libobliging.so", "crossdock.channel/1", "{}",
            "does not offer the interface crossdock.channel/1; it offers crossdock.supplier/1"},
        Row{"libobliging.so", "crossdock.supplier/1", R"({"rows":"many"})", "the setting \"rows\" must be an integer"},
        Row{"libobliging.so", "crossdock.supplier/1", R"({"greeting":"refuse"})",
            "does not start: the greeting is not to my taste"});
    Floor floor;
    auto spec = supplier_spec(test_plugins / row.library, Json::parse(row.settings).value());
    spec.interface = row.interface;
    const auto result = floor.wait(floor.workers->start(std::move(spec)));
    REQUIRE(result.has_error());
    CHECK_THAT(result.error().what, Contains(row.reason));
    CHECK_THAT(result.error().where, Contains(row.library));
    CHECK(result.error().advice == Advice::refuse);
    CHECK(floor.workers->pid_of("acme") == -1);
}

TEST_CASE("a worker program that is missing is a fault with its path", "[workers][unit]") {
    boost::asio::io_context io;
    SystemClock clock(io.get_executor());
    const auto workers = Workers::make(io.get_executor(), clock, {.program = "/nowhere/crossdock-worker"});
    std::optional<Result<Manifest>> result;
    boost::asio::co_spawn(io, workers->start(obliging()),
                          [&](const std::exception_ptr&, Result<Manifest> got) { result = std::move(got); });
    io.run_for(std::chrono::seconds(10));
    REQUIRE(result.has_value());
    REQUIRE(result->has_error());
    CHECK_THAT(result->error().text(), Contains("/nowhere/crossdock-worker"));
}

TEST_CASE("numbers pass through a worker and a plugin as they were written", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const std::string order = R"({"do":"echo","unit_price":231.00,"tax":0.1,"big":12345678901234567890123,"text":"\u00e9\""})";
    const auto answer = floor.wait(floor.workers->call(order_call(order), {}));
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.text("reason") ==
          "{\"do\":\"echo\",\"unit_price\":231.00,\"tax\":0.1,\"big\":12345678901234567890123,\"text\":\"\xC3\xA9\\\"\"}");
    CHECK(answer.plugin_digest.size() == 64);
}

TEST_CASE("settings reach the plugin with their defaults", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).output.text("reason") == "hello");
}

TEST_CASE("a plugin finds no environment and no inherited descriptors", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    CHECK(floor.wait(floor.workers->call(wish("environment"), {})).output.text("reason") == "no environment");
}

TEST_CASE("what a plugin throws is a fault with its text, secrets blotted out", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging(R"({"token":"canary-secret"})"))).has_value());
    const auto answer = floor.wait(floor.workers->call(wish("throw"), {}));
    CHECK(answer.status == CallStatus::failed);
    CHECK(answer.text == "as asked, token [secret]");
    CHECK_THAT(floor.wait(floor.workers->call(wish("throw an int"), {})).text, Contains("no std::exception"));
    auto call = wish("x");
    call.operation = "cancel_order";
    CHECK(floor.wait(floor.workers->call(call, {})).text == "cancel_order is not supported by the plugin obliging");
}

TEST_CASE("a plugin that crashes costs the calls in flight and is started again", "[workers][unit]") {
    const auto how = GENERATE("crash", "exit");
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const auto first = floor.workers->pid_of("acme");
    const auto bystander = floor.begin(floor.workers->call(wish("hang"), {}));
    const auto answer = floor.wait(floor.workers->call(wish(how), {}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains(std::string(how) == "exit" ? "exit code 7" : "worker ended"));
    CHECK(floor.get(bystander).status == CallStatus::unknown);
    // The next call waits for the new process.
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
    CHECK(floor.workers->pid_of("acme") != first);
}

TEST_CASE("a worker that was killed is started again", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    for (int i = 0; i < 3; ++i) {
        const auto pid = floor.workers->pid_of("acme");
        REQUIRE(::kill(pid, SIGKILL) == 0);
        floor.until([&] { return floor.workers->pid_of("acme") > 0 && floor.workers->pid_of("acme") != pid; });
        CHECK(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
    }
}

TEST_CASE("a call that takes too long ends the worker and is unknown", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    auto call = wish("hang");
    call.timeout = milliseconds(200);
    const auto answer = floor.wait(floor.workers->call(call, {}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("create_order took longer than 200ms"));
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
}

TEST_CASE("an effect that is late, or that nobody can take, is not sent", "[workers][unit]") {
    Floor floor({.program = {}, .calls_max = 1});
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    auto late = wish("greet");
    late.not_after = system_boot_ms() - 1;
    CHECK(floor.wait(floor.workers->call(late, {})).status == CallStatus::not_sent);

    auto stranger = wish("greet");
    stranger.target = "nobody";
    CHECK(floor.wait(floor.workers->call(stranger, {})).status == CallStatus::not_sent);

    const auto busy = floor.begin(floor.workers->call(wish("hang until canceled"), {}));
    const auto over = floor.wait(floor.workers->call(wish("greet"), {}));
    CHECK(over.status == CallStatus::not_sent);
    CHECK_THAT(over.text, Contains("1 calls in flight"));
}

TEST_CASE("a call gives up at not_after while no worker comes up", "[workers][unit]") {
    // Once the first process is gone, the next comes after the backoff only.
    Floor floor({.program = {}, .backoff_first = milliseconds(60'000), .backoff_max = milliseconds(60'000)});
    const auto copy = std::filesystem::temp_directory_path() / ("crossdock-gone-" + std::to_string(::getpid()) + ".so");
    std::filesystem::copy_file(test_plugins / "libobliging.so", copy, std::filesystem::copy_options::overwrite_existing);
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(copy))).has_value());
    std::filesystem::remove(copy);
    REQUIRE(::kill(floor.workers->pid_of("acme"), SIGKILL) == 0);
    floor.until([&] { return floor.workers->pid_of("acme") == -1; });
    auto call = wish("greet");
    call.not_after = system_boot_ms() + 150;
    const auto answer = floor.wait(floor.workers->call(call, {}));
    CHECK(answer.status == CallStatus::not_sent);
    CHECK_THAT(answer.text, Contains("not up"));
}

TEST_CASE("an effect puts one request on the wire, whatever the plugin does", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        for (auto request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            server.note(request);
            peer.write(http_answer(201, R"({"id":"ORD845140"})"));
        }
    });
    struct Row {
        const char* wish;
        CallStatus status;
        const char* text;
    };
    const auto row = GENERATE(Row{"post", CallStatus::answered, ""},
                              Row{"post twice", CallStatus::unknown, "nothing was sent, but a request left"},
                              Row{"post and throw", CallStatus::unknown, "after the fact"},
                              Row{"post and deny", CallStatus::unknown, "nothing was sent, but a request left"});
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const auto order = std::string(R"({"do":")") + row.wish + R"(","url":")" + server.url() + R"(/orders","price":231.00})";
    const auto answer = floor.wait(floor.workers->call(order_call(order), {}));
    CHECK(answer.status == row.status);
    CHECK_THAT(answer.text, Contains(row.text));
    REQUIRE(server.notes().size() == 1);
    CHECK_THAT(server.notes()[0], Contains(R"("price":231.00)"));
    if (row.status == CallStatus::answered) { CHECK(answer.output.text("supplier_order_id") == "ORD845140"); }
}

TEST_CASE("inventory rows arrive in order and whole", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging(R"({"rows":1200})"))).has_value());
    auto seen = std::make_shared<std::vector<std::string>>();
    const OnBatch count = [seen](Json rows) { return count_rows(seen, 1'000'000, std::move(rows)); };
    const auto answer = floor.wait(floor.workers->call(inventory_call(), count));
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.integer("rows") == 1200);
    REQUIRE(seen->size() == 1200);
    CHECK(seen->at(7) == R"({"sku":"SKU-7","name":"n","quantity":7,"lower_bound":false,"price":"231.00","currency":"USD",)"
                         R"("grade":"","lock_status":"","warehouse":""})");
}

TEST_CASE("a plugin waits while a batch is being stored, and stops when told", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging(R"({"rows":5})"))).has_value());
    auto open = std::make_shared<bool>(false);
    auto batches = std::make_shared<int>(0);
    const OnBatch slow = [&floor, open, batches](Json rows) {
        return wait_for_gate(floor.clock, open, batches, std::move(rows));
    };
    const auto feed = floor.begin(floor.workers->call(inventory_call(), slow));
    floor.until([&] { return *batches == 1; });
    // Another call is answered meanwhile: the feed waits, the worker does not.
    REQUIRE(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
    CHECK(*batches == 1);
    *open = true;
    CHECK(floor.get(feed).status == CallStatus::answered);
    CHECK(*batches == 5);

    auto seen = std::make_shared<std::vector<std::string>>();
    const OnBatch count = [seen](Json rows) { return count_rows(seen, 2, std::move(rows)); };
    const auto stopped = floor.wait(floor.workers->call(inventory_call(), count));
    CHECK(stopped.status == CallStatus::failed);
    CHECK(stopped.text == "canceled");
    CHECK(seen->size() == 2);
}

TEST_CASE("stopping cancels calls, ends the processes, and refuses what comes later", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const auto pid = floor.workers->pid_of("acme");
    const auto polite = floor.begin(floor.workers->call(wish("hang until canceled"), {}));
    const auto rude = floor.begin(floor.workers->call(wish("hang"), {}));
    // Both are with the plugin once a later call has been answered.
    REQUIRE(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
    floor.wait(Floor::finished(floor.workers->stop(milliseconds(500))));
    CHECK(floor.get(polite).text == "canceled");
    CHECK(floor.get(rude).status == CallStatus::unknown);
    CHECK(::kill(pid, 0) == -1);
    CHECK(floor.workers->pid_of("acme") == -1);
    const auto later = floor.wait(floor.workers->call(wish("greet"), {}));
    CHECK(later.status == CallStatus::not_sent);
    // The next start takes it up, and it counts as no attempt.
    CHECK(later.held);
}

TEST_CASE("a worker dies at the point that it was armed for", "[workers][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int) {
        if (auto request = peer.read_request(); !request.empty()) { server.note(std::move(request)); }
        peer.write(http_answer(201, R"({"id":"ORD845140"})"));
        peer.drain();
    });
    struct Row {
        const char* point;
        std::size_t requests;
    };
    const auto row = GENERATE(Row{"http.send.before", 0}, Row{"http.send.after", 1});
    Floor floor;
    auto spec = obliging();
    spec.crash_at = row.point;
    const auto started = floor.wait(floor.workers->start(std::move(spec)));
    REQUIRE(started.has_value());
    const auto answer = floor.wait(floor.workers->call(order_call(R"({"do":"post","url":")" + server.url() + R"(/"})"), {}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK(server.notes().size() == row.requests);
}
