#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <filesystem>
#include <memory>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace crossdock::http {

/// What a server proves itself with: a certificate with its chain, and its key.
struct TlsIdentity {
    std::string name;         ///< the first name that the certificate is for, else its subject's
    std::string fingerprint;  ///< SHA-256 of the certificate, lower-case hex
    UtcMs not_before = 0;
    UtcMs not_after = 0;
    std::shared_ptr<ssl_ctx_st> context;

    /// Errors: it has expired, or is not valid yet.
    [[nodiscard]] Result<> check_time(UtcMs now) const;
    /// Whole days until it expires; 0 or less once it has.
    [[nodiscard]] std::int64_t days_left(UtcMs now) const;
};

/// Reads two PEM files: the certificate with its chain behind it, and a key without a pass phrase.
/// TLS 1.2 and 1.3, ciphers with forward secrecy and authentication only.
/// Errors: `where` is the file that is to blame: unreadable, no PEM, a key that others may read or change, one that is not the
/// certificate's, one that is too weak. No message holds any of the key.
[[nodiscard]] Result<std::shared_ptr<const TlsIdentity>> load_tls(const std::filesystem::path& certificate,
                                                                  const std::filesystem::path& key);

}  // namespace crossdock::http
