#pragma once

#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::orders {

/// A supplier order that is due to be asked for: nothing was heard of it for longer than its account's pattern allows.
struct SilentOrder {
    std::string id;  ///< of its row
    std::string order_id;
    std::string reference;
    std::optional<std::string> supplier_order_id;
    UtcMs heard_at = 0;  ///< on our clock
    int fruitless = 0;   ///< questions since
};

/// Has the account's orders asked for by its pattern, when that is not the one they are asked for by. Part of config_sync.
void sync_polls(store::Tx& tx, const Account& account, UtcMs now);

/// Rows of the account's orders that are due, the longest due first.
[[nodiscard]] std::vector<std::string> due_polls(store::Tx& tx, const Account& account, UtcMs now, std::int64_t most);
/// When the next one that is not due yet becomes so.
[[nodiscard]] std::optional<UtcMs> next_poll_at(store::Tx& tx, const Account& account, UtcMs now);
/// Nothing when it is no longer due.
[[nodiscard]] std::optional<SilentOrder> find_silent(store::Tx& tx, const std::string& id, UtcMs now);

/// Moves an order on that a question brought nothing of; when it is given up, a person is told. Not when it was heard of
/// meanwhile.
void put_off_poll(store::Tx& tx, notify::Facts& facts, const Account& account, const SilentOrder& order,
                  const model::NextPoll& next);
/// Moves an order on that could not be asked for, as if nobody had tried.
void put_off_question(store::Tx& tx, const SilentOrder& order, UtcMs at);

/// An order that waits for a person, since nobody knows whether the supplier has it: it is asked for, too, from then on.
void poll_parked(store::Tx& tx, const Account& account, const std::string& supplier_order_row_id, UtcMs now);

/// Pieces of evidence that changed an order and came by a poll alone, although the account is told by webhook.
[[nodiscard]] std::int64_t misses_healed(store::Tx& tx, const std::string& supplier_id);

}  // namespace crossdock::orders
