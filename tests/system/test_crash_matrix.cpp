// Dies at each journal point during the main job, starts again, and counts: one order at the supplier, one mail per fact.
#include "base/journal_point.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";
constexpr const char* client = "orders@worldtech.example";

/// When in the job a point is armed.
enum class Phase {
    first_start,  ///< an empty store, the first inventory sync, a customer added
    order,        ///< inventory is in; the order goes out
};

struct Case {
    std::string point;
    int passage = 1;
    std::string effect_class = "idempotent";
    Phase phase = Phase::order;
};

/// Points that the order itself does not pass.
Phase phase_of(const std::string& point) {
    static const std::set<std::string> first{"migrate",       "config.sync", "customer.add",
                                             "schedule.fire", "feed.batch",  "feed.apply"};
    const auto prefix = point.substr(0, point.rfind('.'));
    return first.contains(prefix) ? Phase::first_start : Phase::order;
}

bool of_worker(const std::string& point) {
    for (const auto& known : journal_points()) {
        if (known.name == point) { return known.process == "worker"; }
    }
    return false;
}

/// The main job's order comes by HTTP and has no shadow; test_intake.cpp and test_shadow.cpp die at these.
bool elsewhere(const std::string& point) {
    return point.starts_with("intake.") || point.starts_with("outbox.") || point.starts_with("inbox.") ||
           point.starts_with("shadow.");
}

/// Message-ID -> how often the ledger says that it may have left once more.
std::map<std::string, std::int64_t> counted_repeats(MainJob& job) {
    std::map<std::string, std::int64_t> counted;
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    for (auto& [id, repeats] : (*store)->all<std::string, std::int64_t>("SELECT message_id, repeats FROM notifications")) {
        counted[id] = repeats;
    }
    return counted;
}

void check_world(MainJob& job) {
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    INFO("the supplier's world: " << world->pretty() << "\nthe story: " << job.order(order_id).pretty() << "\nthe daemon's log:\n"
                                  << job.log("daemon"));
    const auto& orders = world->find("orders")->items();
    REQUIRE(orders.size() == 1);
    CHECK(orders.front().text("supplier_order_id") == "ORD845140");

    const Json story = job.order(order_id);
    CHECK(story.text("status") == "shipped");
    CHECK_FALSE(story.maybe_text("needs_attention"));
    // Behind one that was sent again stands the one that was not.
    CHECK(story.find("supplier_orders")->items().back().text("supplier_order_id") == "ORD845140");
    CHECK(story.find("supplier_orders")->items().back().text("tracking_number") == "1Z999AA10123456784");

    std::map<std::string, int> copies;
    std::map<std::string, std::set<std::string>> told;
    for (const auto& mail : job.mails()) {
        ++copies[mail.message_id];
        told[mail.to + " " + mail.subject].insert(mail.message_id);
    }
    // Only a crash between SMTP's final dot and our commit may repeat a mail, with the same Message-ID; the ledger counts those.
    const auto counted = counted_repeats(job);
    for (const auto& [id, count] : copies) {
        INFO("mail " << id);
        const auto known = counted.find(id);
        REQUIRE(known != counted.end());
        CHECK(count <= 1 + known->second);
    }
    for (const auto& [fact, ids] : told) {
        INFO(fact);
        CHECK(ids.size() == 1);
    }
    int to_the_client = 0;
    for (const auto& [fact, ids] : told) { to_the_client += fact.starts_with(client) ? 1 : 0; }
    CHECK(to_the_client == 2);
}

/// Kills workers until they are given up, or the daemon dies over it; then all are served again.
void quarantine_all(MainJob& job) {
    const auto quarantined = [&] {
        const auto answer = job.rig().api("GET", "/readyz");
        return answer && answer->body.find("\"email\"") != std::string::npos &&
               answer->body.find("\"phonex\"") != std::string::npos;
    };
    REQUIRE(eventually([&] {
        for (const auto worker : children_of(job.rig().daemon().pid())) { ::kill(worker, SIGKILL); }
        return job.rig().daemon().ended().has_value() || quarantined();
    }));
    for (const char* const name : {"phonex", "email"}) {
        // A start forgets a quarantine: then there is nothing to end.
        REQUIRE(eventually([&] {
            if (job.revive()) { return true; }
            const auto enabled = job.rig().crossdock({"supplier", "enable", name});
            return enabled.exit_code == 0 || enabled.err.find("it is not quarantined") != std::string::npos;
        }));
    }
}

/// Where nobody can say whether the order arrived, it is parked and a person is told; here that person sees that it did not.
/// Where it did, the supplier's webhook says so.
void resend_if_parked(MainJob& job) {
    const auto parked = [&] {
        const auto entry = job.order(order_id).maybe_text("needs_attention");
        return entry && entry->find("neither deduplicate nor be asked") != std::string::npos;
    };
    REQUIRE(eventually([&] {
        job.revive();
        return job.order(order_id).text("status") == "shipped" || (parked() && job.orders_at_supplier().empty());
    }));
    if (!parked()) { return; }
    job.wait_for_mails("attention", 1);
    REQUIRE(eventually([&] {
        job.revive();
        const auto listed = Json::parse(job.rig().crossdock({"attention", "list", "--json"}).out);
        if (!listed || listed->find("attention")->items().empty()) { return true; }
        const auto number = std::to_string(listed->find("attention")->items().front().integer("number"));
        return job.rig().crossdock({"attention", "resolve", number, "--resend"}).exit_code == 0;
    }));
}

/// `not_passed` collects the passages that the job does not have.
void run(const Case& one, std::vector<std::string>& not_passed) {
    INFO("dies at " << one.point << ":" << one.passage << ", create_order is " << one.effect_class);
    app::RigOptions options;
    options.effect_class = one.effect_class;
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.visible_within = milliseconds{500};
    options.accept_after = milliseconds{150};
    options.ship_after = milliseconds{300};
    options.inventory_every = milliseconds{3'600'000};
    MainJob job(std::move(options));
    job.start_world();
    const std::string spec = one.point + ":" + std::to_string(one.passage);
    const bool recovery = one.point.starts_with("effect.recover");

    job.start_daemon(one.phase == Phase::first_start ? spec : "");
    job.wait_for_stock();
    job.wait_for_mails("Low stock", 2);  // so many items of the sandbox are low
    job.add_customer("worldtech-1734", client);
    if (one.phase == Phase::order) {
        job.rig().stop_daemon();
        job.start_daemon(recovery ? "call.effect.after" : spec);
        job.forge_webhook();
        // Goes through the daemon; a death on the way leaves the answer unknown, and a second key does no harm.
        REQUIRE(eventually([&] {
            job.revive();
            return job.rig().crossdock({"key", "create", "another"}).exit_code == 0;
        }));
        // What a person decides; there is nothing to be decided, which is answered.
        REQUIRE(eventually([&] {
            job.revive();
            const auto said = job.rig().crossdock({"attention", "resolve", "4711", "--done"});
            return said.err.find("there is no #4711") != std::string::npos;
        }));
    }
    if (one.point.starts_with("supplier.state")) { quarantine_all(job); }
    if (recovery) {
        // The daemon may die before it has answered; the order is placed again below.
        (void)job.rig().api("POST", "/v1/orders", seed_order());
        REQUIRE(eventually([&] { return job.rig().daemon().ended().has_value(); }));
        job.start_daemon(spec);
    }
    job.place(seed_order());
    if (one.effect_class == "unsafe") { resend_if_parked(job); }
    job.wait_for_status(order_id, "shipped");
    // Each by its own subject: a repeat of the first must not be taken for the second.
    job.wait_for_mails("is confirmed", 1);
    job.wait_for_mails("has shipped", 1);
    // The last point of the job may be passed a moment after the mails are seen; a point's later passages may not come at all.
    const auto died = [&] {
        if (of_worker(one.point)) { return job.log("daemon").find("killed by signal 9") != std::string::npos; }
        job.revive();
        return job.deaths() > 0;
    };
    const bool seen = eventually(died, milliseconds{one.passage == 1 ? 10'000 : 1'000});
    INFO("the daemon's log:\n" << job.log("daemon"));
    CHECK((seen || one.passage > 1));
    if (!seen) { return not_passed.push_back(spec); }
    check_world(job);
}

bool full_matrix() {
    const char* wanted = std::getenv("CROSSDOCK_CHAOS");
    return wanted != nullptr && std::string(wanted) == "full";
}

/// The share of the cases that one test runs, so that several run side by side.
void run_share(std::size_t share, std::size_t shares) {
    static const std::vector<std::string> classes{"idempotent", "lookup", "unsafe"};
    std::vector<Case> cases;
    std::size_t rotation = 0;
    for (const auto& point : journal_points()) {
        if (elsewhere(point.name)) { continue; }
        if (!full_matrix()) {
            cases.push_back({point.name, 1, classes[rotation++ % classes.size()], phase_of(point.name)});
            continue;
        }
        for (const auto& effect_class : classes) {
            for (int passage = 1; passage <= 3; ++passage) {
                if (passage > 1 && phase_of(point.name) == Phase::first_start) { continue; }
                cases.push_back({point.name, passage, effect_class, phase_of(point.name)});
            }
        }
    }
    static std::vector<std::string> not_passed;
    for (std::size_t i = share; i < cases.size(); i += shares) {
        DYNAMIC_SECTION(cases[i].point << ":" << cases[i].passage << " " << cases[i].effect_class) {
            run(cases[i], not_passed);
        }
    }
    // Most passages must have been there, or the matrix shows nothing.
    CHECK(not_passed.size() * 2 < cases.size());
}

}  // namespace

TEST_CASE("an order survives a death at each journal point, placed once and told once (1 of 4)", "[crash]") {
    run_share(0, 4);
}
TEST_CASE("an order survives a death at each journal point, placed once and told once (2 of 4)", "[crash]") {
    run_share(1, 4);
}
TEST_CASE("an order survives a death at each journal point, placed once and told once (3 of 4)", "[crash]") {
    run_share(2, 4);
}
TEST_CASE("an order survives a death at each journal point, placed once and told once (4 of 4)", "[crash]") {
    run_share(3, 4);
}

}  // namespace crossdock::tests
