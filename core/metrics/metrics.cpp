#include "metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace crossdock::metrics {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Labels = prometheus::Labels;

constexpr double ms_per_s = 1000.0;

/// From a millisecond to half a minute: the daemon's own answers, and a supplier's slowest.
prometheus::Histogram::BucketBoundaries seconds() {
    return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

double in_seconds(milliseconds took) {
    return static_cast<double>(took.count()) / ms_per_s;
}

/// Gauges and counters of one moment: made anew for each text, so that what is gone is not shown for ever.
class Moment {
public:
    void gauge(const char* name, const char* help, const std::vector<std::pair<Labels, double>>& values) {
        if (values.empty()) { return; }
        auto& family = BuildGauge().Name(name).Help(help).Register(registry_);
        for (const auto& [labels, value] : values) { family.Add(labels).Set(value); }
    }
    void counter(const char* name, const char* help, const std::vector<std::pair<Labels, double>>& values) {
        if (values.empty()) { return; }
        auto& family = BuildCounter().Name(name).Help(help).Register(registry_);
        for (const auto& [labels, value] : values) { family.Add(labels).Increment(value); }
    }
    [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

private:
    prometheus::Registry registry_;
};

void add_effects(Moment& moment, const Levels& levels) {
    std::vector<std::pair<Labels, double>> open, tried;
    std::map<std::string, UtcMs> oldest;
    for (const auto& row : levels.standing.open) {
        open.push_back(
            {{{"target", row.target}, {"operation", row.operation}, {"state", row.state}}, static_cast<double>(row.count)});
        if (row.state != "pending") { continue; }
        tried.push_back({{{"target", row.target}, {"operation", row.operation}}, static_cast<double>(row.tried)});
        const auto at = oldest.emplace(row.target, row.oldest_due_at).first;
        at->second = std::min(at->second, row.oldest_due_at);
    }
    std::vector<std::pair<Labels, double>> lag;
    for (const auto& [target, at] : oldest) {
        lag.push_back({{{"target", target}}, std::max(0.0, static_cast<double>(levels.now - at) / ms_per_s)});
    }
    moment.gauge("crossdock_effects", "Effects that have not ended, were parked for a person, or are dead letters.", open);
    moment.gauge("crossdock_effects_retrying", "Effects that were begun before and will be tried or asked for again.", tried);
    moment.gauge("crossdock_effects_lag_seconds", "How long the effect that waits longest has been due.", lag);
}

std::vector<std::pair<Labels, double>> by_pipeline(const std::map<std::string, std::int64_t>& counts) {
    std::vector<std::pair<Labels, double>> values;
    for (const auto& [pipeline, count] : counts) { values.push_back({{{"pipeline", pipeline}}, static_cast<double>(count)}); }
    return values;
}

void add_runs(Moment& moment, const Standing& standing) {
    moment.gauge("crossdock_runs_active", "Runs that have not ended.", by_pipeline(standing.runs_active));
    moment.gauge("crossdock_runs_failed", "Runs that are dead letters.", by_pipeline(standing.runs_failed));
    moment.gauge("crossdock_attention_open", "Entries that wait for a person.",
                 {{{}, static_cast<double>(standing.attention_open)}});
}

void add_accounts(Moment& moment, const Levels& levels) {
    std::vector<std::pair<Labels, double>> age, healed, held;
    for (const auto& account : levels.standing.accounts) {
        healed.push_back({{{"account", account.name}}, static_cast<double>(account.misses_healed)});
        if (!account.feed_applied_at) { continue; }
        age.push_back({{{"account", account.name}}, static_cast<double>(levels.now - *account.feed_applied_at) / ms_per_s});
    }
    for (const auto& [target, state] : levels.not_served) { held.push_back({{{"target", target}, {"state", state}}, 1}); }
    moment.gauge("crossdock_feed_age_seconds", "How long ago a feed of the account was applied last.", age);
    moment.counter("crossdock_misses_healed_total", "Webhooks that never came and were made good by asking.", healed);
    moment.gauge("crossdock_not_served", "Accounts and channels that are not served now, with the reason as state.", held);
}

void add_processes(Moment& moment, const Levels& levels) {
    std::vector<std::pair<Labels, double>> up, deaths, waiting, most;
    for (const auto& worker : levels.workers) {
        up.push_back({{{"worker", worker.name}}, worker.up ? 1.0 : 0.0});
        deaths.push_back({{{"worker", worker.name}}, static_cast<double>(worker.deaths)});
    }
    for (const auto& queue : levels.queues) {
        waiting.push_back({{{"queue", queue.name}}, static_cast<double>(queue.waiting)});
        most.push_back({{{"queue", queue.name}}, static_cast<double>(queue.most)});
    }
    moment.gauge("crossdock_worker_up", "1 while the worker takes calls.", up);
    moment.counter("crossdock_worker_deaths_total", "Ends of the worker that nobody asked for; each is followed by a restart.",
                   deaths);
    moment.gauge("crossdock_queue_waiting", "What waits in a queue.", waiting);
    moment.gauge("crossdock_queue_limit", "Beyond it a queue refuses.", most);
    moment.gauge("process_resident_memory_bytes", "Resident memory of the daemon, its workers apart.",
                 {{{}, static_cast<double>(levels.resident_bytes)}});
}

}  // namespace

struct Metrics::Counted {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests =
        BuildCounter().Name("crossdock_http_requests_total").Help("Requests that were answered.").Register(registry);
    prometheus::Family<prometheus::Histogram>& request_seconds = BuildHistogram()
                                                                     .Name("crossdock_http_request_duration_seconds")
                                                                     .Help("From a request's arrival to its answer.")
                                                                     .Register(registry);
    prometheus::Family<prometheus::Counter>& limited = BuildCounter()
                                                           .Name("crossdock_rate_limited_total")
                                                           .Help("Requests that were answered 429, by the rule.")
                                                           .Register(registry);
    prometheus::Family<prometheus::Counter>& calls =
        BuildCounter().Name("crossdock_plugin_calls_total").Help("Calls of plugins that came back, by how.").Register(registry);
    prometheus::Family<prometheus::Histogram>& call_seconds = BuildHistogram()
                                                                  .Name("crossdock_plugin_call_duration_seconds")
                                                                  .Help("How long calls of plugins took.")
                                                                  .Register(registry);
    prometheus::Family<prometheus::Counter>& events =
        BuildCounter().Name("crossdock_events_total").Help("Events of the store's log, over all its life.").Register(registry);
    std::int64_t last_event = 0;
};

Metrics::Metrics(std::string version, UtcMs started_at) : counted_(std::make_unique<Counted>()) {
    BuildGauge()
        .Name("crossdock_build_info")
        .Help("1, with the version that runs.")
        .Register(counted_->registry)
        .Add({{"version", std::move(version)}})
        .Set(1);
    BuildGauge()
        .Name("process_start_time_seconds")
        .Help("When the daemon began, since the epoch.")
        .Register(counted_->registry)
        .Add({})
        .Set(static_cast<double>(started_at) / ms_per_s);
}

Metrics::~Metrics() = default;

void Metrics::request_ended(std::string_view method, std::string_view path, int status, milliseconds took) {
    static constexpr std::array known{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    const bool usual = std::find(known.begin(), known.end(), method) != known.end();
    const std::string route = route_of(path);
    counted_->requests
        .Add({{"method", usual ? std::string(method) : "other"}, {"route", route}, {"status", std::to_string(status)}})
        .Increment();
    counted_->request_seconds.Add({{"route", route}}, seconds()).Observe(in_seconds(took));
}

void Metrics::request_limited(std::string_view rule) {
    counted_->limited.Add({{"rule", std::string(rule)}}).Increment();
}

void Metrics::call_ended(const std::string& target, const std::string& operation, std::string_view result, milliseconds took) {
    counted_->calls.Add({{"target", target}, {"operation", operation}, {"result", std::string(result)}}).Increment();
    counted_->call_seconds.Add({{"target", target}, {"operation", operation}}, seconds()).Observe(in_seconds(took));
}

std::int64_t Metrics::counted_events() const {
    return counted_->last_event;
}

std::string Metrics::text(const Levels& levels) {
    // A look that another one has overtaken counts nothing twice.
    if (levels.standing.last_event > counted_->last_event) {
        for (const auto& [type, count] : levels.standing.events) {
            counted_->events.Add({{"type", type}}).Increment(static_cast<double>(count));
        }
        counted_->last_event = levels.standing.last_event;
    }
    Moment moment;
    add_effects(moment, levels);
    add_runs(moment, levels.standing);
    add_accounts(moment, levels);
    add_processes(moment, levels);
    auto families = counted_->registry.Collect();
    for (auto& family : moment.collect()) { families.push_back(std::move(family)); }
    return prometheus::TextSerializer().Serialize(families);
}

std::string route_of(std::string_view path) {
    static constexpr std::array fixed{
        "/",          "/page.css",        "/page.js",      "/session",   "/livez",        "/readyz",       "/metrics",
        "/v1/orders", "/v1/inventory",    "/v1/suppliers", "/v1/events", "/v1/events/ws", "/v1/attention", "/v1/notifications",
        "/v1/feeds",  "/v1/dead-letters", "/v1/overview"};
    if (std::find(fixed.begin(), fixed.end(), path) != fixed.end()) { return std::string(path); }
    struct Form {
        std::string_view begin, end, name;
    };
    // The first that fits counts.
    static constexpr std::array forms{Form{"/api/webhooks/", "", "/api/webhooks/{account}"},
                                      Form{"/unsubscribe/", "", "/unsubscribe/{token}"},
                                      Form{"/v1/customers/", "/preferences", "/v1/customers/{id}/preferences"},
                                      Form{"/v1/orders/", "/cancel", "/v1/orders/{id}/cancel"},
                                      Form{"/v1/orders/", "/explain", "/v1/orders/{id}/explain"},
                                      Form{"/v1/orders/", "", "/v1/orders/{id}"},
                                      Form{"/v1/attention/", "/resolve", "/v1/attention/{number}/resolve"},
                                      Form{"/v1/dead-letters/", "/replay", "/v1/dead-letters/{id}/replay"},
                                      Form{"/v1/dead-letters/", "", "/v1/dead-letters/{id}"},
                                      Form{"/v1/feeds/", "/approve", "/v1/feeds/{id}/approve"},
                                      Form{"/v1/feeds/", "/reject", "/v1/feeds/{id}/reject"},
                                      Form{"/v1/feeds/", "", "/v1/feeds/{id}"}};
    for (const auto& form : forms) {
        if (path.starts_with(form.begin) && path.ends_with(form.end)) { return std::string(form.name); }
    }
    return "other";
}

}  // namespace crossdock::metrics
