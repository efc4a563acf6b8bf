#pragma once

#include "base/clock.hpp"
#include "base/signal.hpp"
#include "base/task.hpp"
#include "check/dialect.hpp"
#include "check/trouble.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crossdock::check {

/// A request as it arrived at the hostile sandbox.
struct Arrival {
    std::string line;       ///< "POST /v1/orders"
    std::string reference;  ///< of the order that it speaks of; empty: of none that is in play
    bool with_key = false;  ///< the order's effect key stands in it, as it is
    bool matched = false;   ///< a cassette shows such a request
};

/// Who an order is to the sandbox.
struct InPlay {
    std::string reference;
    std::string effect_key;
};

/// The hostile sandbox: a supplier that speaks the dialect of some cassettes and misbehaves as told. It makes an order for every
/// request that places one, or, when it honours keys, one for each key.
///
/// Threads:  one executor.
/// Lifetime: shared by the requests under way; release() wakes those that wait.
class World : public std::enable_shared_from_this<World> {
public:
    World(const Dialect& dialect, Clock& clock) : dialect_(dialect), clock_(clock), released_(clock) {}

    Values values = {};
    bool honours_keys = false;
    bool one_per_reference = false;  ///< a second order of a reference is its first, so that nothing grows with the calls
    milliseconds latency{0};
    /// From the n-th request of a call on; 0: from the first.
    Trouble trouble = Trouble::none;
    std::size_t trouble_from = 0;
    /// Spoils a good answer in whatever way; see fuzz.hpp.
    std::function<void(http::Response&)> spoil = {};

    /// From now on, requests are looked through for this order.
    void put_in_play(InPlay order);
    /// Has an order of that reference, as if it had been placed; its supplier order id.
    std::string adopt(const std::string& reference);
    /// Counts requests from nought again.
    void begin_call() { served_ = 0; }

    Task<http::Response> serve(http::Request request);
    void release();

    /// How many requests it has misbehaved at.
    [[nodiscard]] std::size_t inflicted() const { return inflicted_; }
    [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }
    void forget_arrivals() { arrivals_.clear(); }
    /// The supplier order ids of the orders that a reference has, oldest first.
    [[nodiscard]] std::vector<std::string> orders_of(const std::string& reference) const;

private:
    struct Found {
        const Example* example = nullptr;
        const RecordedExchange* exchange = nullptr;
    };
    /// The recorded exchange that fits; of several, one with the same query.
    [[nodiscard]] Found match(const http::Request& request, const std::string& reference) const;
    [[nodiscard]] Found match(const Example& example, const http::Request& request, const std::string& reference,
                              bool whole) const;
    /// The answer to what prepares other requests; nothing when it is none.
    [[nodiscard]] std::optional<http::Response> prepared(const http::Request& request) const;
    /// The order that a request speaks of; empty when of none that is in play.
    [[nodiscard]] InPlay order_in(const std::string& text) const;
    std::string accept(const std::string& reference, const std::string& key);
    [[nodiscard]] http::Response good(const Found& found, const std::string& reference) const;
    [[nodiscard]] http::Response misbehave(Trouble now, http::Response well, const Found& found, const std::string& reference);

    const Dialect& dialect_;
    Clock& clock_;
    Signal released_;
    bool over_ = false;
    std::vector<InPlay> in_play_;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> orders_;  ///< reference -> (key, supplier order id)
    std::string last_id_;
    std::vector<Arrival> arrivals_;
    std::size_t served_ = 0;
    std::size_t inflicted_ = 0;
};

/// A JSON body with its lists emptied; other texts stay.
[[nodiscard]] std::string with_empty_lists(const std::string& body);
/// A JSON body in which the list member that holds `id` stands once for each of `ids`.
[[nodiscard]] std::string with_each(const std::string& body, const std::string& id, const std::vector<std::string>& ids);

}  // namespace crossdock::check
