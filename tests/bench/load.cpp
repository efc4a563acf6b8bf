#include "load.hpp"

#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"
#include "measure.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <array>
#include <cstring>

namespace crossdock::bench {
namespace {

constexpr int patience_ms = 60'000;

/// One connection with the request that it is about.
struct Client {
    UniqueFd fd;
    std::string answer = {};
    bool busy = false;
};

UniqueFd connected(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) { give_up("cannot connect"); }
    const int on = 1;
    (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void send_all(const UniqueFd& fd, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const auto put = ::send(fd.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (put <= 0) { give_up("the server takes no more requests"); }
        done += static_cast<std::size_t>(put);
    }
}

/// The status once the whole answer is there, else 0.
int status_of(const std::string& answer) {
    constexpr std::string_view length = "Content-Length: ";
    const auto end = answer.find("\r\n\r\n");
    if (end == std::string::npos) { return 0; }
    const auto at = answer.find(length);
    const std::size_t body = at < end ? std::strtoul(answer.c_str() + at + length.size(), nullptr, 10) : 0;
    return answer.size() >= end + 4 + body ? std::atoi(answer.c_str() + std::strlen("HTTP/1.1 ")) : 0;
}

double number_after(const std::string& text, const std::string& name) {
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + name.size(), nullptr);
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Load load(std::uint16_t port, const std::vector<std::string>& requests, std::size_t connections) {
    std::vector<Client> clients;
    std::vector<pollfd> waits;
    for (std::size_t i = 0; i < connections; ++i) {
        clients.push_back({connected(port)});
        waits.push_back({clients.back().fd.get(), POLLIN, 0});
    }
    Load result;
    std::size_t next = 0;
    const auto send_next = [&](Client& client) {
        client.answer.clear();
        client.busy = next < requests.size();
        if (client.busy) { send_all(client.fd, requests[next++]); }
    };
    const auto begun = Timer::now();
    for (auto& client : clients) { send_next(client); }
    while (result.good + result.other < requests.size()) {
        if (::poll(waits.data(), waits.size(), patience_ms) <= 0) { give_up("no answer within a minute"); }
        for (std::size_t i = 0; i < connections; ++i) {
            auto& client = clients[i];
            if (waits[i].revents == 0 || !client.busy) { continue; }
            std::array<char, 4096> piece{};
            const auto got = ::recv(client.fd.get(), piece.data(), piece.size(), 0);
            if (got <= 0) { give_up("the server has closed a connection"); }
            client.answer.append(piece.data(), static_cast<std::size_t>(got));
            const int status = status_of(client.answer);
            if (status == 0) { continue; }
            ++(status / 100 == 2 ? result.good : result.other);
            send_next(client);
        }
    }
    result.seconds = Ms(Timer::now() - begun).count() / 1000;
    return result;
}

std::string post(const std::string& target, const std::string& headers, const std::string& body) {
    return "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string webhook(const std::string& secret, const std::string& body) {
    return post("/api/webhooks/phonex", "X-PhoneX-Signature: " + crypto::hmac_sha256_hex(secret, body) + "\r\n", body);
}

Used used(pid_t pid) {
    Used sum;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        // Nanoseconds on a processor, first of three numbers.
        sum.cpu_us += std::strtod(read_file(task.path() / "schedstat").c_str(), nullptr) / 1000;
        // The line of those that were not voluntary has this name in it, too, and comes later.
        sum.wakeups += number_after(read_file(task.path() / "status"), "\nvoluntary_ctxt_switches:");
    }
    return sum;
}

}  // namespace crossdock::bench
