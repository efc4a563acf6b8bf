// `low_stock:` and `inventory:` of an account's file.
#include "config/parts.hpp"

#include <array>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr yaml::Range pieces{0, 1'000'000'000};
constexpr yaml::Range percent{0, 100};

/// `at` and `restored_above` of a map.
model::LowStock read_low(Part& part, Fields& fields, std::int64_t otherwise) {
    model::LowStock low;
    low.at = fields.integer("at", pieces).value_or(otherwise);
    low.restored_above = fields.integer("restored_above", pieces).value_or(low.at);
    if (low.restored_above < low.at) {
        part.checks.refuse(fields.place("restored_above"), "`restored_above` is " + std::to_string(low.restored_above) +
                                                               ", less than `at`, " + std::to_string(low.at) +
                                                               ": an alert would end while stock is low");
    }
    return low;
}

model::LowStockRule read_rule(Part& part, const Node& node) {
    Fields fields(part.checks, node, "a threshold under `low_stock`",
                  {"sku", "warehouse", "grade", "lock_status", "at", "restored_above"});
    model::LowStockRule rule;
    rule.sku = fields.text("sku").value_or("");
    rule.warehouse = fields.text("warehouse").value_or("");
    rule.grade = fields.text("grade").value_or("");
    rule.lock_status = fields.text("lock_status").value_or("");
    if (rule.sku.empty() && rule.warehouse.empty() && rule.grade.empty() && rule.lock_status.empty()) {
        part.checks.refuse(node.place,
                           "a threshold under `low_stock` is for which items? name a sku, warehouse, grade or lock_status");
    }
    if (const auto star = rule.sku.find('*'); star != std::string::npos && star + 1 != rule.sku.size()) {
        part.checks.refuse(fields.place("sku"), "`sku` may have one `*`, at its end");
    }
    (void)fields.require("at");
    rule.low = read_low(part, fields, 0);
    return rule;
}

void read_low_stock(Part& part, Fields& account, model::StockRules& rules) {
    const Node* node = account.find("low_stock");
    if (node == nullptr || !node->is_map()) {
        rules.low.at = account.integer("low_stock", pieces).value_or(0);
        rules.low.restored_above = rules.low.at;
        return;
    }
    Fields fields(part.checks, *node, "`low_stock`", {"at", "restored_above", "for"});
    rules.low = read_low(part, fields, 0);
    if (const Node* list = fields.list("for")) {
        for (const auto& one : list->items) { rules.low_by.push_back(read_rule(part, one)); }
    }
}

model::GateLimits read_gate(Part& part, const Node& node) {
    Fields fields(part.checks, node, "`gate`",
                  {"rows_least", "zeroed_most", "price_jump", "jumps_most", "bad_rows_most", "items_least", "age_max"});
    const auto number = [&](const char* key, yaml::Range range, int otherwise) {
        return static_cast<int>(fields.integer(key, range).value_or(otherwise));
    };
    model::GateLimits limits;
    limits.rows_least = number("rows_least", percent, limits.rows_least);
    limits.zeroed_most = number("zeroed_most", percent, limits.zeroed_most);
    limits.price_jump = number("price_jump", {1, 10'000}, limits.price_jump);
    limits.jumps_most = number("jumps_most", percent, limits.jumps_most);
    limits.bad_most = number("bad_rows_most", percent, limits.bad_most);
    limits.items_least = fields.integer("items_least", {1, 1'000'000}).value_or(limits.items_least);
    limits.age_max = fields.duration("age_max", {milliseconds{60'000}}).value_or(limits.age_max);
    return limits;
}

}  // namespace

model::StockRules read_stock(Part& part, Fields& account) {
    static constexpr std::array<std::string_view, 2> kinds{"full", "delta"};
    model::StockRules rules;
    read_low_stock(part, account, rules);
    const Node* map = account.map("inventory");
    if (map == nullptr) { return rules; }
    Fields fields(part.checks, *map, "`inventory`", {"feed", "buffer", "sold_for", "gate"});
    rules.delta = fields.word("feed", kinds).value_or("full") == "delta";
    rules.buffer = fields.integer("buffer", pieces).value_or(0);
    rules.sold_for = fields.duration("sold_for", {milliseconds{60'000}}).value_or(rules.sold_for);
    if (const Node* gate = fields.map("gate")) { rules.gate = read_gate(part, *gate); }
    return rules;
}

}  // namespace crossdock::app
