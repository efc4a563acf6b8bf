#include "plugin/settings.hpp"
#include "plugin/folders.hpp"

#include <crossdock/sdk.hpp>
#include <crossdock/testing.hpp>

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

TEST_CASE("a folder is taken only as the account's file opens it, and only where the plugin wants one", "[plugin][unit]") {
    const auto folders = Json::parse(R"([{"name":"outbox","type":"folder","description":"Out","required":true,"write":true},)"
                                     R"({"name":"inbox","type":"folder","description":"In","required":false},)"
                                     R"({"name":"note","type":"string","description":"Note","required":false}])")
                             .value();
    struct Row {
        const char* settings;
        std::vector<FolderGrant> grants;
        const char* complaint;  ///< empty: none
    };
    const auto row = GENERATE(
        Row{R"({"outbox":"/o"})", {{"outbox", "/o", true}}, ""},
        Row{R"({"outbox":"/o","inbox":"/i"})", {{"outbox", "/o", true}, {"inbox", "/i", false}}, ""},
        Row{R"({"outbox":"/o"})",
            {},
            "\"outbox\" names a folder, which the plugin may reach only when it is written outbox: {folder: PATH}"},
        Row{R"({"outbox":"/o"})", {{"outbox", "/other", true}}, "\"outbox\" names a folder"},
        Row{R"({"outbox":"/o"})", {{"inbox", "/o", true}}, "\"outbox\" names a folder"},
        Row{R"({"outbox":"/o"})", {{"outbox", "/o", false}}, "\"outbox\" is written to: `access: read` is not enough"},
        Row{R"({"outbox":"/o","note":"/n"})", {{"outbox", "/o", true}, {"note", "/n", true}}, "\"note\" takes no folder"});
    const auto settings = check_settings(folders, Json::parse(row.settings).value());
    REQUIRE(settings.has_value());
    const auto checked = check_folders(folders, *settings, row.grants);
    if (std::string(row.complaint).empty()) {
        CHECK(checked.has_value());
        return;
    }
    REQUIRE(checked.has_error());
    CHECK_THAT(checked.error().what, Catch::Contains(row.complaint));
    // What crosses to the worker is read back as it was.
    const auto sent = to_json(row.grants);
    CHECK(folders_of(&sent) == row.grants);
}

TEST_CASE("a folder is an absolute path", "[plugin][unit]") {
    const auto folders = Json::parse(R"([{"name":"inbox","type":"folder","description":"In","required":true}])").value();
    const auto checked = check_settings(folders, Json::parse(R"({"inbox":"in"})").value());
    REQUIRE(checked.has_error());
    CHECK_THAT(checked.error().what, Catch::Contains("\"inbox\" must be an absolute path"));
}

namespace {

/// A schema with mappings in it, as the SDK writes it.
Json nested() {
    const auto schema = sdk::Schema{}
                            .map("create", "how",
                                 sdk::Schema{}
                                     .choice("method", "which", {"GET", "POST"}, "POST")
                                     .path("path", "where")
                                     .expression("id", "its id")
                                     .optional()
                                     .data("body", "what")
                                     .optional())
                            .kinds("paging", "how it goes on", "kind",
                                   {{"page", sdk::Schema{}.integer("size", "of one", 100).at_least(1)},
                                    {"cursor", sdk::Schema{}.expression("next", "the next")}})
                            .optional()
                            .serves("sync_inventory")
                            .url("token_url", "where tokens are")
                            .optional()
                            .prepares();
    return Json::parse(schema.json().dump()).value();
}

}  // namespace

TEST_CASE("settings within settings are completed, and refused by their whole name, in the daemon and the testing kit alike",
          "[plugin][unit]") {
    struct Row {
        const char* settings;
        const char* expected;
    };
    const auto row = GENERATE(
        Row{R"({"create":{"path":"/a"}})", R"({"create":{"path":"/a","method":"POST"}})"},
        Row{R"({"create":{"path":"/a","id":5,"body":{"n":231.00}},"paging":{"kind":"page"}})",
            R"({"create":{"path":"/a","id":5,"body":{"n":231.00},"method":"POST"},"paging":{"size":100,"kind":"page"}})"},
        Row{R"({})", R"(the setting "create" is missing (how))"},
        Row{R"({"create":[]})", R"(the setting "create" must be a mapping)"},
        Row{R"({"create":{}})", R"(the setting "create.path" is missing (where))"},
        Row{R"({"create":{"path":"/a","pth":"/b"}})",
            R"(the setting "create.pth" is not known to `create`; it has method, path, id, body)"},
        Row{R"({"create":{"path":"/a","method":"SEND"}})", R"(the setting "create.method" must be one of GET, POST)"},
        Row{R"({"create":{"path":"a"}})", R"(the setting "create.path" must begin with a slash)"},
        Row{R"({"create":{"path":"/${{ .a }}/./b"}})", R"(the setting "create.path" has a segment `.` or `..` in it)"},
        Row{R"({"create":{"path":"/a/.."}})", R"(the setting "create.path" has a segment `.` or `..` in it)"},
        Row{R"({"create":{"path":"/a?b=${{ .c }}"}})",
            R"(the setting "create.path" has a query, a fragment, a space or a backslash in it)"},
        Row{R"({"create":{"path":"/${{ .a ? .b : .c # }}/x"}})",
            R"({"create":{"path":"/${{ .a ? .b : .c # }}/x","method":"POST"}})"},
        Row{R"({"create":{"path":"/a","id":[]}})", R"(the setting "create.id" must be a string)"},
        Row{R"({"create":{"path":"/a"},"paging":{}})", R"(the setting "paging.kind" is missing; it is one of page, cursor)"},
        Row{R"({"create":{"path":"/a"},"paging":{"kind":"pages"}})", R"(the setting "paging.kind" must be one of page, cursor)"},
        Row{R"({"create":{"path":"/a"},"paging":{"kind":"cursor"}})", R"(the setting "paging.next" is missing (the next))"},
        Row{R"({"create":{"path":"/a"},"paging":{"kind":"cursor","next":"x","size":1}})",
            R"(the setting "paging.size" is not known to `paging` with `kind: cursor`; it has next)"},
        Row{R"({"create":{"path":"/a"},"paging":{"kind":"page","size":0}})", R"(the setting "paging.size" must be at least 1)"});
    const auto settings = Json::parse(row.settings).value();
    const auto checked = check_settings(nested(), settings);
    CHECK((checked ? checked->dump() : checked.error().what) == row.expected);
    std::string by_kit;
    try {
        by_kit = sdk::testing::check_settings(sdk::Json::parse(nested().dump()), sdk::Json::parse(row.settings)).dump();
    } catch (const std::runtime_error& error) { by_kit = error.what(); }
    CHECK(by_kit == row.expected);
}

TEST_CASE("an operation that a setting serves is not there without it", "[plugin][unit]") {
    CHECK(lacking_setting(nested(), Json::parse(R"({"create":{}})").value(), "sync_inventory") == "paging");
    CHECK(lacking_setting(nested(), Json::parse(R"({"paging":null})").value(), "sync_inventory") == "paging");
    CHECK_FALSE(lacking_setting(nested(), Json::parse(R"({"paging":{}})").value(), "sync_inventory"));
    CHECK_FALSE(lacking_setting(nested(), Json::parse("{}").value(), "find_order"));
}

TEST_CASE("a setting of one way to a supplier is required there, and refused elsewhere", "[plugin][unit]") {
    const auto schema = Json::parse(sdk::Schema{}
                                        .choice("mode", "which way", {"files", "api"}, "files")
                                        .folder("inbox", "where files are")
                                        .when("mode", "files")
                                        .text("pattern", "their names", "*.csv")
                                        .when("mode", "files")
                                        .path("create", "how an order is placed")
                                        .when("mode", "api")
                                        .path("find", "how one is found")
                                        .optional()
                                        .serves("find_order")
                                        .when("mode", "api")
                                        .served_elsewhere()
                                        .path("cancel", "how one is canceled")
                                        .optional()
                                        .serves("cancel_order")
                                        .when("mode", "api")
                                        .json()
                                        .dump())
                            .value();
    struct Row {
        const char* settings;
        const char* expected;
    };
    for (const auto& row :
         {Row{R"({"inbox":"/in"})", R"({"inbox":"/in","mode":"files","pattern":"*.csv"})"},
          Row{R"({"mode":"files"})", R"(the setting "inbox" is missing (where files are))"},
          Row{R"({"mode":"api"})", R"(the setting "create" is missing (how an order is placed))"},
          Row{R"({"mode":"api","create":"/o"})", R"({"mode":"api","create":"/o"})"},
          Row{R"({"mode":"api","create":"/o","inbox":"/in"})", R"(the setting "inbox" is for `mode: files` alone)"},
          Row{R"({"inbox":"/in","find":"/f"})", R"(the setting "find" is for `mode: api` alone)"},
          Row{R"({"inbox":"/in","find":null})", R"({"inbox":"/in","mode":"files","pattern":"*.csv"})"}}) {
        INFO(row.settings);
        const auto checked = check_settings(schema, Json::parse(row.settings).value());
        CHECK((checked ? checked->dump() : checked.error().what) == row.expected);
        // What was completed once is complete: the worker looks again.
        if (checked) { CHECK(check_settings(schema, *checked).value().dump() == checked->dump()); }
        std::string by_kit;
        try {
            by_kit = sdk::testing::check_settings(sdk::Json::parse(schema.dump()), sdk::Json::parse(row.settings)).dump();
        } catch (const std::runtime_error& error) { by_kit = error.what(); }
        CHECK(by_kit == row.expected);
    }
    const auto files = Json::parse(R"({"inbox":"/in"})").value();
    const auto api = Json::parse(R"({"mode":"api","create":"/o"})").value();
    CHECK_FALSE(lacking_setting(schema, files, "find_order"));
    CHECK(lacking_setting(schema, files, "cancel_order") == "cancel");
    CHECK(lacking_setting(schema, api, "find_order") == "find");
}

TEST_CASE("where requests are prepared is what the settings say", "[plugin][unit]") {
    CHECK(preparations(nested(), Json::parse(R"({"token_url":"https://x/token"})").value()) ==
          std::vector<std::string>{"https://x/token"});
    CHECK(preparations(nested(), Json::parse("{}").value()).empty());
}
