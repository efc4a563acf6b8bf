// The main job through suppliers that are YAML alone: the shipped examples, against a sandbox that speaks as they do. The third
// is of the plugin wesellcellular, in its mode `api`.
#include "base/journal_point.hpp"
#include "support/markdown.hpp"
#include "system/rest_examples.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";

void check_world(MainJob& job, const Example& example) {
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    INFO("the supplier's world: " << world->pretty() << "\nthe daemon's log:\n" << job.log("daemon"));
    REQUIRE(world->find("orders")->items().size() == 1);
    CHECK(job.supplier_order_id(order_id) == example.first_id);
    CHECK(job.order(order_id).find("supplier_orders")->items().back().text("tracking_number") == "1Z999AA10123456784");
    std::set<std::string> told;
    int to_the_client = 0;
    for (const auto& mail : job.mails()) {
        if (mail.to != "orders@worldtech.example" || !told.insert(mail.message_id).second) { continue; }
        ++to_the_client;
    }
    CHECK(to_the_client == 2);
}

/// Dies at one point while the order goes out, and is started again.
void die_at(const Example& example, const std::string& point) {
    INFO(example.name << " dies at " << point);
    auto options = options_for(example);
    // Behind the answer, which may wait for an evaluator to start: a webhook before it leaves nothing to recover.
    options.accept_after = milliseconds{1'500};
    options.ship_after = milliseconds{1'800};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.wait_for_stock();
    job.wait_for_mails("Low stock", 2);  // or one of them dies in place of the order
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.rig().stop_daemon();
    const bool recovery = point.starts_with("effect.recover");
    job.start_daemon(recovery ? "call.effect.after" : point);
    if (recovery) {
        (void)job.rig().api("POST", "/v1/orders", seed_order());
        REQUIRE(eventually([&] { return job.rig().daemon().ended().has_value(); }));
        job.start_daemon(point);
    }
    job.place(seed_order());
    job.wait_for_status(order_id, "shipped");
    job.wait_for_mails("is confirmed", 1);
    job.wait_for_mails("has shipped", 1);
    const bool died = eventually([&] {
        job.revive();
        return job.deaths() > 0 || job.log("daemon").find("killed by signal 9") != std::string::npos;
    });
    INFO("the daemon's log:\n" << job.log("daemon"));
    CHECK(died);
    check_world(job, example);
}

/// Those that an order passes on its way to a supplier and back. All others the crash matrix has, whatever the adapter is.
const std::set<std::string>& points_of_an_order() {
    static const std::set<std::string> points{"order.accept",   "run.advance",    "effect.intent",  "call.effect",
                                              "http.send",      "effect.outcome", "effect.recover", "webhook.receive",
                                              "evidence.apply", "call.read"};
    return points;
}

void die_at_each(const Example& example, std::size_t share) {
    std::size_t at = 0;
    for (const auto& point : journal_points()) {
        const std::string name(point.name);
        if (!points_of_an_order().contains(name.substr(0, name.rfind('.')))) { continue; }
        if (at++ % 2 == share) {
            DYNAMIC_SECTION(name) {
                die_at(example, name);
            }
        }
    }
    CHECK(at >= 16);
}

}  // namespace

TEST_CASE("the main job goes through a supplier that is a YAML file", "[rest]") {
    const auto example = GENERATE(northgate, kontor, wesell);
    INFO(example.name);
    MainJob job(options_for(example));
    job.run_seed_order();
    check_world(job, example);
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    CHECK(world->find("posts")->integer(order_id) == 1);
    job.wait_for_stock();
    const auto stock = job.rig().api("GET", "/v1/inventory?limit=500");
    REQUIRE(stock.has_value());
    const auto parsed = Json::parse(stock->body);
    REQUIRE(parsed.has_value());
    const auto article = text_of(app::shipped_tree().value() / "config" / "sandbox-inventory.json");
    CHECK(parsed->find("items")->items().size() == Json::parse(article)->find("items")->items().size());
    // The prices of the file, to the cent.
    CHECK(stock->body.find("IPHONE12-64GB-A") != std::string::npos);
    CHECK(job.log("daemon").find(job.rig().phonex_key()) == std::string::npos);
}

TEST_CASE("one access token serves many calls", "[rest]") {
    MainJob job(options_for(northgate));
    job.run_seed_order();
    const auto first = job.rig().sandbox("GET", "/_sandbox/tokens");
    REQUIRE(first.has_value());
    CHECK(first->integer("issued") == 1);
    job.place(small_order("T-1"));
    job.wait_for_status("T-1", "shipped");
    CHECK(job.rig().sandbox("GET", "/_sandbox/tokens")->integer("issued") == 1);
}

TEST_CASE("what is wrong with the requests of a supplier file is shown where it stands, by lint as by serve", "[rest]") {
    struct Row {
        const Example* example;
        const char* from;
        const char* to;
        const char* fault;  ///< with @ for the file
    };
    const auto row = GENERATE(
        Row{&northgate, "    path: /stock", "    pfad: /stock",
            "@:110:11: |the setting \"sync_inventory.pfad\" is not known to `sync_inventory`; it has method, path"},
        Row{&northgate, "      kind: cursor\n", "      kind: curser\n",
            "@:113:13: |the setting \"sync_inventory.paging.kind\" must be one of page, offset, cursor, link"},
        Row{&northgate, "      next: ${{ .body.meta.next }}\n", "",
            "@:113:7: |the setting \"sync_inventory.paging.next\" is missing (the cursor of the next page"},
        Row{&kontor, "    id: ${{ .body.OrderNo }}       #", "    id: ${{ .bdy.OrderNo }}       #",
            "@:59:9: |the setting \"create_order.id\": `.bdy.OrderNo` begins with `.bdy`, which is never there; did you mean "
            "`body`?"},
        Row{&kontor, "${{ .body.ok == false and .body.ErrCode == \"BUSY\" }}", "${{ .body.ok == false andd .x }}",
            "@:65:23: |the setting \"create_order.not_processed_if\": `.body.ok == false andd .x`: syntax error"},
        Row{&kontor, "    skip_if: ${{ .body.Kind != \"ORDER\" }}", "    skip_if: ${{ .body.Kind # }}",
            "@:119:14: |the setting \"handle_webhook.skip_if\": the closing `}}` of `${{` is missing"},
        Row{&kontor, "  cancel_order:\n    path", "  cancel_ordre:\n    path",
            "@:94:5: |the setting \"cancel_ordre\" is not known to the plugin"},
        Row{&northgate, "  find_order:\n", "  get_order_status: {}\n  find_order:\n",
            "@:76:3: |the key `get_order_status` stands twice"},
        Row{&northgate, "    path: /purchase-orders/${{ .supplier_order_id }}/cancellation", "    path: /purchase-orders/../x",
            "@:102:11: |the setting \"cancel_order.path\" has a segment `.` or `..` in it"});
    INFO(row.from << " -> " << row.to);
    auto options = options_for(*row.example);
    const auto made = options.edit_supplier;
    options.edit_supplier = [made, row](const std::string& demo) {
        auto text = made(demo);
        replace_all(text, row.from, row.to);
        return text;
    };
    MainJob job(std::move(options));
    const auto bar = std::string(row.fault).find('|');
    const auto what = std::string(row.fault).substr(bar + 1);
    const auto place =
        (job.rig().folder() / "config" / "suppliers" / "phonex.yaml").string() + std::string(row.fault).substr(1, bar - 1);
    const auto lint = job.rig().crossdock({"lint"});
    CHECK(lint.exit_code == 3);
    CHECK_THAT(lint.err, Catch::Contains(place) && Catch::Contains(what));
    const auto serve = job.rig().crossdock({"serve"});
    CHECK(serve.exit_code == 3);
    CHECK_THAT(serve.err, Catch::Contains(place) && Catch::Contains(what));
}

TEST_CASE("the supplier file that the documentation shows lints", "[rest]") {
    auto options = options_for(northgate);
    options.edit_supplier = [](const std::string&) {
        for (const auto& block :
             support::blocks_of(support::read_page(*app::shipped_tree() / "docs" / "suppliers" / "rest.md"))) {
            if (!block.content.starts_with("account: acme")) { continue; }
            auto text = block.content;
            replace_all(text, "account: acme", "account: phonex");
            return text;
        }
        FAIL("the page has no supplier file");
        return std::string();
    };
    MainJob job(std::move(options));
    const auto said = job.rig().crossdock({"lint"});
    INFO(said.err);
    CHECK(said.exit_code == 0);
}

TEST_CASE("a supplier file that claims what it has no request for is refused", "[rest]") {
    auto options = options_for(northgate);
    const auto made = options.edit_supplier;
    options.edit_supplier = [made](const std::string& demo) {
        auto text = made(demo);
        const auto from = text.find("  find_order:\n");
        return text.erase(from, text.find("  get_order_status:\n") - from);
    };
    MainJob job(std::move(options));
    for (const char* const command : {"lint", "serve"}) {
        const auto said = job.rig().crossdock({command});
        CHECK(said.exit_code == 3);
        CHECK_THAT(said.err, Catch::Contains("phonex.yaml:24:3: create_order is of class `lookup`, and `settings` has no "
                                             "`find_order` to ask with"));
    }
}

TEST_CASE("a supplier file that claims `idempotent` and sends no key is refused", "[rest]") {
    auto options = options_for(kontor);
    const auto made = options.edit_supplier;
    options.edit_supplier = [made](const std::string& demo) {
        auto text = made(demo);
        const std::string key = "    headers: { X-Request-Key: \"${{ .effect_key }}\" }\n";
        return text.erase(text.find(key), key.size());
    };
    MainJob job(std::move(options));
    for (const char* const command : {"lint", "serve"}) {
        const auto said = job.rig().crossdock({command});
        CHECK(said.exit_code == 3);
        CHECK_THAT(said.err, Catch::Contains("phonex.yaml:25:3: create_order is of class `idempotent`, and `settings: "
                                             "create_order` sends no ${{ .effect_key }}"));
    }
}

TEST_CASE("status 200 with a refusal in it rejects the order, and one that says busy is sent again", "[rest]") {
    MainJob job(options_for(kontor));
    job.start_world();
    job.start_daemon();
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"status","status":422,"times":1})")
                .has_value());
    job.place(small_order("R-1"));
    job.wait_for_status("R-1", "rejected");
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"status","status":429,"times":1})")
                .has_value());
    job.place(small_order("B-1"));
    job.wait_for_status("B-1", "shipped");
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"B-1", 1}});
}

TEST_CASE("an order whose answer was lost is placed once, by lookup and by key", "[rest]") {
    const auto example = GENERATE(northgate, kontor, wesell);
    const std::string kind = GENERATE("cut_after_accept", "cut_in_answer", "garbage");
    INFO(example.name << " " << kind);
    MainJob job(options_for(example));
    job.start_world();
    job.start_daemon();
    REQUIRE(
        job.rig()
            .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","times":1,"accept":true,"kind":")" + kind + "\"}")
            .has_value());
    job.place(small_order("L-1"));
    job.wait_for_status("L-1", "shipped");
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"L-1", 1}});
}

TEST_CASE("an order through a YAML supplier of class lookup survives a death at each point on its way (1 of 2)",
          "[rest][crash]") {
    die_at_each(northgate, 0);
}
TEST_CASE("an order through a YAML supplier of class lookup survives a death at each point on its way (2 of 2)",
          "[rest][crash]") {
    die_at_each(northgate, 1);
}
TEST_CASE("an order through a YAML supplier that honours our key survives a death at each point on its way (1 of 2)",
          "[rest][crash]") {
    die_at_each(kontor, 0);
}
TEST_CASE("an order through a YAML supplier that honours our key survives a death at each point on its way (2 of 2)",
          "[rest][crash]") {
    die_at_each(kontor, 1);
}

TEST_CASE("an order through WesellCellular's API survives a death at each point on its way (1 of 2)", "[rest][crash]") {
    die_at_each(wesell, 0);
}
TEST_CASE("an order through WesellCellular's API survives a death at each point on its way (2 of 2)", "[rest][crash]") {
    die_at_each(wesell, 1);
}

}  // namespace crossdock::tests
