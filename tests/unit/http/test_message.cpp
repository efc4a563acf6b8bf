#include "base/json.hpp"
#include "http/message.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;

TEST_CASE("a header is found whatever its case, and repeats are counted", "[http]") {
    http::Request request;
    request.headers = {{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}};
    CHECK(request.header("content-TYPE") == "text/plain");
    CHECK(request.header("X-A") == "1");
    CHECK(request.count("X-a") == 2);
    CHECK_FALSE(request.header("X-B"));
    CHECK_FALSE(request.header("Content-Typ"));
}

TEST_CASE("a query parameter is found and percent-decoded", "[http]") {
    http::Request request;
    request.query = "reference=PXSTKL%2F1+2&page=3&empty=&flag&bad=%zz%4";
    CHECK(request.parameter("reference") == "PXSTKL/1 2");
    CHECK(request.parameter("page") == "3");
    CHECK(request.parameter("empty") == "");
    CHECK(request.parameter("flag") == "");
    CHECK(request.parameter("bad") == "%zz%4");
    CHECK_FALSE(request.parameter("pag"));
    request.query = "";
    CHECK_FALSE(request.parameter(""));
}

TEST_CASE("percent-encoding comes back as it went, byte for byte", "[http]") {
    std::string all;
    for (int i = 0; i < 256; ++i) { all += static_cast<char>(i); }
    CHECK(http::decoded(http::encoded(all)) == all);
    CHECK(http::encoded("a b&c=ü") == "a%20b%26c%3D%C3%BC");
}

TEST_CASE("a problem has type, title, status and detail", "[http]") {
    const auto response = http::problem(404, "Not Found", "no \"order\"");
    CHECK(response.status == 404);
    CHECK(response.headers == std::vector<http::Header>{{"Content-Type", "application/problem+json"}});
    const auto body = Json::parse(response.body).value();
    CHECK(body.text("type") == "about:blank");
    CHECK(body.text("title") == "Not Found");
    CHECK(body.integer("status") == 404);
    CHECK(body.text("detail") == "no \"order\"");
}
