#include "model/polling.hpp"

#include <catch2/catch.hpp>

#include "support/manual_clock.hpp"

using namespace crossdock;
using namespace crossdock::model;

TEST_CASE("an order is asked for while the supplier has it and has more to tell", "[model][unit]") {
    struct Row {
        Status status;
        bool until_shipped, until_delivered;
    };
    const auto row =
        GENERATE(Row{Status::pending, false, false}, Row{Status::submitted, true, true}, Row{Status::confirmed, true, true},
                 Row{Status::on_hold, true, true}, Row{Status::fulfilling, true, true},
                 Row{Status::partially_shipped, true, true}, Row{Status::shipped, false, true},
                 Row{Status::delivered, false, false}, Row{Status::rejected, false, false}, Row{Status::canceled, false, false});
    PollPattern pattern;
    CAPTURE(name(row.status));
    CHECK(is_open(row.status, pattern) == row.until_delivered);
    CHECK(first_poll_at(row.status, pattern, 1'000).has_value() == row.until_delivered);
    pattern.until = Status::shipped;
    CHECK(is_open(row.status, pattern) == row.until_shipped);
}

TEST_CASE("an order that was heard of is asked for when it has been silent for as long as its account may be", "[model][unit]") {
    const PollPattern pattern{.silent_for = milliseconds{500}};
    CHECK(first_poll_at(Status::submitted, pattern, 1'000) == 1'500);
}

TEST_CASE("questions that bring nothing come less and less often, never later than the pause says", "[model][unit]") {
    const PollPattern pattern{.silent_for = milliseconds{500},
                              .every = milliseconds{1'000},
                              .every_max = milliseconds{3'000},
                              .give_up_after = milliseconds{100'000}};
    struct Row {
        int fruitless;
        std::int64_t pause;
    };
    const auto row = GENERATE(Row{1, 1'000}, Row{2, 2'000}, Row{3, 3'000}, Row{4, 3'000}, Row{1'000'000, 3'000});
    test::SeededRandomness randomness(7);
    for (int round = 0; round < 200; ++round) {
        const double jitter = static_cast<double>(randomness.below(1'000)) / 1'000;
        const auto next = after_fruitless_poll(pattern, 0, row.fruitless, 50'000, jitter);
        CHECK(next.at <= 50'000 + row.pause);
        CHECK(next.at >= 50'000 + row.pause * 3 / 4);
        CHECK_FALSE(next.given_up);
    }
}

TEST_CASE("a supplier may ask for a longer pause between questions, not for a shorter one or for ever", "[model][unit]") {
    const PollPattern pattern{.every = milliseconds{60'000}};
    CHECK(after_fruitless_poll(pattern, 0, 1, 0, 0, milliseconds{90'000}).at == 90'000);
    CHECK(after_fruitless_poll(pattern, 0, 1, 0, 0, milliseconds{1'000}).at == 60'000);
    CHECK(after_fruitless_poll(pattern, 0, 1, 0, 0, milliseconds{1'000'000'000}).at == 86'400'000);
}

TEST_CASE("an order that stays silent is given up", "[model][unit]") {
    const PollPattern pattern{.give_up_after = milliseconds{10'000}};
    CHECK_FALSE(after_fruitless_poll(pattern, 1'000, 3, 10'999, 0).given_up);
    CHECK(after_fruitless_poll(pattern, 1'000, 3, 11'000, 0).given_up);
}

TEST_CASE("each value of a pattern is in its text", "[model][unit]") {
    const PollPattern usual;
    auto other = usual;
    CHECK(text_of(usual) == text_of(other));
    const auto part =
        GENERATE(&PollPattern::silent_for, &PollPattern::every, &PollPattern::every_max, &PollPattern::give_up_after);
    (other.*part) += milliseconds{1};
    CHECK(text_of(usual) != text_of(other));
    other = usual;
    other.until = Status::shipped;
    CHECK(text_of(usual) != text_of(other));
}
