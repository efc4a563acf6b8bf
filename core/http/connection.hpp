#pragma once

#include "http/server.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

// A named runner file: a socket and its timer. Inside of this room only.
namespace crossdock::http {

/// A socket, in clear or with TLS over it. What Asio and Beast ask of a stream.
class Wire {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using executor_type = Socket::executor_type;

    explicit Wire(Socket given) : socket_(std::move(given)) {}

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
    [[nodiscard]] Socket& socket() { return socket_; }
    [[nodiscard]] bool has_tls() const { return tls_.has_value(); }
    /// Requires has_tls().
    [[nodiscard]] boost::asio::ssl::stream<Socket&>& tls() { return *tls_; }
    void put_tls(const TlsIdentity& identity) { tls_.emplace(socket_, SSL_new(identity.context.get())); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        if (tls_) { return tls_->async_read_some(buffers, std::forward<Token>(token)); }
        return socket_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        if (tls_) { return tls_->async_write_some(buffers, std::forward<Token>(token)); }
        return socket_.async_write_some(buffers, std::forward<Token>(token));
    }

private:
    Socket socket_;
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

/// One client's connection. Shared by the task that serves it, the one that pumps its stream, and the server's list.
struct Connection : std::enable_shared_from_this<Connection> {
    explicit Connection(boost::asio::ip::tcp::socket given)
        : wire(std::move(given)), timer(wire.get_executor()), turn(wire.get_executor()) {}

    /// From now on: no more reading once `delay` has passed (reads see the end), so that a 408 can still be written.
    void end_reading_after(std::chrono::milliseconds delay) { arm(delay, false); }
    void close_after(std::chrono::milliseconds delay) { arm(delay, true); }
    void disarm() {
        ++armed;
        timer.cancel();
    }
    void close() {
        boost::system::error_code ignored;
        wire.socket().close(ignored);
    }
    void end_stream() {
        gone = true;
        stream = {};
        cancel.emit(boost::asio::cancellation_type::terminal);
        close();
    }

    Wire wire;
    boost::asio::steady_timer timer;
    boost::asio::steady_timer turn;           ///< canceled when `writing` ends
    boost::asio::cancellation_signal cancel;  ///< of the pump
    boost::beast::flat_buffer buffer;
    std::string peer;
    std::size_t served = 0;
    std::uint64_t armed = 0;
    BodyStream stream;
    SocketSource talk;     ///< of a WebSocket
    bool talking = false;  ///< it is one
    bool writing = false;  ///< somebody writes to it
    bool heard = false;    ///< the client has sent a frame since its source was asked
    bool parting = false;  ///< our close is on its way
    bool timed_out = false;
    bool idle = true;
    bool gone = false;  ///< nobody reads the stream any more

private:
    void arm(std::chrono::milliseconds delay, bool closing) {
        timed_out = false;
        timer.expires_after(delay);
        timer.async_wait([weak = weak_from_this(), mine = ++armed, closing](boost::system::error_code error) {
            const auto self = weak.lock();
            if (error || !self || self->armed != mine) { return; }
            self->timed_out = true;
            boost::system::error_code ignored;
            if (closing) { self->close(); }
            else { self->wire.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_receive, ignored); }
        });
    }
};

/// What a server's tasks share.
struct State {
    State(const Executor& executor, ServerLimits given, Handler chosen, std::shared_ptr<const TlsIdentity> shown)
        : acceptor(executor),
          grace(executor),
          limits(given),
          handler(std::move(chosen)),
          tls(std::move(shown)),
          bound(std::make_shared<Bound>("http.connections", given.connections_max)) {}

    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer grace;
    ServerLimits limits;
    Handler handler;
    std::shared_ptr<const TlsIdentity> tls;  ///< of new connections; null: in clear
    std::shared_ptr<Bound> bound;            ///< of the connections that are served
    std::unordered_set<std::shared_ptr<Connection>> connections;
    std::size_t refusing = 0;
    bool stopping = false;
};

/// Keeps a connection in the server's list as long as its task runs.
class Listed {
public:
    Listed(std::shared_ptr<State> state, std::shared_ptr<Connection> connection)
        : state_(std::move(state)), connection_(std::move(connection)) {
        state_->connections.insert(connection_);
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() {
        connection_->disarm();
        connection_->close();
        state_->connections.erase(connection_);
        if (state_->stopping && state_->connections.empty()) { state_->grace.cancel(); }
    }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Connection> connection_;
};

/// False when it could not be sent within the write timeout; the connection is closed then.
Task<bool> write_bytes(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, std::string bytes);

/// Ends the sending side and reads what the client still sends, for a while: closing at once would reset the connection, and the
/// client might never see the answer.
Task<void> linger(std::shared_ptr<State> state, std::shared_ptr<Connection> connection);

/// Sends a streamed answer and watches meanwhile whether the client is still there.
Task<void> send_stream(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, Response response, bool http_1_0);

/// The same over a WebSocket (RFC 6455), until one of both closes it.
Task<void> send_socket(std::shared_ptr<State> state, std::shared_ptr<Connection> connection, Response response);

}  // namespace crossdock::http
