#pragma once

#include <openssl/types.h>

#include <string>

namespace crossdock::http {

/// SHA-256 of a certificate, lower-case hex; empty when it cannot be worked out.
[[nodiscard]] std::string fingerprint_of(const X509* certificate);

}  // namespace crossdock::http
