#include "support/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace crossdock::support {
namespace {

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
};

void must(bool done, const char* what) {
    if (done) { return; }
    std::fprintf(stderr, "a test's certificate could not be made: %s\n", what);
    std::abort();
}

}  // namespace

void write_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key, const CertificateMade& made) {
    const std::unique_ptr<EVP_PKEY, Free> pair(made.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(made.rsa_bits))
                                                                 : EVP_EC_gen("P-256"));
    must(pair != nullptr, "key");
    const std::unique_ptr<X509, Free> own(X509_new());
    X509_set_version(own.get(), X509_VERSION_3);
    static int serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(own.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(own.get()), made.from.count());
    X509_gmtime_adj(X509_getm_notAfter(own.get()), made.until.count());
    X509_set_pubkey(own.get(), pair.get());
    auto* const name = X509_get_subject_name(own.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(made.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(own.get(), name);
    const std::string names = "DNS:" + made.name;
    const std::unique_ptr<X509_EXTENSION, Free> alt(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
    X509_add_ext(own.get(), alt.get(), -1);
    must(X509_sign(own.get(), pair.get(), EVP_sha256()) > 0, "signature");
    {
        const std::unique_ptr<std::FILE, Free> file(std::fopen(certificate.c_str(), "w"));
        must(file && PEM_write_X509(file.get(), own.get()) == 1, "certificate file");
    }
    {
        const std::unique_ptr<std::FILE, Free> file(std::fopen(key.c_str(), "w"));
        must(file && PEM_write_PrivateKey(file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "key file");
    }
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace crossdock::support
