#include "sandbox/inventory.hpp"

#include "sandbox/folder.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace crossdock::sandbox {

bool is_quantity(const Json& value) {
    if (value.is_string()) { return !value.as_string().empty(); }
    return value.integer().value_or(-1) >= 0;
}

Result<Inventory> Inventory::load(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (text.has_error()) { return text.error(); }
    auto parsed = Json::parse(text.value(), {.bytes_max = 256 << 20});
    if (parsed.has_error()) {
        return Fault{"the inventory is no JSON: " + parsed.error().what, file.string() + ":" + parsed.error().where,
                     Advice::stop};
    }
    const Json* items = parsed.value().find("items");
    if (items == nullptr || !items->is_array()) { return Fault{"the inventory has no \"items\"", file.string(), Advice::stop}; }
    Inventory made;
    std::set<std::string> seen;
    for (const auto& item : items->items()) {
        const auto where = file.string() + "#/items/" + std::to_string(made.items_.size());
        const Json* quantity = item.find("quantity");
        const Json* price = item.find("price");
        const auto sku = item.text("sku");
        if (sku.empty() || quantity == nullptr || !is_quantity(*quantity) || price == nullptr || !price->is_number()) {
            return Fault{"an item needs sku (text), quantity (integer or text) and price (number)", where, Advice::stop};
        }
        if (!seen.insert(sku).second) { return Fault{"the sku \"" + sku + "\" comes twice", where, Advice::stop}; }
        made.items_.push_back(item);
    }
    return made;
}

Json Inventory::page(std::size_t number, std::size_t size) const {
    const std::size_t total = items_.size();
    const std::size_t begin = number > total / size + 1 ? total : std::min(total, (number - 1) * size);
    const std::size_t end = begin + std::min(size, total - begin);
    Json made;
    made.set("page", static_cast<std::uint64_t>(number));
    made.set("page_size", static_cast<std::uint64_t>(size));
    made.set("pages", static_cast<std::uint64_t>(total / size + (total % size != 0 ? 1 : 0)));
    made.set("total", static_cast<std::uint64_t>(total));
    made.set("items", Json::array({items_.begin() + static_cast<std::ptrdiff_t>(begin),
                                   items_.begin() + static_cast<std::ptrdiff_t>(end)}));
    return made;
}

bool Inventory::change(std::string_view sku, const Json* quantity, const Json* price) {
    const auto at = std::find_if(items_.begin(), items_.end(), [&](const Json& item) { return item.text("sku") == sku; });
    if (at == items_.end()) { return false; }
    if (quantity != nullptr) { at->set("quantity", *quantity); }
    if (price != nullptr) { at->set("price", *price); }
    return true;
}

const Json* Inventory::find(std::string_view sku) const {
    const auto at = std::find_if(items_.begin(), items_.end(), [&](const Json& item) { return item.text("sku") == sku; });
    return at == items_.end() ? nullptr : &*at;
}

}  // namespace crossdock::sandbox
