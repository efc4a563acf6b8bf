#pragma once

#include "model/fulfilment.hpp"
#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "orders/progress.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>
#include <vector>

// Where a supplier order stands: what of its row the use cases need, and what all its evidence amounts to, written.

namespace crossdock::orders {

struct SupplierOrder {
    std::string id, order_id, reference;
    std::optional<std::string> supplier_order_id;
    std::string status;
    std::optional<std::string> tracking_number;
    std::string customer_id;
    std::optional<std::string> withdrawn_why;
};

/// One supplier order `s` of an order `o`, by an SQL condition.
[[nodiscard]] std::optional<SupplierOrder> find_supplier_order(store::Tx& tx, const std::string& condition,
                                                               const store::Tx::Params& params);
/// Throws StoreFailure when there is none.
[[nodiscard]] SupplierOrder need_supplier_order(store::Tx& tx, const std::string& id);

/// [{"sku", "state", "quantity"}] as it is stored and as an adapter writes it.
[[nodiscard]] Json lines_json(const std::vector<model::LineReport>& lines);
[[nodiscard]] std::vector<model::LineReport> stored_lines(const std::optional<std::string>& text);

/// What of its order's lines a supplier order is for, in their order.
[[nodiscard]] std::vector<model::Allotment> allotments_of(store::Tx& tx, const std::string& supplier_order_row_id);

/// Of a supplier order that is for a part of its order, adds `partial` and `pieces`, [{"sku", "quantity"}]; else nothing.
void name_part(store::Tx& tx, const SupplierOrder& order, Json& data);

struct Standing {
    model::Status status = model::Status::pending;
    bool moved = false;  ///< pieces, payment or quote stand elsewhere than before
};

/// Folds all evidence anew and writes what follows: statuses, lines, payment and quote of the supplier order and of its order.
/// The order was heard of: it is silent from now on. What cannot be true is shown to a person.
Standing project(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order);

/// True when this is the first that is heard of the shipment. An undated report gives way to a dated one, in any order of
/// arrival.
bool add_shipment(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Evidence& evidence);

}  // namespace crossdock::orders
