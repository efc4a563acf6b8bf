#pragma once

#include "columns.hpp"

#include <crossdock/sdk.hpp>

#include <string>
#include <string_view>

namespace wesellcellular {

namespace sdk = crossdock::sdk;

/// The words of `order_columns`; besides them JSON pointers into the order as the client sent it.
[[nodiscard]] Columns order_columns(std::string_view setting);

/// An order as CSV: the titles, then a row for each item, lines ended by CR LF, money and quantities as the client wrote them.
/// Errors: std::runtime_error: no items, an item without SKU or quantity, a NUL byte.
[[nodiscard]] std::string order_csv(const sdk::Order& order, const Columns& columns, const std::string& currency);

/// The name of an order's file: the same for the same reference and key, and another for any other.
[[nodiscard]] std::string order_file_name(const sdk::Order& order);

}  // namespace wesellcellular
