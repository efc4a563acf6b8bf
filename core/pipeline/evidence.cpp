#include "pipeline/evidence.hpp"

namespace crossdock::pipeline {

Result<std::vector<orders::Evidence>> read_evidence(const Json& list, const orders::Evidence& base) {
    if (!list.is_array()) { return Fault{"the adapter's evidence is no list"}; }
    std::vector<orders::Evidence> all;
    for (std::size_t i = 0; i < list.items().size(); ++i) {
        const Json& item = list.items()[i];
        const std::string where = "/evidence/" + std::to_string(i);
        orders::Evidence evidence = base;
        evidence.reference = item.text("reference");
        evidence.supplier_order_id = item.text("supplier_order_id");
        evidence.supplier_status = item.text("supplier_status");
        evidence.tracking_number = item.text("tracking_number");
        evidence.carrier = item.text("carrier");
        if (evidence.reference.empty() && evidence.supplier_order_id.empty()) { return Fault{"names no order", where}; }
        if (evidence.supplier_status.empty()) { return Fault{"names no status", where}; }
        if (const auto at = item.maybe_text("occurred_at"); at && !at->empty()) {
            const auto time = parse_rfc3339(*at);
            if (!time) { return Fault{time.error().what, where + "/occurred_at"}; }
            evidence.occurred_at = *time;
        }
        all.push_back(std::move(evidence));
    }
    return all;
}

}  // namespace crossdock::pipeline
