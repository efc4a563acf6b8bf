#pragma once

#include "base/journal_point.hpp"
#include "store/database.hpp"
#include "store/store.hpp"

#include <functional>
#include <span>
#include <vector>

namespace crossdock::store {

/// One unit with its name and the one who waits for it.
struct Entry {
    crossdock::Commit point{};
    Unit unit;
    Done done;
};

/// Commits the entries as one group; if one of them throws, the group rolls back and each runs alone, so that only the guilty one
/// errs. All err when no transaction can begin. Every COMMIT of the core is here, between its two journal points. Returns the
/// topics announced by what was committed. Errors: `on_fatal` when COMMIT itself fails: what is on disk is then unknown, and
/// nobody is answered.
unsigned commit_group(Database& database, std::span<Entry> entries, const std::function<void(const Fault&)>& on_fatal);

}  // namespace crossdock::store
