#include <crossdock/sdk.hpp>

#include <catch2/catch.hpp>

namespace sdk = crossdock::sdk;
using Catch::Matchers::Contains;
using sdk::Json;
using sdk::JsonError;

TEST_CASE("a quantity is read as the supplier writes it", "[sdk][unit]") {
    struct Row {
        const char* article;
        std::int64_t quantity;
        bool lower_bound;
    };
    const auto row = GENERATE(Row{R"({"n":12})", 12, false}, Row{R"({"n":"12"})", 12, false}, Row{R"({"n":"100+"})", 100, true},
                              Row{R"({"n":0})", 0, false});
    sdk::InventoryRow made{.sku = "A"};
    made.read_quantity(Json::parse(row.article), "n");
    CHECK(made.quantity == row.quantity);
    CHECK(made.lower_bound == row.lower_bound);
}

TEST_CASE("what is no quantity is refused by member and article", "[sdk][unit]") {
    const auto* const article = GENERATE(R"({})", R"({"n":null})", R"({"n":""})", R"({"n":"+"})", R"({"n":-1})", R"({"n":1.5})",
                                         R"({"n":"1 2"})", R"({"n":99999999999999999999})", R"({"n":[1]})", R"({"n":"+12"})");
    sdk::InventoryRow made{.sku = "A-64"};
    CHECK_THROWS_WITH(made.read_quantity(Json::parse(article), "n"), Contains("\"n\" of A-64"));
}

TEST_CASE("a price stays the text that the supplier wrote", "[sdk][unit]") {
    sdk::InventoryRow made{.sku = "A"};
    for (const auto& [article, price] : {std::pair{R"({"p":231.00})", "231.00"}, std::pair{R"({"p":"0.1"})", "0.1"}}) {
        made.read_price(Json::parse(article), "p");
        CHECK(made.price == price);
    }
    for (const char* const article :
         {R"({})", R"({"p":null})", R"({"p":-1})", R"({"p":1e3})", R"({"p":"1,5"})", R"({"p":".5"})"}) {
        CHECK_THROWS_WITH(made.read_price(Json::parse(article), "p"), Contains("\"p\" of A"));
    }
}

TEST_CASE("a value in a URL keeps its unreserved characters alone", "[sdk][unit]") {
    CHECK(sdk::url_encoded("PX1-a.b_c~9") == "PX1-a.b_c~9");
    CHECK(sdk::url_encoded("a b/c?d&e=f#g%h+\xC3\xA9") == "a%20b%2Fc%3Fd%26e%3Df%23g%25h%2B%C3%A9");
}

TEST_CASE("evidence that names no order or says nothing is no evidence", "[sdk][unit]") {
    sdk::Evidence evidence;
    evidence.supplier_status = "shipped";
    CHECK_THROWS_AS(evidence.json(), JsonError);
    evidence.supplier_order_id = "S-1";
    CHECK_NOTHROW(evidence.json());
    evidence.supplier_status = "";
    CHECK_THROWS_AS(evidence.json(), JsonError);
}
