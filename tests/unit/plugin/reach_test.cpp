#include "plugin/reach.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

Json schema() {
    return Json::parse(R"([{"name":"base_url","type":"url"},{"name":"host","type":"host"},{"name":"port","type":"port"},
        {"name":"pages","type":"integer"},{"name":"note","type":"string"},
        {"name":"auth","type":"map","by":"kind","kinds":{"oauth2":[{"name":"token_url","type":"url"}],"none":[]}}])")
        .value();
}

std::vector<std::string> named(const std::string& settings) {
    return places(schema(), Json::parse(settings).value());
}

}  // namespace

TEST_CASE("a place is a host and a port, however its URL is written", "[plugin][unit]") {
    CHECK(place_of("https://API.Example.com/v1?x=http://other.example") == "api.example.com:443");
    CHECK(place_of("http://api.example.com") == "api.example.com:80");
    CHECK(place_of("HTTP://[::1]:8080/x") == "[::1]:8080");
    CHECK(place_of("https://[2001:db8::1]/") == "[2001:db8::1]:443");
    CHECK(place_of("Mail.example", 25) == "mail.example:25");
    // What is before an `@` makes it no place that anybody named.
    CHECK(place_of("https://api.example.com:443@evil.example/") != "api.example.com:443");
    CHECK(place_of("https://api.example.com\\@evil.example/") != "api.example.com:443");
    CHECK(host_of("http://localhost@evil.example/") == "evil.example");
    CHECK(host_of("http://127.0.0.1:80@evil.example/") == "evil.example");
}

TEST_CASE("a place in a list is told from what is none", "[plugin][unit]") {
    for (const auto* const good : {"a.example:443", "[::1]:1", "10.0.0.1:65535"}) { CHECK(is_place(good)); }
    for (const auto* const bad : {"", "a.example", "a.example:", ":80", "a.example:0", "a.example:65536", "a.example:80x",
                                  "https://a.example:80", "a.example:80/x", "u@a.example:80", "[::1]", "a b:80"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_place(bad));
    }
}

TEST_CASE("settings name places by URLs, and by a host with the ports beside it", "[plugin][unit]") {
    CHECK(named(R"({"base_url":"https://a.example/v1","note":"https://b.example"})") ==
          std::vector<std::string>{"a.example:443"});
    CHECK(named(R"({"host":"Mail","port":25,"pages":80})") == std::vector<std::string>{"mail:25"});
    CHECK(named(R"({"host":"mail"})").empty());
    CHECK(named(R"({"auth":{"kind":"oauth2","token_url":"https://id.example:8443/t"}})") ==
          std::vector<std::string>{"id.example:8443"});
    CHECK(named(R"({"auth":{"kind":"none","token_url":"https://id.example"}})").empty());
}

TEST_CASE("in clear is spoken to this machine, or where that is said", "[plugin][unit]") {
    for (const auto* const url : {"https://shop.example", "http://localhost:8080/x", "http://127.0.0.1/x", "http://127.9.9.9",
                                  "http://[::1]:80/x", "http://LOCALHOST/"}) {
        CAPTURE(url);
        CHECK(in_clear(url, false).empty());
    }
    for (const auto* const url :
         {"http://shop.example", "HTTP://shop.example", "http://127.0.0.1.shop.example/", "http://localhost@shop.example/",
          "http://10.0.0.1/", "http://[::2]/", "http://[::ffff:7f00:1]/", "http://localhost.example:80", "http://2130706433/",
          "http://127.1/", "http://0x7f.1/"}) {
        CAPTURE(url);
        CHECK_THAT(in_clear(url, false), Contains("use https://, or say `plain_http: true`"));
        CHECK(in_clear(url, true).empty());
    }
    const auto settings = Json::parse(R"({"auth":{"kind":"oauth2","token_url":"http://id.example/t?secret=x"}})").value();
    const auto checked = check_scheme(schema(), settings, false);
    REQUIRE_FALSE(checked.has_value());
    CHECK_THAT(checked.error().what,
               Contains("the setting \"auth.token_url\" is http:// to another machine") && !Contains("secret=x"));
    CHECK(check_scheme(schema(), settings, true).has_value());
}
