#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace crossdock::crypto {

/// SHA-256, lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// SHA-256 of a file's content, lower-case hex. Errors: cannot be read.
[[nodiscard]] Result<std::string> sha256_file(const std::filesystem::path& file);
/// HMAC-SHA256 (RFC 2104), its 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);
/// The same in lower-case hex.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view message);
/// Equal, in time that depends on the lengths only.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

/// The key that seals credentials in the store (AES-256-GCM, a fresh 96-bit nonce each time).
/// Never logged, never compared by text; `fingerprint` names it.
class SealingKey {
public:
    [[nodiscard]] static SealingKey make(Randomness& randomness);
    /// 64 hex digits. Errors: wrong length or digits.
    [[nodiscard]] static Result<SealingKey> from_hex(std::string_view text);
    /// $CROSSDOCK_MASTER_KEY when set, else the file; makes the file (0600, synced) only when `may_create` and there is none.
    /// Errors: unreadable, readable by others than its owner, malformed.
    [[nodiscard]] static Result<SealingKey> load(const std::filesystem::path& file, const char* from_environment, bool may_create,
                                                 Randomness& randomness);

    /// Writes it to a file that is not there yet (0600, synced, whole or not at all). Errors: names the file.
    [[nodiscard]] Result<> write(const std::filesystem::path& file) const;

    [[nodiscard]] std::string to_hex() const;
    /// First 16 hex digits of SHA-256 over a label and the key.
    [[nodiscard]] std::string fingerprint() const;

    /// "v1:" + base64(nonce, ciphertext, tag). `context` (table and name) is authenticated with it.
    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context, Randomness& randomness) const;
    /// Errors: another key, another context, changed bytes.
    [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view context) const;

private:
    std::array<unsigned char, 32> key_{};
};

/// A new API key, "xd_" and 43 characters of base64url (32 random bytes).
[[nodiscard]] std::string new_api_key(Randomness& randomness);

}  // namespace crossdock::crypto
