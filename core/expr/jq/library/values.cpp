#include "values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace crossdock::jq {
namespace {

/// A decimal number's value: 0.DIGITS times ten to the power, without zeros on either side of the digits.
struct Decimal {
    bool negative = false;
    std::string digits;
    std::int64_t power = 0;

    bool operator==(const Decimal&) const = default;
};

std::optional<Decimal> decimal_of(std::string_view literal) {
    Decimal made;
    const auto exponent_at = std::min(literal.find_first_of("eE"), literal.size());
    if (exponent_at < literal.size()) {
        std::string_view exponent = literal.substr(exponent_at + 1);
        if (exponent.starts_with('+')) { exponent.remove_prefix(1); }
        const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), made.power);
        if (error != std::errc{} || std::abs(made.power) > 100'000) { return {}; }
    }
    std::string_view mantissa = literal.substr(0, exponent_at);
    if (mantissa.starts_with('-')) {
        made.negative = true;
        mantissa.remove_prefix(1);
    }
    bool behind_point = false;
    for (const char c : mantissa) {
        if (c == '.') {
            behind_point = true;
            continue;
        }
        if (!made.digits.empty() || c != '0') { made.digits += c; }
        // A leading zero behind the point moves the digits down; a digit before it moves them up.
        if (!behind_point && !made.digits.empty()) { ++made.power; }
        if (behind_point && made.digits.empty()) { --made.power; }
    }
    made.digits.erase(made.digits.find_last_not_of('0') + 1);
    if (made.digits.empty()) { made.power = 0; }
    return made;
}

std::string shortest(double value) {
    std::array<char, 64> buffer{};
    // 2^53: up to there every whole number is a double of its own.
    constexpr double whole_max = 9'007'199'254'740'992.0;
    const bool whole = std::trunc(value) == value && std::abs(value) <= whole_max && !(value == 0 && std::signbit(value));
    const auto [end, error] = whole
                                  ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value))
                                  : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), error == std::errc{} ? end : buffer.data()};
}

void check_size(std::size_t size) {
    if (size > output_bytes_max) {
        throw std::runtime_error("the value is larger than " + std::to_string(output_bytes_max) + " bytes");
    }
}

void append_text(std::string& out, std::string_view text) {
    check_size(out.size() + text.size());
    out += sdk::Json(text).dump();
}

void append(std::string& out, const Owned& value, int depth);

void append_object(std::string& out, const Owned& value, int depth) {
    out += '{';
    bool first = true;
    // Sorted, so that the same value has the same text.
    const Owned keys(jv_keys(value.copy()));
    for (int i = 0; i < keys.length(); ++i) {
        if (!first) { out += ','; }
        first = false;
        const Owned key(keys.item(i));
        append_text(out, key.text());
        out += ':';
        append(out, Owned(jv_object_get(value.copy(), key.copy())), depth + 1);
    }
    out += '}';
}

void append(std::string& out, const Owned& value, int depth) {
    if (depth > output_depth_max) {
        throw std::runtime_error("the value is nested deeper than " + std::to_string(output_depth_max) + " levels");
    }
    switch (value.kind()) {
        case JV_KIND_INVALID: throw std::runtime_error("the value is none");
        case JV_KIND_NULL: out += "null"; break;
        case JV_KIND_FALSE: out += "false"; break;
        case JV_KIND_TRUE: out += "true"; break;
        case JV_KIND_NUMBER:
            if (!std::isfinite(value.number())) { throw std::runtime_error("the value holds a number that is infinite or none"); }
            out += shortest(value.number());
            break;
        case JV_KIND_STRING: append_text(out, value.text()); break;
        case JV_KIND_ARRAY: {
            out += '[';
            const int length = value.length();
            for (int i = 0; i < length; ++i) {
                if (i > 0) { out += ','; }
                append(out, Owned(value.item(i)), depth + 1);
            }
            out += ']';
            break;
        }
        case JV_KIND_OBJECT: append_object(out, value, depth); break;
    }
    check_size(out.size());
}

}  // namespace

std::string_view Owned::text() const {
    return {jv_string_value(value_), static_cast<std::size_t>(jv_string_length_bytes(copy()))};
}

bool survives_as_double(std::string_view literal, double& value) {
    const auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), value);
    if (error != std::errc{} || end != literal.data() + literal.size()) { return false; }
    const auto written = decimal_of(literal);
    return written && written == decimal_of(shortest(value));
}

jv to_jv(const sdk::Json& value) {
    switch (value.kind()) {
        case sdk::Json::Kind::null: return jv_null();
        case sdk::Json::Kind::boolean: return jv_bool(value.as_boolean() ? 1 : 0);
        case sdk::Json::Kind::number: {
            double number = 0;
            if (survives_as_double(value.text(), number)) { return jv_number(number); }
            [[fallthrough]];
        }
        case sdk::Json::Kind::string: return jv_string_sized(value.text().data(), static_cast<int>(value.text().size()));
        case sdk::Json::Kind::array: {
            jv made = jv_array_sized(static_cast<int>(value.items().size()));
            for (const auto& item : value.items()) { made = jv_array_append(made, to_jv(item)); }
            return made;
        }
        case sdk::Json::Kind::object: {
            jv made = jv_object();
            for (const auto& [key, member] : value.members()) {
                made = jv_object_set(made, jv_string_sized(key.data(), static_cast<int>(key.size())), to_jv(member));
            }
            return made;
        }
    }
    return jv_null();
}

void append_json(std::string& out, const Owned& value) {
    append(out, value, 0);
}

}  // namespace crossdock::jq
