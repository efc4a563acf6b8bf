#pragma once

#include "columns.hpp"

#include <crossdock/sdk.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace wesellcellular {

namespace sdk = crossdock::sdk;

[[nodiscard]] Columns stock_columns(std::string_view setting);

/// A price as decimal text, exactly: "231", "231.00", "$1,234.50", "USD 231.00". A sign or code must be that of the currency,
/// commas must part thousands; what could be read in two ways is refused. Errors: std::runtime_error that shows the price.
[[nodiscard]] std::string exact_price(std::string_view written, std::string_view currency);

/// Reads a whole stock file. A row that repeats another one entirely is passed over.
/// Errors: std::runtime_error that names the first rows that cannot be read, as file:line, and how many there are: half a list is
/// none.
[[nodiscard]] std::vector<sdk::InventoryRow> read_stock(std::string_view content, const std::string& file, const Columns& columns,
                                                        const std::string& end_mark, const std::string& currency);

}  // namespace wesellcellular
