#include "model/rate_limit.hpp"

#include <algorithm>

namespace crossdock::model {
namespace {

constexpr std::int64_t us_per_ms = 1'000;
constexpr std::int64_t us_per_s = 1'000'000;

std::int64_t seconds_up(std::int64_t us) {
    return (us + us_per_s - 1) / us_per_s;
}

}  // namespace

RateBuckets::Bucket& RateBuckets::bucket_of(const std::string& caller) {
    if (const auto known = by_caller_.find(caller); known != by_caller_.end()) {
        order_.splice(order_.begin(), order_, known->second);
        return order_.front();
    }
    if (order_.size() >= callers_max_) {
        by_caller_.erase(order_.back().caller);
        order_.pop_back();
    }
    order_.push_front({caller});
    by_caller_.emplace(caller, order_.begin());
    return order_.front();
}

RateVerdict RateBuckets::take(const std::string& caller, const RateRule& rule, BootMs now) {
    if (rule.rate <= 0) { return {}; }
    auto& bucket = bucket_of(caller);
    const std::int64_t now_us = now * us_per_ms;
    const std::int64_t each_us = std::max<std::int64_t>(1, rule.per.count() * us_per_ms / rule.rate);
    const std::int64_t whole_us = each_us * rule.burst;
    std::int64_t missing_us = std::max<std::int64_t>(0, bucket.full_at_us - now_us);
    if (missing_us * 2 <= whole_us) { bucket.refusing = false; }

    RateVerdict verdict;
    verdict.limit = rule.burst;
    verdict.taken = missing_us + each_us <= whole_us;
    if (verdict.taken) {
        missing_us += each_us;
        bucket.full_at_us = now_us + missing_us;
    }
    else {
        verdict.retry_s = std::max<std::int64_t>(1, seconds_up(missing_us + each_us - whole_us));
        verdict.first_refusal = !bucket.refusing;
        bucket.refusing = true;
    }
    verdict.remaining = std::max<std::int64_t>(0, (whole_us - missing_us) / each_us);
    verdict.reset_s = seconds_up(missing_us);
    return verdict;
}

}  // namespace crossdock::model
