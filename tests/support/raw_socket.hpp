#pragma once

#include "base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossdock::support {

/// A blocking TCP connection to this machine that sends exactly the bytes it is told to. Every wait has a deadline.
class RawSocket {
public:
    explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] int fd() const { return fd_.get(); }

    /// False when the other side no longer takes bytes.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (put < 0 && errno == EINTR) { continue; }
            if (put <= 0) { return false; }
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return true;
    }
    void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }

    /// Everything up to and with `mark`; less when the connection ends or the deadline passes first.
    std::string read_until(std::string_view mark, std::chrono::milliseconds within = std::chrono::seconds{20}) {
        const auto deadline = std::chrono::steady_clock::now() + within;
        for (;;) {
            const auto at = pending_.find(mark);
            if (at != std::string::npos) { return take(at + mark.size()); }
            if (!more(deadline)) { return take(pending_.size()); }
        }
    }
    /// Exactly `count` bytes, or less as above.
    std::string read_bytes(std::size_t count, std::chrono::milliseconds within = std::chrono::seconds{20}) {
        const auto deadline = std::chrono::steady_clock::now() + within;
        while (pending_.size() < count && more(deadline)) {}
        return take(std::min(count, pending_.size()));
    }
    /// Everything up to the end of the connection.
    std::string read_all(std::chrono::milliseconds within = std::chrono::seconds{20}) {
        const auto deadline = std::chrono::steady_clock::now() + within;
        while (more(deadline)) {}
        return take(pending_.size());
    }
    /// One HTTP response with a Content-Length.
    std::string read_response() {
        std::string head = read_until("\r\n\r\n");
        const auto at = head.find("Content-Length: ");
        if (at == std::string::npos) { return head; }
        return head + read_bytes(static_cast<std::size_t>(std::stoul(head.substr(at + 16))));
    }
    /// True once the other side has closed or reset; false when a read met the deadline.
    [[nodiscard]] bool ended() const { return ended_; }

private:
    bool more(std::chrono::steady_clock::time_point deadline) {
        if (ended_) { return false; }
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
            if (left <= 0) { return false; }
            pollfd waiting{fd_.get(), POLLIN, 0};
            const int ready = ::poll(&waiting, 1, static_cast<int>(left));
            if (ready < 0 && errno == EINTR) { continue; }
            if (ready <= 0) { return false; }
            char piece[4096];
            const auto got = ::recv(fd_.get(), piece, sizeof piece, 0);
            if (got > 0) {
                pending_.append(piece, static_cast<std::size_t>(got));
                return true;
            }
            ended_ = true;
            return false;
        }
    }
    std::string take(std::size_t count) {
        std::string taken = pending_.substr(0, count);
        pending_.erase(0, count);
        return taken;
    }

    UniqueFd fd_;
    bool connected_ = false;
    bool ended_ = false;
    std::string pending_;
};

}  // namespace crossdock::support
