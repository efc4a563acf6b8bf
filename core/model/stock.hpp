#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// When an item is low: at or below `at`; and when it is well again: above `restored_above`, which is not less. `at` 0: no
/// alerts.
struct LowStock {
    std::int64_t at = 0;
    std::int64_t restored_above = 0;
};

/// A threshold of some items: of those for which every text that is given fits.
struct LowStockRule {
    std::string sku = {};  ///< "IPHONE*": those that begin so
    std::string warehouse = {}, grade = {}, lock_status = {};
    LowStock low = {};
};

/// What the gate in front of a catalog lets pass, in percent.
struct GateLimits {
    int rows_least = 50;           ///< of the items known: rows of a full feed
    int zeroed_most = 50;          ///< of the items in stock: those that would have none, or be gone
    int price_jump = 50;           ///< a price that moves by more, up or down, jumps
    int jumps_most = 20;           ///< of the items known: those whose price jumps
    int bad_most = 10;             ///< of the rows: those that cannot be read
    std::int64_t items_least = 3;  ///< fewer items than this are no mass: neither when they vanish nor when their prices jump
    milliseconds age_max{0};       ///< of the time that the feed itself names; 0: any
};

/// What an account's file says of its stock.
struct StockRules {
    GateLimits gate = {};
    LowStock low = {};
    std::vector<LowStockRule> low_by = {};  ///< the first that fits counts, before `low`
    std::int64_t buffer = 0;                ///< pieces of each item that are not sold
    milliseconds sold_for{0};               ///< what nothing was heard of for longer is not sold; 0: it is
    bool delta = false;                     ///< a pulled feed holds changes only

    [[nodiscard]] LowStock low_of(const StockItem& item) const;
};

/// Pieces that can be sold of one SKU, warehouse by warehouse: what the supplier has there, less `buffer` each, less `open`
/// pieces in all, which were ordered and not answered for yet; these are taken from one warehouse after the other. Never below 0.
/// Pure.
[[nodiscard]] std::vector<std::int64_t> sellable(const std::vector<std::int64_t>& quantities, std::int64_t buffer,
                                                 std::int64_t open);

/// Whether nothing was heard of an item for so long that it is not sold.
[[nodiscard]] bool is_aged(const StockRules& rules, UtcMs heard_at, UtcMs now);

struct StockChange {
    enum class Kind { added, quantity, price, attributes, low, restored } kind = Kind::quantity;
    std::int64_t before = 0;
    std::int64_t after = 0;
};

/// What the new state of an item means. `alert_open`: a low-stock alert is open for it.
/// Pure. An item that is new and already low raises its alert at once.
[[nodiscard]] std::vector<StockChange> changes(const std::optional<StockItem>& before, const StockItem& after,
                                               const LowStock& low, bool alert_open);

/// "grade A, lock unlocked, name Phone": what of an item is neither quantity nor price.
[[nodiscard]] std::string attributes_text(const StockItem& item);

/// A complete feed against the items known, counted.
struct FeedCounts {
    bool full = true;
    std::int64_t known = 0;     ///< items of the account before
    std::int64_t in_stock = 0;  ///< of these, with a quantity
    std::int64_t rows = 0;      ///< of the feed, each once
    std::int64_t added = 0, quantity_changes = 0, price_changes = 0;
    std::int64_t removed = 0;          ///< known, and not in the feed
    std::int64_t zeroed = 0;           ///< in stock, and with nothing in the feed or removed
    std::int64_t price_jumps = 0;      ///< by more than GateLimits::price_jump
    std::int64_t bad = 0;              ///< rows that cannot be read
    std::int64_t repeated = 0;         ///< rows that came a second time
    std::int64_t received = 0;         ///< rows that came, of any kind
    std::optional<std::int64_t> said;  ///< how many the adapter says to have handed over
    std::optional<UtcMs> as_of;        ///< the feed's own time, by the supplier's clock
    std::optional<UtcMs> last_as_of;   ///< that of the last feed that was applied
    UtcMs now = 0;
};

struct GateReason {
    std::string check;  ///< rows, zeroed, prices, bad_rows, pages, time
    std::string what;   ///< a sentence with the numbers
};

/// Why a complete feed must wait for a person; empty: it may pass. Pure.
[[nodiscard]] std::vector<GateReason> gate(const FeedCounts& feed, const GateLimits& limits);

}  // namespace crossdock::model
