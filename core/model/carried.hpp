#pragma once

#include "base/json.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

// What of an order stands in a request to a supplier, whatever that supplier's API looks like. Pure.

namespace crossdock::model {

/// What an order asks for, by field: "items/SKU" (its SKU), "items/SKU/quantity" and "/unit_price" (as the order writes them;
/// quantities of one SKU summed), "shipping_address/NAME". Fields that are empty in the order are left out.
using CarriedFields = std::map<std::string, std::string>;
[[nodiscard]] CarriedFields fields_of_order(const Json& document);

/// The same fields as requests carry them, those that they do: what all of them have of one SKU together. A request is
/// {"method","url","headers","json" or "body"}, {"smtp": {"message"}} or {"file": {"name","content"}}.
///
/// In JSON an item is an object with a member that is the SKU; its quantity and price are what is named so in it, else what has
/// the order's value. In text it is a line with the SKU, and only the order's own values are found. A price may be written with
/// other zeros than the order's or in minor units: then it is the order's.
[[nodiscard]] CarriedFields fields_of_requests(const std::vector<Json>& requests, const CarriedFields& order);

struct CarriedDifference {
    std::string field;
    std::string order;
    std::string expected;  ///< by what it is compared with; empty: it does not carry the field
    std::string shadow;    ///< the same
};
/// Where `shadow` carries something else than `expected`.
[[nodiscard]] std::vector<CarriedDifference> differences(const CarriedFields& order, const CarriedFields& expected,
                                                         const CarriedFields& shadow);

}  // namespace crossdock::model
