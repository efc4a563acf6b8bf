#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// A TCP server on a free loopback port that does to each connection what a test wants, byte by byte.
class FakeServer {
public:
    /// One accepted connection. Reading and writing have a deadline of ten seconds.
    class Connection {
    public:
        explicit Connection(crossdock::UniqueFd fd) : fd_(std::move(fd)) {}
        /// Everything up to and with `end`; what came when the peer left earlier.
        std::string read_until(const std::string& end);
        std::string read_bytes(std::size_t count);
        /// A whole request with its Content-Length body; empty when the peer has left.
        std::string read_request();
        void write(const std::string& text);
        /// Waits until the peer closes.
        void drain();

    private:
        bool fill();
        crossdock::UniqueFd fd_;
        std::string ahead_;
    };

    /// `serve` runs for one connection after another, with its number from 1.
    explicit FakeServer(std::function<void(Connection&, int)> serve);
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int connections() const { return connections_; }

    /// What a test's `serve` wrote down.
    void note(std::string text);
    [[nodiscard]] std::vector<std::string> notes();

private:
    void accept_all();

    std::function<void(Connection&, int)> serve_;
    std::uint16_t port_ = 0;
    crossdock::UniqueFd listener_;
    std::atomic<int> connections_{0};
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::vector<std::string> notes_;
    std::thread thread_;
};

/// A port that nobody listens on.
[[nodiscard]] std::uint16_t closed_port();

/// An HTTP answer with its length.
[[nodiscard]] std::string http_answer(int status, const std::string& body, const std::string& headers = {});
