#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace crossdock::model {

/// An exact amount: integer minor units (cents) and an ISO 4217 code.
struct Money {
    std::int64_t amount_minor = 0;
    std::string currency;

    bool operator==(const Money&) const = default;
};

/// The largest amount that is taken from outside, a total included: far below what 64 bits hold.
inline constexpr std::int64_t amount_minor_max = 1'000'000'000'000'000;

/// Digits behind the point that a currency has (ISO 4217): 2, but 0 for JPY and its like, 3 for KWD and its like.
/// Errors: no three upper-case letters.
[[nodiscard]] Result<int> currency_digits(std::string_view currency);

/// Reads a decimal literal such as 231.00, 0.1 or 12 exactly. Trailing zeros beyond the currency's digits are allowed.
/// Errors: negative, an exponent, more decimals than the currency has, out of range.
[[nodiscard]] Result<Money> parse_money(std::string_view literal, std::string_view currency);

/// "231.00 USD".
[[nodiscard]] std::string text(const Money& money);
/// "231.00".
[[nodiscard]] std::string decimal(const Money& money);

}  // namespace crossdock::model
