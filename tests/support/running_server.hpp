#pragma once

#include "http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <thread>

namespace crossdock::support {

/// A server on a thread of its own; destroying it stops the server and runs its executor dry.
class RunningServer {
public:
    explicit RunningServer(http::Handler handler, http::ServerLimits limits = {},
                           std::shared_ptr<const http::TlsIdentity> tls = {})
        : server_(
              http::Server::listen(context_.get_executor(), "127.0.0.1", 0, limits, std::move(handler), std::move(tls)).value()),
          thread_([this] { context_.run(); }) {}
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;
    ~RunningServer() { stop(std::chrono::seconds{5}); }

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    /// Those that are open.
    [[nodiscard]] std::size_t connections() const { return server_->connections().waiting; }
    [[nodiscard]] Executor executor() { return context_.get_executor(); }

    /// Returns once those who connect are shown this identity.
    void show(std::shared_ptr<const http::TlsIdentity> tls) {
        std::promise<void> done;
        boost::asio::post(context_, [&] {
            server_->show(std::move(tls));
            done.set_value();
        });
        done.get_future().wait();
    }

    /// Returns when the executor has nothing left to do.
    void stop(std::chrono::milliseconds grace) {
        if (!thread_.joinable()) { return; }
        boost::asio::post(context_, [this, grace] { server_->stop(grace); });
        thread_.join();
    }

private:
    boost::asio::io_context context_{1};
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
};

}  // namespace crossdock::support
