#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace crossdock::model {

/// How much one caller may ask for.
struct RateRule {
    std::int64_t rate = 0;  ///< requests in `per`; 0: as many as there are
    milliseconds per{1'000};
    std::int64_t burst = 1;  ///< requests at once after a quiet time

    [[nodiscard]] bool operator==(const RateRule&) const = default;
};

/// What became of one request.
struct RateVerdict {
    bool taken = true;
    std::int64_t limit = 0;      ///< the rule's burst; 0: there is no rule
    std::int64_t remaining = 0;  ///< requests that would be taken right behind this one
    std::int64_t reset_s = 0;    ///< until the whole burst is there again, rounded up
    std::int64_t retry_s = 0;    ///< refused: until one more is taken, rounded up
    bool first_refusal = false;  ///< of an episode, which ends once half of the burst is there again
};

/// A token bucket for each caller, refilled by the time that is handed in. A bucket is one number: when it will be full again.
/// The callers that were heard of last are remembered; one that was forgotten begins with a full bucket.
///
/// Threads:  not thread-safe.
/// Limits:   callers_max buckets.
class RateBuckets {
public:
    explicit RateBuckets(std::size_t callers_max) : callers_max_(callers_max) {}

    /// The rule may change from call to call: what a caller has used stays used.
    [[nodiscard]] RateVerdict take(const std::string& caller, const RateRule& rule, BootMs now);

    [[nodiscard]] std::size_t callers() const { return order_.size(); }

private:
    struct Bucket {
        std::string caller;
        std::int64_t full_at_us = 0;
        bool refusing = false;
    };
    Bucket& bucket_of(const std::string& caller);

    std::size_t callers_max_;
    std::list<Bucket> order_;  ///< the one heard of last in front
    std::unordered_map<std::string, std::list<Bucket>::iterator> by_caller_;
};

}  // namespace crossdock::model
