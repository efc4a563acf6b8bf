#include "support/raw_socket.hpp"
#include "support/running_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <catch2/catch.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::RunningServer;

namespace {

/// What a stream's source and the test share.
struct Source {
    std::mutex mutex;
    std::condition_variable changed;
    int asked = 0;
    bool destroyed = false;
    std::function<void(std::optional<std::string>)> give;

    template <class Predicate>
    bool wait(Predicate predicate) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, std::move(predicate));
    }
    /// Waits until the server asks for a piece, then gives it.
    bool push(std::optional<std::string> piece) {
        if (!wait([this] { return give != nullptr; })) { return false; }
        std::unique_lock lock(mutex);
        auto taker = std::move(give);
        give = nullptr;
        lock.unlock();
        taker(std::move(piece));
        return true;
    }
};

/// Lives as long as the stream object; its end wakes the task that waits.
struct Guard {
    explicit Guard(std::shared_ptr<Source> given) : source(std::move(given)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
        std::unique_lock lock(source->mutex);
        source->destroyed = true;
        auto taker = std::move(source->give);
        source->give = nullptr;
        source->changed.notify_all();
        lock.unlock();
        if (taker) { taker({}); }
    }
    std::shared_ptr<Source> source;
};

Task<std::optional<std::string>> next_piece(std::shared_ptr<Source> source) {
    using Piece = std::optional<std::string>;
    std::function<void(std::function<void(Piece)>)> start = [source](std::function<void(Piece)> then) {
        const std::lock_guard lock(source->mutex);
        ++source->asked;
        source->give = std::move(then);
        source->changed.notify_all();
    };
    auto piece = co_await on_callback<Piece>(std::move(start));
    if (piece == "throw") { throw std::runtime_error("no more"); }
    co_return piece;
}

Task<http::Response> stream_it(std::shared_ptr<Source> source) {
    http::Response response;
    response.headers.emplace_back("Content-Type", "text/event-stream");
    auto guard = std::make_shared<Guard>(source);
    response.stream = [guard] { return next_piece(guard->source); };
    co_return response;
}

http::Handler streaming(std::shared_ptr<Source> source) {
    return [source](http::Request) { return stream_it(source); };
}

}  // namespace

TEST_CASE("each piece of a stream arrives as soon as it is there, in a chunk of its own", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source));
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(head.find("Content-Length") == std::string::npos);
    REQUIRE(source->push("data: 1\n\n"));
    CHECK(client.read_until("\n\n\r\n") == "9\r\ndata: 1\n\n\r\n");
    REQUIRE(source->push(""));
    REQUIRE(source->push("data: 22222222\n\n"));
    CHECK(client.read_until("\n\n\r\n") == "10\r\ndata: 22222222\n\n\r\n");
    REQUIRE(source->push(std::nullopt));
    CHECK(client.read_all() == "0\r\n\r\n");
    CHECK(client.ended());
    CHECK(source->wait([&] { return source->destroyed; }));
}

TEST_CASE("an HTTP/1.0 client gets a stream plain, ended by the connection's end", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source));
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.0\r\n\r\n"));
    CHECK(client.read_until("\r\n\r\n").find("chunked") == std::string::npos);
    REQUIRE(source->push("a"));
    REQUIRE(source->push("b"));
    REQUIRE(source->push(std::nullopt));
    CHECK(client.read_all() == "ab");
}

TEST_CASE("a stream is given up as soon as its client has gone, without waiting for the next piece", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source));
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.read_until("\r\n\r\n");
    REQUIRE(source->push("x"));
    REQUIRE(source->wait([&] { return source->asked == 2; }));
    client.close();
    CHECK(source->wait([&] { return source->destroyed; }));
}

TEST_CASE("stopping gives up streams at once, whatever the grace", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source));
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.read_until("\r\n\r\n");
    REQUIRE(source->wait([&] { return source->asked == 1; }));
    const auto begun = std::chrono::steady_clock::now();
    server.stop(60s);
    CHECK(std::chrono::steady_clock::now() - begun < 20s);
    CHECK(source->wait([&] { return source->destroyed; }));
    CHECK(client.read_all().empty());
    CHECK(client.ended());
}

TEST_CASE("a stream that fails is cut, so that its client does not take it for whole", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source));
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.read_until("\r\n\r\n");
    REQUIRE(source->push("x"));
    REQUIRE(source->push("throw"));
    CHECK(client.read_all() == "1\r\nx\r\n");
    CHECK(source->wait([&] { return source->destroyed; }));
}

TEST_CASE("a stream's client that never reads is given up", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server(streaming(source), {.write_timeout = 100ms});
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(source->push(std::string(64 << 20, 'x')));
    CHECK(source->wait([&] { return source->destroyed; }));
}

namespace {

Task<std::optional<std::string>> wait_an_hour(std::shared_ptr<Guard> guard) {
    {
        const std::lock_guard lock(guard->source->mutex);
        ++guard->source->asked;
        guard->source->changed.notify_all();
    }
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1h);
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return "late";
}

Task<http::Response> stream_slowly(std::shared_ptr<Source> source) {
    http::Response response;
    auto guard = std::make_shared<Guard>(source);
    response.stream = [guard] { return wait_an_hour(guard); };
    co_return response;
}

}  // namespace

TEST_CASE("a stream's own timer ends with its client", "[http]") {
    auto source = std::make_shared<Source>();
    RunningServer server([source](http::Request) { return stream_slowly(source); });
    RawSocket client(server.port());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.read_until("\r\n\r\n");
    REQUIRE(source->wait([&] { return source->asked == 1; }));
    SECTION("that leaves") {
        client.close();
    }
    SECTION("when the server stops") {
        server.stop(60s);
    }
    CHECK(source->wait([&] { return source->destroyed; }));
}
