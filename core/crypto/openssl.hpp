#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace crossdock::crypto {

struct EvpFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, EvpFree>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, EvpFree>;

/// For calls that fail only when memory or the library itself is broken: aborts with OpenSSL's text.
inline void must(bool done, const char* what) {
    if (done) { return; }
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    std::fprintf(stderr, "bug: %s: %s\n", what, text);
    std::abort();
}

inline const unsigned char* bytes_of(const char* text) {
    return reinterpret_cast<const unsigned char*>(text);
}

}  // namespace crossdock::crypto
