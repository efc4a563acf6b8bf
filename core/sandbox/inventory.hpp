#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string_view>

namespace crossdock::sandbox {

/// A supplier's stock list: items {sku, name, quantity (integer or text such as "100+"), price, currency, grade, lock_status,
/// warehouse} in the order of their file, prices as written there.
class Inventory {
public:
    Inventory() = default;
    /// Reads {"items": [...]}. Errors: unreadable, no JSON, an item without sku, quantity or price, a sku that comes twice.
    [[nodiscard]] static Result<Inventory> load(const std::filesystem::path& file);

    /// {"page", "page_size", "pages", "total", "items"}; pages count from 1, one behind the last is empty.
    [[nodiscard]] Json page(std::size_t number, std::size_t size) const;
    /// Sets an item's quantity and price where given. False: no such sku.
    [[nodiscard]] bool change(std::string_view sku, const Json* quantity, const Json* price);
    [[nodiscard]] const Json* find(std::string_view sku) const;

private:
    Json::Array items_;
};

/// True for what a quantity may be: an integer >= 0 or a text that is not empty.
[[nodiscard]] bool is_quantity(const Json& value);

}  // namespace crossdock::sandbox
