#include "orders/intake.hpp"

#include "model/status.hpp"
#include "store/journal.hpp"

namespace crossdock::orders {
namespace {

/// `order_id`, or the next free `-N` of it: a reference is unique per account.
std::string free_reference(store::Tx& tx, const std::string& supplier_id, const std::string& order_id) {
    std::string reference = order_id;
    for (int n = 2; tx.number("SELECT COUNT(*) FROM supplier_orders WHERE supplier_id = :1 AND reference = :2",
                              {supplier_id, reference}) > 0;
         ++n) {
        reference = order_id + "-" + std::to_string(n);
    }
    return reference;
}

/// A key stands for one body from its first use on, be it on a repeat.
void keep_key(store::Tx& tx, const std::string& owner, const std::string& key, const std::string& digest,
              const std::string& order_id, UtcMs now) {
    if (key.empty()) { return; }
    tx.run(
        "INSERT INTO idempotency_keys (api_key_id, key, body_digest, order_id, created_at) VALUES (:1, :2, :3, :4, :5) ON "
        "CONFLICT (api_key_id, key) DO NOTHING",
        {owner, key, digest, order_id, now});
}

}  // namespace

NewSupplierOrder add_supplier_order(store::Tx& tx, notify::Facts& facts, const std::string& order_id, const Account& account) {
    const UtcMs now = facts.now();
    NewSupplierOrder made{facts.new_id(), free_reference(tx, account.supplier_id, order_id)};
    tx.run(
        "INSERT INTO supplier_orders (id, order_id, supplier_id, reference, status, synced_at, created_at, updated_at) VALUES "
        "(:1, :2, :3, :4, :5, :6, :7, :8)",
        {made.id, order_id, account.supplier_id, made.reference, model::name(model::Status::pending), now, now, now});
    return made;
}

Placed place_order(store::Tx& tx, notify::Facts& facts, const model::Order& order, const Account& account,
                   const std::string& owner, const std::string& digest, const std::string& idempotency_key,
                   const StartRuns& start_runs) {
    if (!idempotency_key.empty()) {
        const auto used = tx.first<std::string>("SELECT body_digest FROM idempotency_keys WHERE api_key_id = :1 AND key = :2",
                                                {owner, idempotency_key});
        if (used && std::get<0>(*used) != digest) { return {Placed::What::key_reused, ""}; }
    }
    if (const auto known = tx.first<std::string, std::string, std::string>(
            "SELECT api_key_id, body_digest, answer FROM orders WHERE id = :1", {order.order_id})) {
        const auto& [known_owner, known_digest, answer] = *known;
        if (known_owner == owner && known_digest == digest) {
            keep_key(tx, owner, idempotency_key, digest, order.order_id, facts.now());
            return {Placed::What::repeated, answer};
        }
        return {Placed::What::conflict, ""};
    }
    if (!order.contact_email && tx.number("SELECT COUNT(*) FROM customers WHERE id = :1", {order.customer_id}) == 0) {
        return {Placed::What::unknown_customer, ""};
    }
    const UtcMs now = facts.now();
    const std::string status(model::name(model::Status::pending));
    const std::string answer = Json::object({{"order_id", order.order_id}, {"status", status}}).dump();
    tx.run(
        "INSERT INTO orders (id, api_key_id, body_digest, document, answer, supplier_code, customer_id, email, currency, "
        "total_minor, "
        "status, placed_at, updated_at) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13)",
        {order.order_id, owner, digest, order.document.dump(), answer, order.supplier, order.customer_id, order.contact_email,
         order.currency, order.total().amount_minor, status, now, now});
    for (const auto& line : order.lines) {
        tx.run(
            "INSERT INTO order_lines (order_id, line_number, sku, unit_price_minor, currency, ordered, open) VALUES (:1, :2, :3, "
            ":4, :5, "
            ":6, :7)",
            {order.order_id, line.number, line.sku, line.unit_price.amount_minor, line.unit_price.currency, line.quantity,
             line.quantity});
    }
    (void)add_supplier_order(tx, facts, order.order_id, account);
    const bool routed = order.supplier != account.name;
    store::append_decision(
        tx, order.order_id, {}, "routed",
        "to the account " + account.name +
            (routed ? ", by the route of \"" + order.supplier + "\"" : ", which has the name of the order's supplier"),
        now);
    keep_key(tx, owner, idempotency_key, digest, order.order_id, now);
    facts.record(tx, {.kind = "order.placed",
                      .natural_key = "order/" + order.order_id + "/placed",
                      .order_id = order.order_id,
                      .customer_id = order.customer_id,
                      .data = Json::object({{"status", status}, {"supplier", order.supplier}}),
                      .occurred_at = now});
    start_runs(tx, order.order_id, order.document);
    return {Placed::What::accepted, answer};
}

}  // namespace crossdock::orders
