#include "crypto/key_ring.hpp"

namespace crossdock::crypto {

Result<std::string> KeyRing::open(std::string_view sealed, std::string_view context) const {
    std::optional<SealingKey> now;
    std::optional<SealingKey> before;
    {
        const std::scoped_lock lock(mutex_);
        now = key_;
        before = before_;
    }
    auto opened = now->open(sealed, context);
    if (opened || !before) { return opened; }
    auto earlier = before->open(sealed, context);
    return earlier ? std::move(earlier) : std::move(opened);
}

}  // namespace crossdock::crypto
