#include <crossdock/sdk.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

namespace sdk = crossdock::sdk;

/// Wants its calls one after the other, and answers how many it saw at once at most.
class Serial final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "serial", .version = "1", .serial_calls = true, .abi_needs = 1};
    static sdk::Schema settings() { return {}; }

    sdk::Submission create_order(const sdk::Order& /*order*/, sdk::Host& /*host*/) override {
        const int now = ++inside_;
        most_ = std::max(most_.load(), now);
        ::usleep(20'000);
        --inside_;
        return {.transport = sdk::Transport::answered, .status = 201, .reason = std::to_string(most_)};
    }

private:
    std::atomic<int> inside_{0};
    std::atomic<int> most_{0};
};

CROSSDOCK_EXPORT_SUPPLIER(Serial)
