#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "sandbox/inventory.hpp"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sandbox {

/// An order as the simulated supplier knows it.
struct SupplierOrder {
    std::string reference;  ///< the buyer's order_id
    std::string supplier_order_id;
    std::string tracking_number;  ///< reserved from the start, shown once shipped
    std::string status = "pending";
    UtcMs created_at = 0;
    UtcMs updated_at = 0;
    std::string key;     ///< Idempotency-Key, when that is on
    std::string digest;  ///< of the body that came with the key
    bool shipped = false;
    Json items = Json::array();    ///< what the latest status said of pieces: a list of sku, state and quantity
    Json parcels = Json::array();  ///< of which pieces were told: a list of tracking_number, items, updated_at
};

/// All that the simulated supplier remembers, made from its journal's records alone.
/// Pure: no clock, no I/O.
///
/// Threads: not thread-safe.
/// Errors:  records of an unknown kind or for unknown orders are ignored.
class Ledger {
public:
    explicit Ledger(Inventory inventory = {}) : inventory_(std::move(inventory)) {}

    /// The records that `apply` understands.
    [[nodiscard]] static Json post(std::string_view reference);
    [[nodiscard]] static Json order(const SupplierOrder& order);
    /// `order` as it is from then on; `webhook` is the body to be sent; empty: none.
    [[nodiscard]] static Json status(const SupplierOrder& order, std::string_view status, UtcMs at, std::string_view webhook);
    [[nodiscard]] static Json webhook_done(std::string_view supplier_order_id);
    /// The oldest body was dropped instead of sent: nobody will be told.
    [[nodiscard]] static Json webhook_dropped(std::string_view supplier_order_id);
    [[nodiscard]] static Json stock(std::string_view sku, const Json* quantity, const Json* price);

    void apply(const Json& record);

    [[nodiscard]] const std::vector<SupplierOrder>& orders() const { return orders_; }
    [[nodiscard]] const SupplierOrder* find(std::string_view supplier_order_id) const;
    [[nodiscard]] const SupplierOrder* find_by_key(std::string_view key) const;
    [[nodiscard]] std::vector<const SupplierOrder*> find_by_reference(std::string_view reference) const;
    /// How often each reference was posted.
    [[nodiscard]] const std::map<std::string, std::int64_t>& posts() const { return posts_; }
    /// Bodies not yet delivered, oldest first, by supplier order.
    [[nodiscard]] const std::map<std::string, std::deque<std::string>>& pending_webhooks() const { return pending_; }
    /// Bodies that were dropped, oldest first.
    [[nodiscard]] const std::vector<std::string>& dropped_webhooks() const { return dropped_; }
    [[nodiscard]] const Inventory& inventory() const { return inventory_; }

private:
    void apply_order(const Json& record);
    void apply_status(const Json& record);
    void apply_webhook(const Json& record);

    Inventory inventory_;
    std::vector<SupplierOrder> orders_;
    std::map<std::string, std::size_t, std::less<>> by_id_;
    std::map<std::string, std::size_t, std::less<>> by_key_;
    std::multimap<std::string, std::size_t, std::less<>> by_reference_;
    std::map<std::string, std::int64_t> posts_;
    std::map<std::string, std::deque<std::string>> pending_;
    std::vector<std::string> dropped_;
};

/// The body of a status webhook, as the seed writes it.
[[nodiscard]] std::string webhook_body(const SupplierOrder& order, std::string_view status, UtcMs at);

}  // namespace crossdock::sandbox
