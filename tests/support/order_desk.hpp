#pragma once

#include "model/order.hpp"
#include "notify/facts.hpp"
#include "orders/intake.hpp"
#include "orders/progress.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_store.hpp"

#include <string>
#include <vector>

namespace crossdock::support {

inline notify::FactOptions fact_options() {
    notify::FactOptions options;
    options.render = [](const std::string& name, const std::string& /*language*/, const Json& data) -> Result<notify::Rendered> {
        return notify::Rendered{name + " " + data.text("order_id"), data.pretty(), ""};
    };
    options.mail_from = "orders@reseller.example";
    options.message_id_domain = "crossdock.test";
    options.alerts_mail = "ops@reseller.example";
    return options;
}

inline orders::Account phonex_account() {
    return {"phonex",
            "supplier-phonex",
            "USD",
            {{"Confirmed", "confirmed"},
             {"On Hold", "on_hold"},
             {"Partially Shipped", "partially_shipped"},
             {"Shipped", "shipped"},
             {"Delivered", "delivered"},
             {"Canceled", "canceled"},
             {"Rejected", "rejected"}}};
}

inline void add_supplier(store::Tx& tx, const orders::Account& account) {
    tx.run(
        "INSERT INTO suppliers (id, name, type, created_at, updated_at) VALUES (:1, :2, 'phonex', 0, 0) ON CONFLICT DO NOTHING",
        {account.supplier_id, account.name});
}

inline std::string order_text(const std::string& id, const std::string& customer = "c1") {
    return R"({"order_id":")" + id + R"(","supplier":"phonex","customer_id":")" + customer +
           R"(","contact":{"email":"anna@example.com"},"items":[{"sku":"X","quantity":3,"unit_price":231.00},{"sku":"Y",)"
           R"("quantity":1,"unit_price":0.1}]})";
}

/// The use cases over a store of their own: orders are placed and evidence is applied directly.
class OrderDesk {
public:
    OrderDesk() {
        store.run([&](store::Tx& tx) { add_supplier(tx, account); });
    }

    orders::Placed place(const std::string& text, const std::string& owner = "key-1", const std::string& idempotency_key = "") {
        const auto document = Json::parse(text).value();
        const auto order = model::read_order(document, "USD").value();
        auto known = accounts;
        known.by_name.insert_or_assign(account.name, account);
        return store.in([&](store::Tx& tx) {
            const orders::StartRuns start = [this](store::Tx&, const std::string& id, const Json&) { started.push_back(id); };
            return orders::place_order(tx, facts, order, known, owner, "digest of " + text, idempotency_key, start);
        });
    }
    orders::Applied apply(const orders::Evidence& evidence) {
        return store.in([&](store::Tx& tx) { return orders::apply_evidence(tx, facts, account, evidence); });
    }
    bool learn(const std::string& order_id, const std::string& supplier_order_id) {
        return store.in([&](store::Tx& tx) {
            return orders::learn_supplier_order_id(tx, facts, account, row_of(tx, order_id), supplier_order_id);
        });
    }
    static std::string row_of(store::Tx& tx, const std::string& order_id) {
        return std::get<0>(tx.first<std::string>("SELECT id FROM supplier_orders WHERE order_id = :1", {order_id}).value());
    }

    std::int64_t count(const std::string& from, const store::Tx::Params& params = {}) {
        return store.in([&](store::Tx& tx) { return tx.number("SELECT COUNT(*) FROM " + from, params); });
    }
    std::string text(const std::string& sql, const store::Tx::Params& params = {}) {
        return store.in([&](store::Tx& tx) {
            const auto row = tx.first<std::optional<std::string>>(sql, params);
            return row ? std::get<0>(*row).value_or("NULL") : std::string("no row");
        });
    }
    std::vector<std::string> list(const std::string& sql, const store::Tx::Params& params = {}) {
        return store.in([&](store::Tx& tx) {
            std::vector<std::string> found;
            for (auto& [one] : tx.all<std::string>(sql, params)) { found.push_back(std::move(one)); }
            return found;
        });
    }

    TemporaryStore store;
    test::ManualClock clock;
    test::SeededRandomness randomness{1};
    notify::Facts facts{clock, randomness, fact_options()};
    orders::Account account = phonex_account();
    orders::Accounts accounts = {};  ///< beside `account`, and the routes
    std::vector<std::string> started;
};

}  // namespace crossdock::support
