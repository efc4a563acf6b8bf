#pragma once

#include <crossdock/sdk.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace phonex {

namespace sdk = crossdock::sdk;

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

    static bool digits(std::string_view text) {
        return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    }

    /// 12 or "12" is a quantity, "100+" a lower bound.
    static void quantity(const sdk::Json& item, sdk::InventoryRow& row) {
        const auto* value = item.find("quantity");
        std::string written = value != nullptr && (value->is_number() || value->is_string()) ? value->text() : std::string();
        if (value != nullptr && value->is_string() && !written.empty() && written.back() == '+') {
            row.lower_bound = true;
            written.pop_back();
        }
        if (!digits(written) || written.size() > 12) { throw sdk::JsonError("\"quantity\" is no number of pieces"); }
        row.quantity = std::stoll(written);
    }

    /// Decimal text as written, never through a float.
    static std::string price(const sdk::Json& item) {
        const auto* value = item.find("price");
        const std::string written =
            value != nullptr && (value->is_number() || value->is_string()) ? value->text() : std::string();
        const auto point = written.find('.');
        const std::string_view all = written;
        const bool valid = digits(all.substr(0, point)) && (point == std::string::npos || digits(all.substr(point + 1)));
        if (!valid || written.size() > 32) { throw sdk::JsonError("\"price\" is no decimal amount"); }
        return written;
    }

    static sdk::InventoryRow row(const sdk::Json& item) {
        sdk::InventoryRow made;
        made.sku = item.need_text("sku");
        if (made.sku.empty()) { throw sdk::JsonError("\"sku\" is empty"); }
        made.name = item.text("name").value_or("");
        quantity(item, made);
        made.price = price(item);
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
