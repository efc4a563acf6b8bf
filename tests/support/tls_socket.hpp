#pragma once

#include "support/raw_socket.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace crossdock::support {

struct TlsWishes {
    int version_max = 0;            ///< TLS1_1_VERSION for example; 0: the newest
    const char* ciphers = nullptr;  ///< of TLS 1.2
};

/// A blocking TLS connection to this machine that believes any certificate, and tells which one it was shown.
class TlsSocket {
public:
    explicit TlsSocket(std::uint16_t port, TlsWishes wishes = {})
        : raw_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        // Whatever a test wishes is allowed on this side.
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        if (wishes.version_max != 0) { SSL_CTX_set_max_proto_version(context_.get(), wishes.version_max); }
        if (wishes.ciphers != nullptr) { SSL_CTX_set_cipher_list(context_.get(), wishes.ciphers); }
        session_.reset(SSL_new(context_.get()), SSL_free);
        const timeval patience{20, 0};
        ::setsockopt(raw_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        SSL_set_fd(session_.get(), raw_.fd());
        connected_ = raw_.connected() && SSL_connect(session_.get()) == 1;
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string version() const { return SSL_get_version(session_.get()); }
    /// SHA-256 of the certificate shown, in hex.
    [[nodiscard]] std::string fingerprint() const {
        const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(session_.get()), X509_free);
        std::array<unsigned char, 64> bytes{};
        unsigned size = 0;
        X509_digest(shown.get(), EVP_sha256(), bytes.data(), &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += "0123456789abcdef"[bytes.at(i) >> 4U];
            text += "0123456789abcdef"[bytes.at(i) & 15U];
        }
        return text;
    }
    bool send(std::string_view bytes) { return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0; }
    /// Everything up to the end; `ended_well()` says whether the server said that it is the end.
    std::string read_all() {
        std::string all;
        for (std::string piece = read_some(); !piece.empty(); piece = read_some()) { all += piece; }
        return all;
    }
    /// What is there next; empty at the end.
    std::string read_some() {
        std::array<char, 4096> piece{};
        const int got = SSL_read(session_.get(), piece.data(), static_cast<int>(piece.size()));
        if (got <= 0) {
            ended_well_ = SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN;
            return {};
        }
        return {piece.data(), static_cast<std::size_t>(got)};
    }
    std::string read_until(std::string_view mark) {
        while (pending_.find(mark) == std::string::npos) {
            const auto piece = read_some();
            if (piece.empty()) { break; }
            pending_ += piece;
        }
        const auto at = pending_.find(mark);
        const auto end = at == std::string::npos ? pending_.size() : at + mark.size();
        std::string taken = pending_.substr(0, end);
        pending_.erase(0, end);
        return taken;
    }
    [[nodiscard]] bool ended_well() const { return ended_well_; }
    RawSocket& raw() { return raw_; }

private:
    RawSocket raw_;
    std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<SSL> session_;
    std::string pending_;
    bool connected_ = false;
    bool ended_well_ = false;
};

}  // namespace crossdock::support
