#pragma once

#include <crossdock/structs.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

/// What a host takes for an inventory row. Serves the hosts; a plugin need not ask.
namespace crossdock::sdk {

inline constexpr std::size_t row_bytes_max = 64U << 10U;
/// Of a row in ABI revision 1.
inline constexpr std::size_t first_row_size = offsetof(xd_inventory_row, warehouse) + sizeof(xd_text);

/// Bytes that a row's texts take, and some for the rest.
[[nodiscard]] inline std::size_t bytes_of(const xd_inventory_row& row) {
    return row.sku.size + row.name.size + row.price.size + row.currency.size + row.grade.size + row.lock_status.size +
           row.warehouse.size + 128;
}

/// Digits, and behind them perhaps a point and digits: "231.00".
[[nodiscard]] inline bool is_decimal(std::string_view text) {
    const auto digits = [](std::string_view part) {
        return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    const auto point = text.find('.');
    return point == std::string_view::npos ? digits(text) : digits(text.substr(0, point)) && digits(text.substr(point + 1));
}

/// Why rows that are `row_size` bytes apart cannot be read; empty when they can.
[[nodiscard]] inline std::string row_size_complaint(std::size_t row_size) {
    return row_size < first_row_size ? "the plugin's inventory rows are shorter than those of ABI revision 1" : "";
}

/// Why a row cannot be taken, with its place in the batch, the article and the member; empty when it can. `theirs` is as the
/// plugin made it; `index` counts from 0, the text from 1.
[[nodiscard]] inline std::string row_complaint(const xd_inventory_row& theirs, std::size_t row_size, std::size_t index) {
    constexpr std::size_t shown = 40;
    const std::string which = "inventory row " + std::to_string(index + 1) + " of the batch";
    if (theirs.size < first_row_size || theirs.size > row_size) {
        return which + " says that its size is " + std::to_string(theirs.size) + ", and rows are " + std::to_string(row_size) +
               " bytes apart";
    }
    const auto row = received(theirs);
    if (bytes_of(row) > row_bytes_max) { return which + " is longer than " + std::to_string(row_bytes_max) + " bytes"; }
    if (row.sku.size == 0) { return which + " has no sku"; }
    const std::string named = which + " (sku " + std::string(view(row.sku).substr(0, shown)) + ")";
    if (row.quantity < 0) { return named + ": the quantity " + std::to_string(row.quantity) + " is below 0"; }
    if (row.price.size > 0 && !is_decimal(view(row.price))) {
        return named + ": the price is no decimal number: " + std::string(view(row.price).substr(0, shown));
    }
    return {};
}

}  // namespace crossdock::sdk
