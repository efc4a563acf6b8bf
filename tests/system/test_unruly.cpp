// A plugin that crashes, hangs, leaks or lies costs one attempt, never the daemon: every order still ends right.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

namespace crossdock::tests {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool under_asan = true;
#else
constexpr bool under_asan = false;
#endif

struct Fault {
    std::string wish;  ///< as the plugin knows it
    std::string says;  ///< in the daemon's log
};

/// What can be had, and what the person on call reads of it.
std::vector<Fault> faults() {
    std::vector<Fault> all{
        {"throws", "thrown as asked"},
        {"throws a number", "an exception that is none: 42"},
        {"aborts", "killed by signal 6"},
        {"spins", "took longer than"},
        {"sleeps for ever", "took longer than"},
        {"leaks", ""},
        {"writes to stdout", "{\"type\":\"answer\"}"},
        {"closes descriptors", "the worker ended"},
        {"forks", ""},
        {"answers twice", "the plugin answered twice"},
        {"answers megabytes", "the plugin's answer is no JSON"},
        {"answers invalid UTF-8", "the plugin's answer is no JSON"},
        {"answers no JSON", "the plugin's answer is no JSON"},
    };
    // AddressSanitizer turns these into reports and exits of its own, and has memory of its own to count.
    if (!under_asan) {
        all.push_back({"segfaults", "killed by signal 11"});
        all.push_back({"overflows its stack", "killed by signal 11"});
        all.push_back({"allocates 10 GB", "its memory has grown to"});
    }
    // LeakSanitizer looks around first, in a process that lets it see nothing, and leaves in its own way.
    all.push_back({"exits", under_asan ? "" : "exit code 7"});
    return all;
}

app::RigOptions unruly() {
    app::RigOptions options;
    options.effect_class = "lookup";
    options.not_after = milliseconds{1'500};
    options.request_timeout = milliseconds{1'000};
    options.visible_within = milliseconds{200};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_config = [](std::string text) { return text + "\nworkers: { memory_max: 268435456, deaths_max: 1000 }\n"; };
    options.edit_supplier = [](std::string text) {
        const std::string from = "\nplugin: phonex\n";
        return text.replace(text.find(from), from.size(), "\nplugin: " UNRULY "\n");
    };
    return options;
}

std::string order_with(const std::string& id, const std::string& note) {
    Json order = Json::parse(seed_order()).value();
    order.set("order_id", id);
    Json metadata = Json::object();
    order.set("metadata", metadata.set("note", note));
    return order.dump();
}

std::size_t times_in(const std::string& text, const std::string& part) {
    std::size_t times = 0;
    for (auto at = text.find(part); !part.empty() && at != std::string::npos; at = text.find(part, at + 1)) { ++times; }
    return times;
}

std::string id_of(std::size_t n) {
    return "PXUNRULY" + std::to_string(1'000 + n);
}

}  // namespace

TEST_CASE("whatever a plugin does, the daemon serves on and each order is placed once", "[system]") {
    MainJob job(unruly());
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    const auto daemon = job.rig().daemon().pid();
    const auto all = faults();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto before = times_in(job.log("daemon"), all[i].says);
        job.place(order_with(id_of(i), all[i].wish));
        // One after the other: a worker that dies takes what others are about to do with it.
        INFO(all[i].wish << "\n" << job.log("daemon"));
        CHECK((all[i].says.empty() || eventually([&] { return times_in(job.log("daemon"), all[i].says) > before; })));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        INFO(all[i].wish << "\n" << job.order(id_of(i)).pretty());
        CHECK(eventually([&] { return !job.supplier_order_id(id_of(i)).empty(); }, milliseconds{60'000}));
    }
    const auto log = job.log("daemon");
    INFO(log);
    CHECK_FALSE(job.rig().daemon().ended().has_value());
    CHECK(job.rig().daemon().pid() == daemon);
    CHECK(log.find("unruly 1.0.0") != std::string::npos);
    CHECK(log.find("create_order") != std::string::npos);
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == all.size());
    for (const auto& [id, times] : placed) {
        INFO(id);
        CHECK(times == 1);
    }
}

TEST_CASE("a worker that keeps dying is quarantined, told of, and comes back by a command while its orders wait", "[system]") {
    auto options = unruly();
    options.edit_config = [](std::string text) { return text + "\nworkers: { deaths_max: 3, deaths_within: 10m }\n"; };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    for (std::size_t i = 0; i < 3; ++i) {
        job.place(order_with(id_of(i), "exits"));
        // Each has a worker of its own to end.
        REQUIRE(eventually([&] { return times_in(job.log("daemon"), "warning worker ended") > i; }));
    }
    const auto degraded = [&] {
        const auto answer = job.rig().api("GET", "/readyz");
        return answer && answer->status == 200 &&
               answer->body.find(R"({"name":"phonex","state":"quarantined"})") != std::string::npos;
    };
    REQUIRE(eventually(degraded));
    job.wait_for_mails("phonex is quarantined", 1);
    // One more is taken, and waits like the others, without an attempt.
    job.place(order_with(id_of(3), "nothing"));
    const auto served = job.rig().crossdock({"supplier", "enable", "email"});
    CHECK(served.exit_code == 0);
    CHECK(served.out == "email is served: it was not disabled, and not paused\n");
    const auto unknown = job.rig().crossdock({"supplier", "enable", "nobody"});
    CHECK(unknown.err.find("there is no such account or channel; there are email, phonex") != std::string::npos);
    CHECK(job.supplier_order_id(id_of(3)).empty());

    const auto enabled = job.rig().crossdock({"supplier", "enable", "phonex"});
    INFO(enabled.err << job.log("daemon"));
    CHECK(enabled.exit_code == 0);
    CHECK(enabled.out == "phonex is served again, by unruly 1.0.0\n");
    for (std::size_t i = 0; i < 4; ++i) {
        INFO(job.order(id_of(i)).pretty());
        CHECK(eventually([&] { return !job.supplier_order_id(id_of(i)).empty(); }));
    }
    CHECK_FALSE(degraded());
    job.wait_for_mails("phonex is served again", 1);
    CHECK(job.log("daemon").find("worker quarantined: it keeps dying") != std::string::npos);
}

TEST_CASE("a plugin that dies at its start keeps nobody else from being served", "[system]") {
    auto options = unruly();
    options.edit_config = [](std::string text) { return text + "\nworkers: { deaths_max: 2 }\n"; };
    options.edit_supplier = [edit = options.edit_supplier](std::string text) {
        return edit(std::move(text)) + "\nsettings: { start: dies }\n";
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    CHECK(job.log("daemon").find("killed by signal 6") != std::string::npos);
    job.wait_for_mails("phonex is quarantined", 1);
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.place(order_with(id_of(0), "nothing"));
    const auto too_early = job.rig().crossdock({"supplier", "enable", "phonex"});
    CHECK(too_early.exit_code != 0);
    CHECK(too_early.err.find("killed by signal 6") != std::string::npos);
    const auto folder = job.rig().data() / "plugin-files" / "phonex";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "healed") << "yes";
    const auto enabled = job.rig().crossdock({"supplier", "enable", "phonex"});
    INFO(enabled.err << job.log("daemon"));
    CHECK(enabled.exit_code == 0);
    CHECK(eventually([&] { return !job.supplier_order_id(id_of(0)).empty(); }));
}

}  // namespace crossdock::tests
