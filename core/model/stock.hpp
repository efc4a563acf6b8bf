#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::model {

/// What one supplier holds of one SKU in one warehouse.
struct StockItem {
    std::string sku;
    std::string warehouse;
    std::string name;
    std::int64_t quantity = 0;
    bool lower_bound = false;  ///< "100+": at least that many
    std::int64_t price_minor = 0;
    std::string currency;
    std::string grade;
    std::string lock_status;
};

struct StockChange {
    enum class Kind { added, quantity, price, low, restored } kind = Kind::quantity;
    std::int64_t before = 0;
    std::int64_t after = 0;
};

/// What the new state of an item means. `alert_open`: a low-stock alert is open for it. `threshold` 0: no alerts.
/// Pure. An item that is new and already low raises its alert at once; an alert closes when the quantity is above the threshold
/// again.
[[nodiscard]] std::vector<StockChange> changes(const std::optional<StockItem>& before, const StockItem& after,
                                               std::int64_t threshold, bool alert_open);

/// The gate in front of a catalog: why a complete feed of `rows` must wait for a person, where `known` items were there before.
[[nodiscard]] std::optional<std::string> gate(std::int64_t rows, std::int64_t known);

}  // namespace crossdock::model
