#include "base/bound.hpp"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace crossdock;

TEST_CASE("a bounded queue takes what there are places for, and names itself when it is full", "[base][unit]") {
    Bound bound("store.writes", 2);
    CHECK(bound.enter());
    CHECK(bound.enter());
    CHECK_FALSE(bound.enter());
    CHECK(bound.enter(1));
    CHECK_FALSE(bound.enter(1));
    CHECK(bound.full().what == "the queue store.writes is full (2)");
    CHECK(bound.full().advice == Advice::retry);
    CHECK(says_full(bound.full()));
    CHECK_FALSE(says_full(Fault{"order.accept was rolled back: it is full (2)"}));
    bound.leave(2);
    CHECK(bound.level().waiting == 1);
    CHECK(bound.enter());
    bound.assign(0);
    CHECK(bound.level().waiting == 0);
}

TEST_CASE("a queue is nearly full above 80 %", "[base][unit]") {
    CHECK_FALSE(QueueLevel{"a", 80, 100}.nearly_full());
    CHECK(QueueLevel{"a", 81, 100}.nearly_full());
    CHECK(QueueLevel{"a", 1, 1}.nearly_full());
    CHECK_FALSE(QueueLevel{"a", 0, 1}.nearly_full());
}

TEST_CASE("a place is given back by its last owner, and once", "[base][unit]") {
    const auto bound = std::make_shared<Bound>("a", 1);
    {
        Place first(bound);
        CHECK(first.taken());
        CHECK_FALSE(Place(bound).taken());
        Place second(std::move(first));
        CHECK(second.taken());
        Place third;
        third = std::move(second);
        CHECK(third.taken());
        CHECK(bound->level().waiting == 1);
    }
    CHECK(bound->level().waiting == 0);
}

TEST_CASE("no more are in a queue than it bounds, whoever enters at once", "[base][unit]") {
    Bound bound("a", 3);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                if (!bound.enter()) { continue; }
                const int now = ++inside;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {}
                --inside;
                bound.leave();
            }
        });
    }
    for (auto& thread : threads) { thread.join(); }
    CHECK(most <= 3);
    CHECK(bound.level().waiting == 0);
}
