#pragma once

#include "base/json.hpp"
#include "model/money.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::model {

/// Bounds on an order from outside.
struct OrderLimits {
    std::size_t id_bytes_max = 128;
    std::size_t lines_max = 1'000;
    std::int64_t quantity_max = 1'000'000;
    std::size_t text_bytes_max = 500;  ///< one field of an address or contact
};

struct OrderLine {
    int number = 0;  ///< from 1, as in the document
    std::string sku;
    std::int64_t quantity = 0;
    Money unit_price;
};

struct Order {
    std::string order_id;
    std::string supplier;  ///< a code; `routes:` maps it to an account
    std::string customer_id;
    std::vector<OrderLine> lines;
    std::string currency;
    std::optional<std::string> contact_email;
    std::optional<std::string> contact_name;
    Json document;  ///< as the client sent it, numbers as written

    [[nodiscard]] Money total() const;
};

/// One wrong field: a JSON pointer (RFC 6901) and what is wrong with it.
struct FieldError {
    std::string pointer;
    std::string message;
};

/// Reads an order document (the seed's shape). All wrong fields are reported, not the first one only.
/// `default_currency` is used when the document names none.
[[nodiscard]] boost::system::result<Order, std::vector<FieldError>> read_order(const Json& document,
                                                                               const std::string& default_currency,
                                                                               OrderLimits limits = {});

/// True for something that may be put into a mail's To: one address, no control characters, no spaces.
[[nodiscard]] bool is_mail_address(std::string_view text);

[[noreturn]] void throw_exception_from_error(const std::vector<FieldError>& errors, const boost::source_location& where);

}  // namespace crossdock::model
