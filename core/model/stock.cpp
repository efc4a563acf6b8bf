#include "model/stock.hpp"

namespace crossdock::model {

std::vector<StockChange> changes(const std::optional<StockItem>& before, const StockItem& after, std::int64_t threshold,
                                 bool alert_open) {
    using Kind = StockChange::Kind;
    std::vector<StockChange> found;
    if (!before) { found.push_back({Kind::added, 0, after.quantity}); }
    else {
        if (before->quantity != after.quantity || before->lower_bound != after.lower_bound) {
            found.push_back({Kind::quantity, before->quantity, after.quantity});
        }
        if (before->price_minor != after.price_minor || before->currency != after.currency) {
            found.push_back({Kind::price, before->price_minor, after.price_minor});
        }
    }
    const bool low = threshold > 0 && !after.lower_bound && after.quantity <= threshold;
    if (low && !alert_open) { found.push_back({Kind::low, before ? before->quantity : 0, after.quantity}); }
    if (!low && alert_open) { found.push_back({Kind::restored, before ? before->quantity : 0, after.quantity}); }
    return found;
}

std::optional<std::string> gate(std::int64_t rows, std::int64_t known) {
    if (known == 0) { return {}; }
    if (rows == 0) { return "the feed is empty, and " + std::to_string(known) + " items are known"; }
    if (rows * 2 < known) {
        return "the feed has " + std::to_string(rows) + " rows, less than half of the " + std::to_string(known) + " items known";
    }
    return {};
}

}  // namespace crossdock::model
