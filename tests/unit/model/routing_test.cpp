#include "model/routing.hpp"

#include <catch2/catch.hpp>

#include "support/manual_clock.hpp"

#include <algorithm>

using namespace crossdock;
using namespace crossdock::model;

namespace {

using Supplies = std::map<std::string, Supply, std::less<>>;

Supply having(std::map<std::string, std::vector<Offer>, std::less<>> articles) {
    return {.active = true, .known = true, .articles = std::move(articles)};
}

/// "a: 1x10 2x3; b: 3x1"
std::string text(const Route& route) {
    std::string out;
    for (const auto& part : route.parts) {
        out += (out.empty() ? "" : "; ") + part.account + ":";
        for (const auto& pieces : part.pieces) {
            out += " " + std::to_string(pieces.line_number) + "x" + std::to_string(pieces.quantity);
        }
    }
    return out;
}

std::string why(const Route& route, const std::string& account) {
    const auto at = std::find_if(route.others.begin(), route.others.end(), [&](const auto& o) { return o.account == account; });
    return at == route.others.end() ? "(nothing)" : at->why;
}

const RoutedOrder order{"worldtech", 50, {{1, "A", 10}, {2, "B", 2}}};

}  // namespace

TEST_CASE("the first rule that holds for an order counts", "[model][unit]") {
    const std::vector<RouteRule> rules{{.use = {"by customer"}, .customers = {"acme", "globex-*"}},
                                       {.use = {"by article"}, .skus = {"A", "C*"}},
                                       {.use = {"a fifth"}, .share = 20},
                                       {.use = {"the rest"}}};
    struct Row {
        std::string customer;
        int draw;
        std::vector<Allotment> lines;
        std::string wanted;
    };
    const auto row = GENERATE(values<Row>({{"acme", 50, {{1, "X", 1}}, "by customer"},
                                           {"globex-7", 50, {{1, "X", 1}}, "by customer"},
                                           {"acme-2", 50, {{1, "X", 1}}, "the rest"},
                                           {"z", 50, {{1, "A", 1}, {2, "C9", 1}}, "by article"},
                                           {"z", 50, {{1, "A", 1}, {2, "X", 1}}, "the rest"},
                                           {"z", 19, {{1, "X", 1}}, "a fifth"},
                                           {"z", 20, {{1, "X", 1}}, "the rest"}}));
    const auto* rule = rule_for(rules, {row.customer, row.draw, row.lines});
    REQUIRE(rule != nullptr);
    CHECK(rule->use.front() == row.wanted);
    CHECK(rule_for(std::span(rules).first(3), {"z", 50, {{1, "X", 1}}}) == nullptr);
}

TEST_CASE("an order goes whole to the first account that has it, and why the others lost is said", "[model][unit]") {
    const Supplies supplies{{"a", having({{"A", {{9, 100, "MIA"}}}, {"B", {{2, 100, "MIA"}}}})},
                            {"b", having({{"A", {{10, 90, "MIA"}}}, {"B", {{5, 100, "MIA"}}}})},
                            {"c", having({{"A", {{50, 80, "MIA"}}}, {"B", {{5, 70, "MIA"}}}})}};
    RouteRule rule{.use = {"a", "b", "c"}};
    auto made = route(rule, order, supplies);
    CHECK(text(made) == "b: 1x10 2x2");
    CHECK(made.why == "b has all of it, and comes first by priority");
    CHECK(why(made, "a") == "has 9 of 10 A");
    CHECK(why(made, "c") == "comes behind b by priority");

    rule.prefer = Prefer::price;
    made = route(rule, order, supplies);
    CHECK(text(made) == "c: 1x10 2x2");
    CHECK(made.why == "c has all of it, and comes first by price (940 in minor units)");
    CHECK(why(made, "b") == "comes behind c by price (1100 in minor units)");

    // The same order once more, when c has refused it.
    made = route(rule, order, supplies, std::vector<std::string>{"c"});
    CHECK(text(made) == "b: 1x10 2x2");
    CHECK(why(made, "c") == "has refused it");
    CHECK(route(rule, order, supplies, std::vector<std::string>{"a", "b", "c"}).parts.empty());
}

TEST_CASE("only stock in the rule's warehouses counts, and a price in another currency is none", "[model][unit]") {
    const Supplies supplies{{"a", having({{"A", {{10, 100, "MIA"}, {10, 100, "LAX"}}}, {"B", {{2, std::nullopt, "LAX"}}}})},
                            {"b", having({{"A", {{10, 200, "LAX"}}}, {"B", {{2, 200, "LAX"}}}})}};
    RouteRule rule{.use = {"a", "b"}, .warehouses = {"LAX"}};
    CHECK(text(route(rule, order, supplies)) == "a: 1x10 2x2");
    rule.prefer = Prefer::price;
    const auto made = route(rule, order, supplies);
    CHECK(text(made) == "b: 1x10 2x2");
    CHECK(why(made, "a") == "comes behind b by price (a price is not known)");
    rule.warehouses = {"MIA"};
    CHECK(why(route(rule, order, supplies), "b") == "has 0 of 10 A, 0 of 2 B");
}

TEST_CASE("an order that nobody has whole is split as the rule allows, and never beyond it", "[model][unit]") {
    const Supplies supplies{{"a", having({{"A", {{6, 100, ""}}}, {"B", {{2, 100, ""}}}})},
                            {"b", having({{"A", {{9, 100, ""}}}})}};
    RouteRule rule{.use = {"a", "b"}};
    auto made = route(rule, order, supplies);
    CHECK(text(made) == "a: 1x10 2x2");
    CHECK(made.why == "a takes all of it, for nobody has it whole and it is not to be split; it has 6 of 10 A");
    CHECK(why(made, "b") == "has 9 of 10 A, 0 of 2 B");
    rule.prefer = Prefer::stock;
    CHECK(text(route(rule, order, supplies)) == "b: 1x10 2x2");
    rule.prefer = Prefer::priority;
    rule.split = Split::pieces;
    made = route(rule, order, supplies);
    CHECK(text(made) == "a: 1x6 2x2; b: 1x4");
    rule.split = Split::lines;
    // Nobody has line 1 whole: it goes to the first, who may have more than it told.
    CHECK(text(route(rule, order, supplies)) == "a: 1x10 2x2");
    const RoutedOrder smaller{"worldtech", 50, {{1, "A", 9}, {2, "B", 2}}};
    CHECK(text(route(rule, smaller, supplies)) == "b: 1x9; a: 2x2");
}

TEST_CASE("an account whose stock was never told is taken to have everything, and a disabled one is passed by", "[model][unit]") {
    Supplies supplies{{"a", having({{"A", {{1, 100, ""}}}})}, {"b", {}}};
    const RouteRule rule{.use = {"a", "b"}};
    auto made = route(rule, order, supplies);
    CHECK(text(made) == "b: 1x10 2x2");
    CHECK_THAT(made.why, Catch::Matchers::Contains("its stock is not known"));
    supplies["b"].active = false;
    made = route(rule, order, supplies);
    CHECK(text(made) == "a: 1x10 2x2");
    CHECK(why(made, "b") == "is disabled");
    supplies["a"].active = false;
    made = route(rule, order, supplies);
    CHECK(text(made) == "b: 1x10 2x2");
    CHECK_THAT(made.why, Catch::Matchers::EndsWith("every account is disabled, so it waits"));
}

TEST_CASE("a generated route gives every piece to somebody, once, and is the same every time", "[model][unit]") {
    test::SeededRandomness randomness(99);
    int split_routes = 0;
    for (int round = 0; round < 5'000; ++round) {
        RoutedOrder some{"c", static_cast<int>(randomness.below(100)), {}};
        for (std::uint64_t line = 0; line <= randomness.below(4); ++line) {
            some.lines.push_back({static_cast<std::int64_t>(line + 1),
                                  std::string(1, static_cast<char>('A' + randomness.below(3))),
                                  1 + static_cast<std::int64_t>(randomness.below(9))});
        }
        Supplies supplies;
        for (const char* account : {"a", "b", "c"}) {
            Supply supply{.active = randomness.below(5) != 0, .known = randomness.below(5) != 0};
            for (const char* sku : {"A", "B", "C"}) {
                supply.articles[sku] = {{static_cast<std::int64_t>(randomness.below(12)), 100, ""}};
            }
            supplies[account] = std::move(supply);
        }
        const RouteRule rule{.use = {"a", "b", "c"},
                             .prefer = static_cast<Prefer>(randomness.below(3)),
                             .split = static_cast<Split>(randomness.below(3))};
        const auto made = route(rule, some, supplies);
        split_routes += made.parts.size() > 1 ? 1 : 0;
        for (const auto& line : some.lines) {
            std::int64_t given = 0;
            for (const auto& part : made.parts) {
                for (const auto& pieces : part.pieces) {
                    REQUIRE(pieces.quantity > 0);
                    given += pieces.line_number == line.line_number ? pieces.quantity : 0;
                }
            }
            CAPTURE(round, text(made));
            REQUIRE(given == line.quantity);
        }
        if (rule.split == Split::never) { REQUIRE(made.parts.size() == 1); }
        REQUIRE(text(route(rule, some, supplies)) == text(made));
    }
    CHECK(split_routes > 500);
}
