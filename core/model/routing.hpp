#pragma once

#include "model/fulfilment.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Which suppliers an order goes to. Pure: the same order, rules and stock end in the same route.

namespace crossdock::model {

/// What comes first among several accounts.
enum class Prefer { priority, stock, price };
[[nodiscard]] std::string_view name(Prefer prefer);

/// Whether an order that nobody has whole may go to several: each line whole, or any number of its pieces.
enum class Split { never, lines, pieces };
[[nodiscard]] std::string_view name(Split split);

/// One rule of a supplier code. Conditions that are empty hold for every order; an article's or customer's name that ends with
/// '*' stands for all that begin so. Of several rules the first that holds counts.
struct RouteRule {
    std::vector<std::string> use = {};  ///< accounts, in order of priority; at least one
    std::vector<std::string> customers = {};
    std::vector<std::string> skus = {};  ///< holds when every line's is among them
    int share = 100;                     ///< percent of the orders for which everything else holds
    Prefer prefer = Prefer::priority;
    Split split = Split::never;
    std::vector<std::string> warehouses = {};  ///< only stock there counts; empty: all
    bool fallback = false;                     ///< refused, it goes to the next
    std::string shadow = {};                   ///< an account that builds what it would be sent, and sends nothing; empty: none

    friend bool operator==(const RouteRule&, const RouteRule&) = default;
};

/// What an account has of one article in one warehouse.
struct Offer {
    std::int64_t quantity = 0;
    std::optional<std::int64_t> price_minor;  ///< in the order's currency; nothing: in another
    std::string warehouse;
};

struct Supply {
    bool active = true;
    bool known = false;  ///< its stock was ever told; if not, it is taken to have everything
    std::map<std::string, std::vector<Offer>, std::less<>> articles = {};
};

struct RoutedOrder {
    std::string customer_id;
    int draw = 0;  ///< 0 to 99, from the order's identity: it decides about shares
    std::vector<Allotment> lines;
};

struct RoutedPieces {
    std::int64_t line_number = 0;
    std::int64_t quantity = 0;
};

struct RoutePart {
    std::string account;
    std::vector<RoutedPieces> pieces;
};

struct Route {
    std::vector<RoutePart> parts;  ///< each piece in one of them; empty: no account is left
    std::string why;               ///< of the rule, and of the first account
    struct Other {
        std::string account;
        std::string why;  ///< why it gets nothing, or not all
    };
    std::vector<Other> others;
    bool waits = false;  ///< every account that could have it is disabled
};

/// The first rule that holds for the order; nothing when none does.
[[nodiscard]] const RouteRule* rule_for(std::span<const RouteRule> rules, const RoutedOrder& order);

/// Deals an order out by a rule. `refused`: accounts that have refused it.
[[nodiscard]] Route route(const RouteRule& rule, const RoutedOrder& order,
                          const std::map<std::string, Supply, std::less<>>& supplies, std::span<const std::string> refused = {});

}  // namespace crossdock::model
