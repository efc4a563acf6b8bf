#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "model/preferences.hpp"
#include "store/tx.hpp"

#include <optional>
#include <string>

namespace crossdock::notify {

/// How a customer wants to be told.
struct CustomerPreferences {
    std::string language;  ///< the customer's own; preferences may name another
    model::Preferences own;
};

/// Nothing: there is no such customer. What was stored under another config is taken as far as it can be read.
[[nodiscard]] std::optional<CustomerPreferences> preferences_of(store::Tx& tx, const std::string& customer_id);

/// False: there is no such customer.
[[nodiscard]] bool set_preferences(store::Tx& tx, const std::string& customer_id, const model::Preferences& preferences,
                                   UtcMs now);

/// {"customer_id", "preferences", "effective": {"language", "timezone", "events": {event: {"when", "channels"}}, ...}, "stopped":
/// [...]} for people and programs. Nothing: there is no such customer.
[[nodiscard]] std::optional<Json> shown_preferences(store::Tx& tx, const std::string& customer_id,
                                                    const model::Preferences& role);

/// A recipient to whom nothing is sent any more on a channel.
struct Stop {
    enum class Cause { unsubscribed, refused } cause = Cause::unsubscribed;
    std::string reason;  ///< for people
};

[[nodiscard]] std::optional<Stop> stop_of(store::Tx& tx, const std::string& channel, const std::string& recipient);

/// From now on nothing is sent to a customer at that address; what waits and has not begun to leave is told to nobody, with the
/// reason. False: it was so already.
bool stop_recipient(store::Tx& tx, const std::string& channel, const std::string& recipient, const Stop& stop, UtcMs now);

/// Ends it on one channel, or on all. How many it were.
[[nodiscard]] std::int64_t resume_recipient(store::Tx& tx, const std::string& recipient, const std::string& channel = {});

/// A list of {"recipient", "channel", "cause", "reason", "stopped_at"}, latest first; `recipient` empty: all of them.
[[nodiscard]] Json list_stopped(store::Tx& tx, const std::string& recipient = {});

}  // namespace crossdock::notify
