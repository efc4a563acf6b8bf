#include "model/status.hpp"

#include <catch2/catch.hpp>

#include "support/manual_clock.hpp"

#include <algorithm>
#include <numeric>

using namespace crossdock;
using namespace crossdock::model;
using enum Status;

namespace {

struct Said {
    Status status;
    UtcMs at;
};

std::vector<StatusEvidence> evidence(const std::vector<Said>& all) {
    std::vector<StatusEvidence> made;
    for (const auto& said : all) {
        made.push_back({said.status, said.at, std::string(name(said.status)) + std::to_string(said.at)});
    }
    return made;
}

/// Few times for many pieces, so that ties are common.
std::vector<StatusEvidence> generated(Randomness& randomness, std::size_t pieces, bool finals) {
    std::vector<StatusEvidence> made;
    for (std::size_t i = 0; i < pieces; ++i) {
        const auto status = static_cast<Status>(randomness.below(finals ? status_table().size() : 8));
        made.push_back({status, static_cast<UtcMs>(randomness.below(4)), "digest" + std::to_string(randomness.below(1'000))});
    }
    return made;
}

}  // namespace

TEST_CASE("every status is found by its name and stands where its number says", "[model][unit]") {
    for (const auto& entry : status_table()) {
        CHECK(&row(entry.status) == &entry);
        CHECK(status_named(entry.name) == entry.status);
        CHECK_FALSE(may_become(entry.status, entry.status));
    }
    CHECK_FALSE(status_named("cancelled").has_value());
}

TEST_CASE("the same evidence in any order, with any repeats, ends in one status", "[model][unit]") {
    test::SeededRandomness randomness(20'251'030);
    std::size_t different_results = 0;
    for (int round = 0; round < 120; ++round) {
        const auto pieces = generated(randomness, 2 + randomness.below(4), true);
        const Status wanted = fold(pieces);
        const bool contradiction = contradicts(pieces);
        different_results += wanted != pending ? 1 : 0;
        std::vector<std::size_t> places(pieces.size());
        std::iota(places.begin(), places.end(), 0U);
        do {
            std::vector<StatusEvidence> arrived;
            for (const auto place : places) {
                for (auto copies = 1 + randomness.below(3); copies > 0; --copies) { arrived.push_back(pieces[place]); }
            }
            // A repeat also comes late.
            arrived.push_back(pieces[randomness.below(pieces.size())]);
            REQUIRE(fold(arrived) == wanted);
            REQUIRE(contradicts(arrived) == contradiction);
        } while (std::next_permutation(places.begin(), places.end()));
    }
    CHECK(different_results > 60);
}

TEST_CASE("progress never goes back, whatever a supplier says later", "[model][unit]") {
    test::SeededRandomness randomness(7);
    for (int round = 0; round < 2'000; ++round) {
        auto pieces = generated(randomness, 1 + randomness.below(6), false);
        int furthest = 0;
        for (const auto& piece : pieces) {
            if (piece.status != on_hold) { furthest = std::max(furthest, row(piece.status).rank); }
        }
        const Status now = fold(pieces);
        if (now != on_hold) { REQUIRE(row(now).rank == furthest); }
    }
}

TEST_CASE("what a supplier said over time amounts to one status", "[model][unit]") {
    struct Row {
        std::vector<Said> said;
        Status wanted;
        bool contradiction;
    };
    const auto row = GENERATE(values<Row>({
        {{}, pending, false},
        {{{confirmed, 1}}, confirmed, false},
        {{{shipped, 1}, {confirmed, 2}}, shipped, false},
        {{{delivered, 1}, {shipped, 2}}, delivered, false},
        {{{partially_shipped, 1}, {shipped, 2}}, shipped, false},
        {{{shipped, 1}, {partially_shipped, 2}}, shipped, false},
        {{{confirmed, 1}, {on_hold, 2}}, on_hold, false},
        {{{on_hold, 1}, {confirmed, 2}}, confirmed, false},
        {{{on_hold, 2}, {confirmed, 1}, {fulfilling, 3}}, fulfilling, false},
        {{{fulfilling, 1}, {on_hold, 2}, {confirmed, 3}}, fulfilling, false},
        {{{confirmed, 1}, {on_hold, 2}, {submitted, 3}}, confirmed, false},
        {{{shipped, 1}, {on_hold, 2}}, shipped, false},
        {{{rejected, 1}, {confirmed, 2}}, rejected, false},
        {{{canceled, 1}, {confirmed, 2}}, canceled, false},
        {{{shipped, 1}, {canceled, 2}}, shipped, true},
        {{{canceled, 1}, {shipped, 2}}, canceled, true},
        {{{delivered, 1}, {rejected, 2}}, delivered, true},
        {{{rejected, 1}, {canceled, 2}}, rejected, true},
        {{{confirmed, 1}, {canceled, 2}}, canceled, false},
    }));
    const auto pieces = evidence(row.said);
    CHECK(name(fold(pieces)) == name(row.wanted));
    CHECK(contradicts(pieces) == row.contradiction);
}

TEST_CASE("an undated report counts where it is an advance, and takes the place of no dated one", "[model][unit]") {
    struct Row {
        std::vector<Said> said;
        Status wanted;
    };
    constexpr UtcMs undated = 0;
    const auto row = GENERATE(values<Row>({
        {{{shipped, undated}}, shipped},
        {{{confirmed, 10}, {shipped, undated}}, shipped},
        {{{shipped, 20}, {confirmed, undated}}, shipped},
        // Found canceled after it was shipped: a person is told, the order is not taken back.
        {{{shipped, 20}, {canceled, undated}}, shipped},
        {{{confirmed, 20}, {canceled, undated}}, canceled},
        // Nobody knows whether the hold was before or after.
        {{{confirmed, 10}, {on_hold, undated}}, confirmed},
        {{{fulfilling, 10}, {on_hold, 20}, {fulfilling, undated}}, on_hold},
        {{{confirmed, 10}, {on_hold, 20}, {fulfilling, undated}}, fulfilling},
        {{{on_hold, undated}}, on_hold},
        {{{on_hold, undated}, {confirmed, undated}}, confirmed},
        {{{on_hold, undated}, {confirmed, 10}}, confirmed},
    }));
    auto pieces = evidence(row.said);
    std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; });
    do {
        CAPTURE(row.said.size(), name(row.wanted));
        CHECK(fold(pieces) == row.wanted);
    } while (
        std::next_permutation(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; }));
}
