#include "metrics/metrics.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_store.hpp"

#include <regex>
#include <set>
#include <sstream>

using namespace crossdock;
using Catch::Contains;
using metrics::Metrics;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) { lines.push_back(line); }
    return lines;
}

metrics::Levels some_levels() {
    metrics::Levels levels;
    levels.standing.open = {{"phonex", "create_order", "pending", 3, 1, 5'000}, {"phonex", "create_order", "dead", 2, 2, 0}};
    levels.standing.runs_active = {{"order-forward", 4}};
    levels.standing.runs_failed = {{"order-forward", 1}};
    levels.standing.accounts = {{"phonex", UtcMs{1'000}, 7}, {"never-fed", std::nullopt, 0}};
    levels.standing.events = {{"order.shipped", 2}};
    levels.standing.last_event = 2;
    levels.standing.attention_open = 1;
    levels.workers = {{"phonex", true, 2}, {"email", false, 0}};
    levels.queues = {{"store.writes", 1, 4'096}};
    levels.not_served = {{"phonex", "paused"}};
    levels.resident_bytes = 1'000'000;
    levels.now = 61'000;
    return levels;
}

}  // namespace

TEST_CASE("how things stand is told in Prometheus' text format", "[metrics][unit]") {
    Metrics metrics("1.2.3", 1'700'000'000'000);
    metrics.request_ended("POST", "/v1/orders", 202, milliseconds{3});
    metrics.call_ended("phonex", "create_order", "answered", milliseconds{120});
    const auto text = metrics.text(some_levels());
    for (const char* const line :
         {"crossdock_build_info{version=\"1.2.3\"} 1", "process_start_time_seconds 1700000000",
          "crossdock_http_requests_total{method=\"POST\",route=\"/v1/orders\",status=\"202\"} 1",
          "crossdock_plugin_calls_total{operation=\"create_order\",result=\"answered\",target=\"phonex\"} 1",
          "crossdock_plugin_call_duration_seconds_sum{operation=\"create_order\",target=\"phonex\"} 0.12",
          "crossdock_effects{operation=\"create_order\",state=\"pending\",target=\"phonex\"} 3",
          "crossdock_effects{operation=\"create_order\",state=\"dead\",target=\"phonex\"} 2",
          "crossdock_effects_retrying{operation=\"create_order\",target=\"phonex\"} 1",
          "crossdock_effects_lag_seconds{target=\"phonex\"} 56", "crossdock_runs_active{pipeline=\"order-forward\"} 4",
          "crossdock_runs_failed{pipeline=\"order-forward\"} 1", "crossdock_attention_open 1",
          "crossdock_feed_age_seconds{account=\"phonex\"} 60", "crossdock_misses_healed_total{account=\"phonex\"} 7",
          "crossdock_events_total{type=\"order.shipped\"} 2", "crossdock_worker_up{worker=\"email\"} 0",
          "crossdock_worker_deaths_total{worker=\"phonex\"} 2", "crossdock_queue_limit{queue=\"store.writes\"} 4096",
          "crossdock_not_served{state=\"paused\",target=\"phonex\"} 1"}) {
        INFO(line);
        const auto lines = lines_of(text);
        CHECK(std::find(lines.begin(), lines.end(), line) != lines.end());
    }
    CHECK_THAT(text, !Contains("crossdock_feed_age_seconds{account=\"never-fed\"}"));
}

TEST_CASE("each metric has one help and one type, and a name as Prometheus wants it", "[metrics][unit]") {
    Metrics metrics("1.2.3", 1'000);
    metrics.request_ended("GET", "/readyz", 200, milliseconds{1});
    metrics.call_ended("phonex", "find_order", "failed", milliseconds{1});
    const auto text = metrics.text(some_levels());
    std::set<std::string> helped, typed;
    static const std::regex sample(R"re(([a-z_]+)(\{[^{}]*\})? -?[0-9.e+-]+)re");
    for (const auto& line : lines_of(text)) {
        INFO(line);
        std::istringstream words(line);
        std::string hash, what, name, type;
        words >> hash >> what >> name >> type;
        if (hash != "#") {
            CHECK(std::regex_match(line, sample));
            continue;
        }
        CHECK((what == "HELP" ? helped : typed).insert(name).second);
        if (what == "TYPE") { CHECK((type == "counter") == name.ends_with("_total")); }
    }
    CHECK(helped == typed);
    CHECK(typed.size() > 15);
}

TEST_CASE("an event counts once, however looks at the store overlap", "[metrics][unit]") {
    Metrics metrics("1.2.3", 1'000);
    auto levels = some_levels();
    (void)metrics.text(levels);
    CHECK(metrics.counted_events() == 2);
    // A look that began before the last one ended.
    CHECK_THAT(metrics.text(levels), Contains("crossdock_events_total{type=\"order.shipped\"} 2\n"));
    levels.standing.events = {{"order.shipped", 1}};
    levels.standing.last_event = 3;
    CHECK_THAT(metrics.text(levels), Contains("crossdock_events_total{type=\"order.shipped\"} 3\n"));
}

TEST_CASE("an address is counted by its form, and what anybody may make up is not", "[metrics][unit]") {
    CHECK(metrics::route_of("/v1/orders") == "/v1/orders");
    CHECK(metrics::route_of("/v1/orders/PX1") == "/v1/orders/{id}");
    CHECK(metrics::route_of("/v1/orders/PX1/cancel") == "/v1/orders/{id}/cancel");
    CHECK(metrics::route_of("/api/webhooks/nobody") == "/api/webhooks/{account}");
    CHECK(metrics::route_of("/wp-admin/1") == "other");
    Metrics metrics("1.2.3", 1'000);
    metrics.request_ended("BREW", "/pot", 405, milliseconds{0});
    CHECK_THAT(metrics.text(some_levels()),
               Contains("crossdock_http_requests_total{method=\"other\",route=\"other\",status=\"405\"} 1"));
}

TEST_CASE("a look at the store reads indexes of what has not ended", "[metrics][unit]") {
    support::TemporaryStore store;
    const auto standing = store.in([](store::Tx& tx) { return metrics::look(tx, 0); });
    CHECK(standing.open.empty());
    CHECK(standing.last_event == 0);
    const auto plan = [&](const std::string& query) {
        return store.in([&](store::Tx& tx) {
            std::string text;
            for (const auto& [id, parent, unused, detail] :
                 tx.all<std::int64_t, std::int64_t, std::int64_t, std::string>("EXPLAIN QUERY PLAN " + query)) {
                text += detail + "\n";
            }
            return text;
        });
    };
    const std::string effects = "SELECT target, COUNT(*), SUM(attempts > 0), MIN(next_at) FROM effects WHERE state IN ";
    CHECK_THAT(plan(effects + "('pending', 'sending', 'asking') GROUP BY target, operation, state"),
               Contains("USING INDEX effects_"));
    CHECK_THAT(plan(effects + "('parked', 'dead') GROUP BY target, operation, state"),
               Contains("USING INDEX effects_ended_badly"));
    const std::string runs = "SELECT pipeline, COUNT(*) FROM runs WHERE state = ";
    CHECK_THAT(plan(runs + "'active' GROUP BY +pipeline"), Contains("INDEX runs_due"));
    CHECK_THAT(plan(runs + "'failed' GROUP BY +pipeline"), Contains("INDEX runs_failed"));
}
