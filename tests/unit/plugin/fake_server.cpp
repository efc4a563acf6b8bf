#include "fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

using crossdock::UniqueFd;

namespace {

UniqueFd listening(std::uint16_t& port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), raw, size) != 0 || ::listen(fd.get(), 16) != 0 || ::getsockname(fd.get(), raw, &size) != 0) {
        throw std::runtime_error("no port for a fake server");
    }
    port = ntohs(address.sin_port);
    return fd;
}

bool readable(int fd, int timeout_ms) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, timeout_ms) == 1;
}

}  // namespace

bool FakeServer::Connection::fill() {
    char buffer[65536];
    if (!readable(fd_.get(), 10'000)) { return false; }
    const auto got = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (got <= 0) { return false; }
    ahead_.append(buffer, static_cast<std::size_t>(got));
    return true;
}

std::string FakeServer::Connection::read_until(const std::string& end) {
    while (ahead_.find(end) == std::string::npos) {
        if (!fill()) { return std::exchange(ahead_, {}); }
    }
    return read_bytes(ahead_.find(end) + end.size());
}

std::string FakeServer::Connection::read_bytes(std::size_t count) {
    while (ahead_.size() < count && fill()) {}
    const auto taken = ahead_.substr(0, count);
    ahead_.erase(0, count);
    return taken;
}

std::string FakeServer::Connection::read_request() {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) { return head; }
    return head + read_bytes(std::stoul(head.substr(at + 16)));
}

void FakeServer::Connection::write(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const auto sent = ::send(fd_.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) { return; }
        done += static_cast<std::size_t>(sent);
    }
}

void FakeServer::Connection::drain() {
    while (fill()) { ahead_.clear(); }
}

FakeServer::FakeServer(std::function<void(Connection&, int)> serve) : serve_(std::move(serve)), listener_(listening(port_)) {
    thread_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
}

void FakeServer::accept_all() {
    while (!stopping_) {
        UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!fd.open()) { return; }
        Connection connection(std::move(fd));
        serve_(connection, ++connections_);
    }
}

void FakeServer::note(std::string text) {
    const std::scoped_lock lock(mutex_);
    notes_.push_back(std::move(text));
}

std::vector<std::string> FakeServer::notes() {
    const std::scoped_lock lock(mutex_);
    return notes_;
}

std::uint16_t closed_port() {
    std::uint16_t port = 0;
    (void)listening(port);
    return port;
}

std::string http_answer(int status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: application/json\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
