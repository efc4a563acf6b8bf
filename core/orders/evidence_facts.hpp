#pragma once

#include "orders/standing.hpp"

#include <optional>

namespace crossdock::orders {

/// Records what a mapped or unmapped piece of evidence tells of a supplier order, each fact once: its status where that has an
/// event, pieces that are on backorder, payment and quote. What is overtaken when it becomes known is superseded.
/// `said`: what the supplier's word is mapped to; `now_is`: what all evidence amounts to.
void tell_facts_of(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order,
                   const Evidence& evidence, std::optional<model::Status> said, model::Status now_is);

}  // namespace crossdock::orders
