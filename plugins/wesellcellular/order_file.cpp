#include "order_file.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace wesellcellular {
namespace {

/// What a cell holds of a JSON value: texts and numbers as written.
std::string cell(const sdk::Json* value) {
    if (value == nullptr || value->is_null()) { return {}; }
    return value->is_string() || value->is_number() ? value->text() : value->dump();
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): not against forgers, who have no say in our keys.
std::uint64_t digest_of(std::string_view text) {
    std::uint64_t sum = 14'695'981'039'346'656'037U;
    for (const char c : text) { sum = (sum ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U; }
    return sum;
}

std::string hex(std::uint64_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string made(16, '0');
    for (std::size_t i = made.size(); i-- > 0; number >>= 4U) { made[i] = digits[number & 15U]; }
    return made;
}

}  // namespace

Columns order_columns(std::string_view setting) {
    return {setting,
            "order_columns",
            {"reference", "line", "sku", "quantity", "unit_price", "currency", "customer_id", "/"},
            {"reference", "sku", "quantity"}};
}

std::string order_csv(const sdk::Order& order, const Columns& columns, const std::string& currency) {
    std::string text;
    const auto add_row = [&](const auto& value_of) {
        std::string row;
        for (const auto& pair : columns.titles()) { row += (row.empty() ? "" : ",") + csv_field(value_of(pair)); }
        text += row + "\r\n";
    };
    using Pair = std::pair<std::string, std::string>;
    add_row([](const Pair& pair) { return pair.second; });
    const auto& items = order.document.need_array("items").items();
    if (items.empty()) { throw std::runtime_error("the order has no items"); }
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& item = items[i];
        if (item.need_text("sku").empty() || cell(item.find("quantity")).empty()) {
            throw std::runtime_error("/items/" + std::to_string(i) + " has no sku or no quantity");
        }
        add_row([&](const Pair& pair) {
            const auto& word = pair.first;
            if (word == "reference") { return order.reference; }
            if (word == "line") { return std::to_string(i + 1); }
            if (word == "sku" || word == "quantity" || word == "unit_price") { return cell(item.find(word)); }
            if (word == "currency") { return order.document.text(word).value_or(currency); }
            return cell(word.starts_with('/') ? order.document.at(word) : order.document.find(word));
        });
    }
    if (text.find('\0') != std::string::npos) { throw std::runtime_error("the order holds a NUL byte, which no CSV file can"); }
    return text;
}

std::string order_file_name(const sdk::Order& order) {
    constexpr std::size_t shown = 80;
    std::string readable;
    for (const char c : std::string_view(order.reference).substr(0, shown)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        readable += plain ? c : '_';
    }
    return "order-" + readable + "-" + hex(digest_of(order.reference + "\n" + order.effect_key)) + ".csv";
}

}  // namespace wesellcellular
