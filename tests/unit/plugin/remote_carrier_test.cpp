// The way from a plugin in the daemon to the process that carries its exchanges.
#include "in_process/remote_carrier.hpp"
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "fake_server.hpp"
#include "plugin/wire.hpp"
#include "worker/exchange_wire.hpp"
#include "worker/stream.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

std::array<UniqueFd, 2> socket_pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// A carrier process as the daemon starts it.
struct RealCarrier {
    explicit RealCarrier(const Json& hello = Json::object()) {
        auto ends = socket_pair();
        ProcessSpec spec{.program = WORKER_PROGRAM, .arguments = {std::to_string(::getpid())}};
        spec.inherited.push_back(ends[1].get());
        auto started = Process::spawn(spec);
        REQUIRE(started.has_value());
        process = std::move(*started);
        remote.emplace(std::move(ends[0]), [this] { gone.set_value(); });
        Json asked = hello;
        REQUIRE(remote->open(asked.set("name", "acme").set("carry", true)).has_value());
    }
    Process process;
    std::promise<void> gone;
    std::optional<RemoteCarrier> remote;
};

http::HttpExchange post_to(const std::string& url) {
    return {.method = "POST", .url = url, .headers = {{"X-Test", "1"}}, .body = std::string("\0\xFF{}", 4)};
}

}  // namespace

TEST_CASE("an exchange crosses to the carrier and back as it is", "[in_process][unit]") {
    FakeServer server([&](FakeServer::Connection& connection, int) {
        const auto head = connection.read_until("\r\n\r\n");
        server.note(head + connection.read_bytes(4));
        connection.write(http_answer(503, std::string("\xFE\0x", 3), "Retry-After: 7\r\n"));
    });
    RealCarrier carrier;
    const auto result = carrier.remote->send(post_to(server.url() + "/a"), {});
    CHECK(result.transport == http::Transport::answered);
    CHECK(result.status == 503);
    CHECK(result.body == std::string("\xFE\0x", 3));
    CHECK(result.retry_after == milliseconds{7'000});
    CHECK(result.on_wire);
    CHECK_THAT(server.notes().front(), Contains("X-Test: 1") && Catch::EndsWith(std::string("\0\xFF{}", 4)));
}

TEST_CASE("the carrier itself holds not_after, the time limit and the fence", "[in_process][unit]") {
    FakeServer server([](FakeServer::Connection& connection, int) { connection.drain(); });
    const auto port = std::to_string(server.port());
    Json reach = Json::array();
    reach.push("127.0.0.1:" + port);
    RealCarrier carrier(Json::object({{"reach", std::move(reach)}}));
    const auto late = carrier.remote->send(post_to(server.url()), {.not_after = system_boot_ms() - 1});
    CHECK(late.transport == http::Transport::not_sent);
    CHECK_THAT(late.reason, Contains("not_after"));
    const auto elsewhere = carrier.remote->send(post_to("http://127.0.0.2:" + port), {});
    CHECK(elsewhere.transport == http::Transport::not_sent);
    CHECK_THAT(elsewhere.reason, Contains("may reach only"));
    http::SmtpExchange mail;
    mail.host = "127.0.0.2";
    CHECK_THAT(carrier.remote->submit(mail, {}).reason, Contains("may reach only"));
    CHECK(server.connections() == 0);
    const auto slow = carrier.remote->send(post_to(server.url()), {.timeout = milliseconds{200}});
    CHECK(slow.transport == http::Transport::cut);
    CHECK(slow.elapsed < milliseconds{1'500});
}

TEST_CASE("a cancellation reaches an exchange that the carrier has under way", "[in_process][unit]") {
    std::atomic<bool> canceled{false};
    FakeServer server([&](FakeServer::Connection& connection, int) {
        (void)connection.read_until("\r\n\r\n");
        canceled = true;
        connection.drain();
    });
    RealCarrier carrier;
    const auto result = carrier.remote->send(post_to(server.url()), {.timeout = milliseconds{9'000}, .canceled = &canceled});
    CHECK(result.transport == http::Transport::cut);
    CHECK(result.elapsed < milliseconds{5'000});
}

TEST_CASE("behind the carrier's end nothing is sent, and that is told once", "[in_process][unit]") {
    RealCarrier carrier;
    carrier.process.signal(SIGKILL);
    carrier.gone.get_future().wait();
    const auto result = carrier.remote->send(post_to("http://127.0.0.1:1/"), {});
    CHECK(result.transport == http::Transport::not_sent);
    CHECK_FALSE(result.on_wire);
    CHECK(result.reason == "the process that carries exchanges has gone");
}

TEST_CASE("what the carrier took and did not answer is cut", "[in_process][unit]") {
    auto ends = socket_pair();
    std::thread other([end = std::move(ends[1])] {
        std::array<char, 65536> buffer{};
        (void)worker::receive(end.get(), buffer);
        const Json ready = Json::object({{"confinement", Json::object()}});
        (void)worker::transmit(end.get(), encode(Frame{FrameType::ready, 0, ready}));
        (void)worker::receive(end.get(), buffer);
    });
    RemoteCarrier remote(std::move(ends[0]), [] {});
    REQUIRE(remote.open(Json::object()).has_value());
    const auto result = remote.send(post_to("http://127.0.0.1:1/"), {});
    CHECK(result.transport == http::Transport::cut);
    CHECK(result.on_wire);
    other.join();
}

TEST_CASE("messages about exchanges keep all that they hold", "[in_process][unit]") {
    const http::SmtpExchange mail{.tls = http::SmtpExchange::Tls::implicit,
                                  .host = "h",
                                  .port = 465,
                                  .username = "u",
                                  .password = "p",
                                  .from = "f",
                                  .to = {"a", "b"},
                                  .message = "m\r\n"};
    const auto bytes = worker::encode({7, worker::SmtpAsk{mail, {.timeout = milliseconds{5}, .not_after = 9}, true}});
    worker::ExchangeReader reader;
    reader.feed(bytes.substr(0, 20));
    auto none = reader.next();
    REQUIRE(none.has_value());
    CHECK_FALSE(none->has_value());
    reader.feed(bytes.substr(20) + worker::encode({8, worker::ExchangeCancel{}}));
    const auto whole = reader.next();
    REQUIRE((whole && *whole));
    CHECK((*whole)->id == 7);
    const auto& ask = std::get<worker::SmtpAsk>((*whole)->what);
    CHECK(ask.exchange.tls == mail.tls);
    CHECK(ask.exchange.to == mail.to);
    CHECK(ask.exchange.message == mail.message);
    CHECK(ask.limits.not_after == 9);
    CHECK(ask.cancelable);
    CHECK(std::holds_alternative<worker::ExchangeCancel>((*reader.next())->what));
}

TEST_CASE("a message about an exchange that makes no sense is refused", "[in_process][unit]") {
    const std::string whole = worker::encode({1, http::SmtpResult{.reason = "r"}});
    std::string cut_short = whole.substr(0, whole.size() - 8);
    cut_short[3] = static_cast<char>(cut_short[3] - 8);
    std::string left_over = whole + "x";
    left_over[3] = static_cast<char>(left_over[3] + 1);
    std::string unknown = whole;
    unknown[4] = '\x09';
    std::string too_long = whole;
    too_long[0] = '\x7F';
    std::string endless_text = whole;
    endless_text[4 + 1 + 8 + 16] = '\x7F';
    const auto bytes = GENERATE_COPY(cut_short, left_over, unknown, too_long, endless_text);
    worker::ExchangeReader reader;
    reader.feed(bytes);
    CHECK(reader.next().has_error());
}
