// What the daemon does when it is given more than it can take, when it is told to stop, and when its disk fails.
#include "crypto/crypto.hpp"
#include "store/database.hpp"
#include "support/raw_socket.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace crossdock::tests {
namespace {

using support::RawSocket;

std::string id_of(std::size_t n) {
    return "PXBACK" + std::to_string(10'000 + n);
}

std::string order_of(std::size_t n) {
    Json order = Json::parse(seed_order()).value();
    order.set("order_id", id_of(n));
    return order.dump();
}

std::string webhook_of(std::size_t n) {
    return R"({"event":"order.status_updated","n":)" + std::to_string(n) + "}";
}

std::string request(const std::string& target, const std::string& headers, const std::string& body) {
    return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string order_request(const app::DemoRig& rig, std::size_t n) {
    return request("/v1/orders", "Authorization: Bearer " + rig.api_key() + "\r\n", order_of(n));
}

std::string webhook_request(const app::DemoRig& rig, std::size_t n) {
    const auto signature = crypto::hmac_sha256_hex(rig.webhook_secret(), webhook_of(n));
    return request("/api/webhooks/phonex", "X-PhoneX-Signature: " + signature + "\r\n", webhook_of(n));
}

std::unique_ptr<store::Database> store_of(const app::DemoRig& rig, store::Database::Mode mode) {
    return store::Database::open(rig.data() / "store.sqlite3", mode).value();
}

std::set<std::string> ids(const app::DemoRig& rig, const std::string& sql) {
    std::set<std::string> found;
    for (auto& [id] : store_of(rig, store::Database::Mode::read_only)->all<std::string>(sql)) { found.insert(std::move(id)); }
    return found;
}

std::size_t lines_with(const std::string& text, const std::string& first, const std::string& second) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = text.substr(at, end - at);
        if (line.find(first) != std::string::npos && line.find(second) != std::string::npos) { ++count; }
        at = end + 1;
    }
    return count;
}

app::RigOptions options_of(const std::string& limits) {
    app::RigOptions options;
    options.effect_class = "lookup";
    options.visible_within = milliseconds{200};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_config = [limits](std::string text) { return text + "\n" + limits + "\n"; };
    return options;
}

/// "4x accepted after 1; 8x pending after 0": the orders' effects by state and attempts.
std::string effects_of(const app::DemoRig& rig) {
    std::string text;
    for (auto& [count, state, attempts] :
         store_of(rig, store::Database::Mode::read_only)
             ->all<std::int64_t, std::string, std::int64_t>(
                 "SELECT COUNT(*), state, attempts FROM effects WHERE operation = 'create_order' GROUP BY state, attempts "
                 "ORDER BY state, attempts")) {
        text += (text.empty() ? "" : "; ") + std::to_string(count) + "x " + state + " after " + std::to_string(attempts);
    }
    return text;
}

std::size_t posts_at_supplier(const app::DemoRig& rig) {
    const auto world = rig.sandbox("GET", "/_sandbox/orders");
    return world ? world->find("posts")->members().size() : 0;
}

void slow_down(const app::DemoRig& rig, int delay_ms, int times) {
    const auto armed = rig.sandbox("POST", "/_sandbox/faults",
                                   R"({"operation":"create_order","kind":"slow","accept":true,"delay_ms":)" +
                                       std::to_string(delay_ms) + R"(,"times":)" + std::to_string(times) + "}");
    REQUIRE(armed.has_value());
}

}  // namespace

TEST_CASE("while the disk stalls, what is too much is refused by the queue's name, and nothing is half-accepted", "[system]") {
    MainJob job(options_of("limits: { store_queue: 24 }"));
    auto& rig = job.rig();
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    constexpr std::size_t each = 120;
    std::vector<std::unique_ptr<RawSocket>> orders;
    std::vector<std::unique_ptr<RawSocket>> webhooks;
    auto stall = store_of(rig, store::Database::Mode::read_write);
    stall->begin();
    for (std::size_t n = 0; n < each; ++n) {
        webhooks.push_back(std::make_unique<RawSocket>(rig.api_port()));
        REQUIRE(webhooks.back()->send(webhook_request(rig, n)));
    }
    for (std::size_t n = 0; n < each; ++n) {
        orders.push_back(std::make_unique<RawSocket>(rig.api_port()));
        REQUIRE(orders.back()->send(order_request(rig, n)));
    }
    // The writer has taken a group and waits with it; behind it the queue is full.
    CHECK(eventually([&] {
        const auto ready = rig.api("GET", "/readyz");
        return ready && ready->status == 200 && ready->body.find(R"({"name":"store.writes",)") != std::string::npos &&
               lines_with(job.log("daemon"), "a queue is full", "queue=store.writes") > 0;
    }));
    stall->rollback();

    std::set<std::string> taken_orders;
    std::set<std::string> taken_webhooks;
    std::size_t refused = 0;
    std::size_t named = 0;
    const auto look = [&](RawSocket& socket, const char* good, std::set<std::string>& taken, const std::string& id) {
        const auto answer = socket.read_response();
        if (answer.starts_with(good)) {
            taken.insert(id);
            return;
        }
        INFO(answer);
        CHECK(answer.starts_with("HTTP/1.1 503 "));
        CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
        ++refused;
        named += answer.find("The queue store.writes is full (24)") != std::string::npos ? 1U : 0U;
    };
    for (std::size_t n = 0; n < each; ++n) {
        look(*webhooks[n], "HTTP/1.1 200 ", taken_webhooks, crypto::sha256_hex(webhook_of(n)));
        look(*orders[n], "HTTP/1.1 202 ", taken_orders, id_of(n));
    }
    CHECK(taken_webhooks.size() + taken_orders.size() + refused == 2 * each);
    CHECK(named > 0);
    CHECK(ids(rig, "SELECT id FROM orders") == taken_orders);
    CHECK(ids(rig, "SELECT digest FROM inbound_webhooks WHERE signature_ok = 1 AND body LIKE '%\"n\":%'") == taken_webhooks);
    // The log tells of episodes, not of each request.
    const auto told = lines_with(job.log("daemon"), "a queue is full", "queue=store.writes");
    CHECK(told >= 1);
    CHECK(told <= 5);
    CHECK(lines_with(job.log("daemon"), "a queue has room again", "queue=store.writes") == told);
    // Sent again, as Retry-After says, all of them are taken.
    for (std::size_t n = 0; n < each; n += 40) { job.place(order_of(n)); }
}

TEST_CASE("a daemon that is told to stop takes nothing in, ends the calls under way and burns no attempt", "[system]") {
    auto options = options_of("workers: { calls_max: 4 }");
    options.request_timeout = milliseconds{20'000};
    MainJob job(std::move(options));
    auto& rig = job.rig();
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    slow_down(rig, 3'000, 4);
    constexpr std::size_t orders = 12;
    for (std::size_t n = 0; n < orders; ++n) { job.place(order_of(n)); }
    REQUIRE(
        eventually([&] { return posts_at_supplier(rig) == 4 && effects_of(rig) == "8x pending after 0; 4x sending after 1"; }));
    rig.daemon().signal(SIGTERM);
    CHECK(eventually([&] {
        const auto answer = rig.api("POST", "/v1/orders", order_of(orders));
        return !answer || answer->status == 503;
    }));
    CHECK(describe_exit(rig.daemon().wait()) == "exit code 0");
    CHECK(posts_at_supplier(rig) == 4);
    CHECK(effects_of(rig) == "4x accepted after 1; 8x pending after 0");
    CHECK(ids(rig, "SELECT id FROM orders").size() == orders);

    job.start_daemon();
    (void)eventually([&] { return effects_of(rig) == "12x accepted after 1"; });
    CHECK(effects_of(rig) == "12x accepted after 1");
    for (const auto& [id, count] : job.orders_at_supplier()) {
        INFO(id);
        CHECK(count == 1);
    }
}

TEST_CASE("a call that outlasts the drain is given up, and its order is found at the next start", "[system]") {
    auto options = options_of("workers: { calls_max: 4 }\nlimits: { drain: 500ms }");
    options.request_timeout = milliseconds{20'000};
    MainJob job(std::move(options));
    auto& rig = job.rig();
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    slow_down(rig, 60'000, 4);
    constexpr std::size_t orders = 8;
    for (std::size_t n = 0; n < orders; ++n) { job.place(order_of(n)); }
    REQUIRE(eventually([&] { return posts_at_supplier(rig) == 4; }));
    CHECK(describe_exit(rig.stop_daemon()) == "exit code 0");
    // What was begun counts, what was not does not.
    CHECK(ids(rig, "SELECT id FROM effects WHERE operation = 'create_order' AND attempts = 1").size() == 4);
    CHECK(ids(rig, "SELECT id FROM effects WHERE operation = 'create_order' AND attempts = 0 AND state = 'pending'").size() == 4);

    job.start_daemon();
    (void)eventually([&] { return effects_of(rig) == "8x accepted after 1"; });
    CHECK(effects_of(rig) == "8x accepted after 1");
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == orders);
    for (const auto& [id, count] : placed) {
        INFO(id);
        CHECK(count == 1);
    }
}

TEST_CASE("a disk error at commit stops the daemon, and nothing was falsely answered", "[system]") {
    MainJob job(options_of(""));
    auto& rig = job.rig();
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.place(order_of(0));
    std::set<std::string> taken{id_of(0)};
    // From now on no file of the daemon's grows by more than a little: the disk is full, as it were.
    const auto wal = std::filesystem::file_size(rig.data() / "store.sqlite3-wal");
    const rlimit little{static_cast<rlim_t>(wal + (3U << 20U)), RLIM_INFINITY};
    REQUIRE(::prlimit(rig.daemon().pid(), RLIMIT_FSIZE, &little, nullptr) == 0);
    std::size_t sent = 1;
    for (; sent < 3'000 && !rig.daemon().ended(); ++sent) {
        const auto answer = rig.api("POST", "/v1/orders", order_of(sent));
        if (!answer) { break; }
        if (answer->status == 202) { taken.insert(id_of(sent)); }
    }
    REQUIRE(eventually([&] { return rig.daemon().ended().has_value(); }));
    CHECK(describe_exit(*rig.daemon().ended()) == "exit code 4");
    const auto log = job.log("daemon");
    INFO(log.substr(log.size() - std::min<std::size_t>(log.size(), 1'000)));
    CHECK(lines_with(log, "crossdock: the commit failed, what is on disk is unknown", "disk") == 1);
    CHECK(taken.size() > 1);

    job.start_daemon();
    const auto stored = ids(rig, "SELECT id FROM orders");
    for (const auto& id : taken) {
        INFO(id);
        CHECK(stored.contains(id));
    }
    CHECK(eventually(
        [&] { return ids(rig, "SELECT id FROM effects WHERE operation = 'create_order' AND state != 'accepted'").empty(); }));
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == stored.size());
    for (const auto& [id, count] : placed) {
        INFO(id);
        CHECK(count == 1);
    }
}

}  // namespace crossdock::tests
