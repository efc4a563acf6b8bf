#include "base/ids.hpp"
#include "base/system_clock.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <regex>
#include <set>

using namespace crossdock;

TEST_CASE("an id is a lower-case UUIDv7 that begins with its time", "[base][unit]") {
    test::SeededRandomness randomness(1);
    const std::string id = uuid_v7(0x0123456789AB, randomness);
    CHECK(std::regex_match(id, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
    CHECK(id.substr(0, 13) == "01234567-89ab");
}

TEST_CASE("an id made later sorts behind one made earlier", "[base][unit]") {
    test::SeededRandomness randomness(2);
    test::ManualClock clock;
    std::string last = new_id(clock, randomness);
    for (int i = 0; i < 1000; ++i) {
        clock.advance(milliseconds{1});
        const std::string next = new_id(clock, randomness);
        REQUIRE(last < next);
        last = next;
    }
}

TEST_CASE("ids of one millisecond differ", "[base][unit]") {
    SystemRandomness randomness;
    std::set<std::string> ids;
    for (int i = 0; i < 10'000; ++i) { ids.insert(uuid_v7(1'761'847'599'000, randomness)); }
    CHECK(ids.size() == 10'000);
}

TEST_CASE("a random number below a bound stays below it and reaches every value", "[base][unit]") {
    test::SeededRandomness randomness(3);
    const std::uint64_t bound = GENERATE(1, 2, 3, 7, 10);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 500; ++i) { seen.insert(randomness.below(bound)); }
    CHECK(seen.size() == bound);
    CHECK(*seen.rbegin() == bound - 1);
}

TEST_CASE("hex is lower case with leading zeros", "[base][unit]") {
    const std::array<unsigned char, 4> bytes{0x00, 0x0F, 0xA0, 0xFF};
    CHECK(hex(bytes) == "000fa0ff");
}
