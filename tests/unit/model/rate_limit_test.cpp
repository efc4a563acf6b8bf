#include "model/rate_limit.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace std::chrono_literals;

namespace {

/// How many of so many requests at one time are taken.
int taken(model::RateBuckets& buckets, const model::RateRule& rule, int requests, BootMs now) {
    int count = 0;
    for (int i = 0; i < requests; ++i) {
        if (buckets.take("a", rule, now).taken) { ++count; }
    }
    return count;
}

}  // namespace

TEST_CASE("a caller has its burst at once and then what its rate gives, whatever it tries in between", "[model][unit]") {
    struct Row {
        model::RateRule rule;
        BootMs later;
        int then;
    };
    const auto row =
        GENERATE(Row{{10, 1s, 5}, 100, 1}, Row{{10, 1s, 5}, 99, 0}, Row{{10, 1s, 5}, 350, 3}, Row{{10, 1s, 5}, 60'000, 5},
                 Row{{10, 60s, 5}, 6'000, 1}, Row{{3, 3'600s, 5}, 1'200'000, 1}, Row{{100'000, 1s, 1}, 1, 1});
    model::RateBuckets buckets(10);
    CHECK(taken(buckets, row.rule, 100, 1'000) == row.rule.burst);
    CHECK(taken(buckets, row.rule, 100, 1'000 + row.later) == row.then);
}

TEST_CASE("a verdict says what is left, when all is there again, and when to come back", "[model][unit]") {
    model::RateBuckets buckets(10);
    const model::RateRule rule{1, 2s, 3};
    auto verdict = buckets.take("a", rule, 1'000);
    CHECK(verdict.taken);
    CHECK(verdict.limit == 3);
    CHECK(verdict.remaining == 2);
    CHECK(verdict.reset_s == 2);
    (void)buckets.take("a", rule, 1'000);
    CHECK(buckets.take("a", rule, 1'000).remaining == 0);
    verdict = buckets.take("a", rule, 1'500);
    CHECK_FALSE(verdict.taken);
    CHECK(verdict.first_refusal);
    CHECK(verdict.retry_s == 2);
    CHECK(verdict.reset_s == 6);
    CHECK_FALSE(buckets.take("a", rule, 1'600).first_refusal);
    CHECK(buckets.take("a", rule, 1'500 + verdict.retry_s * 1'000).taken);
    // The episode lasts until half of it is there again.
    CHECK_FALSE(buckets.take("a", rule, 3'500).first_refusal);
    (void)buckets.take("a", rule, 9'000);
    (void)buckets.take("a", rule, 9'000);
    (void)buckets.take("a", rule, 9'000);
    CHECK(buckets.take("a", rule, 9'000).first_refusal);
}

TEST_CASE("each caller has its own, and no rule takes all", "[model][unit]") {
    model::RateBuckets buckets(10);
    const model::RateRule rule{1, 1s, 1};
    CHECK(buckets.take("a", rule, 1'000).taken);
    CHECK(buckets.take("b", rule, 1'000).taken);
    CHECK_FALSE(buckets.take("a", rule, 1'000).taken);
    CHECK(taken(buckets, {}, 1'000, 1'000) == 1'000);
    CHECK(buckets.take("a", {}, 1'000).limit == 0);
}

TEST_CASE("what was used stays used when the rule changes", "[model][unit]") {
    model::RateBuckets buckets(10);
    CHECK(taken(buckets, {10, 1s, 10}, 10, 1'000) == 10);
    CHECK(taken(buckets, {10, 1s, 20}, 100, 1'000) == 10);
}

TEST_CASE("no more callers are remembered than were asked for, and those heard of last are", "[model][unit]") {
    model::RateBuckets buckets(100);
    const model::RateRule rule{1, 60s, 1};
    CHECK(buckets.take("busy", rule, 1'000).taken);
    for (int i = 0; i < 10'000; ++i) {
        (void)buckets.take("passer-by " + std::to_string(i), rule, 1'000);
        REQUIRE(buckets.callers() <= 100);
        if (i % 50 == 0) { REQUIRE_FALSE(buckets.take("busy", rule, 1'000).taken); }
    }
}
