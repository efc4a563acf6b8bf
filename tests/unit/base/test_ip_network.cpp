#include "base/ip_network.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;

TEST_CASE("an address is read in either notation, and one of version 4 is the same when it comes mapped", "[base][unit]") {
    CHECK(IpAddress::parse("192.0.2.1")->text() == "192.0.2.1");
    CHECK(IpAddress::parse("::ffff:192.0.2.1")->text() == "192.0.2.1");
    CHECK(IpAddress::parse("192.0.2.1") == IpAddress::parse("::ffff:c000:201"));
    CHECK(IpAddress::parse("2001:DB8::1")->text() == "2001:db8::1");
    CHECK(IpAddress::parse("2001:db8:1:2:3:4:5:6")->prefix(64).text() == "2001:db8:1:2::");
    const auto* const none = GENERATE("", "localhost", "192.0.2", "192.0.2.256", "192.0.2.1:80", "[::1]", "fe80::1%eth0",
                                      "1.2.3.4 ", "0x7f.0.0.1", "::1/128");
    CAPTURE(none);
    CHECK_FALSE(IpAddress::parse(none));
}

TEST_CASE("a network holds the addresses that begin as it does", "[base][unit]") {
    struct Row {
        const char* network;
        const char* address;
        bool holds;
    };
    const auto row = GENERATE(Row{"10.0.0.0/8", "10.255.0.1", true}, Row{"10.0.0.0/8", "11.0.0.1", false},
                              Row{"10.0.0.0/8", "::ffff:10.1.1.1", true}, Row{"192.0.2.128/25", "192.0.2.127", false},
                              Row{"192.0.2.128/25", "192.0.2.129", true}, Row{"192.0.2.1", "192.0.2.1", true},
                              Row{"192.0.2.1", "192.0.2.2", false}, Row{"0.0.0.0/0", "203.0.113.9", true},
                              Row{"0.0.0.0/0", "2001:db8::1", false}, Row{"2001:db8::/32", "2001:db8:ffff::1", true},
                              Row{"2001:db8::/32", "2001:db9::1", false}, Row{"::/0", "10.0.0.1", true});
    CAPTURE(row.network, row.address);
    const auto network = IpNetwork::parse(row.network);
    REQUIRE(network);
    CHECK(network->holds(*IpAddress::parse(row.address)) == row.holds);
}

TEST_CASE("what is no network, or has more than its length, is none", "[base][unit]") {
    const auto* const none =
        GENERATE("", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.1/8", "2001:db8::/129", "/8");
    CAPTURE(none);
    CHECK_FALSE(IpNetwork::parse(none));
}
