#pragma once

#include "base/json.hpp"
#include "store/tx.hpp"

#include <string>

namespace crossdock::orders {

/// Fills shipments.carrier: what the number says, else the supplier's hint. Of several hints the least counts, so that arrival
/// does not matter.
void name_carrier(store::Tx& tx, const std::string& supplier_order_row_id, const std::string& tracking_number,
                  const std::string& hint);

/// Adds what is known of a tracking number: `tracking_number`, and where there is one `carrier` (as people write it),
/// `tracking_url` and `tracking_flag`, which says what is wrong with it.
void add_tracking(Json& data, const std::string& tracking_number, const std::string& hint);

}  // namespace crossdock::orders
