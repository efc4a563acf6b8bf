#pragma once

#include "pipeline/environment.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// Which dead letters are meant; what is empty does not narrow.
struct DeadLetterFilter {
    std::vector<std::string> ids = {};  ///< whole, or so much of the beginning that it is one
    std::string pipeline = {};
    std::string account = {};  ///< or channel
    std::string order_id = {};
    std::string reason = {};  ///< a part of it
    std::int64_t most = 1'000;
};

/// A run that failed, or an effect that ran out of attempts.
struct DeadLetter {
    std::string id;  ///< the run's; of an effect without a run (a mail), the effect's
    std::optional<std::string> effect_id;
    std::optional<std::string> run_id;
    std::string pipeline;  ///< empty without a run
    std::string step;
    std::string target;     ///< account or channel; empty when the step had no call
    std::string operation;  ///< or the step's type
    std::optional<std::string> order_id;
    std::string reason;
    std::int64_t attempts = 0;
    UtcMs failed_at = 0;

    [[nodiscard]] Json json() const;
};

/// Oldest first.
[[nodiscard]] std::vector<DeadLetter> dead_letters(store::Tx& tx, const DeadLetterFilter& filter);

/// One with its input and the whole exchange of each attempt, secrets replaced. Nothing when there is no such dead letter.
[[nodiscard]] std::optional<Json> show_dead_letter(store::Tx& tx, const std::string& id);

struct Replay {
    DeadLetterFilter which = {};
    std::string from_step = {};                ///< empty: from the step that failed
    std::optional<milliseconds> between = {};  ///< the rate cap: so much between one and the next
    bool preview = false;                      ///< only says what would be replayed
    std::string by = {};
};

struct Replayed {
    std::string refusal;  ///< why nothing was replayed; else empty
    std::vector<DeadLetter> letters;
};

/// Continues dead letters where they ended, with the same keys: what may have been sent is not sent a second time as something
/// new. Their attempts count anew. Inside a commit.
[[nodiscard]] Replayed replay(store::Tx& tx, Environment& environment, const Replay& replay);

}  // namespace crossdock::pipeline
