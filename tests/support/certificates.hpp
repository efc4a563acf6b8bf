#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace crossdock::support {

/// What a test's certificate is like.
struct CertificateMade {
    std::string name = "crossdock.test";
    std::chrono::seconds from{-3'600};  ///< from now
    std::chrono::seconds until{86'400 * 30};
    int rsa_bits = 0;  ///< 0: an elliptic curve
};

/// Writes a self-signed certificate and its key (mode 0600), both PEM.
void write_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                       const CertificateMade& made = {});

}  // namespace crossdock::support
