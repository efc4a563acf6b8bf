#include "orders/polling.hpp"

namespace crossdock::orders {
namespace {

/// The statuses of open orders, as SQL: words of our own table.
std::string open_statuses(const model::PollPattern& pattern) {
    std::string list;
    for (const auto& row : model::status_table()) {
        if (!model::is_open(row.status, pattern)) { continue; }
        list += (list.empty() ? "'" : ", '") + std::string(row.name) + "'";
    }
    return "(" + list + ")";
}

}  // namespace

void sync_polls(store::Tx& tx, const Account& account, UtcMs now) {
    const std::string pattern = account.poll ? model::text_of(*account.poll) : "";
    if (tx.run("UPDATE suppliers SET poll_pattern = :1 WHERE id = :2 AND poll_pattern <> :3",
               {pattern, account.supplier_id, pattern}) == 0) {
        return;
    }
    tx.run("UPDATE supplier_orders SET next_poll_at = NULL, polls = 0 WHERE supplier_id = :1 AND next_poll_at IS NOT NULL",
           {account.supplier_id});
    if (!account.poll) { return; }
    // One that was given up by this pattern, or would be by now, stays so.
    tx.run("UPDATE supplier_orders SET next_poll_at = synced_at + :1 WHERE supplier_id = :2 AND synced_at > :3 AND status IN " +
               open_statuses(*account.poll),
           {account.poll->silent_for.count(), account.supplier_id, now - account.poll->give_up_after.count()});
}

std::vector<std::string> due_polls(store::Tx& tx, const Account& account, UtcMs now, std::int64_t most) {
    std::vector<std::string> due;
    for (auto& [id] : tx.all<std::string>(
             "SELECT id FROM supplier_orders WHERE supplier_id = :1 AND next_poll_at <= :2 ORDER BY next_poll_at LIMIT :3",
             {account.supplier_id, now, most})) {
        due.push_back(std::move(id));
    }
    return due;
}

std::optional<UtcMs> next_poll_at(store::Tx& tx, const Account& account, UtcMs now) {
    const auto row = tx.first<std::optional<std::int64_t>>(
        "SELECT MIN(next_poll_at) FROM supplier_orders WHERE supplier_id = :1 AND next_poll_at > :2", {account.supplier_id, now});
    return row ? std::get<0>(*row) : std::nullopt;
}

std::optional<SilentOrder> find_silent(store::Tx& tx, const std::string& id, UtcMs now) {
    auto row = tx.first<std::string, std::string, std::optional<std::string>, std::int64_t, std::int64_t>(
        "SELECT order_id, reference, supplier_order_id, synced_at, polls FROM supplier_orders WHERE id = :1 AND next_poll_at <= "
        ":2",
        {id, now});
    if (!row) { return {}; }
    auto& [order_id, reference, supplier_order_id, heard_at, polls] = *row;
    return SilentOrder{id,       std::move(order_id),    std::move(reference), std::move(supplier_order_id),
                       heard_at, static_cast<int>(polls)};
}

void put_off_poll(store::Tx& tx, notify::Facts& facts, const Account& account, const SilentOrder& order,
                  const model::NextPoll& next) {
    const auto at = next.given_up ? std::nullopt : std::optional(next.at);
    const bool silent = tx.run("UPDATE supplier_orders SET next_poll_at = :1, polls = :2 WHERE id = :3 AND synced_at = :4",
                               {at, static_cast<std::int64_t>(order.fruitless) + 1, order.id, order.heard_at}) == 1;
    if (!silent || !next.given_up) { return; }
    facts.needs_attention(tx, order.order_id, "silent/" + order.reference,
                          account.name + " has said nothing new of " + order.reference + " since " + rfc3339(order.heard_at) +
                              ", and is asked no more");
}

void put_off_question(store::Tx& tx, const SilentOrder& order, UtcMs at) {
    tx.run("UPDATE supplier_orders SET next_poll_at = :1 WHERE id = :2 AND synced_at = :3", {at, order.id, order.heard_at});
}

void poll_parked(store::Tx& tx, const Account& account, const std::string& supplier_order_row_id, UtcMs now) {
    if (!account.poll) { return; }
    tx.run(
        "UPDATE supplier_orders SET next_poll_at = :1, synced_at = :2, polls = 0 WHERE id = :3 AND status = 'pending' AND "
        "withdrawn_at IS NULL AND next_poll_at IS NULL",
        {now + account.poll->silent_for.count(), now, supplier_order_row_id});
}

std::int64_t misses_healed(store::Tx& tx, const std::string& supplier_id) {
    return tx.number("SELECT COUNT(*) FROM evidence WHERE supplier_id = :1 AND healed = 1", {supplier_id});
}

}  // namespace crossdock::orders
