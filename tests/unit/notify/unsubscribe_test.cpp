#include "notify/unsubscribe.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using notify::read_unsubscribe_token;
using notify::unsubscribe_token;

namespace {
constexpr UtcMs now = 1'761'847'599'000;
const notify::Unsubscription anna{"email", "anna+x@example.com", now};
}  // namespace

TEST_CASE("a link says whom it unsubscribes, as long as it holds", "[notify][unit]") {
    const auto token = unsubscribe_token("key", anna);
    CHECK(token.find_first_of("+/=<>\" ") == std::string::npos);
    const auto read = read_unsubscribe_token("key", token, now);
    REQUIRE(read.has_value());
    CHECK(read->channel == "email");
    CHECK(read->recipient == "anna+x@example.com");
    CHECK(read_unsubscribe_token("key", token, now + 1).error().what.starts_with("This link has expired"));
}

TEST_CASE("a link that is forged, changed or cut is none of ours", "[notify][unit]") {
    const auto token = unsubscribe_token("key", anna);
    const auto other = unsubscribe_token("key", {"email", "ben@example.com", now});
    const auto dot = token.find('.');
    const std::vector<std::string> bad{"", ".", "x", token.substr(0, dot), token.substr(0, token.size() - 1), token + "A",
                                       // Another's body under this signature.
                                       other.substr(0, other.find('.')) + token.substr(dot),
                                       unsubscribe_token("another key", anna), token + std::string(2'000, 'A')};
    for (const auto& one : bad) {
        CAPTURE(one);
        const auto read = read_unsubscribe_token("key", one, now);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().what == "This link is not complete, or it is none of ours.");
    }
    // Each byte counts.
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto read = read_unsubscribe_token("key", changed, now);
        // The last character of base64 has bits that say nothing.
        CHECK_FALSE((read.has_value() && changed != token));
    }
    // Without a key nothing is signed, not even by an empty one.
    CHECK_FALSE(read_unsubscribe_token("", unsubscribe_token("", anna), now).has_value());
}

TEST_CASE("mails of one day to one recipient carry one link, and none without a base URL", "[notify][unit]") {
    notify::UnsubscribeOptions options{"https://shop.example", "key"};
    const auto link = notify::unsubscribe_link(options, "email", "anna@example.com", now);
    CHECK(link.starts_with("https://shop.example/unsubscribe/"));
    CHECK(notify::unsubscribe_link(options, "email", "anna@example.com", now + 60'000) == link);
    options.base_url = "";
    CHECK(notify::unsubscribe_link(options, "email", "anna@example.com", now).empty());
}
