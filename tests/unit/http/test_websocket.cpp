#include "http/websocket.hpp"
#include "support/raw_socket.hpp"
#include "support/running_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <deque>
#include <mutex>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::RunningServer;
namespace beast = boost::beast;

namespace {

http::Request handshake() {
    http::Request request;
    request.method = "GET";
    request.headers = {{"Host", "a"},
                       {"Upgrade", "websocket"},
                       {"Connection", "keep-alive, Upgrade"},
                       {"Sec-WebSocket-Version", "13"},
                       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    return request;
}

/// A frame as a client sends it.
std::string masked(int first, std::string payload, std::string size = "") {
    if (size.empty()) { size = std::string(1, static_cast<char>(payload.size())); }
    size[0] = static_cast<char>(size[0] | '\x80');
    const std::string mask = "mask";
    for (std::size_t i = 0; i < payload.size(); ++i) { payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]); }
    return std::string(1, static_cast<char>(first)) + size + mask + payload;
}

/// What a test gives to a source, piece by piece.
struct Script {
    std::mutex mutex;
    std::deque<http::SocketPiece> pieces;
    std::vector<bool> heard;
};

Task<http::SocketPiece> next_of(std::shared_ptr<Script> script, bool heard) {
    const std::lock_guard lock(script->mutex);
    script->heard.push_back(heard);
    if (script->pieces.empty()) { co_return http::SocketPiece{.close = http::close_code::going_away, .reason = "the end"}; }
    auto piece = std::move(script->pieces.front());
    script->pieces.pop_front();
    co_return piece;
}

Task<http::Response> serve(std::shared_ptr<Script> script, http::Request request) {
    auto accepted = http::accept_websocket(request);
    if (!accepted) { co_return http::problem(426, "Upgrade Required", accepted.error().what); }
    accepted->socket = [script](bool heard) { return next_of(script, heard); };
    co_return std::move(*accepted);
}

/// Never has anything to say.
Task<http::SocketPiece> silence(std::shared_ptr<std::atomic<int>> asked, Executor executor) {
    ++*asked;
    boost::asio::steady_timer never(executor, 1h);
    co_await never.async_wait(boost::asio::use_awaitable);
    co_return http::SocketPiece{};
}

Task<http::Response> serve_silence(std::shared_ptr<std::atomic<int>> asked, Executor executor, http::Request request) {
    auto accepted = http::accept_websocket(request);
    if (!accepted) { co_return http::problem(426, "Upgrade Required", accepted.error().what); }
    accepted->socket = [asked, executor](bool) { return silence(asked, executor); };
    co_return std::move(*accepted);
}

class Client {
public:
    explicit Client(std::uint16_t port) : stream_(context_) {
        stream_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port});
        stream_.handshake("a", "/");
    }
    std::string read() {
        beast::flat_buffer buffer;
        stream_.read(buffer, error);
        return beast::buffers_to_string(buffer.data());
    }
    beast::websocket::stream<boost::asio::ip::tcp::socket>& stream() { return stream_; }
    boost::system::error_code error;

private:
    boost::asio::io_context context_;
    beast::websocket::stream<boost::asio::ip::tcp::socket> stream_;
};

}  // namespace

TEST_CASE("an opening handshake is answered as RFC 6455 shows it, and what is none says what is missing", "[http]") {
    const auto accepted = http::accept_websocket(handshake());
    REQUIRE(accepted.has_value());
    CHECK(accepted->status == 101);
    // The sample of RFC 6455, 1.3.
    CHECK(accepted->headers.back() == http::Header{"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="});
    struct Row {
        std::size_t header;
        const char* value;
        const char* missing;
    };
    const auto row = GENERATE(Row{1, "h2c", "Upgrade: websocket"}, Row{2, "keep-alive", "Connection: Upgrade"},
                              Row{3, "8", "Sec-WebSocket-Version: 13"}, Row{4, "short", "16 bytes in base64"},
                              Row{4, "dGhlIHNhbXBsZSBub25jZQ===", "16 bytes"}, Row{4, "dGhlIHNhbXBsZSBub25j!Q==", "16 bytes"});
    auto request = handshake();
    request.headers[row.header].second = row.value;
    const auto refused = http::accept_websocket(request);
    REQUIRE(refused.has_error());
    CHECK_THAT(refused.error().what, Catch::Contains(row.missing));
    request = handshake();
    request.method = "POST";
    CHECK(http::accept_websocket(request).has_error());
}

TEST_CASE("frames have the length that they say, short, middle and long", "[http]") {
    CHECK(http::text_frame("Hello") == "\x81\x05Hello");
    CHECK(http::ping_frame() == std::string("\x89\x00", 2));
    CHECK(http::pong_frame("x") == "\x8A\x01x");
    CHECK(http::close_frame(1001, "bye") ==
          "\x88\x05\x03\xE9"
          "bye");
    CHECK(http::text_frame(std::string(126, 'x')).substr(0, 4) == std::string("\x81\x7E\x00\x7E", 4));
    CHECK(http::text_frame(std::string(70'000, 'x')).substr(0, 10) ==
          std::string("\x81\x7F\x00\x00\x00\x00\x00\x01\x11\x70", 10));
    CHECK(http::close_frame(1008, std::string(500, 'x')).size() == 127);
}

TEST_CASE("what a client sends is read byte by byte as well as at once", "[http]") {
    const std::string bytes = masked(0x01, "he") + masked(0x89, "mid") + masked(0x80, "llo") + masked(0x8A, "") +
                              masked(0x88,
                                     "\x03\xE9"
                                     "bye");
    const auto step = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{1'000});
    http::SocketReader reader;
    std::vector<std::string> pings;
    std::optional<std::uint16_t> close;
    for (std::size_t at = 0; at < bytes.size() && !close; at += step) {
        const auto heard = reader.take(std::string_view(bytes).substr(at, step));
        if (heard.ping) { pings.push_back(*heard.ping); }
        close = heard.close;
    }
    CHECK(pings == std::vector<std::string>{"mid"});
    CHECK(close == 1001);
}

TEST_CASE("a client that breaks the protocol, or talks too much, is told so", "[http]") {
    struct Row {
        const char* what;
        std::string bytes;
        std::uint16_t code;
    };
    const auto row = GENERATE(
        Row{"without a mask", "\x81\x01x", http::close_code::protocol_error},
        Row{"a reserved bit", masked(0xC1, "x"), http::close_code::protocol_error},
        Row{"an unknown kind", masked(0x83, "x"), http::close_code::protocol_error},
        Row{"an unknown control", masked(0x8B, "x"), http::close_code::protocol_error},
        Row{"a ping in pieces", masked(0x09, "x"), http::close_code::protocol_error},
        Row{"a long ping", masked(0x89, std::string(126, 'x'), std::string("\x7E\x00\x7E", 3)), http::close_code::protocol_error},
        Row{"the rest of nothing", masked(0x80, "x"), http::close_code::protocol_error},
        Row{"a message in a message", masked(0x01, "x") + masked(0x81, "y"), http::close_code::protocol_error},
        Row{"half a code", masked(0x88, "x"), http::close_code::protocol_error},
        Row{"a reserved code", masked(0x88, "\x03\xED"), http::close_code::protocol_error},
        Row{"an absurd length", masked(0x81, "", std::string("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9)),
            http::close_code::too_big},
        Row{"a close without a code", masked(0x88, ""), http::close_code::normal});
    INFO(row.what);
    http::SocketReader reader;
    const auto heard = reader.take(row.bytes);
    REQUIRE(heard.close);
    CHECK(*heard.close == row.code);
    http::SocketReader patient;
    std::optional<std::uint16_t> close;
    for (int i = 0; i < 100 && !close; ++i) {
        close = patient.take(masked(0x82, std::string(1'000, 'x'), std::string("\x7E\x03\xE8", 3))).close;
    }
    CHECK(close == http::close_code::policy);
}

TEST_CASE("a WebSocket client has each message, answers pings, and is told why it ends", "[http]") {
    auto script = std::make_shared<Script>();
    const std::string long_one(100'000, 'x');
    script->pieces = {{.texts = {"one", "two"}}, {.ping = true}, {.texts = {long_one}}};
    RunningServer server([script](http::Request request) { return serve(script, std::move(request)); });
    Client client(server.port());
    CHECK(client.read() == "one");
    CHECK(client.read() == "two");
    CHECK(client.read() == long_one);
    CHECK(client.read().empty());
    CHECK(client.error == beast::websocket::error::closed);
    CHECK(client.stream().reason().code == http::close_code::going_away);
    CHECK(client.stream().reason().reason == "the end");
}

TEST_CASE("a client's own ping and close are answered while there is nothing to tell", "[http]") {
    auto asked = std::make_shared<std::atomic<int>>(0);
    boost::asio::io_context timers;
    RunningServer* running = nullptr;
    RunningServer server([&](http::Request request) { return serve_silence(asked, running->executor(), std::move(request)); });
    running = &server;
    SECTION("by a whole client") {
        Client client(server.port());
        client.stream().close({beast::websocket::close_code::normal, "enough"}, client.error);
        CHECK_FALSE(client.error);
    }
    SECTION("by hand, with frames right behind the handshake") {
        RawSocket client(server.port());
        std::string text = "GET / HTTP/1.1\r\n";
        for (const auto& [name, value] : handshake().headers) { text += name + ": " + value + "\r\n"; }
        REQUIRE(client.send(text + "\r\n" + masked(0x89, "hi")));
        CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        CHECK(client.read_bytes(4) == "\x8A\x02hi");
        REQUIRE(client.send(masked(0x89, "you") + "\x81\x01x"));
        // Of frames that come together the fault counts.
        const auto goodbye = client.read_all();
        REQUIRE(goodbye.size() > 4);
        CHECK(goodbye[0] == '\x88');
        CHECK(goodbye.substr(2, 2) == "\x03\xEA");
        CHECK(client.ended());
    }
    CHECK(*asked == 1);
}

TEST_CASE("a WebSocket reader that takes nothing in is cut off", "[http]") {
    auto script = std::make_shared<Script>();
    for (int i = 0; i < 64; ++i) { script->pieces.push_back({.texts = {std::string(1 << 20, 'x')}}); }
    RunningServer server([script](http::Request request) { return serve(script, std::move(request)); }, {.write_timeout = 300ms});
    Client client(server.port());
    for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;) {
        RawSocket other(server.port());
        REQUIRE(other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        REQUIRE(other.read_until("\r\n").starts_with("HTTP/1.1 426 "));
        if (server.connections() == 1) { break; }
    }
    const std::lock_guard lock(script->mutex);
    CHECK(script->pieces.size() > 16);
}
