#include "model/tracking.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace crossdock::model {
namespace {

constexpr std::array<std::string_view, 3> stored_names{"ups", "fedex", "usps"};
constexpr std::array<std::string_view, 3> shown_names{"UPS", "FedEx", "USPS"};
constexpr std::array<std::string_view, 3> pages{
    "https://www.ups.com/track?tracknum=", "https://www.fedex.com/fedextrack/?trknbr=",
    "https://tools.usps.com/go/TrackConfirmAction?tLabels="};
/// No carrier's number is that long; what is longer is not even looked at.
constexpr std::size_t length_max = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Upper case, without blanks and hyphens.
std::string compact(std::string_view number) {
    std::string made;
    for (const char c : number) {
        if (c == ' ' || c == '-') { continue; }
        made += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return made;
}

int check_of(std::string_view number) {
    return number.back() - '0';
}

/// GS1: from the right, behind the check digit, weights 3 1 3 1.
bool gs1(std::string_view number) {
    int sum = 0;
    int weight = 3;
    for (std::size_t i = number.size() - 1; i-- > 0;) {
        sum += (number[i] - '0') * weight;
        weight = 4 - weight;
    }
    return (10 - sum % 10) % 10 == check_of(number);
}

bool ups_check(std::string_view number) {
    int sum = 0;
    for (std::size_t i = 2; i + 1 < number.size(); ++i) {
        const char c = number[i];
        const int value = is_digit(c) ? c - '0' : (c - 'A' + 2) % 10;
        sum += i % 2 == 0 ? value : 2 * value;
    }
    return is_digit(number.back()) && (10 - sum % 10) % 10 == check_of(number);
}

bool fedex_12(std::string_view number) {
    constexpr std::array<int, 3> weights{3, 1, 7};
    int sum = 0;
    for (std::size_t i = 0; i + 1 < number.size(); ++i) { sum += (number[i] - '0') * weights.at(i % weights.size()); }
    return sum % 11 % 10 == check_of(number);
}

bool s10(std::string_view digits) {
    constexpr std::array<int, 8> weights{8, 6, 4, 2, 3, 5, 9, 7};
    int sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) { sum += (digits[i] - '0') * weights.at(i); }
    const int check = 11 - sum % 11;
    return (check == 10 ? 0 : check == 11 ? 5 : check) == check_of(digits);
}

struct Shape {
    Carrier carrier;
    bool right;
};

std::optional<Shape> postal(std::string_view number) {
    if (number.size() == 13 && is_upper(number[0]) && is_upper(number[1]) && number.ends_with("US") &&
        all_digits(number.substr(2, 9))) {
        return Shape{Carrier::usps, s10(number.substr(2, 9))};
    }
    if (!all_digits(number)) { return {}; }
    constexpr std::size_t longest = 22;
    if (number.starts_with("420") && (number.size() == longest + 8 || number.size() == longest + 12)) {
        number.remove_prefix(number.size() - longest);
    }
    const bool service = number[0] == '9' && number[1] >= '1' && number[1] <= '5';
    if (number.size() == 20 || (number.size() == longest && service)) { return Shape{Carrier::usps, gs1(number)}; }
    return {};
}

/// Whose number it is by its shape alone. Nothing: nobody's that is known here.
std::optional<Shape> shape_of(std::string_view number) {
    if (number.size() == 18 && number.starts_with("1Z") &&
        std::all_of(number.begin(), number.end(), [](char c) { return is_digit(c) || is_upper(c); })) {
        return Shape{Carrier::ups, ups_check(number)};
    }
    if (all_digits(number)) {
        const bool of_96 = number.starts_with("96");
        if (number.size() == 12) { return Shape{Carrier::fedex, fedex_12(number)}; }
        if (number.size() == 34 && of_96) { return Shape{Carrier::fedex, fedex_12(number.substr(22))}; }
        if (number.size() == 15) { return Shape{Carrier::fedex, gs1(number)}; }
        if (number.size() == 22 && of_96) { return Shape{Carrier::fedex, gs1(number.substr(7))}; }
    }
    return postal(number);
}

/// RFC 3986: all but unreserved characters.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string made;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~') { made += c; }
        else {
            made += '%';
            made += hex[byte >> 4U];
            made += hex[byte & 15U];
        }
    }
    return made;
}

}  // namespace

std::string_view name(Carrier carrier) {
    return stored_names.at(static_cast<std::size_t>(carrier));
}

std::string_view shown(Carrier carrier) {
    return shown_names.at(static_cast<std::size_t>(carrier));
}

std::optional<Carrier> carrier_named(std::string_view words) {
    std::string letters;
    for (const char c : words.substr(0, length_max)) {
        if (c >= 'A' && c <= 'Z') { letters += static_cast<char>(c - 'A' + 'a'); }
        else if (c >= 'a' && c <= 'z') { letters += c; }
    }
    if (letters.starts_with("usps") || letters.starts_with("uspost") || letters.starts_with("unitedstatespost")) {
        return Carrier::usps;
    }
    if (letters.starts_with("ups") || letters.starts_with("unitedparcel")) { return Carrier::ups; }
    if (letters.starts_with("fedex") || letters.starts_with("federalexpress")) { return Carrier::fedex; }
    return {};
}

Tracking tracking(std::string_view number, std::string_view hint) {
    const auto hinted = carrier_named(hint);
    Tracking made;
    made.carrier = hinted;
    if (number.size() > length_max) {
        made.flag = "longer than any carrier's number";
        return made;
    }
    const auto text = compact(number);
    const auto shape = text.empty() ? std::nullopt : shape_of(text);
    if (!shape) {
        if (hinted) { made.flag = "has not the shape of a number of " + std::string(shown(*hinted)); }
        return made;
    }
    // Only a number with the right check digit is stronger than what the supplier says.
    if (!shape->right && hinted && *hinted != shape->carrier) {
        made.flag = "has not the shape of a number of " + std::string(shown(*hinted));
        return made;
    }
    made.carrier = shape->carrier;
    made.verified = shape->right;
    if (!shape->right) {
        made.flag = "wrong check digit for a number of " + std::string(shown(shape->carrier));
        return made;
    }
    made.link = std::string(pages.at(static_cast<std::size_t>(shape->carrier))) + percent_encoded(text);
    return made;
}

}  // namespace crossdock::model
