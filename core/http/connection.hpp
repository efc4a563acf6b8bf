#pragma once

#include "http/server.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

// A named runner file: a socket and its timer. Inside of this room only.
namespace crossdock::http {

/// One client's connection. Shared by the task that serves it, the one that pumps its stream, and the server's list.
struct Connection : std::enable_shared_from_this<Connection> {
    explicit Connection(boost::asio::ip::tcp::socket given) : socket(std::move(given)), timer(socket.get_executor()) {}

    /// From now on: no more reading once `delay` has passed (reads see the end), so that a 408 can still be written.
    void end_reading_after(std::chrono::milliseconds delay) { arm(delay, false); }
    void close_after(std::chrono::milliseconds delay) { arm(delay, true); }
    void disarm() {
        ++armed;
        timer.cancel();
    }
    void close() {
        boost::system::error_code ignored;
        socket.close(ignored);
    }
    void end_stream() {
        gone = true;
        stream = {};
        cancel.emit(boost::asio::cancellation_type::terminal);
        close();
    }

    boost::asio::ip::tcp::socket socket;
    boost::asio::steady_timer timer;
    boost::asio::cancellation_signal cancel;  ///< of the pump
    boost::beast::flat_buffer buffer;
    std::string peer;
    std::size_t served = 0;
    std::uint64_t armed = 0;
    BodyStream stream;
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
            else { self->socket.shutdown(boost::asio::ip::tcp::socket::shutdown_receive, ignored); }
        });
    }
};

/// What a server's tasks share.
struct State {
    State(const Executor& executor, ServerLimits given, Handler chosen)
        : acceptor(executor),
          grace(executor),
          limits(given),
          handler(std::move(chosen)),
          bound(std::make_shared<Bound>("http.connections", given.connections_max)) {}

    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer grace;
    ServerLimits limits;
    Handler handler;
    std::shared_ptr<Bound> bound;  ///< of the connections that are served
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

}  // namespace crossdock::http
