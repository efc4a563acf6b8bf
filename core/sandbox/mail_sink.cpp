#include "sandbox/mail_sink.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"
#include "sandbox/folder.hpp"
#include "sandbox/mail_store.hpp"
#include "sandbox/smtp_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <unordered_set>

// A named runner file: sockets.
namespace crossdock::sandbox {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t connections_max = 1'000;

struct Connection {
    explicit Connection(tcp::socket given, SmtpLimits limits) : socket(std::move(given)), session(limits) {}
    void close() {
        error_code ignored;
        socket.close(ignored);
    }
    tcp::socket socket;
    SmtpSession session;
    std::string pending;    ///< read, not yet a whole line
    bool overlong = false;  ///< the rest of this line is not kept
    Clock::TimerId timer = 0;
};

struct Sink {
    Sink(const Executor& executor, Clock& clock_given, MailOptions options_given, UniqueFd lock_given, MailStore store_given)
        : acceptor(executor),
          clock(clock_given),
          options(std::move(options_given)),
          lock(std::move(lock_given)),
          store(std::move(store_given)) {}

    tcp::acceptor acceptor;
    Clock& clock;
    MailOptions options;
    UniqueFd lock;
    MailStore store;
    std::unordered_set<std::shared_ptr<Connection>> connections;
    bool stopping = false;
    std::size_t counted = 0;  ///< mails that are not kept
};

using Shared = std::shared_ptr<Sink>;
using Peer = std::shared_ptr<Connection>;

void restart_timer(const Shared& sink, const Peer& peer) {
    if (peer->timer != 0) { sink->clock.cancel(peer->timer); }
    peer->timer = sink->clock.after(sink->options.idle_timeout, [weak = std::weak_ptr(peer)] {
        if (const auto slow = weak.lock()) { slow->close(); }
    });
}

Task<bool> say(Peer peer, std::string text) {
    const auto [error, written] = co_await asio::async_write(peer->socket, asio::buffer(text), as_result);
    co_return !error;
}

/// The next whole line in what was read; a line above the limit comes as its beginning, not whole.
struct Line {
    std::string text;
    bool whole = true;
};

std::optional<Line> next_line(Connection& peer, std::size_t line_max) {
    const auto end = peer.pending.find("\r\n");
    if (end != std::string::npos) {
        Line line{peer.pending.substr(0, end), !peer.overlong && end + 2 <= line_max};
        peer.pending.erase(0, end + 2);
        peer.overlong = false;
        return line;
    }
    if (peer.pending.size() > line_max) {
        // Only the last byte may still matter: it may be the CR of the line's end.
        peer.overlong = true;
        peer.pending.erase(0, peer.pending.size() - 1);
    }
    return {};
}

/// Stores one mail and answers it. False: the connection is to be closed.
Task<bool> take_mail(Shared sink, Peer peer, ReceivedMail mail) {
    auto& options = sink->options;
    int code = 250;
    if (options.fail_with != 0 && options.fail_times != 0) {
        if (options.fail_times > 0) { --options.fail_times; }
        code = options.fail_with;
    }
    else if (!options.keep) { ++sink->counted; }
    else if (const auto stored = sink->store.add(mail); stored.has_error()) {
        Log::error("a mail could not be stored", {{"reason", stored.error().text()}});
        code = 452;
    }
    if (code == 250 && options.cut_after_store_times > 0) {
        --options.cut_after_store_times;
        co_return false;
    }
    std::string reply = SmtpSession::stored(code);
    co_return co_await say(peer, std::move(reply));
}

Task<bool> handle_line(Shared sink, Peer peer, Line line) {
    auto step = peer->session.line(line.text, line.whole);
    if (step.mail) { co_return co_await take_mail(sink, peer, std::move(*step.mail)); }
    if (step.reply.empty()) { co_return true; }
    const bool said = co_await say(peer, std::move(step.reply));
    co_return said && !step.close;
}

std::string greeting_of(MailOptions::Greeting manner) {
    switch (manner) {
        case MailOptions::Greeting::none: return {};
        case MailOptions::Greeting::garbled: return "HTTP/1.1 400 Bad Request\r\n\r\n";
        case MailOptions::Greeting::proper: break;
    }
    return SmtpSession::greeting();
}

Task<void> converse(Shared sink, Peer peer) {
    sink->connections.insert(peer);
    std::array<char, 16 << 10> piece{};
    std::string greeting = greeting_of(sink->options.greeting);
    bool going = greeting.empty() || co_await say(peer, std::move(greeting));
    while (going && !sink->stopping) {
        restart_timer(sink, peer);
        const auto [error, got] = co_await peer->socket.async_read_some(asio::buffer(piece), as_result);
        if (error) { break; }
        peer->pending.append(piece.data(), got);
        for (auto line = next_line(*peer, sink->options.line_max); going && line;
             line = next_line(*peer, sink->options.line_max)) {
            going = co_await handle_line(sink, peer, std::move(*line));
        }
    }
    if (peer->timer != 0) { sink->clock.cancel(peer->timer); }
    peer->close();
    sink->connections.erase(peer);
}

Task<void> accept_all(Shared sink) {
    while (!sink->stopping) {
        auto [error, socket] = co_await sink->acceptor.async_accept(as_result);
        if (sink->stopping) { co_return; }
        if (error) {
            // Mostly out of descriptors: the condition passes when connections end.
            co_await pause(sink->clock, milliseconds{100});
            continue;
        }
        if (sink->connections.size() >= connections_max) { continue; }
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const SmtpLimits limits{.message_max = sink->options.message_max, .line_max = sink->options.line_max};
        spawn(sink->acceptor.get_executor(), converse(sink, std::make_shared<Connection>(std::move(socket), limits)));
    }
}

class RunningSink final : public MailSink {
public:
    RunningSink(Shared sink, std::uint16_t port) : sink_(std::move(sink)), port_(port) {}
    RunningSink(const RunningSink&) = delete;
    RunningSink& operator=(const RunningSink&) = delete;
    ~RunningSink() override { close(); }

    [[nodiscard]] std::uint16_t port() const override { return port_; }
    [[nodiscard]] std::size_t mail_count() const override { return sink_->store.last_number() + sink_->counted; }
    void stop() override { close(); }

private:
    void close() {
        sink_->stopping = true;
        error_code ignored;
        sink_->acceptor.close(ignored);
        for (const auto& peer : sink_->connections) { peer->close(); }
    }
    Shared sink_;
    std::uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<MailSink>> MailSink::start(Executor executor, Clock& clock, const MailOptions& options) {
    if (options.fail_with != 0 && (options.fail_with < 400 || options.fail_with > 599)) {
        return Fault{"must be an SMTP code from 400 to 599", "fail_with", Advice::stop};
    }
    auto lock = claim_folder(options.data);
    if (lock.has_error()) { return lock.error(); }
    auto store = MailStore::open(options.data / "mails");
    if (store.has_error()) { return store.error(); }
    auto sink = std::make_shared<Sink>(executor, clock, options, std::move(lock).value(), std::move(store).value());
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), options.port);
    const std::string where = "127.0.0.1:" + std::to_string(options.port);
    error_code error;
    sink->acceptor.open(endpoint.protocol(), error);
    if (!error) { sink->acceptor.set_option(tcp::acceptor::reuse_address(true), error); }
    if (!error) { sink->acceptor.bind(endpoint, error); }
    if (!error) { sink->acceptor.listen(asio::socket_base::max_listen_connections, error); }
    if (error == asio::error::address_in_use) {
        return Fault{"this port is in use by another program; choose another one with --listen-port", where, Advice::stop};
    }
    if (error) { return Fault{"cannot listen here: " + error.message(), where, Advice::stop}; }
    const auto port = sink->acceptor.local_endpoint(error).port();
    spawn(executor, accept_all(sink));
    std::unique_ptr<MailSink> made = std::make_unique<RunningSink>(sink, port);
    if (auto told = announce(options.data, port, options.ready_fd); told.has_error()) { return told.error(); }
    return made;
}

}  // namespace crossdock::sandbox
