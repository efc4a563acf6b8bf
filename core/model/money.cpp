#include "model/money.hpp"

#include <algorithm>
#include <array>

namespace crossdock::model {
namespace {

// ISO 4217 codes whose minor unit is not 1/100 (https://www.iso.org/iso-4217-currency-codes.html, list one).
constexpr std::array<std::string_view, 16> without_minor{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                                         "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"};
constexpr std::array<std::string_view, 7> thousandths{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

}  // namespace

Result<int> currency_digits(std::string_view currency) {
    const bool letters =
        currency.size() == 3 && std::all_of(currency.begin(), currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!letters) { return Fault{"must be an ISO 4217 code of three upper-case letters, such as USD"}; }
    if (std::find(without_minor.begin(), without_minor.end(), currency) != without_minor.end()) { return 0; }
    if (std::find(thousandths.begin(), thousandths.end(), currency) != thousandths.end()) { return 3; }
    return 2;
}

Result<Money> parse_money(std::string_view literal, std::string_view currency) {
    const auto places = currency_digits(currency);
    if (!places) { return places.error(); }
    const std::string shown(literal.substr(0, 40));
    if (!literal.empty() && literal[0] == '-') { return Fault{shown + " is negative"}; }
    const auto point = literal.find('.');
    const auto whole = literal.substr(0, point);
    auto fraction = point == std::string_view::npos ? std::string_view{} : literal.substr(point + 1);
    const auto all_digits = [](std::string_view part) {
        return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (whole.empty() || !all_digits(whole) || !all_digits(fraction) || (point != std::string_view::npos && fraction.empty())) {
        return Fault{shown + " is no plain decimal number such as 231.00"};
    }
    while (static_cast<int>(fraction.size()) > *places && fraction.back() == '0') { fraction.remove_suffix(1); }
    if (static_cast<int>(fraction.size()) > *places) {
        return Fault{shown + " has more decimals than " + std::string(currency) + " has (" + std::to_string(*places) + ")"};
    }
    std::int64_t amount = 0;
    const auto append = [&](char digit) {
        amount = amount * 10 + (digit - '0');
        return amount <= amount_minor_max;
    };
    for (const char c : whole) {
        if (!append(c)) { return Fault{shown + " is out of range"}; }
    }
    for (int i = 0; i < *places; ++i) {
        if (!append(i < static_cast<int>(fraction.size()) ? fraction[static_cast<std::size_t>(i)] : '0')) {
            return Fault{shown + " is out of range"};
        }
    }
    return Money{amount, std::string(currency)};
}

std::string decimal(const Money& money) {
    const auto known = currency_digits(money.currency);
    const auto places = static_cast<std::size_t>(known ? *known : 2);
    const bool negative = money.amount_minor < 0;
    std::string digits = std::to_string(negative ? -money.amount_minor : money.amount_minor);
    if (digits.size() <= places) { digits.insert(0, places + 1 - digits.size(), '0'); }
    if (places > 0) { digits.insert(digits.size() - places, "."); }
    return negative ? "-" + digits : digits;
}

std::string text(const Money& money) {
    return decimal(money) + " " + money.currency;
}

}  // namespace crossdock::model
