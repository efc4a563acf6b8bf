// Workers that die again and again, that grow, and that were stopped.
#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;

Workers::Options patient(std::size_t deaths, std::vector<WorkerStatus>& told) {
    Workers::Options options;
    options.backoff_first = milliseconds{1};
    options.deaths_max = deaths;
    options.on_quarantine = [&told](const WorkerStatus& status) { told.push_back(status); };
    return options;
}

}  // namespace

TEST_CASE("a worker that dies too often is quarantined, and calls are held until it is enabled", "[workers][unit]") {
    std::vector<WorkerStatus> told;
    Floor floor(patient(3, told));
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    for (int death = 1; death <= 3; ++death) {
        CHECK_FALSE(floor.workers->held("acme"));
        const auto answer = floor.wait(floor.workers->call(wish("exit"), {}));
        CHECK(answer.status == CallStatus::unknown);
        CHECK(answer.plugin == "obliging 0.1.0");
        CHECK_THAT(answer.text, Contains("exit code 7 (in flight: create_order)"));
    }
    CHECK(floor.workers->held("acme"));
    REQUIRE(told.size() == 1);
    CHECK(told.front().name == "acme");
    CHECK_THAT(told.front().why, Contains("exit code 7"));
    const auto held = floor.wait(floor.workers->call(wish("greet"), {}));
    CHECK(held.status == CallStatus::not_sent);
    CHECK(held.held);
    CHECK_THAT(held.text, Contains("`crossdock supplier enable acme`"));

    const auto manifest = floor.wait(floor.workers->enable("acme"));
    REQUIRE(manifest.has_value());
    CHECK_FALSE(floor.workers->held("acme"));
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).output.text("reason") == "hello");
    CHECK_THAT(floor.wait(floor.workers->enable("acme")).error().text(), Contains("it is not quarantined"));
    CHECK_THAT(floor.wait(floor.workers->enable("nobody")).error().text(), Contains("there are acme"));
    // The deaths from before are forgiven.
    CHECK(floor.wait(floor.workers->call(wish("exit"), {})).status == CallStatus::unknown);
    CHECK_FALSE(floor.workers->held("acme"));
}

TEST_CASE("without a threshold a worker is restarted for ever", "[workers][unit]") {
    std::vector<WorkerStatus> told;
    Floor floor(patient(0, told));
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    for (int death = 1; death <= 8; ++death) {
        CHECK(floor.wait(floor.workers->call(wish("exit"), {})).status == CallStatus::unknown);
    }
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).status == CallStatus::answered);
    CHECK(told.empty());
}

TEST_CASE("a plugin that dies at its start is tried again, then quarantined, and its calls are held", "[workers][unit]") {
    std::vector<WorkerStatus> told;
    Floor floor(patient(3, told));
    const auto manifest = floor.wait(
        floor.workers->start(supplier_spec(test_plugins / "libobliging.so", Json::parse(R"({"greeting":"die"})").value())));
    REQUIRE(manifest.has_error());
    CHECK(manifest.error().advice == Advice::retry);
    CHECK_THAT(manifest.error().text(), Contains("killed by signal 6"));
    CHECK(told.size() == 1);
    CHECK(floor.wait(floor.workers->call(wish("greet"), {})).held);
    CHECK_THAT(floor.wait(floor.workers->enable("acme")).error().text(), Contains("killed by signal 6"));
    CHECK(floor.workers->held("acme"));
    CHECK(told.size() == 2);
}

TEST_CASE("a worker whose memory passes its cap is ended, and its calls are unknown", "[workers][unit]") {
    Workers::Options options;
    // Any process has more.
    options.memory_max = 1;
    options.memory_pause = milliseconds{5};
    Floor floor(options);
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    const auto answer = floor.wait(floor.workers->call(wish("hang"), {}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("its memory has grown to") && Contains("and may be 0 MiB (in flight: create_order)"));
}

TEST_CASE("an answer that comes after the cancel still counts", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    const auto waiting = floor.begin(floor.workers->call(wish("answer when canceled"), {}));
    const auto timer = floor.clock.after(milliseconds{50}, [&] { floor.workers->cancel("acme"); });
    const auto answer = floor.get(waiting);
    floor.clock.cancel(timer);
    CHECK(answer.status == CallStatus::answered);
    CHECK(answer.output.text("reason") == "too late to stop");
}

TEST_CASE("a worker that was stopped past not_after and goes on sends nothing", "[workers][unit]") {
    FakeServer server([](FakeServer::Connection& connection, int) {
        connection.read_request();
        connection.write(http_answer(201, R"({"id":"LATE"})"));
    });
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(test_plugins / "libobliging.so"))).has_value());
    const auto worker = floor.workers->pid_of("acme");
    REQUIRE(::kill(worker, SIGSTOP) == 0);
    auto call = order_call(R"({"do":"post","url":")" + server.url() + R"("})");
    call.not_after = system_boot_ms() + 200;
    const auto waiting = floor.begin(floor.workers->call(call, {}));
    floor.until([&] { return system_boot_ms() > call.not_after; });
    CHECK_FALSE(waiting->has_value());
    REQUIRE(::kill(worker, SIGCONT) == 0);
    const auto answer = floor.get(waiting);
    CHECK(answer.status == CallStatus::answered);
    CHECK(answer.output.text("transport") == "not_sent");
    CHECK(server.connections() == 0);
    CHECK(floor.workers->pid_of("acme") == worker);
}
