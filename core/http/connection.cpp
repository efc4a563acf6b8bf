#include "http/connection.hpp"

#include "base/log.hpp"
#include "http/answer_text.hpp"
#include "http/websocket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/write.hpp>

#include <array>

// A named runner file: what is sent over a connection.
namespace crossdock::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// How much and how long a closing connection still reads, so that the client sees the answer and not a reset.
constexpr std::size_t linger_bytes = 1 << 20;
constexpr milliseconds linger_time{2'000};
/// What a client may send while a stream is running.
constexpr std::size_t stream_chatter_max = 64 << 10;

}  // namespace

Task<bool> write_bytes(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, std::string bytes) {
    connection->close_after(state->limits.write_timeout);
    const auto [error, written] = co_await asio::async_write(connection->wire, asio::buffer(bytes), as_result);
    connection->disarm();
    co_return !error;
}

Task<void> linger(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    connection->idle = true;
    connection->close_after(linger_time);
    if (connection->wire.has_tls() && !connection->writing && !state->stopping) {
        // Says that nothing more follows, and waits until the client says the same or sends something else.
        co_await connection->wire.tls().async_shutdown(as_result);
    }
    error_code error;
    connection->wire.socket().shutdown(tcp::socket::shutdown_send, error);
    if (state->stopping) { co_return; }
    std::array<char, 4096> rest{};
    for (std::size_t total = 0; !error && total < linger_bytes;) {
        const auto [failed, got] = co_await connection->wire.socket().async_read_some(asio::buffer(rest), as_result);
        error = failed;
        total += got;
    }
}

namespace {

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
            connection->wire.socket().shutdown(tcp::socket::shutdown_send, ignored);
        }
        break;
    }
    // Not end_stream(): that would cancel this very task. Closing ends the read that watches for the client.
    connection->gone = true;
    connection->stream = {};
    connection->close();
}

}  // namespace

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
    asio::co_spawn(connection->wire.get_executor(), pump(state, connection, chunked),
                   asio::bind_cancellation_slot(connection->cancel.slot(), std::move(done)));
    std::array<char, 1024> chatter{};
    for (std::size_t total = 0; total < stream_chatter_max;) {
        const auto [error, got] = co_await connection->wire.async_read_some(asio::buffer(chatter), as_result);
        if (error) { break; }
        total += got;
    }
    if (!connection->gone) { connection->end_stream(); }
}

namespace {

/// Writes one after the other: the pump and the answers to the client's own pings.
Task<bool> write_in_turn(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, std::string bytes) {
    while (connection->writing && !connection->gone) {
        connection->turn.expires_at(asio::steady_timer::time_point::max());
        co_await connection->turn.async_wait(as_result);
    }
    if (connection->gone) { co_return false; }
    connection->writing = true;
    const bool sent = co_await write_bytes(state, connection, std::move(bytes));
    connection->writing = false;
    connection->turn.cancel();
    co_return sent;
}

/// Says goodbye once. What is told to the client is what ended it first.
Task<void> say_goodbye(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, std::uint16_t code,
                       std::string reason) {
    if (connection->parting) { co_return; }
    connection->parting = true;
    std::string bytes = close_frame(code, reason);
    co_await write_in_turn(state, connection, std::move(bytes));
    // The client answers with its own; the read ends then, or with this time.
    connection->close_after(linger_time);
}

/// Sends what the source gives until it ends, fails or the client has gone.
Task<void> pump_socket(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    std::uint16_t code = close_code::internal_error;
    std::string reason = "the daemon cannot go on";
    while (!connection->gone && !connection->parting) {
        std::optional<SocketPiece> piece;
        try {
            auto next = connection->talk(std::exchange(connection->heard, false));
            piece = co_await std::move(next);
        } catch (const std::exception& error) {
            if (!connection->gone) { Log::error("a WebSocket failed", {{"reason", error.what()}}); }
        }
        if (connection->gone || !piece) { break; }
        std::string bytes;
        for (const auto& text : piece->texts) { bytes += text_frame(text); }
        if (piece->ping) { bytes += ping_frame(); }
        if (!bytes.empty()) {
            const bool sent = co_await write_in_turn(state, connection, std::move(bytes));
            if (!sent) { break; }
        }
        if (piece->close) {
            code = *piece->close;
            reason = piece->reason;
            break;
        }
    }
    if (!connection->gone) { co_await say_goodbye(state, connection, code, std::move(reason)); }
    connection->talk = {};
}

}  // namespace

Task<void> send_socket(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, Response response) {
    std::string head = head_of(response, false, false, false);
    const bool sent = co_await write_bytes(state, connection, std::move(head));
    if (!sent) { co_return; }
    connection->talking = true;
    connection->talk = std::move(response.socket);
    response.socket = {};
    auto done = [connection](const std::exception_ptr& error) {
        if (error) { connection->close(); }
    };
    asio::co_spawn(connection->wire.get_executor(), pump_socket(state, connection),
                   asio::bind_cancellation_slot(connection->cancel.slot(), std::move(done)));
    SocketReader reader;
    std::array<char, 1024> bytes{};
    // What came behind the handshake is the beginning of it.
    const auto early = connection->buffer.data();
    std::string next(static_cast<const char*>(early.data()), early.size());
    connection->buffer.consume(early.size());
    for (;;) {
        auto heard = reader.take(next);
        connection->heard = connection->heard || heard.anything;
        if (heard.close) {
            // Both have said it, or nobody listens any more.
            if (!connection->parting) { co_await say_goodbye(state, connection, *heard.close, std::move(heard.reason)); }
            break;
        }
        if (heard.ping && !connection->parting) {
            std::string answer = pong_frame(*heard.ping);
            co_await write_in_turn(state, connection, std::move(answer));
            // The goodbye's own patience ended with that write.
            if (connection->parting) { connection->close_after(linger_time); }
        }
        const auto [error, got] = co_await connection->wire.async_read_some(asio::buffer(bytes), as_result);
        if (error) { break; }
        next.assign(bytes.data(), got);
    }
    connection->gone = true;
    connection->talk = {};
    connection->turn.cancel();
    connection->cancel.emit(asio::cancellation_type::terminal);
    co_await linger(state, connection);
}

}  // namespace crossdock::http
