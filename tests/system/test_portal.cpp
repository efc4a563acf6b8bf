// Orders by file: the main job over a supplier's portal, which may be slow, repeat itself, cut its files or write them while they
// are read; and a death at each journal point on the way.
#include "base/journal_point.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";
constexpr const char* client = "orders@worldtech.example";

app::RigOptions by_file(const std::string& effect_class) {
    app::RigOptions options;
    options.portal = true;
    options.effect_class = effect_class;
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.visible_within = milliseconds{1'500};
    options.accept_after = milliseconds{150};
    options.ship_after = milliseconds{300};
    options.inventory_every = milliseconds{3'600'000};
    return options;
}

std::size_t files_in(const std::filesystem::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) { count += entry.is_regular_file() ? 1 : 0; }
    return count;
}

/// One order at the supplier, one file of it, one mail for each fact.
void check_world(MainJob& job) {
    INFO("the story: " << job.order(order_id).pretty() << "\nthe daemon's log:\n" << job.log("daemon"));
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    REQUIRE(world->find("orders")->items().size() == 1);
    CHECK(files_in(job.rig().portal() / "taken") == 1);
    CHECK(files_in(job.rig().portal() / "orders") == 0);

    const Json story = job.order(order_id);
    CHECK_FALSE(story.maybe_text("needs_attention"));
    const auto& placed = story.find("supplier_orders")->items().back();
    CHECK(placed.text("supplier_order_id") == "ORD845140");
    const auto& shipment = placed.find("shipments")->items().at(0);
    CHECK(shipment.text("tracking_number") == "1Z999AA10123456784");
    CHECK(shipment.text("carrier") == "UPS");
    CHECK(shipment.text("tracking_url") == "https://www.ups.com/track?tracknum=1Z999AA10123456784");

    std::map<std::string, std::set<std::string>> told;
    for (const auto& mail : job.mails()) {
        if (mail.to == client) { told[mail.subject].insert(mail.message_id); }
    }
    CHECK(told.size() == 2);
    for (const auto& [subject, ids] : told) {
        INFO(subject);
        CHECK(ids.size() == 1);
    }
}

/// Deaths that an order by file does not pass: it has no webhooks and sends no request, and these come before it or need more.
bool passed_by_file(const std::string& point) {
    const auto prefix = point.substr(0, point.rfind('.'));
    static const std::set<std::string> others{
        "migrate",        "config.sync", "customer.add",  "key.change",     "webhook.receive", "webhook.refuse", "schedule.fire",
        "feed.batch",     "feed.apply",  "person.decide", "supplier.state", "http.send",       "effect.recover", "smtp.send",
        "smtp.final_dot", "intake.file", "outbox.mark",   "inbox.tell",     "inbox.position",  "intake.refuse",  "shadow.record"};
    return !others.contains(prefix);
}

void run_to_the_end(MainJob& job) {
    job.place(seed_order());
    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails("is confirmed", 1);
    job.wait_for_mails("has shipped", 1);
}

}  // namespace

TEST_CASE("an order by file is placed, confirmed, shipped and told, and the stock is read", "[system][portal]") {
    MainJob job(by_file(GENERATE(as<std::string>(), "idempotent", "lookup")));
    job.start_world();
    job.start_daemon();
    job.wait_for_stock();
    job.wait_for_mails("Low stock", 2);
    job.add_customer("worldtech-1734", client);
    run_to_the_end(job);
    check_world(job);
    const auto mails = job.mails();
    const auto shipped = std::find_if(mails.begin(), mails.end(),
                                      [](const auto& mail) { return mail.subject.find("has shipped") != std::string::npos; });
    REQUIRE(shipped != mails.end());
    CHECK(shipped->text.find("Follow it: https://www.ups.com/track?tracknum=1Z999AA10123456784") != std::string::npos);
    const auto shown = job.rig().crossdock({"order", "show", order_id});
    CHECK(shown.out.find("UPS  https://www.ups.com/track") != std::string::npos);
}

TEST_CASE("a portal that misbehaves costs time, and no order twice", "[system][portal]") {
    const std::string mood = GENERATE(as<std::string>(), R"({"slow_ms":4000})", R"({"duplicate":true})", R"({"cut":true})",
                                      R"({"in_pieces":true})", R"({"rewrite":true})");
    INFO(mood);
    auto options = by_file("lookup");
    options.visible_within = milliseconds{8'000};
    MainJob job(std::move(options));
    job.start_world();
    REQUIRE(job.rig().sandbox("POST", "/_sandbox/portal", mood).has_value());
    job.start_daemon();
    job.add_customer("worldtech-1734", client);
    job.place(seed_order());
    if (mood.find("cut") != std::string::npos) {
        // The confirmation's only row is cut: nothing is concluded from it, above all not that there is no order.
        REQUIRE(eventually([&] { return job.order(order_id).dump().find("the last row has no line end") != std::string::npos; }));
        CHECK(job.supplier_order_id(order_id).empty());
        REQUIRE(job.rig().sandbox("POST", "/_sandbox/portal", "{}").has_value());
    }
    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails("is confirmed", 1);
    job.wait_for_mails("has shipped", 1);
    check_world(job);
}

TEST_CASE("an order that the portal refuses is rejected, without an id", "[system][portal]") {
    auto options = by_file("lookup");
    options.accept_after = milliseconds{3'600'000};
    options.ship_after = milliseconds{3'600'000};
    options.visible_within = milliseconds{60'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", client);
    job.place(seed_order());
    REQUIRE(eventually([&] { return job.orders_at_supplier()[order_id] == 1; }));
    REQUIRE(job.rig().sandbox("POST", "/_sandbox/orders/ORD845140", R"({"status":"rejected"})").has_value());
    job.wait_for_status(order_id, "rejected");
    CHECK(files_in(job.rig().portal() / "taken") == 1);
}

TEST_CASE("an order of an account that claims nothing waits for a person, its file written once", "[system][portal]") {
    MainJob job(by_file("unsafe"));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", client);
    job.place(seed_order());
    REQUIRE(eventually([&] { return job.order(order_id).maybe_text("needs_attention").has_value(); }));
    REQUIRE(eventually([&] { return files_in(job.rig().portal() / "taken") == 1; }));
    CHECK(job.orders_at_supplier()[order_id] == 1);
}

TEST_CASE("what an account's file does not open is closed to the worker that runs its portal", "[system][portal]") {
    auto options = by_file("lookup");
    options.edit_supplier = [](std::string text) {
        const std::string opened = "inbox: { folder: ";
        const auto at = text.find(opened);
        REQUIRE(at != std::string::npos);
        const auto end = text.find(", access: read }", at);
        return text.replace(at, end + 16 - at, "inbox: " + text.substr(at + opened.size(), end - at - opened.size()));
    };
    MainJob job(std::move(options));
    const auto linted = job.rig().crossdock({"lint"});
    CHECK(linted.exit_code == 3);
    CHECK((linted.out + linted.err).find("it is written inbox: {folder: PATH}") != std::string::npos);
}

TEST_CASE("an account is shown and tested without an order", "[system][portal]") {
    MainJob job(by_file("idempotent"));
    job.start_world();
    const auto shown = job.rig().crossdock({"supplier", "show", "phonex"});
    INFO(shown.out << shown.err);
    CHECK(shown.exit_code == 0);
    for (const char* const part : {"(direct)", "orders (write)", "files (read)", "plugin  wesellcellular 1.1.0", "process",
                                   "create_order  idempotent: the account's file claims idempotent, key_valid_for",
                                   "cancel_order  unsafe: the account's `settings` have no `cancel_order`",
                                   "status  confirmed -> confirmed", "no webhooks"}) {
        INFO(part);
        CHECK(shown.out.find(part) != std::string::npos);
    }
    REQUIRE(eventually([&] { return files_in(job.rig().portal() / "files") == 3; }));
    Json tested;
    REQUIRE(eventually([&] {
        const auto output = job.rig().crossdock({"supplier", "test", "phonex", "--json"});
        if (auto parsed = Json::parse(output.out)) { tested = std::move(*parsed); }
        return output.exit_code == 0;
    }));
    CHECK(tested.text("result") == "ok");
    CHECK(job.orders_at_supplier().empty());
    CHECK(files_in(job.rig().portal() / "orders") + files_in(job.rig().portal() / "taken") == 0);
    CHECK(job.rig().crossdock({"supplier", "test", "nobody"}).exit_code == 1);
    std::filesystem::remove_all(job.rig().portal() / "files");
    CHECK(job.rig().crossdock({"supplier", "test", "phonex"}).exit_code == 3);
}

TEST_CASE("a refused key and a supplier that is away are told apart by a test", "[system][portal]") {
    MainJob job(app::RigOptions{});
    job.start_world();
    const auto result = [&] {
        const auto output = job.rig().crossdock({"supplier", "test", "phonex", "--json"});
        const auto parsed = Json::parse(output.out);
        INFO(output.out << output.err);
        REQUIRE(parsed.has_value());
        CHECK(output.exit_code == (parsed->text("result") == "ok" ? 0 : 1));
        return parsed->text("result");
    };
    CHECK(result() == "ok");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"find_order","kind":"status","status":401,"times":1})")
                .has_value());
    CHECK(result() == "refused");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"find_order","kind":"status","status":404,"times":1})")
                .has_value());
    CHECK(result() == "ok");
    job.rig().supplier().signal(SIGKILL);
    REQUIRE(eventually([&] { return job.rig().supplier().ended().has_value(); }));
    CHECK(result() == "unreachable");
    CHECK(job.rig().crossdock({"supplier", "show", "phonex"}).out.find("webhook phonex") != std::string::npos);
}

TEST_CASE("an order by file survives a death at each journal point, one file and one mail each", "[crash][portal]") {
    std::vector<std::string> points;
    for (const auto& point : journal_points()) {
        if (passed_by_file(point.name)) { points.push_back(point.name); }
    }
    REQUIRE(points.size() >= 14);
    std::size_t rotation = 0;
    for (const auto& point : points) {
        const std::string effect_class = rotation++ % 2 == 0 ? "lookup" : "idempotent";
        DYNAMIC_SECTION(point << " " << effect_class) {
            MainJob job(by_file(effect_class));
            job.start_world();
            job.start_daemon();
            job.wait_for_stock();
            job.add_customer("worldtech-1734", client);
            job.rig().stop_daemon();
            job.start_daemon(point);
            run_to_the_end(job);
            const auto died = [&] {
                job.revive();
                return job.deaths() > 0 || job.log("daemon").find("killed by signal 9") != std::string::npos;
            };
            CHECK(eventually(died, milliseconds{10'000}));
            check_world(job);
        }
    }
}

}  // namespace crossdock::tests
