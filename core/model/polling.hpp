#pragma once

#include "base/time.hpp"
#include "model/status.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::model {

/// When an account is asked for orders of which it has said nothing for some time.
struct PollPattern {
    milliseconds silent_for{3'600'000};         ///< an order that was heard of later than that is not asked for
    milliseconds every{900'000};                ///< from one question to the next
    milliseconds every_max{7'200'000};          ///< the pause doubles up to this while nothing new is heard; at least `every`
    milliseconds give_up_after{2'592'000'000};  ///< an order silent for so long is asked for no more
    Status until = Status::delivered;           ///< what the account reports last of an order that goes well

    [[nodiscard]] bool operator==(const PollPattern&) const = default;
};

/// Whether more is to be heard of an order: the supplier has it, and neither its end nor `until` was reached.
[[nodiscard]] bool is_open(Status status, const PollPattern& pattern);

/// When an order is asked for that was just heard of. Nothing: never.
[[nodiscard]] std::optional<UtcMs> first_poll_at(Status status, const PollPattern& pattern, UtcMs heard_at);

/// What follows a question that brought nothing new.
struct NextPoll {
    UtcMs at = 0;
    bool given_up = false;  ///< then there is no next one
};

/// `fruitless` questions brought nothing since `heard_at`, the last one included; `jitter` in [0, 1) takes up to a quarter off
/// the pause, so that orders of one hour are not asked for in one second. `asked_delay` is the supplier's Retry-After: it may
/// lengthen the pause, up to a day.
/// Pure: no clock, no I/O. Errors: none.
[[nodiscard]] NextPoll after_fruitless_poll(const PollPattern& pattern, UtcMs heard_at, int fruitless, UtcMs now, double jitter,
                                            std::optional<milliseconds> asked_delay = {});

/// A pattern as text: two patterns that differ have different texts.
[[nodiscard]] std::string text_of(const PollPattern& pattern);

}  // namespace crossdock::model
