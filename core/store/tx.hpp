#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace crossdock::store {

/// What a statement's failure throws inside a unit of work. Only the store catches it: the unit is rolled back and reported as a
/// Fault.
class StoreFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A value handed to a statement.
class Param {
public:
    Param(std::nullptr_t) {}
    Param(std::int64_t value) : value_(value) {}
    Param(int value) : value_(static_cast<std::int64_t>(value)) {}
    Param(bool value) : value_(static_cast<std::int64_t>(value ? 1 : 0)) {}
    Param(std::string value) : value_(std::move(value)) {}
    Param(std::string_view value) : value_(std::string(value)) {}
    Param(const char* value) : value_(std::string(value)) {}
    template <class T>
    Param(const std::optional<T>& value) {
        if (value) { *this = Param(*value); }
    }

    [[nodiscard]] const std::variant<std::monostate, std::int64_t, std::string>& value() const { return value_; }

private:
    std::variant<std::monostate, std::int64_t, std::string> value_;
};

/// What the commit should wake once it is on disk.
enum class Topic : unsigned { events = 1, runs = 2, effects = 4 };

/// One transaction's statements. SQL names its parameters :1, :2, ... each once, in order.
///
/// Threads:  the store's, inside a unit of work.
/// Errors:   every function throws StoreFailure.
/// Lifetime: never kept beyond the unit.
class Tx {
public:
    using Params = std::vector<Param>;

    Tx() = default;
    Tx(const Tx&) = delete;
    Tx& operator=(const Tx&) = delete;
    virtual ~Tx() = default;

    /// Runs a statement; the number of rows it changed.
    virtual std::int64_t run(std::string_view sql, const Params& params = {}) = 0;

    /// All rows of a query. T: std::int64_t, std::string, or std::optional of these.
    template <class... T>
    [[nodiscard]] std::vector<std::tuple<T...>> all(std::string_view sql, const Params& params = {}) {
        std::vector<std::tuple<T...>> rows;
        for (auto& cells : query(sql, params, {kind<T>()...})) {
            rows.push_back(take<T...>(cells, std::index_sequence_for<T...>{}));
        }
        return rows;
    }

    template <class... T>
    [[nodiscard]] std::optional<std::tuple<T...>> first(std::string_view sql, const Params& params = {}) {
        auto rows = all<T...>(sql, params);
        if (rows.empty()) { return {}; }
        return std::move(rows.front());
    }

    /// One value; `otherwise` when there is no row or it is NULL.
    [[nodiscard]] std::int64_t number(std::string_view sql, const Params& params = {}, std::int64_t otherwise = 0) {
        const auto row = first<std::optional<std::int64_t>>(sql, params);
        return row ? std::get<0>(*row).value_or(otherwise) : otherwise;
    }

    void announce(Topic topic) { topics_ |= static_cast<unsigned>(topic); }
    [[nodiscard]] unsigned announced() const { return topics_; }

protected:
    enum class Kind { integer, text };
    using Cell = std::variant<std::monostate, std::int64_t, std::string>;
    virtual std::vector<std::vector<Cell>> query(std::string_view sql, const Params& params, const std::vector<Kind>& kinds) = 0;
    void forget_announced() { topics_ = 0; }

private:
    template <class T>
    static constexpr Kind kind() {
        if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::optional<std::int64_t>>) { return Kind::integer; }
        else {
            static_assert(std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>);
            return Kind::text;
        }
    }

    template <class T>
    static T value(Cell& cell) {
        if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::string>) {
            if (std::holds_alternative<std::monostate>(cell)) { throw StoreFailure("a column that is never NULL is NULL"); }
            return std::move(std::get<T>(cell));
        }
        else {
            if (std::holds_alternative<std::monostate>(cell)) { return {}; }
            return std::move(std::get<typename T::value_type>(cell));
        }
    }

    template <class... T, std::size_t... I>
    static std::tuple<T...> take(std::vector<Cell>& cells, std::index_sequence<I...> /*indexes*/) {
        return std::tuple<T...>(value<T>(cells[I])...);
    }

    unsigned topics_ = 0;
};

}  // namespace crossdock::store
