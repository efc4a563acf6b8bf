#include "sandbox/ledger.hpp"

namespace crossdock::sandbox {

Json Ledger::post(std::string_view reference) {
    return Json::object({{"record", "post"}, {"reference", std::string(reference)}});
}

Json Ledger::order(const SupplierOrder& order) {
    Json made = Json::object({{"record", "order"},
                              {"reference", order.reference},
                              {"supplier_order_id", order.supplier_order_id},
                              {"tracking_number", order.tracking_number},
                              {"at", order.created_at}});
    if (!order.key.empty()) { made.set("key", order.key).set("digest", order.digest); }
    return made;
}

Json Ledger::status(const SupplierOrder& order, std::string_view status, UtcMs at, std::string_view webhook) {
    Json made = Json::object({{"record", "status"},
                              {"supplier_order_id", order.supplier_order_id},
                              {"status", std::string(status)},
                              {"tracking_number", order.tracking_number},
                              {"at", at}});
    if (!order.items.items().empty()) { made.set("items", order.items); }
    if (!webhook.empty()) { made.set("webhook", std::string(webhook)); }
    return made;
}

Json Ledger::webhook_done(std::string_view supplier_order_id) {
    return Json::object({{"record", "webhook_done"}, {"supplier_order_id", std::string(supplier_order_id)}});
}

Json Ledger::webhook_dropped(std::string_view supplier_order_id) {
    return Json::object({{"record", "webhook_dropped"}, {"supplier_order_id", std::string(supplier_order_id)}});
}

Json Ledger::stock(std::string_view sku, const Json* quantity, const Json* price) {
    Json made = Json::object({{"record", "stock"}, {"sku", std::string(sku)}});
    if (quantity != nullptr) { made.set("quantity", *quantity); }
    if (price != nullptr) { made.set("price", *price); }
    return made;
}

void Ledger::apply(const Json& record) {
    const std::string kind = record.text("record");
    if (kind == "post") { ++posts_[record.text("reference")]; }
    else if (kind == "order") { apply_order(record); }
    else if (kind == "status") { apply_status(record); }
    else if (kind == "webhook_done" || kind == "webhook_dropped") { apply_webhook(record); }
    else if (kind == "stock") {
        // A sku that has left the inventory file since is no reason not to start.
        static_cast<void>(inventory_.change(record.text("sku"), record.find("quantity"), record.find("price")));
    }
}

void Ledger::apply_order(const Json& record) {
    SupplierOrder order;
    order.reference = record.text("reference");
    order.supplier_order_id = record.text("supplier_order_id");
    order.tracking_number = record.text("tracking_number");
    order.created_at = order.updated_at = record.integer("at");
    order.key = record.text("key");
    order.digest = record.text("digest");
    ++posts_[order.reference];
    by_id_.emplace(order.supplier_order_id, orders_.size());
    by_reference_.emplace(order.reference, orders_.size());
    if (!order.key.empty()) { by_key_.emplace(order.key, orders_.size()); }
    orders_.push_back(std::move(order));
}

void Ledger::apply_status(const Json& record) {
    const auto at = by_id_.find(record.text("supplier_order_id"));
    if (at == by_id_.end()) { return; }
    auto& order = orders_[at->second];
    order.status = record.text("status");
    order.tracking_number = record.text("tracking_number");
    order.shipped = order.shipped || order.status == "shipped";
    order.updated_at = record.integer("at");
    const auto* items = record.find("items");
    order.items = items == nullptr ? Json::array() : *items;
    if (items != nullptr && order.status == "shipped") {
        order.parcels.push(Json::object(
            {{"tracking_number", order.tracking_number}, {"items", order.items}, {"updated_at", rfc3339(order.updated_at)}}));
    }
    if (auto body = record.maybe_text("webhook")) { pending_[order.supplier_order_id].push_back(std::move(*body)); }
}

void Ledger::apply_webhook(const Json& record) {
    const auto at = pending_.find(record.text("supplier_order_id"));
    if (at == pending_.end()) { return; }
    if (record.text("record") == "webhook_dropped") { dropped_.push_back(std::move(at->second.front())); }
    at->second.pop_front();
    if (at->second.empty()) { pending_.erase(at); }
}

const SupplierOrder* Ledger::find(std::string_view supplier_order_id) const {
    const auto at = by_id_.find(supplier_order_id);
    return at == by_id_.end() ? nullptr : &orders_[at->second];
}

const SupplierOrder* Ledger::find_by_key(std::string_view key) const {
    const auto at = by_key_.find(key);
    return at == by_key_.end() ? nullptr : &orders_[at->second];
}

std::vector<const SupplierOrder*> Ledger::find_by_reference(std::string_view reference) const {
    std::vector<const SupplierOrder*> found;
    for (auto [at, end] = by_reference_.equal_range(reference); at != end; ++at) { found.push_back(&orders_[at->second]); }
    return found;
}

std::string webhook_body(const SupplierOrder& order, std::string_view status, UtcMs at) {
    Json body = Json::object({{"event", "order.status_updated"},
                              {"order_id", order.reference},
                              {"supplier_order_id", order.supplier_order_id},
                              {"status", std::string(status)}});
    if (order.shipped || status == "shipped") { body.set("tracking_number", order.tracking_number); }
    if (!order.items.items().empty()) { body.set("items", order.items); }
    body.set("updated_at", rfc3339(at));
    return body.dump();
}

}  // namespace crossdock::sandbox
