// The main job over the real binaries: what is told, seen and kept, with the demo's ids and with others.
#include "base/system_clock.hpp"
#include "crypto/crypto.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";

// Instrumented programs are many times slower; there only the order of things is checked.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t seen_within_ms = 20'000;
#else
constexpr std::int64_t seen_within_ms = 1'000;
#endif

app::RigOptions quick() {
    app::RigOptions options;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    return options;
}

std::vector<sandbox::StoredMail> with_subject(MainJob& job, const std::string& part) {
    auto mails = job.mails();
    std::erase_if(mails, [&](const auto& mail) { return mail.subject.find(part) == std::string::npos; });
    return mails;
}

}  // namespace

TEST_CASE("the seed's order goes out once, comes back shipped, and the client is told twice", "[system]") {
    MainJob job(quick());
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");

    const auto first = job.rig().api("POST", "/v1/orders", seed_order());
    const auto second = job.rig().api("POST", "/v1/orders", seed_order());
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->status == 202);
    CHECK(first->header("Location") == "/v1/orders/PXSTKL0000347");
    CHECK_FALSE(first->header("Idempotency-Replayed"));
    CHECK(second->body == first->body);
    CHECK(second->header("Idempotency-Replayed") == "true");

    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails(order_id, 2);
    const auto output = job.rig().crossdock({"order", "show", order_id});
    CHECK(output.exit_code == 0);
    for (const char* part :
         {"ORD845140", "1Z999AA10123456784", "\"Order PXSTKL0000347 is confirmed\"", "shipped=10", "accepted"}) {
        INFO(part << " in\n" << output.out);
        CHECK(output.out.find(part) != std::string::npos);
    }
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("orders")->items().size() == 1);
    CHECK(world->find("posts")->integer(order_id) == 1);

    const auto shipped = with_subject(job, "has shipped");
    REQUIRE(shipped.size() == 1);
    CHECK(shipped.front().to == "orders@worldtech.example");
    CHECK(shipped.front().text.find("1Z999AA10123456784") != std::string::npos);
    CHECK(shipped.front().html.find("1Z999AA10123456784") != std::string::npos);
    CHECK(shipped.front().message_id.ends_with("@phoneexport.example>"));
    const int status = job.rig().stop_daemon();
    CHECK(describe_exit(status) == "exit code 0");
}

TEST_CASE("other ids, SKUs and quantities come through as they are", "[system]") {
    auto options = quick();
    options.supplier_order_ids = {"WSC-77"};
    options.tracking_numbers = {"794644790132"};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    // No known customer: the order brings its own address.
    job.place(
        R"({"supplier":"phonex","order_id":"Ä/1 #7","customer_id":"nobody-1","contact":{"email":"buyer@elsewhere.example","name":"Zoë"},"shipping_address":{"name":"Zoë","line1":"1 Rue","city":"Lyon","country":"FR"},
                  "items":[{"sku":"GALAXY-S21-128-B","quantity":3,"unit_price":0.1},{"sku":"PIXEL7","quantity":1,"unit_price":499}]})");
    const std::string path = "%C3%84%2F1%20%237";
    job.wait_for_status(path, "shipped");
    job.wait_for_mails("Ä/1 #7", 2);
    const Json story = job.order(path);
    CHECK(story.text("total") == "499.30 USD");
    const auto& supplier_order = story.find("supplier_orders")->items().front();
    CHECK(supplier_order.text("supplier_order_id") == "WSC-77");
    CHECK(supplier_order.text("tracking_number") == "794644790132");
    for (const auto& line : story.find("lines")->items()) { CHECK(line.integer("shipped") == line.integer("ordered")); }
    for (const auto& mail : with_subject(job, "Ä/1 #7")) { CHECK(mail.to == "buyer@elsewhere.example"); }
}

TEST_CASE("a client of the event stream sees each fact within a second of its commit", "[system]") {
    MainJob job(quick());
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.place(seed_order());
    http::LoopbackCall call;
    call.port = job.rig().api_port();
    call.target = "/v1/events?after=e0";
    call.headers = {{"Authorization", "Bearer " + job.rig().api_key()}};
    call.timeout = milliseconds{30'000};
    std::vector<std::string> types;
    std::int64_t slowest = 0;
    const auto status = http::stream_lines(call, [&](std::string_view line) {
        if (!line.starts_with("data: ")) { return true; }
        const auto event = Json::parse(line.substr(6));
        REQUIRE(event.has_value());
        if (event->text("order_id") != order_id) { return true; }
        types.push_back(event->text("type"));
        const auto at = parse_rfc3339(event->text("time"));
        REQUIRE(at.has_value());
        // The first ones were committed before we asked.
        if (types.back() == "order.shipped") { slowest = std::max(slowest, system_utc_ms() - *at); }
        return types.back() != "order.shipped";
    });
    REQUIRE(status.has_value());
    CHECK(types == std::vector<std::string>{"order.placed", "order.accepted", "order.status_changed", "order.shipped"});
    CHECK(slowest <= seen_within_ms);
}

TEST_CASE("inventory is synced on its schedule, and changes are reported", "[system]") {
    auto options = quick();
    options.inventory_every = milliseconds{1'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.wait_for_stock();
    REQUIRE(
        job.rig().sandbox("POST", "/_sandbox/inventory", R"({"sku":"IPHONE12-64GB-A","quantity":3,"price":229.50})").has_value());
    job.wait_for_mails("IPHONE12-64GB-A", 1);
    const auto inventory = job.rig().crossdock({"inventory", "--json"});
    CHECK(inventory.exit_code == 0);
    const auto items = Json::parse(inventory.out, JsonLimits{.bytes_max = 16 << 20});
    REQUIRE(items.has_value());
    const auto& list = items->find("items")->items();
    const auto at =
        std::find_if(list.begin(), list.end(), [](const Json& item) { return item.text("sku") == "IPHONE12-64GB-A"; });
    REQUIRE(at != list.end());
    CHECK(at->integer("quantity") == 3);
    CHECK(at->text("price") == "229.50");
    const auto mails = with_subject(job, "IPHONE12-64GB-A");
    CHECK(mails.front().to == "alerts@phoneexport.example");
}

TEST_CASE("a supplier that cuts a reused connection after accepting gets one order", "[system]") {
    auto options = quick();
    options.effect_class = GENERATE(std::string("idempotent"), std::string("lookup"));
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.visible_within = milliseconds{200};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.wait_for_stock();  // the worker has used its connection
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"cut_reused_after_accept","times":1})")
                .has_value());
    job.place(seed_order());
    job.wait_for_status(order_id, "shipped");
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("orders")->items().size() == 1);
}

TEST_CASE("webhooks that arrive before the commit of our own answer lose nothing", "[system]") {
    auto options = quick();
    options.effect_class = GENERATE(std::string("idempotent"), std::string("lookup"));
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    REQUIRE(job.rig().sandbox("POST", "/_sandbox/webhook_first", R"({"on":true})").has_value());
    job.place(seed_order());
    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails(order_id, 2);
    const Json story = job.order(order_id);
    CHECK_FALSE(story.maybe_text("needs_attention"));
    CHECK(story.find("supplier_orders")->items().front().text("supplier_order_id") == "ORD845140");
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("orders")->items().size() == 1);
    CHECK(with_subject(job, order_id).size() == 2);
}

TEST_CASE("an unsafe account whose answer is lost parks the order and tells a person", "[system]") {
    auto options = quick();
    options.effect_class = "unsafe";
    options.request_timeout = milliseconds{1'000};
    // Webhooks would settle it: this supplier sends none by itself.
    options.accept_after = milliseconds{3'600'000};
    options.ship_after = milliseconds{3'600'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"cut_after_accept","times":1})")
                .has_value());
    job.place(seed_order());
    job.wait_for_mails("attention", 1);
    const Json story = job.order(order_id);
    CHECK(story.maybe_text("needs_attention"));
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("posts")->integer(order_id) == 1);
}

TEST_CASE("no secret is in any log, table, mail, answer or listing of the main job", "[system]") {
    auto options = quick();
    options.phonex_key = "canary-phonex-key-5a1f0c";
    options.webhook_secret = "canary-webhook-secret-77be";
    options.edit_config = [](std::string text) {
        const std::string from = "test: {";
        return text.replace(text.find(from), from.size(), "log: { level: debug }\ntest: {");
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.forge_webhook();
    job.place(seed_order());
    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails(order_id, 2);
    REQUIRE(job.rig().crossdock({"secret", "set", "spare"}, "canary-stored-secret-90d2\n").exit_code == 0);
    std::ifstream key_file(job.rig().data() / "master.key");
    std::string master_key;
    key_file >> master_key;
    REQUIRE(master_key.size() == 64);
    const auto clean = [&](const std::string& what, const std::string& content) {
        for (const std::string& canary : {std::string("canary-phonex-key-5a1f0c"), std::string("canary-webhook-secret-77be"),
                                          std::string("canary-stored-secret-90d2"), job.rig().api_key(), master_key}) {
            INFO(what << " holds " << canary.substr(0, 8) << "...");
            CHECK(content.find(canary) == std::string::npos);
        }
    };
    for (const char* const target : {"/v1/orders", "/v1/orders/PXSTKL0000347", "/v1/suppliers", "/v1/inventory",
                                     "/v1/notifications", "/metrics", "/readyz"}) {
        const auto answer = job.rig().api("GET", target);
        INFO(target);
        REQUIRE(answer.has_value());
        CHECK(answer->status == 200);
        clean(target, answer->body);
    }
    const std::vector<std::vector<std::string>> listings{{"status"},
                                                         {"explain", order_id},
                                                         {"order", "show", order_id},
                                                         {"supplier", "show", "phonex"},
                                                         {"webhook", "list"},
                                                         {"webhook", "secrets"},
                                                         {"secret", "list"},
                                                         {"key", "list"},
                                                         {"dead-letter", "list"},
                                                         {"attention", "list"},
                                                         {"audit"},
                                                         {"doctor"}};
    for (auto listing : listings) {
        listing.emplace_back("--json");
        const auto said = job.rig().crossdock(listing);
        INFO(listing.front() << ": " << said.err);
        CHECK((said.exit_code == 0 || listing.front() == "doctor"));
        clean(listing.front(), said.out + said.err);
    }
    job.rig().stop_daemon();
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(job.rig().folder())) {
        if (!entry.is_regular_file()) { continue; }
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        ++files;
        if (entry.path().filename() != "master.key") { clean(entry.path().string(), content); }
    }
    CHECK(files > 5);
}

}  // namespace crossdock::tests
