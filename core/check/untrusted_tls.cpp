#include "check/untrusted_tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <unordered_set>

// A named runner file: sockets.
namespace crossdock::check {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Stream = ssl::stream<tcp::socket>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr long valid_for_s = 24L * 3600;

struct State {
    explicit State(const Executor& executor) : acceptor(executor) {}
    tcp::acceptor acceptor;
    ssl::context context{ssl::context::tls_server};
    std::unordered_set<std::shared_ptr<Stream>> peers;
    std::size_t believed = 0;
    bool stopping = false;
};
using Shared = std::shared_ptr<State>;

/// A key and a certificate for "localhost", signed by that key itself.
bool make_certificate(ssl::context& context) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    if (!key || !certificate) { return false; }
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -valid_for_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for_s);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    const std::array<unsigned char, 9> host{'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't'};
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host.data(), static_cast<int>(host.size()), -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    return X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0 &&
           SSL_CTX_use_certificate(context.native_handle(), certificate.get()) == 1 &&
           SSL_CTX_use_PrivateKey(context.native_handle(), key.get()) == 1;
}

Task<void> converse(Shared state, std::shared_ptr<Stream> peer) {
    state->peers.insert(peer);
    const auto [shaken] = co_await peer->async_handshake(ssl::stream_base::server, as_result);
    if (!shaken) {
        std::array<char, 256> said{};
        const auto [error, got] = co_await peer->async_read_some(asio::buffer(said), as_result);
        if (!error && got > 0) { ++state->believed; }
    }
    error_code ignored;
    peer->lowest_layer().close(ignored);
    state->peers.erase(peer);
}

Task<void> accept_all(Shared state) {
    while (!state->stopping) {
        auto [error, socket] = co_await state->acceptor.async_accept(as_result);
        if (error || state->stopping) { co_return; }
        spawn(state->acceptor.get_executor(), converse(state, std::make_shared<Stream>(std::move(socket), state->context)));
    }
}

class Listening final : public UntrustedTls {
public:
    explicit Listening(Shared state) : state_(std::move(state)) {}
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() override {
        state_->stopping = true;
        error_code ignored;
        state_->acceptor.close(ignored);
        for (const auto& peer : state_->peers) { peer->lowest_layer().close(ignored); }
    }
    [[nodiscard]] std::uint16_t port() const override {
        error_code ignored;
        return state_->acceptor.local_endpoint(ignored).port();
    }
    [[nodiscard]] std::size_t believed() const override { return state_->believed; }

private:
    Shared state_;
};

}  // namespace

Result<std::unique_ptr<UntrustedTls>> UntrustedTls::listen(Executor executor) {
    auto state = std::make_shared<State>(executor);
    if (!make_certificate(state->context)) { return Fault{"no certificate can be made", {}, Advice::stop}; }
    error_code error;
    state->acceptor.open(tcp::v4(), error);
    if (!error) { state->acceptor.bind({asio::ip::address_v4::loopback(), 0}, error); }
    if (!error) { state->acceptor.listen(asio::socket_base::max_listen_connections, error); }
    if (error) { return Fault{"cannot listen: " + error.message(), "127.0.0.1", Advice::stop}; }
    spawn(executor, accept_all(state));
    return std::unique_ptr<UntrustedTls>(std::make_unique<Listening>(std::move(state)));
}

}  // namespace crossdock::check
