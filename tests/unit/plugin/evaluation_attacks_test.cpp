// Expressions of a plugin that eat memory, hang or crash.
#include "floor.hpp"
#include "plugin/evaluations.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

TEST_CASE("an expression that kills its process costs that evaluation, and neither the plugin nor its account",
          "[workers][unit]") {
    const std::string attack =
        GENERATE(".[1000000000]=1", "\"x\" * 1e9", "[range(1e12)]", "def f: f; f", "reduce range(10000000) as $i (0; [.])");
    CAPTURE(attack);
    Workers::Options options;
    options.expressions = EXPRESSIONS;
    // Any worker that counts is quarantined at its first death.
    options.deaths_max = 1;
    Floor floor(options);
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(TEST_PLUGINS) / "libobliging.so"))).has_value());
    const auto plugin = floor.workers->pid_of("acme");
    const auto wish = [&](const std::string& expression, const std::string& more) {
        return floor.wait(
            floor.workers->call(order_call(R"({"do":"evaluate","expression":)" + Json(expression).dump() + more + "}"), {}));
    };
    const auto fault = wish(attack, "");
    CHECK(fault.status == CallStatus::failed);
    CHECK_THAT(fault.text, Contains("it took longer than 2s") || Contains("did not survive that: the worker ended"));
    const auto first = floor.workers->pid_of(evaluations_worker);
    const auto caught = wish(attack, R"(,"catch":1)");
    CHECK(caught.status == CallStatus::answered);
    CHECK_THAT(caught.output.text("reason"), Contains("caught: "));
    CHECK(wish(". + 1", R"(,"document":1)").output.text("reason") == "2");
    CHECK(floor.workers->pid_of(evaluations_worker) != first);
    CHECK(floor.workers->pid_of("acme") == plugin);
    for (const auto& status : floor.workers->statuses()) {
        INFO(status.name);
        CHECK_FALSE(status.quarantined);
    }
}
