#pragma once

#include <crossdock/sdk.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace phonex {

namespace sdk = crossdock::sdk;

/// An item that a webhook tells of: without a price, that stays as it is known.
[[nodiscard]] inline sdk::InventoryRow told_row(const sdk::Json& item) {
    sdk::InventoryRow made;
    made.sku = item.need_text("sku");
    if (made.sku.empty()) { throw sdk::JsonError("\"sku\" is empty"); }
    made.read_quantity(item, "quantity");
    if (const auto* price = item.find("price"); price != nullptr && !price->is_null()) { made.read_price(item, "price"); }
    made.name = item.text("name").value_or("");
    made.currency = item.text("currency").value_or("");
    made.grade = item.text("grade").value_or("");
    made.lock_status = item.text("lock_status").value_or("");
    made.warehouse = item.text("warehouse").value_or("");
    return made;
}

/// Reads the pages of one inventory listing and refuses what does not add up, so that half a feed never passes for a whole one.
class Listing {
public:
    static constexpr std::int64_t pages_max = 100'000;

    /// The rows of page `expected`, counted from 1. Errors: a field that is missing or absurd, or pages that contradict each
    /// other.
    [[nodiscard]] std::vector<sdk::InventoryRow> page(const sdk::Json& body, std::int64_t expected) {
        const auto number = body.need_integer("page");
        const auto pages = body.need_integer("pages");
        if (number != expected) { refuse(expected, "the answer says that it is page " + std::to_string(number)); }
        if (pages < 0 || pages > pages_max) { refuse(expected, "\"pages\" is " + std::to_string(pages)); }
        if (expected > 1 && pages != pages_) {
            refuse(expected, "\"pages\" changed from " + std::to_string(pages_) + " to " + std::to_string(pages));
        }
        pages_ = pages;
        const auto& items = body.need_array("items").items();
        if (items.empty() && expected <= pages && pages > 1) { refuse(expected, "it has no items"); }
        if (!items.empty() && pages == 0) { refuse(expected, "\"pages\" is 0 but there are items"); }
        std::vector<sdk::InventoryRow> rows;
        rows.reserve(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
            try {
                rows.push_back(row(items[i]));
            } catch (const sdk::JsonError& error) { refuse(expected, "/items/" + std::to_string(i) + ": " + error.what()); }
            const auto& made = rows.back();
            if (!seen_.insert(made.sku + '\n' + made.grade + '\n' + made.lock_status + '\n' + made.warehouse).second) {
                refuse(expected, "the SKU " + made.sku + " was listed before with the same grade, lock status and warehouse");
            }
        }
        return rows;
    }

    [[nodiscard]] std::int64_t pages() const { return pages_; }

private:
    [[noreturn]] static void refuse(std::int64_t page, const std::string& what) {
        throw std::runtime_error("inventory page " + std::to_string(page) + ": " + what);
    }

    static sdk::InventoryRow row(const sdk::Json& item) {
        sdk::InventoryRow made;
        made.sku = item.need_text("sku");
        if (made.sku.empty()) { throw sdk::JsonError("\"sku\" is empty"); }
        made.name = item.text("name").value_or("");
        made.read_quantity(item, "quantity");
        made.read_price(item, "price");
        made.currency = item.need_text("currency");
        made.grade = item.text("grade").value_or("");
        made.lock_status = item.text("lock_status").value_or("");
        made.warehouse = item.text("warehouse").value_or("");
        return made;
    }

    std::int64_t pages_ = 0;
    std::set<std::string> seen_;
};

}  // namespace phonex
