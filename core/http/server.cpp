#include "http/server.hpp"

#include "base/log.hpp"
#include "http/answer_text.hpp"
#include "http/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>

// A named runner file: sockets and their timers.
namespace crossdock::http {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// How much and how long a closing connection still reads, so that the client sees the answer and not a reset.
constexpr std::size_t linger_bytes = 1 << 20;
constexpr milliseconds linger_time{2'000};
/// Connections above the cap that are being told so; beyond that they are closed without a word.
constexpr std::size_t refusals_max = 256;
/// What a client may send while a stream is running.
constexpr std::size_t stream_chatter_max = 64 << 10;

std::string text_of(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

/// One request as it came in, or what to answer instead, or neither: the connection is to be closed.
struct Incoming {
    std::optional<Request> request = {};
    std::optional<Response> refusal = {};
    bool keep_alive = false;
    bool http_1_0 = false;
};

Incoming refused(int status, std::string_view detail) {
    return {.refusal = problem(status, reason(status), detail)};
}

Incoming refusal_for(error_code error, bool timed_out, const ServerLimits& limits) {
    if (timed_out) { return refused(408, "the request did not arrive in time"); }
    if (error == wire::error::end_of_stream || error == wire::error::partial_message) { return {}; }
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
        return refused(431, "the headers are longer than " + std::to_string(limits.header_max) + " bytes");
    }
    if (error == wire::error::body_limit) {
        return refused(413, "the body is longer than " + std::to_string(limits.body_max) + " bytes");
    }
    if (error.category() == wire::make_error_code(wire::error::end_of_stream).category()) {
        return refused(400, "this is no valid HTTP request: " + error.message());
    }
    return {};
}

using Parser = wire::request_parser<wire::string_body>;

/// What Beast lets pass and RFC 9112 does not; nothing when all is well.
std::optional<std::string> objection(const Parser& parser) {
    const auto& message = parser.get();
    const auto hosts = message.count(wire::field::host);
    if (hosts > 1) { return "there is more than one Host header"; }
    if (hosts == 0 && message.version() >= 11) { return "the Host header is missing"; }
    if (message.version() != 10 && message.version() != 11) { return "only HTTP/1.1 and HTTP/1.0 are spoken here"; }
    const auto coding = message.find(wire::field::transfer_encoding);
    if (coding != message.end()) {
        if (message.count(wire::field::transfer_encoding) > 1 || !boost::beast::iequals(coding->value(), "chunked")) {
            return "the only transfer encoding spoken here is chunked";
        }
        if (message.count(wire::field::content_length) > 0) { return "both Content-Length and Transfer-Encoding are given"; }
    }
    const auto target = message.target();
    if (target.empty() || (target.front() != '/' && target != "*" && !target.starts_with("http://"))) {
        return "the request's target is no path";
    }
    return {};
}

Request request_of(Parser& parser, const Connection& connection) {
    auto& message = parser.get();
    Request made;
    made.method = std::string(message.method_string());
    std::string_view target(message.target().data(), message.target().size());
    if (target.starts_with("http://")) {
        const auto path = target.find('/', 7);
        target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    }
    const auto mark = std::min(target.find('?'), target.size());
    made.path = std::string(target.substr(0, mark));
    made.query = std::string(mark < target.size() ? target.substr(mark + 1) : std::string_view{});
    for (const auto& field : message) { made.headers.emplace_back(std::string(field.name_string()), std::string(field.value())); }
    made.body = std::move(message.body());
    made.peer = connection.peer;
    made.requests_before = connection.served;
    return made;
}

Task<bool> write_bytes(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, std::string bytes) {
    connection->close_after(state->limits.write_timeout);
    const auto [error, written] = co_await asio::async_write(connection->socket, asio::buffer(bytes), as_result);
    connection->disarm();
    co_return !error;
}

/// Ends the sending side and reads what the client still sends, for a while: closing at once would reset the connection, and the
/// client might never see the answer.
Task<void> linger(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    error_code error;
    connection->socket.shutdown(tcp::socket::shutdown_send, error);
    if (state->stopping) { co_return; }
    connection->idle = true;
    connection->close_after(linger_time);
    std::array<char, 4096> rest{};
    for (std::size_t total = 0; !error && total < linger_bytes;) {
        const auto [failed, got] = co_await connection->socket.async_read_some(asio::buffer(rest), as_result);
        error = failed;
        total += got;
    }
}

Task<Incoming> read_request(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    auto& buffer = connection->buffer;
    if (buffer.size() == 0) {
        connection->idle = true;
        connection->close_after(state->limits.idle_timeout);
        const auto [error, got] = co_await connection->socket.async_read_some(buffer.prepare(4096), as_result);
        connection->idle = false;
        if (error) { co_return Incoming{}; }
        buffer.commit(got);
    }
    connection->end_reading_after(state->limits.read_timeout);
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state->limits.header_max));
    parser.body_limit(state->limits.body_max);
    const auto [header_error, header_size] = co_await wire::async_read_header(connection->socket, buffer, parser, as_result);
    if (header_error) { co_return refusal_for(header_error, connection->timed_out, state->limits); }
    if (const auto wrong = objection(parser)) { co_return refused(400, *wrong); }
    if (!parser.is_done() && boost::beast::iequals(parser.get()[wire::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto [error, written] = co_await asio::async_write(connection->socket, asio::buffer(go_on), as_result);
        if (error) { co_return Incoming{}; }
    }
    const auto [error, size] = co_await wire::async_read(connection->socket, buffer, parser, as_result);
    if (error) { co_return refusal_for(error, connection->timed_out, state->limits); }
    connection->disarm();
    Incoming made;
    made.keep_alive = parser.keep_alive();
    made.http_1_0 = parser.get().version() == 10;
    made.request = request_of(parser, *connection);
    co_return made;
}

/// Sends a stream's pieces until it ends, fails or its client has gone.
Task<void> pump(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, bool chunked) {
    while (!connection->gone) {
        std::optional<std::string> piece;
        bool failed = false;
        try {
            auto next = connection->stream();
            piece = co_await std::move(next);
        } catch (const std::exception& error) {
            failed = true;
            if (!connection->gone) { Log::error("a stream failed", {{"reason", error.what()}}); }
        }
        if (connection->gone) { co_return; }
        if (piece && piece->empty()) { continue; }
        if (piece) {
            // Named: GCC 12 destroys a conditional temporary inside a co_await expression twice.
            std::string bytes = chunked ? chunk_of(*piece) : std::move(*piece);
            const bool sent = co_await write_bytes(state, connection, std::move(bytes));
            if (!sent) { break; }
            continue;
        }
        if (!failed && chunked) {
            std::string last = "0\r\n\r\n";
            co_await write_bytes(state, connection, std::move(last));
        }
        if (!failed && !connection->gone) {
            error_code ignored;
            connection->socket.shutdown(tcp::socket::shutdown_send, ignored);
        }
        break;
    }
    // Not end_stream(): that would cancel this very task. Closing ends the read that watches for the client.
    connection->gone = true;
    connection->stream = {};
    connection->close();
}

/// Runs the pump and watches meanwhile whether the client is still there.
Task<void> send_stream(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, Response response, bool http_1_0) {
    const bool chunked = !http_1_0;
    std::string head = head_of(response, chunked, true, http_1_0);
    const bool sent = co_await write_bytes(state, connection, std::move(head));
    if (!sent || state->stopping) { co_return; }
    connection->stream = std::move(response.stream);
    response.stream = {};
    auto done = [connection](const std::exception_ptr& error) {
        if (error) { connection->end_stream(); }
    };
    asio::co_spawn(connection->socket.get_executor(), pump(state, connection, chunked),
                   asio::bind_cancellation_slot(connection->cancel.slot(), std::move(done)));
    std::array<char, 1024> chatter{};
    for (std::size_t total = 0; total < stream_chatter_max;) {
        const auto [error, got] = co_await connection->socket.async_read_some(asio::buffer(chatter), as_result);
        if (error) { break; }
        total += got;
    }
    if (!connection->gone) { connection->end_stream(); }
}

Task<Response> answer(std::shared_ptr<State> state, Request request) {
    const std::string line = request.method + " " + request.path;
    std::string failure;
    try {
        auto task = state->handler(std::move(request));
        co_return co_await std::move(task);
    } catch (const std::exception& error) { failure = error.what(); } catch (...) {
        failure = "something that is no std::exception";
    }
    Log::error("a request failed", {{"request", line}, {"reason", failure}});
    co_return problem(500, reason(500), "the request failed; the log says why");
}

Task<void> serve(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, [[maybe_unused]] Place place) {
    const Listed listed(state, connection);
    while (!state->stopping) {
        auto incoming = co_await read_request(state, connection);
        if (incoming.refusal) {
            std::string bytes = head_of(*incoming.refusal, false, true, false) + incoming.refusal->body;
            const bool sent = co_await write_bytes(state, connection, std::move(bytes));
            if (sent) { co_await linger(state, connection); }
            co_return;
        }
        if (!incoming.request) { co_return; }
        ++connection->served;
        const bool head_only = incoming.request->method == "HEAD";
        auto response = co_await answer(state, std::move(*incoming.request));
        if (response.cut) { co_return; }
        if (response.stream && !head_only) {
            co_await send_stream(state, connection, std::move(response), incoming.http_1_0);
            co_return;
        }
        const bool close = response.close || !incoming.keep_alive || state->stopping || response.stream;
        auto bytes = head_of(response, false, close, incoming.http_1_0);
        if (!head_only && response.status != 204 && response.status != 304) { bytes += response.body; }
        const bool sent = co_await write_bytes(state, connection, std::move(bytes));
        if (!sent) { co_return; }
        if (close) {
            co_await linger(state, connection);
            co_return;
        }
    }
}

/// Tells a client above the cap to come back later.
Task<void> turn_away(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    const Listed listed(state, connection);
    auto response = problem(503, reason(503), state->bound->full().what);
    response.headers.emplace_back("Retry-After", "1");
    std::string bytes = head_of(response, false, true, false) + response.body;
    const bool sent = co_await write_bytes(state, connection, std::move(bytes));
    if (sent) { co_await linger(state, connection); }
    --state->refusing;
}

Task<void> accept_all(std::shared_ptr<State> state) {
    while (!state->stopping) {
        auto [error, socket] = co_await state->acceptor.async_accept(as_result);
        if (state->stopping) { co_return; }
        if (error) {
            if (error == asio::error::connection_aborted) { continue; }
            // Mostly out of descriptors: the condition passes when connections end.
            Log::warning("a connection could not be accepted", {{"reason", error.message()}});
            state->grace.expires_after(milliseconds{100});
            co_await state->grace.async_wait(as_result);
            continue;
        }
        error_code failed;
        socket.set_option(tcp::no_delay(true), failed);
        auto connection = std::make_shared<Connection>(std::move(socket));
        const auto peer = connection->socket.remote_endpoint(failed);
        if (failed) { continue; }
        connection->peer = text_of(peer);
        const auto executor = state->acceptor.get_executor();
        Place place(state->bound);
        if (place.taken()) { spawn(executor, serve(state, connection, std::move(place))); }
        else if (state->refusing < refusals_max) {
            ++state->refusing;
            spawn(executor, turn_away(state, connection));
        }
    }
}

class BeastServer final : public Server {
public:
    BeastServer(std::shared_ptr<State> state, std::uint16_t port) : state_(std::move(state)), port_(port) {}
    BeastServer(const BeastServer&) = delete;
    BeastServer& operator=(const BeastServer&) = delete;
    ~BeastServer() override { stop(milliseconds{0}); }

    [[nodiscard]] std::uint16_t port() const override { return port_; }
    [[nodiscard]] QueueLevel connections() const override { return state_->bound->level(); }

    void stop(milliseconds grace) override {
        if (!state_->stopping) { begin_stop(); }
        if (grace.count() <= 0) {
            close_all();
            return;
        }
        if (state_->connections.empty()) { return; }
        state_->grace.expires_after(grace);
        state_->grace.async_wait([state = state_](error_code error) {
            if (error) { return; }
            for (const auto& connection : state->connections) { connection->close(); }
        });
    }

private:
    void begin_stop() {
        state_->stopping = true;
        error_code ignored;
        state_->acceptor.close(ignored);
        state_->grace.cancel();
        for (const auto& connection : state_->connections) {
            if (connection->stream) { connection->end_stream(); }
            else if (connection->idle) { connection->close(); }
        }
    }
    void close_all() {
        for (const auto& connection : state_->connections) { connection->close(); }
    }

    std::shared_ptr<State> state_;
    std::uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Executor executor, const std::string& address, std::uint16_t port,
                                               ServerLimits limits, Handler handler) {
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) { return Fault{"\"" + address + "\" is no IP address to listen on", address, Advice::stop}; }
    const tcp::endpoint endpoint(ip, port);
    const std::string where = text_of(endpoint);
    auto state = std::make_shared<State>(executor, limits, std::move(handler));
    const auto step = [&](auto&& what) {
        if (!error) { what(); }
    };
    step([&] { state->acceptor.open(endpoint.protocol(), error); });
    step([&] { state->acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
    step([&] { state->acceptor.bind(endpoint, error); });
    step([&] { state->acceptor.listen(asio::socket_base::max_listen_connections, error); });
    if (error == asio::error::address_in_use) { return Fault{"this port is in use by another program", where, Advice::stop}; }
    if (error) { return Fault{"cannot listen here: " + error.message(), where, Advice::stop}; }
    const auto chosen = state->acceptor.local_endpoint(error).port();
    spawn(executor, accept_all(state));
    return std::unique_ptr<Server>(std::make_unique<BeastServer>(std::move(state), chosen));
}

}  // namespace crossdock::http
