#pragma once

#include "crypto/crypto.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace crossdock::crypto {

/// The sealing key of a store that may be changed while it is in use.
///
/// Threads: any. A reader that still sees rows of before a rotation opens them with the key of before.
class KeyRing {
public:
    explicit KeyRing(SealingKey key) : key_(key) {}

    [[nodiscard]] SealingKey key() const {
        const std::scoped_lock lock(mutex_);
        return key_;
    }
    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context, Randomness& randomness) const {
        return key().seal(plain, context, randomness);
    }
    /// Errors: those of SealingKey::open.
    [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view context) const;
    [[nodiscard]] std::string fingerprint() const { return key().fingerprint(); }

    void replace(const SealingKey& next) {
        const std::scoped_lock lock(mutex_);
        if (key_.fingerprint() == next.fingerprint()) { return; }
        before_ = key_;
        key_ = next;
    }

private:
    mutable std::mutex mutex_;
    SealingKey key_;
    std::optional<SealingKey> before_;
};

}  // namespace crossdock::crypto
