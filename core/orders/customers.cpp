#include "orders/customers.hpp"

#include "model/order.hpp"

namespace crossdock::orders {

Result<> check_customer(const Customer& customer) {
    if (customer.id.empty() || customer.id.size() > model::OrderLimits{}.id_bytes_max) {
        return Fault{"must have 1 to 128 bytes", "id"};
    }
    if (customer.name.empty() || customer.name.size() > 500) { return Fault{"must have 1 to 500 bytes", "name"}; }
    if (!customer.email.empty() && !model::is_mail_address(customer.email)) {
        return Fault{"\"" + customer.email + "\" is no mail address", "email"};
    }
    return {};
}

void add_customer(store::Tx& tx, const Customer& c, UtcMs now) {
    const std::optional<std::string> email = c.email.empty() ? std::nullopt : std::optional(c.email);
    tx.run(
        "INSERT INTO customers (id, name, email, language, created_at, updated_at) VALUES (:1, :2, :3, :4, :5, :6) ON CONFLICT "
        "(id) DO "
        "UPDATE SET name = excluded.name, email = excluded.email, language = excluded.language, updated_at = excluded.updated_at",
        {c.id, c.name, email, c.language, now, now});
}

Json list_customers(store::Tx& tx) {
    Json list = Json::array();
    for (auto& [id, name, email, language] : tx.all<std::string, std::string, std::optional<std::string>, std::string>(
             "SELECT id, name, email, language FROM customers ORDER BY id")) {
        list.push(Json::object({{"id", id}, {"name", name}, {"email", email}, {"language", language}}));
    }
    return list;
}

}  // namespace crossdock::orders
