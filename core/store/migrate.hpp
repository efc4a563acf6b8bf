#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace crossdock::store {

/// One numbered SQL file, applied once, in one transaction, never changed afterwards.
struct Migration {
    int number = 0;
    std::string name;
    std::string sql;
};

[[nodiscard]] const std::vector<Migration>& sqlite_migrations();

/// Makes the file when absent (0600), switches it to WAL and applies what is missing.
/// Errors: cannot be opened or written (names the path), a store made by a newer version.
[[nodiscard]] Result<> migrate_sqlite(const std::filesystem::path& file);

}  // namespace crossdock::store
