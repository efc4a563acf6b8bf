// Orders through the daemon to a supplier, beside the same orders sent to that supplier directly; and how the daemon takes them
// up again when it was killed in their midst.
#include "app/demo_rig.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "store/database.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <algorithm>
#include <csignal>
#include <cstdio>

namespace crossdock::bench {
namespace {

constexpr std::size_t orders = 2'000;
constexpr std::size_t in_flight = 256;
constexpr std::size_t clients = 64;
constexpr std::size_t webhooks_each = 5;
constexpr std::chrono::seconds patience{300};

std::string id_of(std::size_t number) {
    return "PXFORWARD" + std::to_string(100'000 + number);
}

std::string body_of(std::size_t number) {
    return R"({"supplier":"wesellcellular","order_id":")" + id_of(number) +
           R"(","customer_id":"bench","items":[{"sku":"IPHONE12-64GB-A","quantity":1,"unit_price":231.00}],)"
           R"("contact":{"email":"bench@crossdock.example"},"shipping_address":{"name":"N","line1":"1 Road","city":"Miami",)"
           R"("postal_code":"33132","country":"US"}})";
}

std::unique_ptr<app::DemoRig> made_rig(const std::filesystem::path& folder) {
    app::RigOptions options;
    options.folder = folder;
    options.inventory_every = std::chrono::hours{1};
    options.accept_after = std::chrono::hours{1};
    options.request_timeout = milliseconds{10'000};
    options.edit_config = [](const std::string& text) {
        return text + "\nlog: { level: warning }\nworkers: { calls_max: " + std::to_string(in_flight) + " }\n";
    };
    auto made = app::DemoRig::make(std::move(options));
    if (!made) { give_up(made.error().text()); }
    for (const auto& started : {(*made)->start_mail_sink(), (*made)->start_supplier()}) {
        if (!started) { give_up(started.error().text()); }
    }
    return std::move(*made);
}

void start_daemon(app::DemoRig& rig) {
    if (const auto started = rig.start_daemon(); !started) { give_up(started.error().text()); }
}

void slow_down(const app::DemoRig& rig, int delay_ms) {
    if (delay_ms == 0) { return; }
    const auto armed = rig.sandbox(
        "POST", "/_sandbox/faults",
        R"({"operation":"create_order","kind":"slow","accept":true,"times":-1,"delay_ms":)" + std::to_string(delay_ms) + "}");
    if (!armed) { give_up(armed.error().text()); }
}

/// The least that so many orders take: sent to the supplier as fast as it answers.
Load directly(const std::filesystem::path& folder, int delay_ms) {
    const auto rig = made_rig(folder);
    slow_down(*rig, delay_ms);
    std::vector<std::string> requests;
    for (std::size_t i = 0; i < orders; ++i) {
        requests.push_back(post("/v1/orders",
                                "Authorization: Bearer " + rig->phonex_key() + "\r\nIdempotency-Key: " + id_of(i) + "\r\n",
                                body_of(i)));
    }
    const auto result = load(rig->sandbox_port(), requests, in_flight);
    if (result.other > 0) { give_up("the supplier did not take all orders"); }
    return result;
}

std::vector<std::string> placements(const app::DemoRig& rig) {
    std::vector<std::string> requests;
    for (std::size_t i = 0; i < orders; ++i) {
        requests.push_back(post("/v1/orders", "Authorization: Bearer " + rig.api_key() + "\r\n", body_of(i)));
    }
    return requests;
}

/// Waits until the store counts so many.
class Watch {
public:
    explicit Watch(const app::DemoRig& rig)
        : database_(store::Database::open(rig.data() / "store.sqlite3", store::Database::Mode::read_only).value()) {}

    [[nodiscard]] std::size_t count(const std::string& from) {
        return static_cast<std::size_t>(database_->number("SELECT COUNT(*) FROM " + from));
    }
    void reaches(const std::string& from, std::size_t wanted) {
        const auto until = Timer::now() + patience;
        while (count(from) < wanted) {
            if (Timer::now() > until) { give_up("only " + std::to_string(count(from)) + " of " + from); }
            ::poll(nullptr, 0, 10);
        }
    }

private:
    std::unique_ptr<store::Database> database_;
};

constexpr const char* accepted = "supplier_orders WHERE supplier_order_id IS NOT NULL";

double seconds_since(Timer::time_point begun) {
    return Ms(Timer::now() - begun).count() / 1000;
}

/// (orders that the supplier has, posts of a reference beyond its first)
std::pair<std::size_t, std::size_t> at_supplier(const app::DemoRig& rig) {
    const auto world = rig.sandbox("GET", "/_sandbox/orders");
    if (!world) { give_up(world.error().text()); }
    std::size_t again = 0;
    for (const auto& [reference, count] : world->find("posts")->members()) {
        again += static_cast<std::size_t>(count.integer().value_or(1)) - 1;
    }
    return {world->find("orders")->items().size(), again};
}

void print_rate(const std::string& what, double rate, double limit, double cpu_us) {
    std::printf("%-44s %8.0f /s %17.2f", what.c_str(), rate, rate / limit);
    if (cpu_us > 0) { std::printf(" %10.1f us CPU", cpu_us); }
    std::printf("\n");
}

/// Further evidence of each of the rig's orders: stored, translated and applied while more comes in.
void apply_webhooks(app::DemoRig& rig, Watch& watch) {
    std::vector<std::string> requests;
    for (std::size_t round = 0; round < webhooks_each; ++round) {
        for (std::size_t i = 0; i < orders; ++i) {
            requests.push_back(webhook(rig.webhook_secret(), R"({"event":"order.status_updated","order_id":")" + id_of(i) +
                                                                 R"(","status":"pending","updated_at":"2025-10-30T18:13:)" +
                                                                 std::to_string(10 + round) + R"(Z"})"));
        }
    }
    const auto before = used(rig.daemon().pid());
    const auto begun = Timer::now();
    const auto taken = load(rig.api_port(), requests, clients);
    watch.reaches("evidence WHERE source = 'webhook'", requests.size());
    const double seconds = seconds_since(begun);
    const auto after = used(rig.daemon().pid());
    const double each = (after.cpu_us - before.cpu_us) / static_cast<double>(requests.size());
    std::printf("%-44s %8.0f /s\n", "webhooks taken in while they are applied", taken.per_second());
    std::printf("%-44s %8.0f /s %18s %10.1f us CPU\n", "  stored, translated and applied",
                static_cast<double>(requests.size()) / seconds, "", each);
}

void forward(const std::filesystem::path& folder, int delay_ms) {
    const double before_it = directly(folder / "before", delay_ms).per_second();
    const auto rig = made_rig(folder / "rig");
    start_daemon(*rig);
    slow_down(*rig, delay_ms);
    Watch watch(*rig);
    const auto requests = placements(*rig);
    const auto before = used(rig->daemon().pid());
    const auto begun = Timer::now();
    const auto placed = load(rig->api_port(), requests, clients);
    if (placed.other > 0) { give_up("not all orders were taken"); }
    watch.reaches(accepted, orders);
    const double seconds = seconds_since(begun);
    const double cpu_us = (used(rig->daemon().pid()).cpu_us - before.cpu_us) / static_cast<double>(orders);
    watch.reaches("notifications WHERE sent = 1", orders);
    const double told = seconds_since(begun);
    // The supplier's disk is not always equally fast: the better of two is the limit.
    const double limit = std::max(before_it, directly(folder / "after", delay_ms).per_second());
    const std::string supplier = delay_ms == 0 ? "at once" : "in " + std::to_string(delay_ms) + " ms";
    print_rate("a supplier that answers " + supplier + ", directly", limit, limit, 0);
    print_rate("  placed, until all were stored", placed.per_second(), limit, 0);
    print_rate("  placed, until the supplier had accepted all", static_cast<double>(orders) / seconds, limit, cpu_us);
    print_rate("  until all were told by mail, too", static_cast<double>(orders) / told, limit, 0);
    if (delay_ms == 0) { apply_webhooks(*rig, watch); }
}

void recover(const std::filesystem::path& folder) {
    const auto rig = made_rig(folder);
    start_daemon(*rig);
    Watch watch(*rig);
    const auto begun = Timer::now();
    (void)load(rig->api_port(), placements(*rig), clients);
    watch.reaches(accepted, orders * 2 / 5);
    rig->daemon().signal(SIGKILL);
    rig->daemon().wait();
    const auto killed = Timer::now();
    const auto left = orders - watch.count(accepted);
    const double rate = static_cast<double>(orders - left) / (Ms(killed - begun).count() / 1000);
    start_daemon(*rig);
    const double ready = seconds_since(killed);
    watch.reaches(accepted, orders);
    const double all = seconds_since(killed);
    const auto [have, again] = at_supplier(*rig);
    std::printf("%-44s %6.2f s    (%zu of %zu were left; ready again after %.2f s; the pace before would need %.2f s)\n",
                "killed at 40 %, until all were accepted", all, left, orders, ready, static_cast<double>(left) / rate);
    std::printf("%-44s %6zu      (of %zu; posts repeated with the same key: %zu)\n", "  orders at the supplier", have, orders,
                again);
}

}  // namespace

void measure_forward() {
    const Scratch scratch;
    std::printf("\n%-44s %10s %18s %17s\n", "2,000 orders, 256 calls in flight", "", "/ directly", "each");
    forward(scratch.path / "fast", 0);
    forward(scratch.path / "slow", 100);
    recover(scratch.path / "killed");
}

}  // namespace crossdock::bench
