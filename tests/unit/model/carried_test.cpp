#include "model/carried.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using model::CarriedFields;

namespace {

Json json(const std::string& text) {
    return Json::parse(text).value();
}

const char* const order_text =
    R"({"items":[{"sku":"A","quantity":10,"unit_price":231.00},{"sku":"B","quantity":2,"unit_price":0.1}],
    "shipping_address":{"name":"Anna","line1":"1 Rue","zip":""}})";

CarriedFields carried(const std::vector<Json>& requests) {
    return model::fields_of_requests(requests, model::fields_of_order(json(order_text)));
}

Json json_request(const std::string& body) {
    Json made = Json::object({{"method", "POST"}});
    return made.set("json", json(body));
}

std::string text(const CarriedFields& fields) {
    std::string all;
    for (const auto& [field, value] : fields) { all += field + "=" + value + " "; }
    return all;
}

const std::string whole =
    "items/A=A items/A/quantity=10 items/A/unit_price=231.00 items/B=B items/B/quantity=2 items/B/unit_price=0.1 "
    "shipping_address/line1=1 Rue shipping_address/name=Anna ";

}  // namespace

TEST_CASE("an order's fields are its articles, quantities, prices and address, those that are empty left out", "[model][unit]") {
    CHECK(text(model::fields_of_order(json(order_text))) == whole);
    CHECK(model::fields_of_order(json("{}")).empty());
    CHECK(text(model::fields_of_order(json(R"({"items":[{"sku":"A","quantity":1},{"sku":"A","quantity":3}]})"))) ==
          "items/A=A items/A/quantity=4 ");
}

TEST_CASE("a request carries the same whatever its API looks like", "[model][unit]") {
    const auto request = GENERATE(
        as<std::string>(),
        R"({"items":[{"sku":"A","quantity":10,"unit_price":231.00},{"sku":"B","quantity":2,"unit_price":0.1}],
            "to":{"name":"Anna","street":"1 Rue"}})",
        R"({"order":{"lines":[{"article":"A","qty":"10","price":{"amount":231,"price":231}},{"article":"B","qty":2,"price_minor":10}]},
            "address":"Anna, 1 Rue"})",
        R"([{"id":"B","x":2,"y":0.10},{"id":"A","x":10,"y":23100,"who":"Anna","where":"1 Rue"}])");
    INFO(request);
    CHECK(text(carried({json_request(request)})) == whole);
}

TEST_CASE("a file or a mail carries what stands in the line of an article", "[model][unit]") {
    const std::string csv = "sku;quantity;price\r\n\"A\";10;231.00\r\nB;2;0.10\r\nship to: Anna; 1 Rue\r\n";
    Json file = Json::object({{"file", Json::object({{"name", "o.csv"}, {"content", csv}})}});
    CHECK(text(carried({file})) == whole);
    Json mail = Json::object({{"smtp", Json::object({{"message", csv}})}});
    CHECK(text(carried({mail})) == whole);
    Json form = Json::object({{"method", "POST"}, {"body", csv}});
    CHECK(text(carried({form})) == whole);
}

TEST_CASE("what is missing or other than ordered is a difference, and parts at several accounts count together",
          "[model][unit]") {
    const auto order = model::fields_of_order(json(order_text));
    const std::vector<Json> parts{
        json_request(R"({"items":[{"sku":"A","quantity":6,"unit_price":231.00}],"n":"Anna","s":"1 Rue"})"),
        json_request(R"({"items":[{"sku":"A","quantity":4,"unit_price":231},
                                                            {"sku":"B","quantity":2,"unit_price":0.1}],"n":"Anna","s":"1 Rue"})")};
    const auto real = carried(parts);
    CHECK(text(real) == whole);
    const auto shadow = carried({json_request(R"({"lines":[{"sku":"A","qty":12,"price":"230.50"}],"to":"Anna"})")});
    const auto found = model::differences(order, real, shadow);
    std::string all;
    for (const auto& one : found) { all += one.field + ": " + one.expected + " / " + one.shadow + "; "; }
    CHECK(all ==
          "items/A/quantity: 10 / 12; items/A/unit_price: 231.00 / 230.50; items/B: B / ; items/B/quantity: 2 / ; "
          "items/B/unit_price: 0.1 / ; shipping_address/line1: 1 Rue / ; ");
    CHECK(model::differences(order, real, real).empty());
}
