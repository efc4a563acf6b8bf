#include "orders/shipments.hpp"

#include "model/tracking.hpp"

namespace crossdock::orders {

void name_carrier(store::Tx& tx, const std::string& supplier_order_row_id, const std::string& tracking_number,
                  const std::string& hint) {
    const auto known = model::tracking(tracking_number, hint);
    const std::string carrier = known.carrier ? std::string(model::name(*known.carrier)) : hint;
    if (carrier.empty()) { return; }
    tx.run(
        "UPDATE shipments SET carrier = :1 WHERE supplier_order_row_id = :2 AND tracking_number = :3 AND (carrier IS NULL OR "
        "carrier > :4)",
        {carrier, supplier_order_row_id, tracking_number, carrier});
}

void add_tracking(Json& data, const std::string& tracking_number, const std::string& hint) {
    const auto known = model::tracking(tracking_number, hint);
    data.set("tracking_number", tracking_number);
    if (known.carrier) { data.set("carrier", std::string(model::shown(*known.carrier))); }
    else if (!hint.empty()) { data.set("carrier", hint); }
    if (!known.link.empty()) { data.set("tracking_url", known.link); }
    if (!known.flag.empty()) { data.set("tracking_flag", known.flag); }
}

}  // namespace crossdock::orders
