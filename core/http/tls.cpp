#include "http/tls.hpp"

#include "base/unique_fd.hpp"
#include "http/fingerprint.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace crossdock::http {
namespace {

namespace fs = std::filesystem;

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t file_max = 1U << 20U;
constexpr std::int64_t ms_per_s = 1'000;
constexpr std::int64_t ms_per_day = 86'400'000;

/// What OpenSSL said last, and nothing of it is left.
std::string reason() {
    std::array<char, 256> text{};
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) { return "no reason is given"; }
    const char* const said = ERR_reason_error_string(code);
    if (said != nullptr) { return said; }
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

struct Content {
    std::string text;
    mode_t mode = 0;
};

Result<Content> read(const fs::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    if (fd.get() < 0 || ::fstat(fd.get(), &about) != 0) {
        return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()};
    }
    Content made;
    made.mode = about.st_mode;
    std::array<char, 4096> piece{};
    for (;;) {
        const auto got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
        if (got == 0) { return made; }
        made.text.append(piece.data(), static_cast<std::size_t>(got));
        if (made.text.size() > file_max) { return Fault{"is longer than 1 MiB", file.string()}; }
    }
}

Owned<BIO> reader_of(const std::string& text) {
    return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

UtcMs time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) { return 0; }
    return static_cast<UtcMs>(::timegm(&parts)) * ms_per_s;
}

std::string name_of(X509* certificate) {
    const Owned<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* one = sk_GENERAL_NAME_value(names.get(), i);
        if (one->type != GEN_DNS) { continue; }
        return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName)),
                static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName))};
    }
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
    return text.data();
}

std::shared_ptr<SSL_CTX> new_context() {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    // For TLS 1.2; all of 1.3's suites are of this kind.
    SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    // Clients resume by tickets, of which the server keeps nothing.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

/// An empty pass phrase, so that nobody is asked at a terminal.
int no_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return 0;
}

Result<Owned<EVP_PKEY>> read_key(const fs::path& file) {
    const auto content = read(file);
    if (!content) { return content.error(); }
    if ((content->mode & (S_IRWXO | S_IWGRP)) != 0) {
        return Fault{"this key can be read or changed by others than its owner; run: chmod 600 " + file.string(), file.string()};
    }
    const auto bio = reader_of(content->text);
    bool asked = false;
    Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, &asked));
    if (!key && asked) { return Fault{"this key has a pass phrase; the daemon takes one without, mode 0600", file.string()}; }
    if (!key) { return Fault{"holds no private key in PEM form: " + reason(), file.string()}; }
    return key;
}

/// The chain behind the leaf, as it stands in the file.
Result<> add_chain(SSL_CTX* context, BIO* bio, const fs::path& file) {
    for (;;) {
        Owned<X509> next(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
        if (!next) { break; }
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
            return Fault{"its chain is refused: " + reason(), file.string()};
        }
        (void)next.release();
    }
    // The end of a PEM file is an error, too.
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string why = reason();
    if (!ended) { return Fault{"its chain cannot be read: " + why, file.string()}; }
    return {};
}

}  // namespace

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), bytes.data(), &size) != 1) { return {}; }
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += digits[bytes.at(i) >> 4U];
        text += digits[bytes.at(i) & 15U];
    }
    return text;
}

Result<> TlsIdentity::check_time(UtcMs now) const {
    if (now >= not_after) {
        return Fault{"the certificate of " + name + " expired at " + rfc3339(not_after) + "; get a new one"};
    }
    if (now < not_before) {
        return Fault{"the certificate of " + name + " is not valid before " + rfc3339(not_before) +
                     "; is this machine's clock right?"};
    }
    return {};
}

std::int64_t TlsIdentity::days_left(UtcMs now) const {
    return (not_after - now) / ms_per_day;
}

Result<std::shared_ptr<const TlsIdentity>> load_tls(const fs::path& certificate, const fs::path& key) {
    ERR_clear_error();
    const auto content = read(certificate);
    if (!content) { return content.error(); }
    const auto bio = reader_of(content->text);
    const Owned<X509> leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!leaf) { return Fault{"holds no certificate in PEM form: " + reason(), certificate.string()}; }
    const auto own = read_key(key);
    if (!own) { return own.error(); }
    if (X509_check_private_key(leaf.get(), own->get()) != 1) {
        ERR_clear_error();
        return Fault{"is not the key of the certificate in " + certificate.string(), key.string()};
    }
    auto made = std::make_shared<TlsIdentity>();
    made->context = new_context();
    if (SSL_CTX_use_certificate(made->context.get(), leaf.get()) != 1) {
        return Fault{"this certificate is refused: " + reason(), certificate.string()};
    }
    if (auto chained = add_chain(made->context.get(), bio.get(), certificate); !chained) { return chained.error(); }
    if (SSL_CTX_use_PrivateKey(made->context.get(), own->get()) != 1) {
        return Fault{"this key is refused: " + reason(), key.string()};
    }
    made->name = name_of(leaf.get());
    made->fingerprint = fingerprint_of(leaf.get());
    made->not_before = time_of(X509_get0_notBefore(leaf.get()));
    made->not_after = time_of(X509_get0_notAfter(leaf.get()));
    return std::shared_ptr<const TlsIdentity>(std::move(made));
}

}  // namespace crossdock::http
