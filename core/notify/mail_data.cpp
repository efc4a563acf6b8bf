#include "notify/mail_data.hpp"

#include "model/money.hpp"

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

namespace crossdock::notify {
namespace {

/// A word that a template can ask for, so that each language has its own: {"on_hold": true}.
void add_status_words(Json& data) {
    const auto add = [&data](const std::string& word) { data.set("status_is", Json::object({{word, true}})); };
    for (const char* const beside : {"payment", "quote"}) {
        const auto word = data.text(beside);
        if (word == "awaiting" || word == "received") { return add(std::string(beside) + "_" + word); }
    }
    const auto status = data.text("status");
    for (const char* const known : {"confirmed", "on_hold", "partially_shipped", "backordered"}) {
        if (status == known) { return add(status); }
    }
}

}  // namespace

Json mail_data(store::Tx& tx, const StoredFact& fact) {
    Json data = fact.data;
    add_status_words(data);
    if (!fact.order_id) { return data; }
    const std::string& order_id = *fact.order_id;
    const auto order = tx.first<std::string, std::string, std::int64_t, std::string, std::optional<std::string>>(
        "SELECT o.document, o.currency, o.total_minor, o.customer_id, c.name FROM orders o LEFT JOIN customers c ON c.id = "
        "o.customer_id WHERE o.id = :1",
        {order_id});
    data.set("order_id", order_id);
    if (!order) { return data; }
    const auto& [document, currency, total, customer_id, customer_name] = *order;
    data.set("total", model::text({total, currency}));
    data.set("customer_id", customer_id);
    data.set("customer_name", customer_name.value_or(""));
    Json items = Json::array();
    for (auto& [sku, quantity, price] : tx.all<std::string, std::int64_t, std::int64_t>(
             "SELECT sku, ordered, unit_price_minor FROM order_lines WHERE order_id = :1 ORDER BY line_number", {order_id})) {
        items.push(Json::object({{"sku", sku}, {"quantity", quantity}, {"unit_price", model::text({price, currency})}}));
    }
    data.set("items", std::move(items));
    if (const auto parsed = Json::parse(document)) {
        if (const Json* address = parsed->find("shipping_address")) { data.set("shipping_address", *address); }
        if (const Json* contact = parsed->find("contact"); contact != nullptr && !contact->text("name").empty()) {
            data.set("customer_name", contact->text("name"));
        }
    }
    return data;
}

}  // namespace crossdock::notify
