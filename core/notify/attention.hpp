#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace crossdock::notify {

/// A row of `attention`: something that waits for a person.
struct Attention {
    std::int64_t number = 0;  ///< short, for people: "#12"
    std::string topic;        ///< of open entries there is one for each
    std::string about;        ///< an order_id, or what else it is about
    std::optional<std::string> order_id;
    std::optional<std::string> effect_id;  ///< what is parked over it
    std::string reason;
    UtcMs opened_at = 0;
    std::optional<std::int64_t> resolved_at;
    std::optional<std::string> resolution;
    std::optional<std::string> resolved_by;
};

struct Opened {
    std::int64_t episode = 0;  ///< how often its topic was opened, from 1; 0: it is open already
    std::int64_t number = 0;
};
/// Opens an entry, or changes the reason of the one that is open for its topic.
Opened open_attention(store::Tx& tx, const Attention& entry);

[[nodiscard]] std::optional<Attention> find_attention(store::Tx& tx, std::int64_t number);

/// Ends one entry. The order's own `attention` becomes the reason of its latest open one.
void resolve_attention(store::Tx& tx, const Attention& entry, const std::string& resolution, const std::string& by, UtcMs now);

/// Ends those that a parked effect had opened: something else has settled it.
void attention_over_effect(store::Tx& tx, const std::string& effect_id, const std::string& resolution, UtcMs now);

/// The same by its topic.
void attention_over_topic(store::Tx& tx, const std::string& topic, const std::string& resolution, UtcMs now);

/// {"attention": [{number, about, order_id, reason, opened_at, choices, ...}]}, oldest first. `choices` are what `attention
/// resolve` takes for it: adopt, resend, cancel, done. `all`: those that were resolved, too.
[[nodiscard]] Json list_attention(store::Tx& tx, bool all, std::int64_t most);

}  // namespace crossdock::notify
