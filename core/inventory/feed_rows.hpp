#pragma once

// What the parts of this room share.
#include "inventory/feed.hpp"

#include <string>

namespace crossdock::inventory {

/// A row of `feeds`.
struct FeedRow {
    std::string id, supplier_id, account, state;
    bool delta = false;
    std::string origin;
    std::optional<std::int64_t> as_of;
    std::int64_t staged = 0, repeated = 0, bad = 0;
    std::optional<std::int64_t> said;
    std::optional<std::string> report;
    UtcMs created_at = 0;
};
[[nodiscard]] std::optional<FeedRow> find_feed(store::Tx& tx, const std::string& id);

void set_feed_state(store::Tx& tx, const std::string& feed_id, const std::string& state, const std::string& reason, UtcMs now);
/// Away with its rows; bad ones stay, to be looked at.
void drop_rows(store::Tx& tx, const std::string& feed_id);
void park_row(store::Tx& tx, const std::string& feed_id, const BadRow& row);
/// One line of the sync log. `type`: inventory, price.
void log_sync(store::Tx& tx, notify::Facts& facts, const std::string& supplier_id, const char* type, const char* status,
              const std::string& message);

/// Whether what the feed does not name is gone: it is full, and of no row it is unknown which item it is of.
[[nodiscard]] bool removes(store::Tx& tx, const FeedRow& feed);
/// What the feed would change, counted against the catalog as it is.
[[nodiscard]] model::FeedCounts count_feed(store::Tx& tx, const FeedRow& feed, const model::GateLimits& limits, UtcMs now);
/// Counts, reasons and the biggest changes, for a person.
[[nodiscard]] Json report_of(store::Tx& tx, const FeedRow& feed, const model::FeedCounts& counts,
                             const std::vector<model::GateReason>& reasons);

/// Brings a feed into the catalog, without a gate. Other feeds that wait are abandoned.
[[nodiscard]] FeedResult apply_rows(store::Tx& tx, notify::Facts& facts, const FeedRow& feed, const model::StockRules& rules);

/// Of what a person hears when a feed waits: one entry for each account until none waits any more.
[[nodiscard]] std::string topic_of_feeds(const std::string& account);

}  // namespace crossdock::inventory
