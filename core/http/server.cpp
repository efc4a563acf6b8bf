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
#include <iterator>

// A named runner file: sockets and their timers.
namespace crossdock::http {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// Connections above the cap that are being told so; beyond that they are closed without a word.
constexpr std::size_t refusals_max = 256;

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

Incoming refusal_for(error_code error, bool timed_out, bool has_first_line, const ServerLimits& limits) {
    if (timed_out) { return refused(408, "the request did not arrive in time"); }
    if (error == wire::error::end_of_stream || error == wire::error::partial_message) { return {}; }
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
        if (!has_first_line) {
            return refused(414, "the request's first line is longer than " + std::to_string(limits.header_max) + " bytes");
        }
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
    made.tls = connection.wire.has_tls();
    made.requests_before = connection.served;
    return made;
}

Task<Incoming> read_request(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    auto& buffer = connection->buffer;
    if (buffer.size() == 0) {
        connection->idle = true;
        connection->close_after(state->limits.idle_timeout);
        const auto [error, got] = co_await connection->wire.async_read_some(buffer.prepare(4096), as_result);
        connection->idle = false;
        if (error) { co_return Incoming{}; }
        buffer.commit(got);
    }
    connection->end_reading_after(state->limits.read_timeout);
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state->limits.header_max));
    parser.body_limit(state->limits.body_max);
    const auto [header_error, header_size] = co_await wire::async_read_header(connection->wire, buffer, parser, as_result);
    if (header_error) {
        co_return refusal_for(header_error, connection->timed_out, !parser.get().target().empty(), state->limits);
    }
    const auto headers = std::distance(parser.get().begin(), parser.get().end());
    if (static_cast<std::size_t>(headers) > state->limits.headers_max) {
        co_return refused(431, "there are more than " + std::to_string(state->limits.headers_max) + " headers");
    }
    if (const auto wrong = objection(parser)) { co_return refused(400, *wrong); }
    if (!parser.is_done() && boost::beast::iequals(parser.get()[wire::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto [error, written] = co_await asio::async_write(connection->wire, asio::buffer(go_on), as_result);
        if (error) { co_return Incoming{}; }
    }
    const auto [error, size] = co_await wire::async_read(connection->wire, buffer, parser, as_result);
    if (error) { co_return refusal_for(error, connection->timed_out, true, state->limits); }
    connection->disarm();
    Incoming made;
    made.keep_alive = parser.keep_alive();
    made.http_1_0 = parser.get().version() == 10;
    made.request = request_of(parser, *connection);
    co_return made;
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

/// False when the client speaks no TLS that we speak, or takes too long: nobody is there to be answered.
Task<bool> shake_hands(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    connection->wire.put_tls(*state->tls);
    connection->close_after(state->limits.handshake_timeout);
    const auto [error] = co_await connection->wire.tls().async_handshake(asio::ssl::stream_base::server, as_result);
    connection->disarm();
    if (error) { Log::debug("a TLS handshake failed", {{"peer", connection->peer}, {"reason", error.message()}}); }
    co_return !error;
}

Task<void> serve(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, [[maybe_unused]] Place place) {
    const Listed listed(state, connection);
    if (state->tls) {
        const bool shaken = co_await shake_hands(state, connection);
        if (!shaken) { co_return; }
    }
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
        if (response.socket && !head_only) {
            co_await send_socket(state, connection, std::move(response));
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
        const auto peer = connection->wire.socket().remote_endpoint(failed);
        if (failed) { continue; }
        connection->peer = text_of(peer);
        const auto executor = state->acceptor.get_executor();
        Place place(state->bound);
        if (place.taken()) { spawn(executor, serve(state, connection, std::move(place))); }
        // Over TLS the word would cost more than the place that there is not.
        else if (!state->tls && state->refusing < refusals_max) {
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

    void show(std::shared_ptr<const TlsIdentity> tls) override { state_->tls = std::move(tls); }

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
            // A WebSocket's source ends it, with a word to the client.
            else if (connection->talking) { continue; }
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
                                               ServerLimits limits, Handler handler, std::shared_ptr<const TlsIdentity> tls) {
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) { return Fault{"\"" + address + "\" is no IP address to listen on", address, Advice::stop}; }
    const tcp::endpoint endpoint(ip, port);
    const std::string where = text_of(endpoint);
    auto state = std::make_shared<State>(executor, limits, std::move(handler), std::move(tls));
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
