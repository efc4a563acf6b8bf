#include "stock.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace wesellcellular {
namespace {

constexpr std::size_t complaints_shown = 5;

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "1,234" or "1234"; nothing when commas part anything but thousands.
std::string without_commas(std::string_view whole) {
    if (whole.find(',') == std::string_view::npos) { return all_digits(whole) ? std::string(whole) : std::string(); }
    if (whole.back() == ',') { return {}; }
    std::string digits;
    while (!whole.empty()) {
        const auto part = whole.substr(0, whole.find(','));
        if (!all_digits(part) || (digits.empty() ? part.size() > 3 : part.size() != 3)) { return {}; }
        digits += part;
        whole.remove_prefix(std::min(part.size() + 1, whole.size()));
    }
    return digits;
}

std::string name_of(const Table::Row& row) {
    std::string name;
    for (const char* const word : {"brand", "model", "storage", "color"}) {
        const auto text = row.text(word);
        if (!text.empty()) { name += (name.empty() ? "" : " ") + text; }
    }
    return name;
}

sdk::InventoryRow inventory_row(const Table::Row& row, const std::string& currency) {
    sdk::InventoryRow made;
    made.sku = row.text("sku");
    if (made.sku.empty()) { throw std::runtime_error("there is no SKU"); }
    made.name = name_of(row);
    sdk::Json article = sdk::Json::object();
    article.set("quantity", row.text("quantity"));
    made.read_quantity(article, "quantity");
    made.currency = row.text("currency");
    if (made.currency.empty()) { made.currency = currency; }
    made.price = exact_price(row.text("price"), made.currency);
    made.grade = row.text("grade");
    made.lock_status = row.text("lock_status");
    made.warehouse = row.text("warehouse");
    return made;
}

bool same(const sdk::InventoryRow& a, const sdk::InventoryRow& b) {
    return a.quantity == b.quantity && a.lower_bound == b.lower_bound && a.price == b.price && a.currency == b.currency &&
           a.name == b.name;
}

}  // namespace

Columns stock_columns(std::string_view setting) {
    return {setting,
            "stock_columns",
            {"sku", "quantity", "price", "currency", "brand", "model", "storage", "color", "grade", "lock_status", "warehouse"},
            {"sku", "quantity", "price"}};
}

std::string exact_price(std::string_view written, std::string_view currency) {
    const auto refuse = [written]() {
        return std::runtime_error("the price \"" + std::string(written) + "\" is no exact amount");
    };
    auto text = trimmed(written);
    if (!currency.empty() && text.starts_with(currency)) { text = trimmed(text.substr(currency.size())); }
    else if (!currency.empty() && text.ends_with(currency)) { text = trimmed(text.substr(0, text.size() - currency.size())); }
    else if (currency == "USD" && text.starts_with('$')) { text = trimmed(text.substr(1)); }
    const auto point = text.find('.');
    const auto whole = without_commas(text.substr(0, point));
    if (whole.empty()) { throw refuse(); }
    if (point == std::string_view::npos) { return whole; }
    const auto fraction = text.substr(point + 1);
    if (!all_digits(fraction)) { throw refuse(); }
    return whole + "." + std::string(fraction);
}

std::vector<sdk::InventoryRow> read_stock(std::string_view content, const std::string& file, const Columns& columns,
                                          const std::string& end_mark, const std::string& currency) {
    Table table(content, file, columns);
    table.expect_end(end_mark);
    std::vector<sdk::InventoryRow> rows;
    std::map<std::string, std::pair<std::size_t, std::size_t>> seen;  // identity -> row, line
    std::size_t bad = 0;
    std::string complaints;
    const auto complain = [&](std::size_t line, const std::string& what) {
        if (++bad <= complaints_shown) { complaints += (bad == 1 ? "" : "; ") + file + ":" + std::to_string(line) + ": " + what; }
    };
    while (const auto row = table.next()) {
        try {
            auto made = inventory_row(*row, currency);
            const auto identity = made.sku + '\n' + made.grade + '\n' + made.lock_status + '\n' + made.warehouse;
            const auto [first, added] = seen.emplace(identity, std::pair(rows.size(), row->line));
            if (added) { rows.push_back(std::move(made)); }
            else if (!same(rows[first->second.first], made)) {
                complain(row->line,
                         "the SKU " + made.sku + " stands with other values on line " + std::to_string(first->second.second));
            }
        } catch (const std::runtime_error& error) { complain(row->line, error.what()); }
    }
    if (bad > 0) {
        throw std::runtime_error(std::to_string(bad) + (bad == 1 ? " row cannot" : " rows cannot") + " be read: " + complaints);
    }
    return rows;
}

}  // namespace wesellcellular
