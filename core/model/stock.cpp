#include "model/stock.hpp"

#include <algorithm>

namespace crossdock::model {
namespace {

/// A supplier's clock may be ahead of ours by as much.
constexpr milliseconds clock_slack{3'600'000};

bool fits(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) { return true; }
    if (pattern.ends_with('*')) { return text.starts_with(pattern.substr(0, pattern.size() - 1)); }
    return pattern == text;
}

std::string text(std::int64_t number) {
    return std::to_string(number);
}

/// "300 of 400 (75 %, at most 50 %)". Rounded away from the limit, so that it never looks as if it were kept.
std::string share(std::int64_t part, std::int64_t whole, int most) {
    const auto percent = (part * 100 + whole - 1) / whole;
    return text(part) + " of " + text(whole) + " (" + text(percent) + " %, at most " + text(most) + " %)";
}

bool beyond(std::int64_t part, std::int64_t whole, int most) {
    return whole > 0 && part * 100 > whole * most;
}

void check_rows(const FeedCounts& feed, const GateLimits& limits, std::vector<GateReason>& found) {
    if (!feed.full || feed.known == 0 || limits.rows_least == 0) { return; }
    if (feed.rows == 0) { found.push_back({"rows", "the feed is empty, and " + text(feed.known) + " items are known"}); }
    else if (feed.rows * 100 < feed.known * limits.rows_least) {
        const std::string half = limits.rows_least == 50 ? "half" : text(limits.rows_least) + " %";
        found.push_back({"rows", "the feed has " + text(feed.rows) + " rows, less than " + half + " of the " + text(feed.known) +
                                     " items known"});
    }
}

void check_time(const FeedCounts& feed, const GateLimits& limits, std::vector<GateReason>& found) {
    if (!feed.as_of) { return; }
    const std::string of = "the feed is of " + rfc3339(*feed.as_of);
    if (feed.last_as_of && *feed.as_of < *feed.last_as_of) {
        found.push_back({"time", of + ", and one of " + rfc3339(*feed.last_as_of) + " was applied before"});
    }
    if (*feed.as_of > feed.now + clock_slack.count()) { found.push_back({"time", of + ", which is to come"}); }
    if (limits.age_max.count() > 0 && feed.now - *feed.as_of > limits.age_max.count()) {
        found.push_back({"time", of + ", older than " + duration_text(limits.age_max)});
    }
}

}  // namespace

LowStock StockRules::low_of(const StockItem& item) const {
    for (const auto& rule : low_by) {
        if (fits(rule.sku, item.sku) && fits(rule.warehouse, item.warehouse) && fits(rule.grade, item.grade) &&
            fits(rule.lock_status, item.lock_status)) {
            return rule.low;
        }
    }
    return low;
}

std::vector<StockChange> changes(const std::optional<StockItem>& before, const StockItem& after, const LowStock& low,
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
        if (before->name != after.name || before->grade != after.grade || before->lock_status != after.lock_status) {
            found.push_back({Kind::attributes, 0, 0});
        }
    }
    const std::int64_t quantity_before = before ? before->quantity : 0;
    const bool is_low = low.at > 0 && !after.lower_bound && after.quantity <= low.at;
    const bool is_well = low.at == 0 || after.lower_bound || after.quantity > std::max(low.at, low.restored_above);
    if (is_low && !alert_open) { found.push_back({Kind::low, quantity_before, after.quantity}); }
    if (is_well && alert_open) { found.push_back({Kind::restored, quantity_before, after.quantity}); }
    return found;
}

std::vector<std::int64_t> sellable(const std::vector<std::int64_t>& quantities, std::int64_t buffer, std::int64_t open) {
    std::vector<std::int64_t> left;
    left.reserve(quantities.size());
    for (const auto quantity : quantities) {
        const auto spare = std::max<std::int64_t>(0, quantity - buffer);
        const auto taken = std::min(spare, open);
        open -= taken;
        left.push_back(spare - taken);
    }
    return left;
}

bool is_aged(const StockRules& rules, UtcMs heard_at, UtcMs now) {
    return rules.sold_for.count() > 0 && now - heard_at > rules.sold_for.count();
}

std::string attributes_text(const StockItem& item) {
    std::string made = item.name;
    if (!item.grade.empty()) { made += (made.empty() ? "" : ", ") + ("grade " + item.grade); }
    if (!item.lock_status.empty()) { made += (made.empty() ? "" : ", ") + ("lock " + item.lock_status); }
    return made;
}

std::vector<GateReason> gate(const FeedCounts& feed, const GateLimits& limits) {
    std::vector<GateReason> found;
    if (feed.said && *feed.said != feed.received) {
        found.push_back({"pages", "the adapter says to have handed over " + text(*feed.said) + " rows, and " +
                                      text(feed.received) + " came: its pages do not add up"});
    }
    if (feed.repeated > 0) {
        found.push_back(
            {"pages", text(feed.repeated) + (feed.repeated == 1 ? " row" : " rows") + " came twice: its pages overlap"});
    }
    check_time(feed, limits, found);
    check_rows(feed, limits, found);
    if (feed.zeroed >= limits.items_least && beyond(feed.zeroed, feed.in_stock, limits.zeroed_most)) {
        found.push_back({"zeroed", "of the items in stock, " + share(feed.zeroed, feed.in_stock, limits.zeroed_most) +
                                       " would have nothing left"});
    }
    if (feed.price_jumps >= limits.items_least && beyond(feed.price_jumps, feed.known, limits.jumps_most)) {
        found.push_back({"prices", "prices move by more than " + text(limits.price_jump) + " % for " +
                                       share(feed.price_jumps, feed.known, limits.jumps_most) + " items known"});
    }
    const auto lines = feed.rows + feed.repeated + feed.bad;
    if (feed.bad >= limits.items_least && beyond(feed.bad, lines, limits.bad_most)) {
        found.push_back({"bad_rows", "of its rows, " + share(feed.bad, lines, limits.bad_most) + " cannot be read"});
    }
    return found;
}

}  // namespace crossdock::model
