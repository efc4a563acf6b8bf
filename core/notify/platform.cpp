#include "notify/platform.hpp"

#include "model/status.hpp"

#include <tuple>

namespace crossdock::notify {
namespace {

using MaybeText = std::optional<std::string>;

/// The fact that a supplier has taken the order is learned before the order's status is worked out anew.
std::string status_with(const StoredFact& fact, const std::string& stored) {
    const auto status = model::status_named(stored);
    const bool behind = status && model::row(*status).rank < model::row(model::Status::confirmed).rank;
    if (fact.kind == "order.accepted" && behind) { return std::string(model::name(model::Status::confirmed)); }
    return stored;
}

}  // namespace

std::string topic_of_stopped(const std::string& channel) {
    return "channel/" + channel + "/stopped";
}

Json shown_to_programs(const StoredFact& fact, UtcMs now) {
    Json data = fact.data;
    data.set("fact_id", fact.id);
    if (fact.customer_id) { data.set("customer_id", *fact.customer_id); }
    return Json::object({{"id", fact.id},
                         {"type", fact.kind},
                         {"time", rfc3339_ms(now)},
                         {"order_id", fact.order_id},
                         {"data", std::move(data)}});
}

Json order_for_programs(store::Tx& tx, const StoredFact& fact, UtcMs now) {
    const std::string& order_id = fact.order_id.value();
    const auto row = tx.first<std::string, MaybeText, MaybeText>(
        "SELECT o.status, (SELECT supplier_order_id FROM supplier_orders WHERE order_id = o.id AND supplier_order_id IS NOT NULL "
        "ORDER BY created_at DESC LIMIT 1), (SELECT tracking_number FROM shipments WHERE order_id = o.id ORDER BY created_at "
        "DESC "
        "LIMIT 1) FROM orders o WHERE o.id = :1",
        {order_id});
    const auto own = [&fact](const char* key, const MaybeText& otherwise) {
        auto said = fact.data.maybe_text(key);
        return said ? said : otherwise;
    };
    Json made = Json::object({{"order_id", order_id}, {"status", status_with(fact, row ? std::get<0>(*row) : "pending")}});
    if (const auto id = own("supplier_order_id", row ? std::get<1>(*row) : MaybeText())) { made.set("supplier_order_id", *id); }
    if (const auto number = own("tracking_number", row ? std::get<2>(*row) : MaybeText())) {
        made.set("tracking_number", *number);
    }
    // Whole seconds, as PhoneX has them.
    constexpr UtcMs second = 1'000;
    made.set("updated_at", rfc3339(now - now % second));
    return made;
}

}  // namespace crossdock::notify
