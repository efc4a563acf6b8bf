#include "plugin/settings.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;

namespace {

const char* const schema_text = R"([
  {"name":"base_url","type":"url","description":"Root of the API","required":true},
  {"name":"api_key","type":"string","description":"Key","required":true,"secret":true},
  {"name":"port","type":"integer","description":"Port","required":false,"default":587},
  {"name":"tls","type":"string","description":"TLS","required":false,"default":"starttls","choices":["none","starttls"]},
  {"name":"verbose","type":"boolean","description":"Chatty","required":false}])";

Json schema() {
    return Json::parse(schema_text).value();
}

}  // namespace

TEST_CASE("settings that fit are completed with defaults", "[plugin][unit]") {
    const auto given = Json::parse(R"({"base_url":"https://x","api_key":"k1234","verbose":null})").value();
    const auto checked = check_settings(schema(), given);
    REQUIRE(checked.has_value());
    CHECK(checked->dump() == R"({"base_url":"https://x","api_key":"k1234","port":587,"tls":"starttls"})");
    CHECK(secret_values(schema(), *checked) == std::vector<std::string>{"k1234"});
}

TEST_CASE("settings that do not fit are refused by name and without their value", "[plugin][unit]") {
    struct Row {
        const char* settings;
        const char* complaint;
    };
    const auto row = GENERATE(
        Row{R"({"api_key":"canary"})", "\"base_url\" is missing (Root of the API)"},
        Row{R"({"base_url":"ftp://canary","api_key":"canary"})", "\"base_url\" must begin with http://"},
        Row{R"({"base_url":"http://x","api_key":""})", "\"api_key\" must not be empty"},
        Row{R"({"base_url":"http://x","api_key":"canary","port":"587"})", "\"port\" must be an integer"},
        Row{R"({"base_url":"http://x","api_key":"canary","port":1.5})", "\"port\" must be an integer"},
        Row{R"({"base_url":"http://x","api_key":"canary","tls":"canary"})", "\"tls\" must be one of none, starttls"},
        Row{R"({"base_url":"http://x","api_key":"canary","verbose":"yes"})", "\"verbose\" must be true or false"},
        Row{R"({"base_url":"http://x","api_key":{"env":"canary"}})", "\"api_key\" must be a string"},
        Row{R"({"base_url":"http://x","apikey":"canary"})", "\"apikey\" is not known to the plugin; it has base_url, api_key"});
    const auto checked = check_settings(schema(), Json::parse(row.settings).value());
    REQUIRE(checked.has_error());
    CHECK_THAT(checked.error().what, Catch::Contains(row.complaint));
    CHECK_THAT(checked.error().what, !Catch::Contains("canary"));
}
