// What suppliers hold, as programs and people ask for it, and what of it can be sold.
#include "inventory/items.hpp"

#include "model/money.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace crossdock::inventory {
namespace {

using Number = std::optional<std::int64_t>;
using Key = std::pair<std::string, std::string>;  // supplier's row, SKU

struct Place {
    std::string sku, account, warehouse;
};

/// Where a list goes on, opaque to others and fit for a URL: three texts in hexadecimal.
std::string cursor_of(const Place& place) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string made;
    for (const auto* part : {&place.sku, &place.account, &place.warehouse}) {
        if (!made.empty()) { made += '-'; }
        for (const char c : *part) {
            const auto byte = static_cast<unsigned char>(c);
            made += {digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return made;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') { return c - '0'; }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<Place> place_of(std::string_view cursor) {
    Place place;
    for (auto* part : {&place.sku, &place.account, &place.warehouse}) {
        const auto end = std::min(cursor.find('-'), cursor.size());
        for (std::size_t i = 0; i < end; i += 2) {
            const int high = digit_of(cursor[i]);
            const int low = i + 1 < end ? digit_of(cursor[i + 1]) : -1;
            if (high < 0 || low < 0) { return {}; }
            *part += static_cast<char>(high * 16 + low);
        }
        if (part == &place.warehouse) { return end == cursor.size() && !place.sku.empty() ? std::optional(place) : std::nullopt; }
        if (end == cursor.size()) { return {}; }
        cursor.remove_prefix(end + 1);
    }
    return {};
}

/// Pieces that were ordered and that the supplier has not answered for yet.
std::map<Key, std::int64_t> unconfirmed(store::Tx& tx) {
    std::map<Key, std::int64_t> open;
    for (auto& [supplier, sku, pieces] : tx.all<std::string, std::string, std::int64_t>(
             "SELECT o.supplier_id, ol.sku, SUM(l.open) FROM supplier_order_lines l JOIN supplier_orders o ON o.id = "
             "l.supplier_order_row_id JOIN order_lines ol ON ol.order_id = l.order_id AND ol.line_number = l.line_number WHERE "
             "l.open > 0 AND o.withdrawn_at IS NULL GROUP BY o.supplier_id, ol.sku")) {
        open[{supplier, sku}] = pieces;
    }
    return open;
}

/// When a feed of the account was applied last.
std::map<std::string, UtcMs> heard(store::Tx& tx) {
    std::map<std::string, UtcMs> last;
    for (auto& [supplier, at] : tx.all<std::string, std::int64_t>(
             "SELECT supplier_id, MAX(updated_at) FROM feeds WHERE state = 'applied' AND origin = 'pull' GROUP BY supplier_id")) {
        last[supplier] = at;
    }
    return last;
}

/// What can be sold of each item of a list.
class Sellable {
public:
    Sellable(store::Tx& tx, const StockRulesByAccount& rules, UtcMs now)
        : tx_(tx), rules_(rules), now_(now), open_(unconfirmed(tx)), heard_(heard(tx)) {}

    [[nodiscard]] UtcMs heard_at(const std::string& supplier, Number told_at, UtcMs updated_at) const {
        const auto feed = heard_.find(supplier);
        const UtcMs by_feed = feed == heard_.end() ? updated_at : feed->second;
        return std::max(by_feed, told_at.value_or(0));
    }

    [[nodiscard]] std::int64_t of(const std::string& supplier, const std::string& account, const std::string& sku,
                                  const std::string& warehouse, std::int64_t quantity, UtcMs heard_at) {
        static const model::StockRules none;
        const auto found = rules_.find(account);
        const auto& rules = found == rules_.end() ? none : found->second;
        if (model::is_aged(rules, heard_at, now_)) { return 0; }
        const auto open = open_.find({supplier, sku});
        if (open == open_.end()) { return model::sellable({quantity}, rules.buffer, 0).front(); }
        return shared(supplier, sku, rules.buffer, open->second)[warehouse];
    }

private:
    /// An order names no warehouse: what is open of a SKU is taken from its warehouses, one after the other.
    std::map<std::string, std::int64_t>& shared(const std::string& supplier, const std::string& sku, std::int64_t buffer,
                                                std::int64_t open) {
        auto& kept = shared_[{supplier, sku}];
        if (!kept.empty()) { return kept; }
        std::vector<std::string> names;
        std::vector<std::int64_t> quantities;
        for (auto& [warehouse, quantity] : tx_.all<std::string, std::int64_t>(
                 "SELECT warehouse, quantity FROM inventory_items WHERE supplier_id = :1 AND sku = :2 AND present = 1 ORDER BY "
                 "warehouse",
                 {supplier, sku})) {
            names.push_back(warehouse);
            quantities.push_back(quantity);
        }
        const auto left = model::sellable(quantities, buffer, open);
        for (std::size_t i = 0; i < names.size(); ++i) { kept[names[i]] = left[i]; }
        return kept;
    }

    store::Tx& tx_;
    const StockRulesByAccount& rules_;
    UtcMs now_;
    std::map<Key, std::int64_t> open_;
    std::map<std::string, UtcMs> heard_;
    std::map<Key, std::map<std::string, std::int64_t>> shared_;
};

/// The text as a part for LIKE, whose own signs count as themselves.
std::string part_of(const std::string& text) {
    std::string made = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') { made += '\\'; }
        made += c;
    }
    return made + "%";
}

/// The query's conditions with their parameters, in order.
std::string conditions(const ItemQuery& query, store::Tx::Params& params) {
    const auto name = [&params] { return ":" + std::to_string(params.size()); };
    std::string sql = "WHERE i.present = 1";
    for (const auto& [column, wanted] :
         std::initializer_list<std::pair<const char*, const std::string*>>{{"p.name", &query.account},
                                                                           {"i.sku", &query.sku},
                                                                           {"i.warehouse", &query.warehouse},
                                                                           {"i.grade", &query.grade},
                                                                           {"i.lock_status", &query.lock_status}}) {
        if (wanted->empty()) { continue; }
        params.emplace_back(*wanted);
        sql += std::string(" AND ") + column + " = " + name();
    }
    if (query.low) {
        params.emplace_back(*query.low);
        sql += " AND i.alert_open = " + name();
    }
    if (!query.text.empty()) {
        params.emplace_back(part_of(query.text));
        sql += " AND (i.sku LIKE " + name() + " ESCAPE '\\'";
        params.emplace_back(part_of(query.text));
        sql += " OR i.name LIKE " + name() + " ESCAPE '\\')";
    }
    if (const auto place = place_of(query.after)) {
        sql += " AND (i.sku, p.name, i.warehouse) > (";
        for (const auto* part : {&place->sku, &place->account, &place->warehouse}) {
            params.emplace_back(*part);
            sql += (part == &place->sku ? "" : ", ") + name();
        }
        sql += ")";
    }
    params.emplace_back(query.most + 1);
    return sql + " ORDER BY i.sku, p.name, i.warehouse LIMIT " + name();
}

std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) { return text; }
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"') { made += '"'; }
        made += c;
    }
    return made + "\"";
}

constexpr std::array<const char*, 14> columns{"account",     "sku",       "warehouse",  "name",     "quantity",
                                              "lower_bound", "sellable",  "price",      "currency", "grade",
                                              "lock_status", "low_stock", "updated_at", "heard_at"};

}  // namespace

bool is_cursor(const std::string& text) {
    return place_of(text).has_value();
}

Json list_items(store::Tx& tx, const ItemQuery& query, const StockRulesByAccount& rules, UtcMs now) {
    store::Tx::Params params;
    const std::string rest = conditions(query, params);
    const auto rows = tx.all<std::string, std::string, std::string, std::string, std::string, std::int64_t, std::int64_t,
                             std::int64_t, std::string, std::string, std::string, std::int64_t, std::int64_t, Number>(
        "SELECT p.id, p.name, i.sku, i.warehouse, i.name, i.quantity, i.lower_bound, i.price_minor, i.currency, i.grade, "
        "i.lock_status, i.updated_at, i.alert_open, i.told_at FROM inventory_items i JOIN suppliers p ON p.id = i.supplier_id " +
            rest,
        params);
    Sellable sellable(tx, rules, now);
    Json items = Json::array();
    Json next;
    for (std::size_t at = 0; at < rows.size() && at < static_cast<std::size_t>(query.most); ++at) {
        const auto& [supplier, account, sku, warehouse, name, quantity, lower_bound, price, currency, grade, lock, updated, low,
                     told_at] = rows[at];
        const auto heard_at = sellable.heard_at(supplier, told_at, updated);
        items.push(Json::object({{"account", account},
                                 {"sku", sku},
                                 {"warehouse", warehouse},
                                 {"name", name},
                                 {"quantity", quantity},
                                 {"lower_bound", lower_bound != 0},
                                 {"sellable", sellable.of(supplier, account, sku, warehouse, quantity, heard_at)},
                                 {"price", model::decimal({price, currency})},
                                 {"currency", currency},
                                 {"grade", grade},
                                 {"lock_status", lock},
                                 {"low_stock", low != 0},
                                 {"updated_at", rfc3339(updated)},
                                 {"heard_at", rfc3339(heard_at)}}));
        if (at + 1 == static_cast<std::size_t>(query.most) && rows.size() > at + 1) {
            next = cursor_of({sku, account, warehouse});
        }
    }
    return Json::object({{"items", std::move(items)}, {"next", std::move(next)}});
}

std::string items_csv(const Json& list) {
    std::string text;
    for (const char* const name : columns) { text += (text.empty() ? "" : ",") + std::string(name); }
    text += "\r\n";
    for (const auto& item : list.find("items")->items()) {
        bool first = true;
        for (const char* const name : columns) {
            const Json& value = *item.find(name);
            if (!first) { text += ","; }
            first = false;
            text += value.is_string() ? csv_field(value.as_string()) : value.dump();
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace crossdock::inventory
