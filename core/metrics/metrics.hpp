#pragma once

#include "base/bound.hpp"
#include "base/time.hpp"
#include "metrics/standing.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::metrics {

/// How a worker is, as far as it is shown.
struct WorkerLevel {
    std::string name;  ///< its account or channel
    bool up = false;
    std::int64_t deaths = 0;  ///< since the daemon began
};

/// All that is shown beside what was counted.
struct Levels {
    Standing standing;
    std::vector<WorkerLevel> workers = {};
    std::vector<QueueLevel> queues = {};
    std::vector<std::pair<std::string, std::string>> not_served = {};  ///< account or channel, and its state
    std::int64_t resident_bytes = 0;
    UtcMs now = 0;
};

/// Counts what happens since the daemon began, and writes it beside how things stand, in Prometheus' text format
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Times are in seconds, names end as Prometheus wants them.
///
/// Threads: one.
class Metrics {
public:
    Metrics(std::string version, UtcMs started_at);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// A request was answered. `path` becomes the address without what differs from order to order.
    void request_ended(std::string_view method, std::string_view path, int status, milliseconds took);
    /// A request was answered 429; `rule` as the config names it.
    void request_limited(std::string_view rule);
    /// A call of a plugin came back. `result` is answered, failed, not_sent or unknown.
    void call_ended(const std::string& target, const std::string& operation, std::string_view result, milliseconds took);

    /// The events up to this one have been counted: what is asked of the next look at the store.
    [[nodiscard]] std::int64_t counted_events() const;

    /// The whole text. Events of `levels` that were not counted yet are.
    [[nodiscard]] std::string text(const Levels& levels);

private:
    struct Counted;
    std::unique_ptr<Counted> counted_;
};

/// "/v1/orders/PX1/cancel" as "/v1/orders/{id}/cancel"; an address that there is not as "other", so that nobody can make up
/// series.
[[nodiscard]] std::string route_of(std::string_view path);

}  // namespace crossdock::metrics
