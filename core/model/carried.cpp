#include "model/carried.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace crossdock::model {
namespace {

constexpr std::string_view items_prefix = "items/";
constexpr std::string_view address_prefix = "shipping_address/";
constexpr std::string_view quantity_suffix = "/quantity";
constexpr std::string_view price_suffix = "/unit_price";
constexpr std::array<std::string_view, 7> quantity_words{"qty", "quant", "count", "pieces", "units", "menge", "anzahl"};
constexpr std::array<std::string_view, 5> price_words{"price", "preis", "cost", "prix", "rate"};

/// A leaf as text; nothing of an object, a list, null or a truth value.
std::optional<std::string> leaf(const Json& value) {
    if (value.is_string()) { return value.as_string(); }
    if (value.is_number()) { return value.literal(); }
    return {};
}

bool is_decimal(std::string_view text) {
    const auto dots = std::count(text.begin(), text.end(), '.');
    return !text.empty() && dots <= 1 && text.front() != '.' &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) { return {}; }
    return value;
}

/// Without zeros that say nothing: "231.00" and "231.0" are "231".
std::string plain(std::string text) {
    if (text.find('.') == std::string::npos) { return text; }
    while (text.back() == '0') { text.pop_back(); }
    if (text.back() == '.') { text.pop_back(); }
    return text;
}

/// In hundredths, as most currencies' minor units are.
std::string minor(const std::string& text) {
    std::string digits = text;
    const auto dot = digits.find('.');
    std::size_t decimals = 0;
    if (dot != std::string::npos) {
        decimals = digits.size() - dot - 1;
        digits.erase(dot, 1);
    }
    if (decimals > 2) { return {}; }
    digits += std::string(2 - decimals, '0');
    const auto first = digits.find_first_not_of('0');
    return first == std::string::npos ? "0" : digits.substr(first);
}

bool same_price(const std::string& order, const std::string& other) {
    return is_decimal(order) && is_decimal(other) && (plain(order) == plain(other) || minor(order) == other);
}

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

struct Number {
    std::string key;  ///< lower case
    std::string text;
};

/// What is in an item, one level of objects deep.
void collect(const Json& object, bool deeper, std::vector<Number>& numbers) {
    for (const auto& [key, value] : object.members()) {
        if (value.is_object() && deeper) { collect(value, false, numbers); }
        const auto text = leaf(value);
        if (text && is_decimal(*text)) { numbers.push_back({lower(key), *text}); }
    }
}

const Number* named(const std::vector<Number>& numbers, std::span<const std::string_view> words) {
    for (const auto word : words) {
        const auto at = std::find_if(numbers.begin(), numbers.end(),
                                     [&](const Number& one) { return one.key.find(word) != std::string::npos; });
        if (at != numbers.end()) { return &*at; }
    }
    return nullptr;
}

/// Collects what several requests carry.
class Reader {
public:
    explicit Reader(const CarriedFields& order) : order_(order) {
        for (const auto& [field, value] : order) {
            const bool item =
                field.starts_with(items_prefix) && !field.ends_with(quantity_suffix) && !field.ends_with(price_suffix);
            if (item) { skus_.push_back(value); }
        }
    }

    void read(const Json& request) {
        if (const auto* json = request.find("json")) { read_json(*json); }
        else if (const auto* smtp = request.find("smtp")) { read_text(smtp->text("message")); }
        else if (const auto* file = request.find("file")) { read_text(file->text("content")); }
        else { read_text(request.text("body")); }
    }

    [[nodiscard]] CarriedFields take() { return std::move(found_); }

private:
    [[nodiscard]] std::string ordered(const std::string& field) const {
        const auto at = order_.find(field);
        return at == order_.end() ? std::string() : at->second;
    }

    void add_item(const std::string& sku, const std::optional<std::string>& quantity, const std::optional<std::string>& price) {
        const std::string field = std::string(items_prefix) + sku;
        found_[field] = sku;
        if (quantity) {
            auto& sum = found_[field + std::string(quantity_suffix)];
            const auto before = whole_number(sum);
            const auto more = whole_number(*quantity);
            sum = before && more ? std::to_string(*before + *more) : *quantity;
        }
        if (price) {
            const auto wanted = ordered(field + std::string(price_suffix));
            found_[field + std::string(price_suffix)] = same_price(wanted, *price) ? wanted : *price;
        }
    }

    void read_item(const Json& object, const std::string& sku) {
        std::vector<Number> numbers;
        collect(object, true, numbers);
        // An SKU may be a number itself.
        std::erase_if(numbers, [&](const Number& one) { return one.text == sku; });
        const std::string field = std::string(items_prefix) + sku;
        const auto pick = [&](std::span<const std::string_view> words, std::string_view suffix) -> std::optional<std::string> {
            if (const auto* by_name = named(numbers, words)) { return by_name->text; }
            const auto wanted = ordered(field + std::string(suffix));
            const bool by_value = std::any_of(numbers.begin(), numbers.end(), [&](const Number& one) {
                return suffix == price_suffix ? same_price(wanted, one.text) : one.text == wanted;
            });
            return by_value ? std::optional(wanted) : std::nullopt;
        };
        add_item(sku, pick(quantity_words, quantity_suffix), pick(price_words, price_suffix));
    }

    void read_json(const Json& value) {
        if (const auto text = leaf(value)) { return read_address(*text); }
        if (value.is_array()) {
            for (const auto& item : value.items()) { read_json(item); }
        }
        if (!value.is_object()) { return; }
        for (const auto& sku : skus_) {
            const bool names_it = std::any_of(value.members().begin(), value.members().end(),
                                              [&](const auto& member) { return leaf(member.second) == sku; });
            if (names_it) { read_item(value, sku); }
        }
        for (const auto& [key, member] : value.members()) { read_json(member); }
    }

    void read_address(const std::string& text) {
        for (const auto& [field, value] : order_) {
            if (field.starts_with(address_prefix) && text.find(value) != std::string::npos) { found_[field] = value; }
        }
    }

    void read_text(const std::string& text) {
        read_address(text);
        std::size_t begin = 0;
        while (begin < text.size()) {
            const auto end = std::min(text.find('\n', begin), text.size());
            read_line(std::string_view(text).substr(begin, end - begin));
            begin = end + 1;
        }
    }

    void read_line(std::string_view line) {
        std::vector<std::string> words;
        std::string word;
        for (const char c : line) {
            if (std::string_view(",;|\t\"' \r=&").find(c) == std::string_view::npos) { word += c; }
            else if (!word.empty()) { words.push_back(std::exchange(word, {})); }
        }
        if (!word.empty()) { words.push_back(word); }
        for (const auto& sku : skus_) {
            if (std::find(words.begin(), words.end(), sku) == words.end()) { continue; }
            const std::string field = std::string(items_prefix) + sku;
            const auto quantity = ordered(field + std::string(quantity_suffix));
            const auto price = ordered(field + std::string(price_suffix));
            const bool has_quantity = std::find(words.begin(), words.end(), quantity) != words.end();
            const bool has_price =
                std::any_of(words.begin(), words.end(), [&](const std::string& one) { return same_price(price, one); });
            add_item(sku, has_quantity ? std::optional(quantity) : std::nullopt, has_price ? std::optional(price) : std::nullopt);
        }
    }

    const CarriedFields& order_;
    std::vector<std::string> skus_;
    CarriedFields found_;
};

}  // namespace

CarriedFields fields_of_order(const Json& document) {
    CarriedFields fields;
    if (const auto* items = document.find("items"); items != nullptr && items->is_array()) {
        for (const auto& item : items->items()) {
            const auto sku = item.text("sku");
            if (sku.empty()) { continue; }
            const std::string field = std::string(items_prefix) + sku;
            fields[field] = sku;
            auto& quantity = fields[field + std::string(quantity_suffix)];
            quantity = std::to_string(whole_number(quantity).value_or(0) + item.integer("quantity"));
            const auto* price = item.find("unit_price");
            if (const auto text = price == nullptr ? std::nullopt : leaf(*price)) {
                fields[field + std::string(price_suffix)] = *text;
            }
        }
    }
    if (const auto* address = document.find("shipping_address"); address != nullptr && address->is_object()) {
        for (const auto& [name, value] : address->members()) {
            const auto text = leaf(value);
            if (text && !text->empty()) { fields[std::string(address_prefix) + name] = *text; }
        }
    }
    return fields;
}

CarriedFields fields_of_requests(const std::vector<Json>& requests, const CarriedFields& order) {
    Reader reader(order);
    for (const auto& request : requests) { reader.read(request); }
    return reader.take();
}

std::vector<CarriedDifference> differences(const CarriedFields& order, const CarriedFields& expected,
                                           const CarriedFields& shadow) {
    const auto of = [](const CarriedFields& fields, const std::string& field) {
        const auto at = fields.find(field);
        return at == fields.end() ? std::string() : at->second;
    };
    std::vector<CarriedDifference> all;
    for (const auto& [field, value] : order) {
        const auto left = of(expected, field);
        const auto right = of(shadow, field);
        if (left != right) { all.push_back({field, value, left, right}); }
    }
    return all;
}

}  // namespace crossdock::model
