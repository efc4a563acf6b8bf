#pragma once

#include "base/time.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace crossdock::metrics {

/// How things stand in the store at one moment.
struct Standing {
    struct Effects {
        std::string target, operation, state;
        std::int64_t count = 0;
        std::int64_t tried = 0;  ///< of them: begun before, to be tried or asked for again
        UtcMs oldest_due_at = 0;
    };
    struct Account {
        std::string name;
        std::optional<UtcMs> feed_applied_at;
        std::int64_t misses_healed = 0;
    };
    std::vector<Effects> open;                        ///< pending, sending, asking, parked, dead
    std::map<std::string, std::int64_t> runs_active;  ///< by pipeline
    std::map<std::string, std::int64_t> runs_failed;  ///< by pipeline: dead letters
    std::vector<Account> accounts;
    std::map<std::string, std::int64_t> events;  ///< by type, those after the sequence that was given
    std::int64_t last_event = 0;
    std::int64_t attention_open = 0;
};

/// Reads it. `after_event` is the sequence of the last event that was counted before.
/// Cost: indexes of what has not ended, and the events since then.
[[nodiscard]] Standing look(store::Tx& tx, std::int64_t after_event);

}  // namespace crossdock::metrics
