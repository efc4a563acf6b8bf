#include "app/control_socket.hpp"

#include "base/log.hpp"
#include "base/unique_fd.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace crossdock::app {
namespace {

namespace asio = boost::asio;
using Stream = asio::local::stream_protocol::socket;

constexpr std::size_t request_max = 1 << 20;
constexpr std::size_t connections_max = 64;

Json answer_of(const Result<Json>& result) {
    if (result) { return Json::object({{"ok", true}, {"result", *result}}); }
    return Json::object({{"ok", false}, {"what", result.error().what}, {"where", result.error().where}});
}

class Listener final : public ControlSocket {
public:
    Listener(Executor executor, asio::local::stream_protocol::acceptor acceptor, AdminHandler handler)
        : executor_(std::move(executor)), acceptor_(std::move(acceptor)), handler_(std::move(handler)) {
        spawn(executor_, accept_all());
    }

    void stop() override {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
    }

    [[nodiscard]] QueueLevel connections() const override { return bound_->level(); }

private:
    Task<void> accept_all() {
        while (acceptor_.is_open()) {
            boost::system::error_code error;
            Stream stream = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
            if (error) { continue; }
            Place place(bound_);
            auto connection = std::make_shared<Stream>(std::move(stream));
            if (place.taken()) { spawn(executor_, serve(std::move(connection), std::move(place))); }
            else { spawn(executor_, answer(std::move(connection), answer_of(bound_->full()))); }
        }
    }

    Task<void> serve(std::shared_ptr<Stream> stream, [[maybe_unused]] Place place) {
        std::string line;
        boost::system::error_code error;
        co_await asio::async_read_until(*stream, asio::dynamic_buffer(line, request_max), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
        if (error) { co_return; }
        auto request = Json::parse(line, JsonLimits{.bytes_max = request_max});
        Json reply;
        if (!request) { reply = answer_of(request); }
        else {
            Result<Json> result = co_await handler_(std::move(*request));
            reply = answer_of(result);
        }
        co_await answer(std::move(stream), std::move(reply));
    }

    static Task<void> answer(std::shared_ptr<Stream> stream, Json reply) {
        const std::string text = reply.dump() + "\n";
        boost::system::error_code error;
        co_await asio::async_write(*stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    }

    Executor executor_;
    asio::local::stream_protocol::acceptor acceptor_;
    AdminHandler handler_;
    std::shared_ptr<Bound> bound_ = std::make_shared<Bound>("control.connections", connections_max);
};

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(Executor executor, const std::filesystem::path& path,
                                                             AdminHandler handler) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    boost::system::error_code error;
    asio::local::stream_protocol::acceptor acceptor(executor);
    const asio::local::stream_protocol::endpoint endpoint(path.string());
    acceptor.open(endpoint.protocol(), error);
    const mode_t before = ::umask(0177);
    if (!error) { acceptor.bind(endpoint, error); }
    ::umask(before);
    if (!error) { acceptor.listen(asio::socket_base::max_listen_connections, error); }
    if (error) { return Fault{"the control socket cannot be made: " + error.message(), path.string(), Advice::stop}; }
    return std::unique_ptr<ControlSocket>(new Listener(std::move(executor), std::move(acceptor), std::move(handler)));
}

std::optional<Result<Json>> ask_daemon(const std::filesystem::path& path, const Json& request) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path.string();
    if (!fd.open() || name.size() >= sizeof address.sun_path) { return {}; }
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) { return {}; }
    const Fault cut{"the daemon closed the control socket without an answer; whether it acted is unknown", name,
                    Advice::reconnect};
    const std::string line = request.dump() + "\n";
    for (std::size_t done = 0; done < line.size();) {
        const auto sent = ::send(fd.get(), line.data() + done, line.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) { return Result<Json>(cut); }
        done += static_cast<std::size_t>(sent);
    }
    std::string text;
    std::array<char, 4096> piece{};
    while (text.find('\n') == std::string::npos) {
        const auto got = ::recv(fd.get(), piece.data(), piece.size(), 0);
        if (got < 0 && errno == EINTR) { continue; }
        if (got <= 0) { return Result<Json>(cut); }
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    auto answer = Json::parse(text, JsonLimits{.bytes_max = 64 << 20});
    if (!answer) { return Result<Json>(cut); }
    if (!answer->boolean("ok")) { return Result<Json>(Fault{answer->text("what"), answer->text("where")}); }
    const Json* result = answer->find("result");
    return Result<Json>(result == nullptr ? Json() : *result);
}

}  // namespace crossdock::app
