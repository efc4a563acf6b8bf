#include "http/tls_exchange.hpp"

#include "base/unique_fd.hpp"
#include "http/fingerprint.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>

// A named runner file: a socket.
namespace crossdock::http {
namespace {

constexpr std::size_t answer_max = 64U << 20U;

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(X509* certificate) const { X509_free(certificate); }
};

Fault fault_at(const LoopbackCall& call, std::string what) {
    return {std::move(what), call.host + ":" + std::to_string(call.port), Advice::retry};
}

Result<UniqueFd> connect_to(const LoopbackCall& call) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    v4.sin_port = v6.sin6_port = htons(call.port);
    const bool is_v4 = inet_pton(AF_INET, call.host.c_str(), &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, call.host.c_str(), &v6.sin6_addr) != 1) {
        return fault_at(call, "the host is no IP address of this machine");
    }
    UniqueFd fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto ms = call.timeout.count();
    const timeval patience{ms / 1'000, ms % 1'000 * 1'000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto* const address = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    if (::connect(fd.get(), address, is_v4 ? sizeof v4 : sizeof v6) != 0) {
        return fault_at(call, std::string("cannot connect: ") + std::strerror(errno));
    }
    return fd;
}

std::string shown_fingerprint(SSL* session) {
    const std::unique_ptr<X509, Free> shown(SSL_get1_peer_certificate(session));
    return shown ? fingerprint_of(shown.get()) : "";
}

/// An answer that ends with its connection or its Content-Length.
Result<LoopbackAnswer> parsed(const LoopbackCall& call, std::string_view text) {
    const Fault cut = fault_at(call, "the connection was closed before a whole answer");
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos || !text.starts_with("HTTP/1.1 ") || text.size() < 12) { return cut; }
    LoopbackAnswer made;
    (void)std::from_chars(text.data() + 9, text.data() + 12, made.status);
    std::string_view head = text.substr(0, end);
    for (auto line = head.find("\r\n"); line != std::string_view::npos;) {
        head.remove_prefix(line + 2);
        line = head.find("\r\n");
        const auto one = head.substr(0, line);
        const auto colon = one.find(": ");
        if (colon != std::string_view::npos) { made.headers.emplace_back(one.substr(0, colon), one.substr(colon + 2)); }
    }
    made.body = std::string(text.substr(end + 4));
    if (const auto length = made.header("Content-Length"); length && std::to_string(made.body.size()) != *length) { return cut; }
    return made;
}

}  // namespace

Result<LoopbackAnswer> exchange_pinned(const LoopbackCall& call) {
    const auto fd = connect_to(call);
    if (!fd) { return fd.error(); }
    const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    const std::unique_ptr<SSL, Free> session(SSL_new(context.get()));
    SSL_set_fd(session.get(), fd->get());
    // OpenSSL writes without MSG_NOSIGNAL.
    (void)std::signal(SIGPIPE, SIG_IGN);
    if (SSL_connect(session.get()) != 1) { return fault_at(call, "no TLS could be agreed on"); }
    // Nothing of the request leaves before this.
    if (shown_fingerprint(session.get()) != call.pin) {
        return fault_at(call,
                        "the daemon shows another certificate than the config names; `crossdock reload` has it take this one");
    }
    const std::string text = request_text(call);
    if (SSL_write(session.get(), text.data(), static_cast<int>(text.size())) <= 0) { return fault_at(call, "cannot send"); }
    std::string answer;
    std::array<char, 4096> piece{};
    for (;;) {
        const int got = SSL_read(session.get(), piece.data(), static_cast<int>(piece.size()));
        if (got <= 0) { break; }
        answer.append(piece.data(), static_cast<std::size_t>(got));
        if (answer.size() > answer_max) { return fault_at(call, "the answer is too long"); }
    }
    return parsed(call, answer);
}

}  // namespace crossdock::http
