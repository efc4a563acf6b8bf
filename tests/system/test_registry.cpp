// The suppliers' accounts as people see and switch them: disabled while orders are under way, and the table that follows the
// config.
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

using Catch::Matchers::Contains;

constexpr int orders = 12;

std::string id_of(int n) {
    return "PXREG" + std::to_string(n);
}

void place(MainJob& job, int from, int to) {
    for (int n = from; n <= to; ++n) { job.place(small_order(id_of(n))); }
}

Json shown_json(MainJob& job, const std::vector<std::string>& arguments) {
    const auto shown = job.rig().crossdock(arguments);
    INFO(shown.out << shown.err);
    CHECK(shown.exit_code == 0);
    const auto parsed = Json::parse(shown.out);
    REQUIRE(parsed.has_value());
    return *parsed;
}

bool ready_says(MainJob& job, const std::string& part) {
    const auto answer = job.rig().api("GET", "/readyz");
    return answer && answer->status == 200 && answer->body.find(part) != std::string::npos;
}

std::filesystem::path account_file(MainJob& job) {
    return job.rig().config().parent_path() / "suppliers" / "phonex.yaml";
}

void edit(const std::filesystem::path& file, const std::string& from, const std::string& to) {
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("an account is disabled while orders are in flight and come in: nothing goes there, and enabled each is placed once",
          "[system]") {
    MainJob job({});
    job.start_world();
    job.start_daemon();
    // Those under way when it is disabled are answered late.
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults",
                         R"({"operation":"create_order","kind":"slow","delay_ms":1500,"times":3,"accept":true})")
                .has_value());
    place(job, 1, 3);
    REQUIRE(eventually([&] { return job.posts() >= 1; }));
    const auto disabled = shown_json(job, {"supplier", "disable", "phonex", "--reason", "stock take", "--json"});
    CHECK(disabled.boolean("changed"));
    CHECK(disabled.integer("under_way") >= 1);
    place(job, 4, 8);
    // What had begun comes to its end; said again, it changes nothing.
    REQUIRE(eventually([&] {
        const auto again = shown_json(job, {"supplier", "disable", "phonex", "--reason", "stock take", "--json"});
        return !again.boolean("changed") && again.integer("under_way") == 0;
    }));
    const auto sent = job.posts();
    CHECK(sent <= 3);
    CHECK(ready_says(job, R"({"name":"phonex","state":"disabled","reason":"stock take"})"));
    job.wait_for_mails("phonex is disabled: stock take", 1);
    CHECK_THAT(job.rig().crossdock({"supplier", "list"}).out, Contains("disabled") && Contains("stock take"));
    CHECK_THAT(job.rig().crossdock({"status"}).out, Contains("DISABLED since"));
    CHECK_THAT(job.rig().crossdock({"supplier", "show", "phonex"}).out, Contains("DISABLED since") && Contains("stock take"));
    CHECK_THAT(job.rig().crossdock({"explain", id_of(8)}).out, Contains("the account phonex is disabled since"));
    CHECK_THAT(job.rig().api("GET", "/v1/suppliers")->body, Contains(R"("active":false)") && Contains("stock take"));

    // Webhooks of the orders that it has are applied, over a restart too.
    const auto first = job.rig().sandbox("GET", "/_sandbox/orders")->find("orders")->items().front().text("order_id");
    job.wait_for_status(first, "shipped");
    CHECK(job.rig().stop_daemon() == 0);
    job.start_daemon();
    place(job, 9, orders);
    CHECK(ready_says(job, R"("state":"disabled")"));
    CHECK(shown_json(job, {"reload", "--json"}).boolean("reloaded"));
    CHECK(ready_says(job, R"("state":"disabled")"));
    CHECK(job.posts() == sent);

    const auto enabled = job.rig().crossdock({"supplier", "enable", "phonex"});
    CHECK(enabled.exit_code == 0);
    CHECK(enabled.out == "phonex is served again, by phonex 1.0.0\n");
    for (int n = 1; n <= orders; ++n) {
        INFO(job.order(id_of(n)).pretty() << "\n" << job.log("daemon"));
        REQUIRE(eventually([&] { return !job.supplier_order_id(id_of(n)).empty(); }));
    }
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() == orders);
    for (const auto& [id, times] : placed) {
        INFO(id);
        CHECK(times == 1);
    }
    CHECK(job.posts() == orders);
    job.wait_for_mails("phonex is served again", 1);
    const auto again = job.rig().crossdock({"supplier", "enable", "phonex"});
    CHECK(again.exit_code == 0);
    CHECK(again.out == "phonex is served: it was not disabled, and not paused\n");
}

TEST_CASE("an account is disabled and enabled without a daemon, and one that is not there is named with those that are",
          "[system]") {
    MainJob job({});
    job.start_world();
    job.start_daemon();
    const auto unknown = job.rig().crossdock({"supplier", "disable", "phonx"});
    CHECK(unknown.exit_code == 1);
    CHECK_THAT(unknown.err, Contains("there is no account \"phonx\"; the config has phonex; did you mean phonex?"));
    CHECK(job.rig().stop_daemon() == 0);
    CHECK(job.rig().crossdock({"supplier", "disable", "phonx"}).exit_code == 1);
    CHECK(job.rig().crossdock({"supplier", "disable", "phonex"}).exit_code == 0);
    CHECK_THAT(job.rig().crossdock({"supplier", "disable", "phonex"}).out, Contains("was disabled already"));
    job.start_daemon();
    CHECK(ready_says(job, R"("state":"disabled","reason":"a person said so")"));
    place(job, 1, 2);
    CHECK(job.rig().stop_daemon() == 0);
    CHECK(job.posts() == 0);
    CHECK(job.rig().crossdock({"supplier", "enable", "phonex"}).out == "phonex is no longer paused or disabled\n");
    job.start_daemon();
    REQUIRE(eventually([&] { return job.orders_at_supplier().size() == 2; }));
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    CHECK((*store)->number("SELECT COUNT(*) FROM audit_log WHERE subject = 'phonex' AND action = 'supplier.disable'") == 1);
    CHECK((*store)->number("SELECT COUNT(*) FROM audit_log WHERE subject = 'phonex' AND action = 'supplier.enable'") == 1);
}

TEST_CASE("the table of suppliers is what the account's file says, at the start and after a reload", "[system]") {
    MainJob job({});
    const auto file = account_file(job);
    edit(file, "\nlow_stock:", "\nlimits: { rate: 50/s, burst: 5, concurrency: 7 }\nlow_stock:");
    job.start_world();
    job.start_daemon();
    const auto row = [&] {
        const auto shown = shown_json(job, {"supplier", "show", "phonex", "--json"});
        const auto* store = shown.find("store");
        REQUIRE(store != nullptr);
        // The seed's columns, and the same as the file says above it.
        for (const char* const column : {"id", "name", "type", "api_endpoint", "api_key", "webhook_url", "active"}) {
            INFO(column);
            CHECK(store->find(column) != nullptr);
        }
        CHECK(store->text("name") == shown.text("name"));
        CHECK(store->text("plugin_digest") == shown.find("plugin")->text("digest"));
        return *store;
    };
    auto stored = row();
    CHECK(stored.text("type") == "phonex");
    CHECK(stored.text("api_key") == "sealed");
    CHECK(stored.text("webhook_scheme") == "phonex");
    CHECK_THAT(stored.text("webhook_url"), Contains("/api/webhooks/phonex"));
    CHECK(stored.find("limits")->dump() == R"({"concurrency":7,"rate":"50 per 1s","burst":5})");
    CHECK(stored.find("statuses")->text("on_hold") == "on_hold");
    CHECK(stored.find("behind")->items().empty());

    edit(file, "type: phonex", "type: custom");
    edit(file, "concurrency: 7", "concurrency: 9");
    edit(file, "  on_hold: on_hold", "  on_hold: { status: on_hold, payment: awaiting }");
    edit(file, "account: phonex\nname: ", "account: phonex\nname: New ");
    stored = row();
    CHECK(stored.find("behind")->dump() == R"(["type","display_name","limits","statuses"])");
    CHECK_THAT(job.rig().crossdock({"supplier", "show", "phonex"}).out, Contains("`crossdock reload` has it do so"));
    CHECK(shown_json(job, {"reload", "--json"}).boolean("reloaded"));
    stored = row();
    CHECK(stored.find("behind")->items().empty());
    CHECK(stored.text("type") == "custom");
    CHECK(stored.find("limits")->integer("concurrency") == 9);
    CHECK(stored.find("statuses")->find("on_hold")->text("payment") == "awaiting");

    // One that leaves the config keeps its row, and says so.
    edit(file, "account: phonex", "account: other");
    edit(job.rig().config(), "wesellcellular: phonex", "wesellcellular: other");
    CHECK(shown_json(job, {"reload", "--json"}).boolean("reloaded"));
    CHECK_THAT(job.rig().crossdock({"supplier", "list"}).out, Contains("removed"));
    const auto listed = job.rig().api("GET", "/v1/suppliers");
    REQUIRE(listed.has_value());
    CHECK_THAT(listed->body, Contains("\"other\"") && !Contains("\"phonex\""));
}

}  // namespace crossdock::tests
