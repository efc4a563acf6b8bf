#pragma once

#include "base/time.hpp"
#include "yaml/node.hpp"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::yaml {

/// What is wrong with one file. The first fault found is kept, so that checks read straight on without a test after each.
///
/// Threads:  not thread-safe.
class Checks {
public:
    explicit Checks(std::string file) : file_(std::move(file)) {}

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] bool ok() const { return !fault_; }
    /// Requires !ok().
    [[nodiscard]] const Fault& fault() const;
    [[nodiscard]] std::string where(Place place) const { return yaml::where(file_, place); }

    void refuse(Place place, std::string what);
    /// Keeps a fault that has its place already, for example one of another file.
    void refuse(Fault fault);

private:
    std::string file_;
    std::optional<Fault> fault_;
};

/// A whole number's bounds, both allowed.
struct Range {
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct DurationRange {
    milliseconds least{0};
    milliseconds most{std::chrono::hours{24 * 366}};
};

// One value of a known type, or a fault with its place. `name` is what messages call it.
[[nodiscard]] std::optional<std::string> text_of(Checks& checks, const Node& node, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> integer_of(Checks& checks, const Node& node, std::string_view name, Range range = {});
[[nodiscard]] std::optional<bool> boolean_of(Checks& checks, const Node& node, std::string_view name);
[[nodiscard]] std::optional<milliseconds> duration_of(Checks& checks, const Node& node, std::string_view name,
                                                      DurationRange range = {});
[[nodiscard]] std::optional<std::vector<int>> integers_of(Checks& checks, const Node& node, std::string_view name,
                                                          Range range = {});
/// The value when it is one of `known`; the fault hints at the nearest.
[[nodiscard]] std::optional<std::string> word_of(Checks& checks, const Node& node, std::string_view name,
                                                 std::span<const std::string_view> known);

/// The keys of one map with a known set of them.
///
/// Accessors named after a type answer "absent" for a missing key and for a wrong value; the latter is then in `checks`.
/// A key without a value counts as a fault, never as absent: `data:` is a forgotten value.
/// Lifetime: node and checks outlive it.
class Fields {
public:
    /// Refuses anything but a map, and keys other than `known`. `name` is what messages call the map.
    Fields(Checks& checks, const Node& node, std::string name, std::initializer_list<std::string_view> known);

    [[nodiscard]] bool has(std::string_view key) const { return node_.find(key) != nullptr; }
    [[nodiscard]] const Node* find(std::string_view key) const { return node_.find(key); }
    /// The value; a missing key is a fault.
    [[nodiscard]] const Node* require(std::string_view key);
    /// Of the value where there is one, else of the map.
    [[nodiscard]] Place place(std::string_view key) const;

    [[nodiscard]] std::optional<std::string> text(std::string_view key);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, Range range = {});
    [[nodiscard]] std::optional<bool> boolean(std::string_view key);
    [[nodiscard]] std::optional<milliseconds> duration(std::string_view key, DurationRange range = {});
    [[nodiscard]] std::optional<std::vector<int>> integers(std::string_view key, Range range = {});
    [[nodiscard]] std::optional<std::string> word(std::string_view key, std::span<const std::string_view> known);
    /// The text of a key that must be there; empty after a fault.
    [[nodiscard]] std::string required_text(std::string_view key);
    /// The map under a key.
    [[nodiscard]] const Node* map(std::string_view key);
    /// The list under a key.
    [[nodiscard]] const Node* list(std::string_view key);

private:
    Checks& checks_;
    const Node& node_;
    std::string name_;
};

}  // namespace crossdock::yaml
