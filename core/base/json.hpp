#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock {

/// Bounds on a document that comes from outside.
struct JsonLimits {
    std::size_t bytes_max = 1 << 20;
    std::size_t depth_max = 64;
};

/// A JSON value that keeps numbers as they were written (231.00 stays 231.00) and members in their order.
///
/// Threads: a value, like std::string.
/// Errors:  reading the wrong kind is a bug and aborts; use find/text/integer, which answer "absent" instead.
class Json {
public:
    enum class Kind { null, boolean, number, string, array, object };
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;

    // Not `= default`: clang then takes Json for not default-constructible as long as the class is not complete.
    Json() {}
    Json(std::nullptr_t) {}
    Json(bool value) : kind_(Kind::boolean), boolean_(value) {}
    Json(int value) : Json(static_cast<std::int64_t>(value)) {}
    Json(std::int64_t value);
    Json(std::uint64_t value);
    Json(const char* value) : kind_(Kind::string), text_(value) {}
    Json(std::string_view value) : kind_(Kind::string), text_(value) {}
    Json(std::string value) : kind_(Kind::string), text_(std::move(value)) {}
    template <class T>
    Json(const std::optional<T>& value) {
        if (value) { *this = Json(*value); }
    }

    [[nodiscard]] static Json array(Array items = {});
    [[nodiscard]] static Json object(Object members = {});
    /// A number by its literal, for example "231.00". Requires a valid JSON number.
    [[nodiscard]] static Json number(std::string literal);

    /// Errors: where is "line:column"; duplicate keys, trailing text, invalid UTF-8, too deep and too long are faults.
    [[nodiscard]] static Result<Json> parse(std::string_view text, JsonLimits limits = {});

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
    [[nodiscard]] bool is_boolean() const { return kind_ == Kind::boolean; }
    [[nodiscard]] bool is_number() const { return kind_ == Kind::number; }
    [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
    [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
    [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }

    [[nodiscard]] bool as_boolean() const;
    /// The string's content. Aborts on another kind.
    [[nodiscard]] const std::string& as_string() const;
    /// The number as written. Aborts on another kind.
    [[nodiscard]] const std::string& literal() const;
    [[nodiscard]] const Array& items() const;
    [[nodiscard]] Array& items();
    [[nodiscard]] const Object& members() const;
    [[nodiscard]] Object& members();

    /// The number when it is an integer (no fraction, no exponent) that fits 64 bits.
    [[nodiscard]] std::optional<std::int64_t> integer() const;

    /// The member of that name; null when absent or when this is no object.
    [[nodiscard]] const Json* find(std::string_view key) const;
    /// The member's string, or `otherwise`.
    [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise = {}) const;
    [[nodiscard]] std::optional<std::string> maybe_text(std::string_view key) const;
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise = 0) const;
    [[nodiscard]] bool boolean(std::string_view key, bool otherwise = false) const;

    /// Adds or replaces a member; makes an object of a null.
    Json& set(std::string key, Json value);
    /// Appends; makes an array of a null.
    Json& push(Json value);

    /// Compact text. Invalid UTF-8 in strings is written as U+FFFD, so that the result is always valid JSON.
    [[nodiscard]] std::string dump() const;
    /// Two-space indentation, for people.
    [[nodiscard]] std::string pretty() const;

    [[nodiscard]] bool operator==(const Json& other) const;

private:
    void write(std::string& out, int indent, int depth) const;

    Kind kind_ = Kind::null;
    bool boolean_ = false;
    std::string text_;  // string content or number literal
    Array array_;
    Object object_;
};

/// A JSON string literal with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// True when the bytes are valid UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace crossdock
