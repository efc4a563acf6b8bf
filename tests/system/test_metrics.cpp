// What /metrics shows of a daemon at work.
#include "main_job.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace crossdock;
using namespace crossdock::tests;
using Catch::Contains;

namespace {

std::string metrics_of(MainJob& job) {
    const auto answer = job.rig().api("GET", "/metrics");
    REQUIRE(answer.has_value());
    REQUIRE(answer->status == 200);
    CHECK(answer->header("Content-Type").value_or("") == "text/plain; version=0.0.4; charset=utf-8");
    return answer->body;
}

int status_with(MainJob& job, const std::string& key) {
    http::LoopbackCall call;
    call.port = job.rig().api_port();
    call.target = "/metrics";
    if (!key.empty()) { call.headers = {{"Authorization", "Bearer " + key}}; }
    const auto answer = http::exchange(call);
    REQUIRE(answer.has_value());
    return static_cast<int>(answer->status);
}

}  // namespace

TEST_CASE("metrics tell of an order that went out and came back shipped, and of a worker that died", "[system]") {
    app::RigOptions options;
    // Mails of low stock would be counted beside the order's own, if the feed is faster.
    options.edit_supplier = [](std::string text) {
        const std::string low = "low_stock: 5";
        return text.replace(text.find(low), low.size(), "low_stock: 0");
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.run_seed_order();
    // A mail is in the sink before its worker has answered.
    std::string text, missing;
    const auto all_there = [&] {
        text = metrics_of(job);
        missing.clear();
        for (const char* const line :
             {"\ncrossdock_events_total{type=\"order.shipped\"} 1\n", "\ncrossdock_events_total{type=\"order.placed\"} 1\n",
              "\ncrossdock_plugin_calls_total{operation=\"create_order\",result=\"answered\",target=\"phonex\"} 1\n",
              "\ncrossdock_plugin_calls_total{operation=\"deliver\",result=\"answered\",target=\"email\"} 2\n",
              "\ncrossdock_worker_deaths_total{worker=\"phonex\"} 0\n", "\ncrossdock_worker_up{worker=\"phonex\"} 1\n",
              "route=\"/api/webhooks/{account}\",status=\"200\"} 2\n", "\ncrossdock_queue_waiting{queue=\"store.writes\"} "}) {
            if (text.find(line) == std::string::npos) { missing += line; }
        }
        return missing.empty();
    };
    CHECK(eventually(all_there));
    INFO(missing);
    CHECK(missing.empty());
    // Neither keys nor what differs from order to order.
    CHECK_THAT(text, !Contains(job.rig().api_key()) && !Contains("PXSTKL0000347"));

    for (const pid_t worker : children_of(job.rig().daemon().pid())) { REQUIRE(::kill(worker, SIGKILL) == 0); }
    CHECK(eventually([&] {
        const auto now = metrics_of(job);
        return now.find("\ncrossdock_worker_deaths_total{worker=\"phonex\"} 1\n") != std::string::npos &&
               now.find("\ncrossdock_worker_up{worker=\"phonex\"} 1\n") != std::string::npos;
    }));
}

TEST_CASE("metrics are for a key that may read all orders", "[system]") {
    MainJob job({});
    job.start_world();
    job.start_daemon();
    CHECK(status_with(job, "") == 401);
    CHECK(status_with(job, job.rig().api_key()) == 200);
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    const auto made =
        job.rig().crossdock({"key", "create", "theirs", "--scopes", "read", "--customer", "worldtech-1734", "--json"});
    REQUIRE(made.exit_code == 0);
    CHECK(status_with(job, Json::parse(made.out)->text("token")) == 403);
}
