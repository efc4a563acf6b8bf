// What each event's mail can say.
#include "model/preferences.hpp"
#include "notify/mail_data.hpp"

#include <algorithm>
#include <string_view>

namespace crossdock::notify {
namespace {

struct Row {
    std::string_view name;
    std::string_view members;  ///< beside those of an order
    bool order;
};

constexpr std::string_view evidence =
    R"({"status":"shipped","reference":"PO-1001","supplier_order_id":"ORD845140","tracking_number":"1Z999AA10123456784",
    "carrier":"UPS","tracking_url":"https://www.ups.com/track?tracknum=1Z999AA10123456784","tracking_flag":"",
    "partial":false,"pieces":[{"sku":"IPHONE12-64GB-A","quantity":4}],"reason":""})";
constexpr std::string_view stock =
    R"({"account":"phonex","sku":"IPHONE12-64GB-A","warehouse":"MIA","name":"iPhone 12 64 GB, A","quantity":3,"lower_bound":false,
    "price":"231.00","currency":"USD","threshold":5})";

constexpr Row rows[] = {
    {"order.placed", R"({"status":"pending","supplier":"wesellcellular"})", true},
    {"order.accepted",
     R"({"supplier_order_id":"ORD845140","reference":"PO-1001","account":"phonex","partial":false,
         "pieces":[{"sku":"IPHONE12-64GB-A","quantity":4}]})",
     true},
    {"order.rejected",
     R"({"status":"rejected","reason":"out of stock","account":"phonex","reference":"PO-1001","supplier_order_id":"ORD845140",
         "partial":false,"pieces":[{"sku":"IPHONE12-64GB-A","quantity":4}]})",
     true},
    {"order.fulfillment_started", evidence, true},
    {"order.shipped", evidence, true},
    {"order.delivered", evidence, true},
    {"order.canceled", evidence, true},
    {"order.status_changed",
     R"({"status":"on_hold","status_is":{"on_hold":true,"confirmed":false,"partially_shipped":false,"backordered":false,
         "payment_awaiting":false,"payment_received":false,"quote_awaiting":false,"quote_received":false},
         "reference":"PO-1001","supplier_order_id":"ORD845140","tracking_number":"","carrier":"","tracking_url":"",
         "tracking_flag":"","payment":"","quote":"","partial":false,"pieces":[{"sku":"IPHONE12-64GB-A","quantity":4}]})",
     true},
    {"order.needs_attention",
     R"({"reason":"the supplier does not answer","attention":12,"about":"","state":"","by_itself":false})", true},
    {"stock.low", stock, false},
    {"stock.restored", stock, false},
    {"supplier.degraded", R"({"supplier":"phonex","reason":"it answers 503","state":"failing","by_itself":true})", false},
    {"supplier.recovered", R"({"supplier":"phonex","reason":"its calls are answered"})", false},
    {"feed.quarantined", R"({"account":"phonex","feed":"0193a5f0-0000-7000-8000-000000000000","reason":"half of it is missing"})",
     false},
    {"webhook.unmatched",
     R"({"account":"phonex","order_id":"PO-1001","supplier_order_id":"ORD845140","status":"shipped","reason":""})", false},
    {"digest",
     R"({"count":2,"several":true,"more":0,"date":"2025-10-30","customer_name":"WorldTech","unsubscribe_url":"",
         "entries":[{"time":"09:12","subject":"Order PO-1001 is confirmed","order_id":"PO-1001"},
                    {"time":"17:40","subject":"Order PO-1002 is confirmed","order_id":"PO-1002"}]})",
     false},
};

/// What an order adds. Of its address anything may be asked: the document is the platform's.
constexpr std::string_view order_members =
    R"({"order_id":"PO-1001","total":"2310.00 USD","customer_id":"worldtech-1734","customer_name":"WorldTech",
    "items":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":"231.00 USD"}],"shipping_address":{},"unsubscribe_url":""})";

}  // namespace

std::optional<Json> example_data(const std::string& template_name) {
    const auto* const row =
        std::find_if(std::begin(rows), std::end(rows), [&](const Row& one) { return one.name == template_name; });
    if (row == std::end(rows)) { return {}; }
    Json made = Json::parse(row->members).value();
    if (!row->order) { return made; }
    const Json order = Json::parse(order_members).value();
    for (const auto& [key, value] : order.members()) { made.set(key, value); }
    return made;
}

const std::vector<std::string>& mail_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (const auto& row : rows) { made.emplace_back(row.name); }
        return made;
    }();
    return names;
}

std::optional<StoredFact> latest_fact(store::Tx& tx, const std::string& order_id, const std::string& kind) {
    const auto row = tx.first<std::string, std::optional<std::string>, std::string>(
        "SELECT id, customer_id, data FROM facts WHERE order_id = :1 AND kind = :2 ORDER BY created_at DESC, id DESC LIMIT 1",
        {order_id, kind});
    if (!row) { return {}; }
    auto data = Json::parse(std::get<2>(*row));
    return StoredFact{std::get<0>(*row), kind, order_id, std::get<1>(*row), data ? *data : Json::object()};
}

}  // namespace crossdock::notify
