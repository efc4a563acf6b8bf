#include "orders/intake.hpp"

#include "model/status.hpp"
#include "orders/routing.hpp"
#include "orders/shadow.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::orders {
namespace {

/// `order_id`, or the next free `-N` of it: a reference is unique per account, and among the parts of an order.
std::string free_reference(store::Tx& tx, const std::string& supplier_id, const std::string& order_id) {
    std::string reference = order_id;
    // Two questions, each with an index of its own.
    const auto taken = [&] {
        return tx.number(
                   "SELECT EXISTS (SELECT 1 FROM supplier_orders WHERE supplier_id = :1 AND reference = :2) OR EXISTS (SELECT 1 "
                   "FROM "
                   "supplier_orders WHERE order_id = :3 AND reference = :4)",
                   {supplier_id, reference, order_id, reference}) != 0;
    };
    for (int n = 2; taken(); ++n) { reference = order_id + "-" + std::to_string(n); }
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

std::vector<Part> parts_left(store::Tx& tx, const std::string& order_id) {
    std::vector<Part> parts;
    for (const auto& [line, left] : tx.all<std::int64_t, std::int64_t>(
             "SELECT line_number, ordered - COALESCE((SELECT SUM(a.quantity) FROM supplier_order_lines a WHERE a.order_id = "
             "l.order_id AND a.line_number = l.line_number), 0) FROM order_lines l WHERE order_id = :1 ORDER BY line_number",
             {order_id})) {
        if (left > 0) { parts.push_back({line, left}); }
    }
    return parts;
}

}  // namespace

NewSupplierOrder add_supplier_order(store::Tx& tx, notify::Facts& facts, const std::string& order_id, const Account& account,
                                    const std::vector<Part>& parts) {
    const UtcMs now = facts.now();
    NewSupplierOrder made{account.name, facts.new_id(), free_reference(tx, account.supplier_id, order_id)};
    tx.run(
        "INSERT INTO supplier_orders (id, order_id, supplier_id, reference, status, synced_at, created_at, updated_at) VALUES "
        "(:1, :2, :3, :4, :5, :6, :7, :8)",
        {made.id, order_id, account.supplier_id, made.reference, model::name(model::Status::pending), now, now, now});
    for (const auto& part : parts.empty() ? parts_left(tx, order_id) : parts) {
        tx.run(
            "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES (:1, :2, :3, "
            ":4, :5)",
            {made.id, order_id, part.line_number, part.quantity, part.quantity});
    }
    return made;
}

void release_parts(store::Tx& tx, const std::string& supplier_order_row_id) {
    tx.run("DELETE FROM supplier_order_lines WHERE supplier_order_row_id = :1", {supplier_order_row_id});
}

Json document_for(store::Tx& tx, const std::string& supplier_order_row_id, const Json& document) {
    const auto parts = tx.all<std::int64_t, std::int64_t, std::int64_t>(
        "SELECT a.line_number, a.quantity, l.ordered FROM supplier_order_lines a JOIN order_lines l ON l.order_id = a.order_id "
        "AND "
        "l.line_number = a.line_number WHERE a.supplier_order_row_id = :1 ORDER BY a.line_number",
        {supplier_order_row_id});
    const Json* items = document.find("items");
    if (items == nullptr || !items->is_array()) { return document; }
    const bool whole = parts.size() == items->items().size() && std::all_of(parts.begin(), parts.end(), [](const auto& part) {
                           return std::get<1>(part) == std::get<2>(part);
                       });
    if (whole) { return document; }
    Json chosen = Json::array();
    for (const auto& [line, quantity, ordered] : parts) {
        const auto index = static_cast<std::size_t>(line - 1);
        if (index >= items->items().size()) { continue; }
        Json item = items->items()[index];
        item.set("quantity", quantity);
        chosen.push(std::move(item));
    }
    Json part_of = document;
    part_of.set("items", std::move(chosen));
    return part_of;
}

Placed place_order(store::Tx& tx, notify::Facts& facts, const model::Order& order, const Accounts& accounts,
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
    Placement placement{order.order_id, order.supplier, order.customer_id, order.currency, {}};
    for (const auto& line : order.lines) { placement.lines.push_back({line.number, line.sku, line.quantity}); }
    const auto to = route_order(tx, accounts, placement, now);
    if (to.empty()) { return {Placed::What::no_route, ""}; }
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
    for (const auto& destination : to) {
        (void)add_supplier_order(tx, facts, order.order_id, *destination.account, destination.parts);
    }
    note_shadow(tx, facts, accounts, placement);
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
