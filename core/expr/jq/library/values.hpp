#pragma once

#include <crossdock/json.hpp>

extern "C" {
#include <jv.h>
}

#include <cstddef>
#include <string>
#include <string_view>

namespace crossdock::jq {

/// Bounds on what one call answers.
inline constexpr std::size_t output_bytes_max = 1 << 20;
inline constexpr int output_depth_max = 48;

/// Owns one value of libjq.
class Owned {
public:
    explicit Owned(jv value) : value_(value) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { jv_free(value_); }

    [[nodiscard]] jv_kind kind() const { return jv_get_kind(value_); }
    [[nodiscard]] bool valid() const { return kind() != JV_KIND_INVALID; }
    /// For functions of libjq, which take what they are given.
    [[nodiscard]] jv copy() const { return jv_copy(value_); }
    [[nodiscard]] double number() const { return jv_number_value(value_); }
    /// A string's bytes. Lifetime: this.
    [[nodiscard]] std::string_view text() const;
    /// An array's item.
    [[nodiscard]] jv item(int index) const { return jv_array_get(copy(), index); }
    [[nodiscard]] int length() const { return jv_array_length(copy()); }

private:
    jv value_;
};

/// Numbers become doubles when their value survives that, else strings: 231.00 is 231, 12345678901234567890 is text.
[[nodiscard]] jv to_jv(const sdk::Json& value);

/// Appends the value as JSON. Whole numbers up to 2^53 have no fraction; others are the shortest text that reads back the same.
/// Errors: a thrown std::runtime_error when it is larger or deeper than the bounds allow, or holds a number that is none.
void append_json(std::string& out, const Owned& value);

/// True when a JSON number's decimal value is that of the double nearest to it.
[[nodiscard]] bool survives_as_double(std::string_view literal, double& value);

}  // namespace crossdock::jq
