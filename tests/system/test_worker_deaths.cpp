// Workers killed again and again while orders flow: every order is placed once, and the daemon notices, no more.
#include "base/system_clock.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <string>

namespace crossdock::tests {
namespace {

struct Scale {
    std::size_t orders;
    std::size_t kills;
};

/// The whole of it takes minutes: `./dev chaos` runs it.
Scale scale() {
    const char* wanted = std::getenv("CROSSDOCK_CHAOS");
    const bool full = wanted != nullptr && std::string(wanted) == "full";
    return full ? Scale{1'000, 500} : Scale{60, 30};
}

std::string id_of(std::size_t n) {
    return "PXDEATH" + std::to_string(10'000 + n);
}

std::string order_of(std::size_t n) {
    Json order = Json::parse(seed_order()).value();
    order.set("order_id", id_of(n));
    return order.dump();
}

app::RigOptions options_of(const std::string& effect_class) {
    app::RigOptions options;
    options.effect_class = effect_class;
    options.not_after = milliseconds{1'500};
    options.request_timeout = milliseconds{1'000};
    options.visible_within = milliseconds{200};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_config = [](std::string text) { return text + "\nworkers: { deaths_max: 1000000 }\n"; };
    return options;
}

/// How old a worker is when it is killed: old enough to have worked, or its restart would be put off further each time.
constexpr milliseconds ripe_age{150};
/// An order takes about as long to reach its supplier: the blow falls before, amid and after.
constexpr int blow_within_ms = 8;

/// Kills all workers of a daemon at once, each pid once.
class Killer {
public:
    explicit Killer(pid_t daemon) : daemon_(daemon) {}

    /// True once all workers are up and have been for a while.
    [[nodiscard]] bool ripe() {
        const auto now = system_boot_ms();
        std::map<pid_t, BootMs> seen;
        for (const auto worker : children_of(daemon_)) {
            const auto known = since_.find(worker);
            seen[worker] = known == since_.end() ? now : known->second;
        }
        since_ = std::move(seen);
        return since_.size() == 2 &&
               std::all_of(since_.begin(), since_.end(), [&](const auto& one) { return now - one.second >= ripe_age.count(); });
    }
    void strike() {
        ::poll(nullptr, 0, turn_++ % blow_within_ms);
        for (const auto& [worker, since] : since_) {
            ::kill(worker, SIGKILL);
            ++kills_;
        }
    }
    [[nodiscard]] std::size_t kills() const { return kills_; }

private:
    pid_t daemon_;
    std::map<pid_t, BootMs> since_;
    std::size_t kills_ = 0;
    int turn_ = 0;
};

}  // namespace

TEST_CASE("whoever kills workers while orders flow places none twice and loses none", "[system]") {
    const std::string effect_class = GENERATE("idempotent", "lookup");
    INFO(effect_class);
    const auto [orders, kills] = scale();
    MainJob job(options_of(effect_class));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    const auto daemon = job.rig().daemon().pid();
    Killer killer(daemon);
    // Half of the orders while the workers are young, the other half right before the blow.
    const std::size_t half = orders / kills;
    for (std::size_t n = 0; n < orders;) {
        for (std::size_t i = 0; i < half; ++i) { job.place(order_of(n++)); }
        REQUIRE(eventually([&] { return killer.ripe(); }));
        for (std::size_t i = 0; i < half; ++i) { job.place(order_of(n++)); }
        killer.strike();
    }
    CHECK(eventually([&] { return job.orders_at_supplier().size() >= orders; }, milliseconds{600'000}));
    const auto unsettled = [&] {
        std::size_t count = 0;
        for (std::size_t n = 0; n < orders; ++n) { count += job.supplier_order_id(id_of(n)).empty() ? 1U : 0U; }
        return count;
    };
    CHECK(eventually([&] { return unsettled() == 0; }, milliseconds{600'000}));
    CHECK(killer.kills() >= kills);
    CHECK(job.deaths() == 0);
    CHECK(job.rig().daemon().pid() == daemon);
    CHECK_FALSE(job.rig().daemon().ended().has_value());

    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == orders);
    for (const auto& [id, times] : placed) {
        if (times != 1) { FAIL_CHECK(id << " was placed " << times << " times"); }
    }
}

}  // namespace crossdock::tests
