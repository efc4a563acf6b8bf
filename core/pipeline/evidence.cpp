#include "pipeline/evidence.hpp"

namespace crossdock::pipeline {
namespace {

/// More pieces than this in one report are a fault of the adapter, not an order.
constexpr std::size_t lines_max = 10'000;
constexpr std::int64_t quantity_max = 1'000'000'000;

Result<std::vector<model::LineReport>> read_lines(const Json& list, const std::string& where) {
    if (!list.is_array()) { return Fault{"is no list", where}; }
    if (list.items().size() > lines_max) { return Fault{"has more than " + std::to_string(lines_max) + " entries", where}; }
    std::vector<model::LineReport> lines;
    for (std::size_t i = 0; i < list.items().size(); ++i) {
        const Json& item = list.items()[i];
        const std::string at = where + "/" + std::to_string(i);
        const auto state = model::piece_state_named(item.text("state"));
        const Json* written = item.find("quantity");
        const std::int64_t quantity = written == nullptr ? -1 : written->integer().value_or(-1);
        if (item.text("sku").empty()) { return Fault{"names no sku", at}; }
        if (!state) {
            return Fault{"takes accepted, backordered, shipped, canceled or rejected, not " + json_quoted(item.text("state")),
                         at + "/state"};
        }
        if (quantity < 0 || quantity > quantity_max) { return Fault{"is no number of pieces", at + "/quantity"}; }
        lines.push_back({item.text("sku"), *state, quantity});
    }
    return lines;
}

}  // namespace

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
        evidence.parcel = item.text("parcel");
        if (const Json* lines = item.find("lines"); lines != nullptr && !lines->is_null()) {
            auto read = read_lines(*lines, where + "/lines");
            if (!read) { return read.error(); }
            evidence.lines = std::move(*read);
        }
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
