#include "expression_worker.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

TEST_CASE("an expression that eats memory, hangs or crashes costs one call, and the next one is answered", "[jq][unit]") {
    const std::string attack = GENERATE(".[1000000000]=1", "\"x\" * 1e9", "[range(1e12)]", "def f: f; f",
                                        "reduce range(10000000) as $i (0; [.])", "last(repeat(1))");
    CAPTURE(attack);
    ExpressionWorker worker;
    REQUIRE(worker.started.has_value());
    const auto first = worker.floor.workers->pid_of("expressions");
    const auto answer = worker.call("evaluate", {attack}, "null", milliseconds{2'000});
    INFO(answer.text);
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("worker"));
    CHECK(worker.value(".a", R"({"a":1})") == "1");
    CHECK(worker.floor.workers->pid_of("expressions") != first);
    // Compiling them is harmless.
    CHECK(worker.checked(attack) == "ok");
}

TEST_CASE("an expression that has the time to eat memory is ended at its cap", "[jq][unit]") {
    ExpressionWorker worker;
    const auto answer = worker.call("evaluate", {"[range(1e12)]"}, "null", milliseconds{60'000});
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("signal 6"));
    CHECK(worker.value("1") == "1");
}
