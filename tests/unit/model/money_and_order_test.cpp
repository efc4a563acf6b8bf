#include "model/money.hpp"
#include "model/order.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace crossdock;
using namespace crossdock::model;

TEST_CASE("an amount is read exactly, in its currency's minor units", "[model][unit]") {
    struct Row {
        const char* literal;
        const char* currency;
        std::int64_t minor;
        const char* shown;
    };
    const auto row = GENERATE(Row{"231.00", "USD", 23'100, "231.00"}, Row{"0.1", "USD", 10, "0.10"},
                              Row{"12", "USD", 1'200, "12.00"}, Row{"0", "USD", 0, "0.00"}, Row{"0.07", "EUR", 7, "0.07"},
                              Row{"12", "JPY", 12, "12"}, Row{"12.000", "JPY", 12, "12"}, Row{"0.001", "KWD", 1, "0.001"},
                              Row{"1.5", "KWD", 1'500, "1.500"}, Row{"1.1000000000000000000", "USD", 110, "1.10"},
                              Row{"10000000000000.00", "USD", 1'000'000'000'000'000, "10000000000000.00"});
    CAPTURE(row.literal, row.currency);
    const auto money = parse_money(row.literal, row.currency);
    REQUIRE(money.has_value());
    CHECK(money->amount_minor == row.minor);
    CHECK(money->currency == row.currency);
    CHECK(decimal(*money) == row.shown);
    CHECK(text(*money) == std::string(row.shown) + " " + row.currency);
}

TEST_CASE("an amount that would have to be rounded or guessed is refused", "[model][unit]") {
    struct Row {
        const char* literal;
        const char* currency;
        const char* why;
    };
    const auto row = GENERATE(
        Row{"0.001", "USD", "more decimals"}, Row{"12.5", "JPY", "more decimals"}, Row{"0.0001", "KWD", "more decimals"},
        Row{"-1", "USD", "negative"}, Row{"-0", "USD", "negative"}, Row{"1e3", "USD", "no plain decimal"},
        Row{"", "USD", "no plain decimal"}, Row{".5", "USD", "no plain decimal"}, Row{"1.", "USD", "no plain decimal"},
        Row{"+1", "USD", "no plain decimal"}, Row{"1,5", "USD", "no plain decimal"}, Row{"1.5.0", "USD", "no plain decimal"},
        Row{"10000000000000.01", "USD", "out of range"}, Row{"99999999999999999999999999999999999999", "USD", "out of range"},
        Row{"1", "usd", "upper-case"}, Row{"1", "USDT", "upper-case"}, Row{"1", "", "upper-case"});
    CAPTURE(row.literal, row.currency);
    const auto money = parse_money(row.literal, row.currency);
    REQUIRE(!money.has_value());
    CHECK_THAT(money.error().what, Catch::Matchers::Contains(row.why));
}

namespace {

Json parsed(std::string_view text) {
    auto document = Json::parse(text);
    REQUIRE(document.has_value());
    return std::move(*document);
}

/// pointer -> message of what is refused; empty when the order is taken.
std::map<std::string, std::string> refused(std::string_view text, OrderLimits limits = {}) {
    std::map<std::string, std::string> found;
    const auto order = read_order(parsed(text), "USD", limits);
    if (order) { return found; }
    for (const auto& error : order.error()) { found[error.pointer] = error.message; }
    return found;
}

}  // namespace

TEST_CASE("an order is read with its numbers as written", "[model][unit]") {
    const auto order = read_order(
        parsed(R"({"order_id":"PO-1","supplier":"wesellcellular","customer_id":"c1","contact":{"email":"a@b.example","name":"A"},
                   "items":[{"sku":"X","quantity":3,"unit_price":231.00},{"sku":"Y","quantity":1,"unit_price":0.1}]})"),
        "USD");
    REQUIRE(order.has_value());
    CHECK(order->order_id == "PO-1");
    CHECK(order->contact_email == "a@b.example");
    REQUIRE(order->lines.size() == 2);
    CHECK(order->lines[1].number == 2);
    CHECK(order->lines[1].unit_price == Money{10, "USD"});
    CHECK(order->total() == Money{69'310, "USD"});
    CHECK_THAT(order->document.dump(), Catch::Matchers::Contains("231.00"));
}

TEST_CASE("an order names its own currency, else the account's holds", "[model][unit]") {
    const auto yen = read_order(parsed(R"({"order_id":"1","supplier":"s","customer_id":"c","currency":"JPY",
                                           "items":[{"sku":"X","quantity":2,"unit_price":100}]})"),
                                "USD");
    REQUIRE(yen.has_value());
    CHECK(yen->total() == Money{200, "JPY"});
    CHECK(refused(R"({"order_id":"1","supplier":"s","customer_id":"c","currency":"JPY",
                      "items":[{"sku":"X","quantity":2,"unit_price":1.50}]})")
              .contains("/items/0/unit_price"));
}

TEST_CASE("all wrong fields of an order are told at once, each by its pointer", "[model][unit]") {
    const auto errors = refused(R"({"order_id":17,"customer_id":"","currency":"dollars","shipping_address":[],
        "contact":{"email":"two@at@example"},
        "items":[{"sku":"X","quantity":0,"unit_price":1.005},{"quantity":"3","unit_price":"5"},7,{"sku":"Z","quantity":2.5}]})");
    const std::map<std::string, std::string> wanted{{"/order_id", "must be a string"},
                                                    {"/supplier", "is missing"},
                                                    {"/customer_id", "must not be empty"},
                                                    {"/currency", "must be an ISO 4217 code"},
                                                    {"/shipping_address", "must be an object"},
                                                    {"/contact/email", "is no mail address"},
                                                    {"/items/0/quantity", "less than 1"},
                                                    {"/items/0/unit_price", "more decimals"},
                                                    {"/items/1/sku", "is missing"},
                                                    {"/items/1/quantity", "must be a whole number"},
                                                    {"/items/1/unit_price", "must be a number"},
                                                    {"/items/2", "must be an object"},
                                                    {"/items/3/quantity", "is no whole number"},
                                                    {"/items/3/unit_price", "is missing"}};
    for (const auto& [pointer, message] : wanted) {
        CAPTURE(pointer);
        REQUIRE(errors.contains(pointer));
        CHECK_THAT(errors.at(pointer), Catch::Matchers::Contains(message));
    }
    CHECK(errors.size() == wanted.size());
}

TEST_CASE("an order beyond a limit is refused, one at the limit is taken", "[model][unit]") {
    const auto order_with = [](const std::string& id, const std::string& items) {
        return R"({"order_id":")" + id + R"(","supplier":"s","customer_id":"c","items":[)" + items + "]}";
    };
    const std::string item = R"({"sku":"X","quantity":1,"unit_price":1})";
    CHECK(refused(order_with(std::string(128, 'a'), item)).empty());
    CHECK(refused(order_with(std::string(129, 'a'), item)).contains("/order_id"));
    CHECK(refused(order_with("a\\u0007b", item)).contains("/order_id"));
    CHECK(refused(order_with("1", "")).contains("/items"));
    CHECK(refused(order_with("1", item + "," + item), {.lines_max = 2}).empty());
    CHECK(refused(order_with("1", item + "," + item), {.lines_max = 1}).contains("/items"));
    CHECK(refused(order_with("1", R"({"sku":"X","quantity":1000000,"unit_price":1})")).empty());
    CHECK(refused(order_with("1", R"({"sku":"X","quantity":1000001,"unit_price":1})")).contains("/items/0/quantity"));
    CHECK(refused("[1]").contains(""));
}

TEST_CASE("an order whose total no number holds is refused, not wrapped around", "[model][unit]") {
    const std::string head = R"({"order_id":"1","supplier":"s","customer_id":"c","items":[)";
    CHECK(refused(head + R"({"sku":"X","quantity":1000000,"unit_price":10000000}]})").empty());
    CHECK(refused(head + R"({"sku":"X","quantity":1000000,"unit_price":10000000000000}]})").contains("/items/0/unit_price"));
    CHECK(refused(head + R"({"sku":"X","quantity":1,"unit_price":10000000000000},{"sku":"Y","quantity":1,"unit_price":0.01}]})")
              .contains("/items/1/unit_price"));
}

TEST_CASE("only one plain address may stand in a mail's To", "[model][unit]") {
    CHECK(is_mail_address("anna@example.com"));
    CHECK(is_mail_address("o'neill+orders@mail.example.co.uk"));
    const auto* wrong = GENERATE("", "anna", "@example.com", "anna@", "a@b@c", "a b@example.com", "a@example.com\r\nBcc: x@y",
                                 "a@example.com,b@example.com", "<a@example.com>", "\"a\"@example.com", "a@exa\tmple.com");
    CHECK_FALSE(is_mail_address(wrong));
}
