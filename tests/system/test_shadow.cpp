// Shadows on the real binaries: another account builds what it would be sent, and nothing of it leaves.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

using Catch::Matchers::Contains;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// `phonex` has the orders; `direct`, at the same supplier, is their shadow.
app::RigOptions shadowed(bool captures) {
    app::RigOptions made;
    made.edit_config = [captures](std::string text) {
        text = replaced(std::move(text), "wesellcellular: phonex", "wesellcellular: { use: phonex, shadow: direct }");
        if (!captures) { text = replaced(std::move(text), "crash_points: true", "crash_points: true, without: [shadow]"); }
        return replaced(std::move(text), "suppliers/phonex.yaml]", "suppliers/phonex.yaml, suppliers/direct.yaml]");
    };
    return made;
}

void add_account(MainJob& job, const std::string& name, const std::function<std::string(std::string)>& edit) {
    const auto first = job.rig().config().parent_path() / "suppliers" / "phonex.yaml";
    std::ofstream(first.parent_path() / (name + ".yaml"), std::ios::binary)
        << edit(replaced(text_of(first), "account: phonex", "account: " + name));
}

std::string routed_order(const std::string& id) {
    return replaced(small_order(id), R"("supplier":"phonex")", R"("supplier":"wesellcellular")");
}

Json shadows(MainJob& job, const std::string& account, const std::string& order_id = "") {
    std::vector<std::string> arguments{"supplier", "shadow", account, "--json"};
    if (!order_id.empty()) { arguments.insert(arguments.end(), {"--order", order_id}); }
    const auto shown = job.rig().crossdock(arguments);
    INFO(shown.out << shown.err);
    CHECK(shown.exit_code == 0);
    const auto parsed = Json::parse(shown.out);
    REQUIRE(parsed.has_value());
    return *parsed;
}

}  // namespace

TEST_CASE("a shadow's request is recorded and compared, and the supplier never hears of it, as it would otherwise", "[system]") {
    const bool captures = GENERATE(true, false);
    INFO(captures);
    MainJob job(shadowed(captures));
    add_account(job, "direct", [](std::string text) { return text; });
    job.start_world();
    job.start_daemon();
    job.place(routed_order("PXSHADOW1"));
    job.place(routed_order("PXSHADOW2"));
    for (const char* const id : {"PXSHADOW1", "PXSHADOW2"}) {
        REQUIRE(eventually([&] { return !job.supplier_order_id(id).empty(); }));
    }
    Json report;
    INFO(job.log("daemon"));
    REQUIRE(eventually([&] {
        report = shadows(job, "direct");
        return report.integer("recorded") == 2;
    }));
    if (!captures) {
        // The same key: the sandbox counts it, and makes no second order.
        CHECK(job.posts() > 2);
        return;
    }
    CHECK(job.posts() == 2);
    for (const auto& [id, times] : job.orders_at_supplier()) {
        INFO(id);
        CHECK(times == 1);
    }
    INFO(report.pretty());
    CHECK(report.integer("differ") == 0);
    CHECK(report.find("orders")->items().front().text("compared_with") == "real");
    const auto one = shadows(job, "direct", "PXSHADOW1");
    const auto& request = *one.find("orders")->items().front().find("request");
    CHECK(request.text("method") == "POST");
    CHECK_THAT(request.dump(), Contains("PXSHADOW1") && Contains("{{api_key}}") && !Contains(job.rig().phonex_key()));
    CHECK_THAT(job.rig().crossdock({"supplier", "shadow", "direct"}).out, Contains("2 recorded") && Contains("0 differ"));
    // The order knows nothing of it.
    CHECK(job.order("PXSHADOW1").find("supplier_orders")->items().size() == 1);
    const auto unknown = job.rig().crossdock({"supplier", "shadow", "direct", "--order", "PXNONE"});
    CHECK(unknown.exit_code == 1);
    CHECK(job.rig().crossdock({"supplier", "shadow", "nobody"}).exit_code == 1);
}

TEST_CASE("a death on the way of a shadow's order leaves it built once, and the order as it was", "[system]") {
    const std::string point = GENERATE("order.accept.after_commit", "shadow.record.before_commit", "shadow.record.after_commit");
    CAPTURE(point);
    MainJob job(shadowed(true));
    add_account(job, "direct", [](std::string text) { return text; });
    job.start_world();
    job.start_daemon(point);
    job.place(routed_order("PXSHADOW1"));
    REQUIRE(eventually([&] { return job.revive() || job.deaths() == 1; }));
    REQUIRE(eventually([&] { return shadows(job, "direct").integer("recorded") == 1; }));
    job.wait_for_status("PXSHADOW1", "shipped");
    // The order's own may have been sent again, with its key; one of the shadow's would be an order more.
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"PXSHADOW1", 1}});
    CHECK(shadows(job, "direct").find("orders")->items().size() == 1);
}

TEST_CASE("a shadow that goes by file writes into nobody's folder, and what it wrote is recorded", "[system]") {
    support::TemporaryFolder folders;
    MainJob job(shadowed(true));
    for (const char* const one : {"orders", "taken", "files"}) { std::filesystem::create_directory(folders.path() / one); }
    add_account(job, "direct", [&](const std::string& text) {
        const auto at = [&](const char* one) { return (folders.path() / one).string(); };
        const auto statuses = text.substr(text.find("\nstatuses:"));
        return "account: direct\ntype: direct\nplugin: wesellcellular\ncurrency: USD\nsettings:\n  mode: portal\n  outbox: { "
               "folder: " +
               at("orders") + " }\n  taken: { folder: " + at("taken") + ", access: read }\n  inbox: { folder: " + at("files") +
               ", access: read }\n" + statuses;
    });
    job.start_world();
    job.start_daemon();
    job.place(routed_order("PXSHADOW1"));
    Json report;
    INFO(job.log("daemon"));
    REQUIRE(eventually([&] {
        report = shadows(job, "direct", "PXSHADOW1");
        return report.integer("waiting") == 0;
    }));
    INFO(report.pretty());
    CHECK(report.integer("recorded") == 1);
    CHECK_THAT(report.dump(), Contains("\"file\"") && Contains("PIXEL7"));
    CHECK(std::filesystem::is_empty(folders.path() / "orders"));
    CHECK(std::filesystem::is_empty(folders.path() / "files"));
}

}  // namespace crossdock::tests
