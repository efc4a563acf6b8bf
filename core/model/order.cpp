#include "model/order.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace crossdock::model {
namespace {

/// Collects what is wrong with a document while it is read.
class Reader {
public:
    Reader(const Json& document, OrderLimits limits) : document_(document), limits_(limits) {}

    void refuse(std::string pointer, std::string message) { errors_.push_back({std::move(pointer), std::move(message)}); }

    /// A required identity: a string of 1 to id_bytes_max bytes without control characters.
    std::string id(const Json& object, const std::string& base, const char* key) {
        const std::string pointer = base + "/" + key;
        const Json* found = object.find(key);
        if (found == nullptr) {
            refuse(pointer, "is missing");
            return {};
        }
        if (!found->is_string()) {
            refuse(pointer, "must be a string");
            return {};
        }
        const std::string& value = found->as_string();
        if (value.empty()) { refuse(pointer, "must not be empty"); }
        if (value.size() > limits_.id_bytes_max) {
            refuse(pointer, "is longer than " + std::to_string(limits_.id_bytes_max) + " bytes");
        }
        if (std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
            refuse(pointer, "must not contain control characters");
        }
        return value;
    }

    std::optional<std::string> short_text(const Json& object, const std::string& base, const char* key) {
        const Json* found = object.find(key);
        if (found == nullptr || found->is_null()) { return {}; }
        const std::string pointer = base + "/" + key;
        if (!found->is_string()) {
            refuse(pointer, "must be a string");
            return {};
        }
        if (found->as_string().size() > limits_.text_bytes_max) {
            refuse(pointer, "is longer than " + std::to_string(limits_.text_bytes_max) + " bytes");
        }
        return found->as_string();
    }

    void line(const Json& item, std::size_t index, Order& order) {
        const std::string base = "/items/" + std::to_string(index);
        if (!item.is_object()) {
            refuse(base, "must be an object with sku, quantity and unit_price");
            return;
        }
        OrderLine made;
        made.number = static_cast<int>(index) + 1;
        made.sku = id(item, base, "sku");
        made.quantity = quantity(item, base);
        const Json* price = item.find("unit_price");
        if (price == nullptr) { refuse(base + "/unit_price", "is missing"); }
        else if (!price->is_number()) { refuse(base + "/unit_price", "must be a number such as 231.00"); }
        else if (auto money = parse_money(price->literal(), order.currency)) { made.unit_price = *money; }
        else { refuse(base + "/unit_price", money.error().what); }
        add_to_total(base, made);
        order.lines.push_back(std::move(made));
    }

    void optional_objects() {
        for (const char* key : {"shipping_address", "metadata", "contact"}) {
            const Json* found = document_.find(key);
            if (found != nullptr && !found->is_object()) { refuse(std::string("/") + key, "must be an object"); }
        }
        const Json* address = document_.find("shipping_address");
        if (address == nullptr || !address->is_object()) { return; }
        for (const auto& [key, value] : address->members()) {
            if (value.is_string() || value.is_null()) { (void)short_text(*address, "/shipping_address", key.c_str()); }
        }
    }

    std::vector<FieldError> take() { return std::move(errors_); }

private:
    /// Order::total() must not overflow.
    void add_to_total(const std::string& base, const OrderLine& line) {
        const std::int64_t left = amount_minor_max - total_minor_;
        if (line.quantity > 0 && line.unit_price.amount_minor > left / line.quantity) {
            refuse(base + "/unit_price", "makes the order's total out of range");
            return;
        }
        total_minor_ += line.unit_price.amount_minor * line.quantity;
    }

    std::int64_t quantity(const Json& item, const std::string& base) {
        const Json* found = item.find("quantity");
        const std::string pointer = base + "/quantity";
        if (found == nullptr) {
            refuse(pointer, "is missing");
            return 0;
        }
        const auto value = found->integer();
        if (!found->is_number()) { refuse(pointer, "must be a whole number"); }
        else if (!value) { refuse(pointer, found->literal().substr(0, 40) + " is no whole number"); }
        else if (*value < 1) { refuse(pointer, found->literal() + " is less than 1"); }
        else if (*value > limits_.quantity_max) { refuse(pointer, "is more than " + std::to_string(limits_.quantity_max)); }
        else { return *value; }
        return 0;
    }

    const Json& document_;
    OrderLimits limits_;
    std::vector<FieldError> errors_;
    std::int64_t total_minor_ = 0;
};

}  // namespace

void throw_exception_from_error(const std::vector<FieldError>& errors, const boost::source_location& where) {
    std::fprintf(stderr, "bug: value() of a refused order at %s:%u (%zu field errors)\n", where.file_name(),
                 static_cast<unsigned>(where.line()), errors.size());
    std::abort();
}

Money Order::total() const {
    Money sum{0, currency};
    for (const auto& line : lines) { sum.amount_minor += line.unit_price.amount_minor * line.quantity; }
    return sum;
}

boost::system::result<Order, std::vector<FieldError>> read_order(const Json& document, const std::string& default_currency,
                                                                 OrderLimits limits) {
    Reader reader(document, limits);
    if (!document.is_object()) {
        reader.refuse("", "must be an object");
        return reader.take();
    }
    Order order;
    order.order_id = reader.id(document, "", "order_id");
    order.supplier = reader.id(document, "", "supplier");
    order.customer_id = reader.id(document, "", "customer_id");
    order.currency = default_currency;
    if (const Json* currency = document.find("currency")) {
        if (!currency->is_string()) { reader.refuse("/currency", "must be a string"); }
        else if (const auto digits = currency_digits(currency->as_string()); !digits) {
            reader.refuse("/currency", digits.error().what);
        }
        else { order.currency = currency->as_string(); }
    }
    const Json* items = document.find("items");
    if (items == nullptr) { reader.refuse("/items", "is missing"); }
    else if (!items->is_array()) { reader.refuse("/items", "must be an array"); }
    else if (items->items().empty()) { reader.refuse("/items", "must have at least one item"); }
    else if (items->items().size() > limits.lines_max) {
        reader.refuse("/items", "has more than " + std::to_string(limits.lines_max) + " items");
    }
    else {
        for (std::size_t i = 0; i < items->items().size(); ++i) { reader.line(items->items()[i], i, order); }
    }
    reader.optional_objects();
    if (const Json* contact = document.find("contact"); contact != nullptr && contact->is_object()) {
        order.contact_email = reader.short_text(*contact, "/contact", "email");
        order.contact_name = reader.short_text(*contact, "/contact", "name");
        if (order.contact_email && !is_mail_address(*order.contact_email)) {
            reader.refuse("/contact/email", "is no mail address");
        }
    }
    order.document = document;
    auto errors = reader.take();
    if (!errors.empty()) { return errors; }
    return order;
}

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.find('@', at + 1) != std::string_view::npos) {
        return false;
    }
    if (text.size() > 254) { return false; }
    return std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '<' || c == '>' || c == ',' || c == ';' || c == '"' ||
               c == '\\' || c == '(' || c == ')';
    });
}

}  // namespace crossdock::model
