// What many calls leave behind in the process that holds the workers, and in the worker.
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdlib>
#include <fstream>

using namespace crossdock;
using namespace crossdock::plugin;

namespace {

constexpr int calls = 10'000;
constexpr int warm_up = 10'000;
/// Few: each thread that a worker starts is some 40 KiB, and it starts one whenever all others are busy.
constexpr std::size_t at_once = 8;
constexpr long growth_max_kib = 1024;

/// Anonymous resident memory: what a process has of its own.
long own_kib(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("RssAnon:")) { return std::strtol(line.c_str() + 8, nullptr, 10); }
    }
    FAIL("/proc does not tell RssAnon");
    return 0;
}

struct Growth {
    long holder_kib = 0;
    long worker_kib = 0;
};

void make_calls(Floor& floor, const std::string& order, int count) {
    const auto call = order_call(order);
    for (int left = count; left > 0;) {
        std::vector<std::shared_ptr<std::optional<CallAnswer>>> answers;
        for (std::size_t i = 0; i < at_once && left > 0; ++i, --left) {
            auto one = call;
            one.not_after = 0;
            answers.push_back(floor.begin(floor.workers->call(std::move(one), {})));
        }
        for (const auto& answer : answers) { REQUIRE(floor.get(answer).status == CallStatus::answered); }
    }
}

/// Of 10,000 calls behind a warm-up, in which caches fill and threads are made.
Growth growth_over(const std::string& order, const std::string& at_first) {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(TEST_PLUGINS) / "libobliging.so"))).has_value());
    make_calls(floor, at_first, warm_up);
    const auto pid = floor.workers->pid_of("acme");
    const long holder = own_kib(::getpid());
    const long worker = own_kib(pid);
    make_calls(floor, order, calls);
    REQUIRE(floor.workers->pid_of("acme") == pid);
    return {own_kib(::getpid()) - holder, own_kib(pid) - worker};
}

}  // namespace

TEST_CASE("10,000 calls leave less than a MiB behind, in the worker and in the process that holds it", "[workers][unit]") {
    const std::string order = R"({"do":"echo","items":[{"sku":"IPHONE12-64GB-A","quantity":1,"unit_price":231.00}]})";
    const auto growth = growth_over(order, order);
    CHECK(growth.holder_kib <= growth_max_kib);
    CHECK(growth.worker_kib <= growth_max_kib);
}

TEST_CASE("a plugin that leaks 2 KiB a call is noticed", "[workers][unit]") {
    const auto growth = growth_over(R"({"do":"leak"})", R"({"do":"echo"})");
    CHECK(growth.holder_kib <= growth_max_kib);
    CHECK(growth.worker_kib > 10 * growth_max_kib);
}
