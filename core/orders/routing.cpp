#include "orders/routing.hpp"

#include "base/joined.hpp"
#include "crypto/crypto.hpp"
#include "model/routing.hpp"
#include "orders/standing.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <map>

namespace crossdock::orders {
namespace {

using Supplies = std::map<std::string, model::Supply, std::less<>>;

/// 0 to 99, the same for an order whenever it is routed.
int draw_of(const std::string& order_id) {
    return static_cast<int>(std::stoul(crypto::sha256_hex("share/" + order_id).substr(0, 8), nullptr, 16) % 100);
}

bool is_active(store::Tx& tx, const Account& account) {
    return tx.number("SELECT active FROM suppliers WHERE id = :1", {account.supplier_id}) == 1;
}

model::Supply supply_of(store::Tx& tx, const Account& account, const Placement& placement) {
    model::Supply supply;
    supply.active = is_active(tx, account);
    supply.known = tx.number("SELECT EXISTS (SELECT 1 FROM inventory_items WHERE supplier_id = :1)", {account.supplier_id}) == 1;
    if (!supply.known) { return supply; }
    for (const auto& line : placement.lines) {
        if (supply.articles.contains(line.sku)) { continue; }
        auto& offers = supply.articles[line.sku];
        for (const auto& [warehouse, quantity, price, currency] : tx.all<std::string, std::int64_t, std::int64_t, std::string>(
                 "SELECT warehouse, quantity, price_minor, currency FROM inventory_items WHERE supplier_id = :1 AND sku = :2 AND "
                 "present = 1 ORDER BY warehouse",
                 {account.supplier_id, line.sku})) {
            offers.push_back({quantity, currency == placement.currency ? std::optional(price) : std::nullopt, warehouse});
        }
    }
    return supply;
}

std::string text_of(const model::RoutePart& part) {
    return part.account + " (" +
           joined(part.pieces, ", ",
                  [](const model::RoutedPieces& pieces) {
                      return std::to_string(pieces.quantity) + " of line " + std::to_string(pieces.line_number);
                  }) +
           ")";
}

void tell(store::Tx& tx, const Accounts& accounts, const Placement& placement, const model::Route& route, UtcMs now) {
    const auto rules = accounts.routes.find(placement.supplier_code);
    const std::string by = rules == accounts.routes.end() ? ", which has the name of the order's supplier"
                                                          : ", by the route of \"" + placement.supplier_code + "\"";
    if (route.parts.size() == 1) {
        // Where there was nothing to choose, there is nothing to say about it.
        const std::string only = route.waits ? "; it is disabled, so the order waits" : "";
        const std::string why = route.others.empty() ? only : ": " + route.why;
        store::append_decision(tx, placement.order_id, {}, "routed", "to the account " + route.parts.front().account + by + why,
                               now);
    }
    else {
        store::append_decision(tx, placement.order_id, {}, "routed",
                               "to the accounts " + joined(route.parts, " and ", text_of) + by + ": " + route.why, now);
    }
    for (const auto& other : route.others) {
        if (!other.why.empty()) {
            store::append_decision(tx, placement.order_id, {}, "not all to " + other.account, "it " + other.why, now);
        }
    }
}

model::RoutedOrder routed(const Placement& placement) {
    return {placement.customer_id, draw_of(placement.order_id), placement.lines};
}

/// The rule that holds for an order; without a route the account of the supplier's name has it. Nothing: no rule holds.
std::optional<model::RouteRule> rule_of(const Accounts& accounts, const Placement& placement, const model::RoutedOrder& order) {
    const auto rules = accounts.routes.find(placement.supplier_code);
    if (rules == accounts.routes.end()) { return model::RouteRule{.use = {placement.supplier_code}}; }
    const auto* rule = model::rule_for(rules->second, order);
    return rule == nullptr ? std::nullopt : std::optional(*rule);
}

std::vector<Destination> route_by(store::Tx& tx, const Accounts& accounts, const Placement& placement,
                                  const model::RouteRule& rule, const model::RoutedOrder& order,
                                  const std::vector<std::string>& refused, UtcMs now) {
    Supplies supplies;
    for (const auto& name : rule.use) {
        const auto* account = accounts.named(name);
        if (account == nullptr) { continue; }
        // One account that takes everything is not asked what it has.
        if (rule.use.size() == 1) { supplies[name].active = is_active(tx, *account); }
        else { supplies[name] = supply_of(tx, *account, placement); }
    }
    const auto route = model::route(rule, order, supplies, refused);
    std::vector<Destination> to;
    for (const auto& part : route.parts) {
        Destination destination{accounts.named(part.account), {}};
        if (destination.account == nullptr) { return {}; }
        for (const auto& pieces : part.pieces) { destination.parts.push_back({pieces.line_number, pieces.quantity}); }
        to.push_back(std::move(destination));
    }
    if (!to.empty()) { tell(tx, accounts, placement, route, now); }
    return to;
}

}  // namespace

std::vector<Destination> route_order(store::Tx& tx, const Accounts& accounts, const Placement& placement, UtcMs now) {
    const auto order = routed(placement);
    const auto rule = rule_of(accounts, placement, order);
    return rule ? route_by(tx, accounts, placement, *rule, order, {}, now) : std::vector<Destination>{};
}

std::optional<std::string> shadow_of(const Accounts& accounts, const Placement& placement) {
    const auto rule = rule_of(accounts, placement, routed(placement));
    return rule && !rule->shadow.empty() ? std::optional(rule->shadow) : std::nullopt;
}

std::vector<NewSupplierOrder> fall_back(store::Tx& tx, notify::Facts& facts, const Accounts& accounts,
                                        const std::string& supplier_order_row_id, const std::string& reason) {
    const auto refused_part = need_supplier_order(tx, supplier_order_row_id);
    const auto row = tx.first<std::string, std::string, std::string>(
        "SELECT supplier_code, customer_id, currency FROM orders WHERE id = :1", {refused_part.order_id});
    if (!row) { return {}; }
    const Placement placement{refused_part.order_id, std::get<0>(*row), std::get<1>(*row), std::get<2>(*row),
                              allotments_of(tx, supplier_order_row_id)};
    const auto order = routed(placement);
    const auto rule = rule_of(accounts, placement, order);
    if (placement.lines.empty() || !rule || !rule->fallback) { return {}; }
    std::vector<std::string> refused;
    for (auto& [account] :
         tx.all<std::string>("SELECT p.name FROM supplier_orders s JOIN suppliers p ON p.id = s.supplier_id WHERE "
                             "s.order_id = :1 AND (s.status = 'rejected' OR s.id = :2)",
                             {refused_part.order_id, supplier_order_row_id})) {
        refused.push_back(std::move(account));
    }
    const UtcMs now = facts.now();
    const auto to = route_by(tx, accounts, placement, *rule, order, refused, now);
    if (to.empty()) {
        store::append_decision(tx, refused_part.order_id, {}, "no fallback", "no account of its route is left", now);
        return {};
    }
    store::append_decision(tx, refused_part.order_id, {}, "fallback from " + refused_part.reference, "refused: " + reason, now);
    release_parts(tx, supplier_order_row_id);
    std::vector<NewSupplierOrder> made;
    for (const auto& destination : to) {
        made.push_back(add_supplier_order(tx, facts, refused_part.order_id, *destination.account, destination.parts));
    }
    return made;
}

}  // namespace crossdock::orders
