#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::store {

/// Another program's database, through SOCI; each statement is a transaction of its own. PostgreSQL's backend is loaded when it
/// is first asked for, so that nobody else carries it.
///
/// Threads: one at a time; every call blocks.
/// Errors:  advice `retry`, or `refuse` for a statement that the database does not take; no message holds a password.
class OtherDatabase {
public:
    using Text = std::optional<std::string>;  ///< nothing: NULL

    /// `backend` is sqlite3 or postgresql; `connection` as SOCI's backend takes it.
    [[nodiscard]] static Result<std::unique_ptr<OtherDatabase>> open(const std::string& backend, const std::string& connection);
    ~OtherDatabase();
    OtherDatabase(const OtherDatabase&) = delete;
    OtherDatabase& operator=(const OtherDatabase&) = delete;

    /// Rows of `columns` texts. Parameters are :p1, :p2, ...
    [[nodiscard]] Result<std::vector<std::vector<Text>>> rows(const std::string& sql, std::vector<Text> params,
                                                              std::size_t columns);
    /// The number of rows changed.
    [[nodiscard]] Result<std::int64_t> run(const std::string& sql, std::vector<Text> params);

private:
    struct State;
    explicit OtherDatabase(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace crossdock::store
