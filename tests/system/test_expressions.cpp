// Pipelines with expressions for jq over the real binaries: what they decide, and what an expression does that means harm.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {
namespace fs = std::filesystem;

app::RigOptions quick() {
    app::RigOptions options;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    return options;
}

/// The rig's daemon runs these pipelines, and the shipped ones but order-forward.
void take_pipelines(MainJob& job, const std::vector<std::pair<std::string, std::string>>& pipelines) {
    const fs::path shipped = app::shipped_tree().value() / "pipelines";
    const fs::path folder = job.rig().folder() / "pipelines";
    fs::create_directories(folder);
    for (const char* name : {"status-ingest.yaml", "inventory-sync.yaml"}) { fs::copy(shipped / name, folder / name); }
    for (const auto& [name, text] : pipelines) { std::ofstream(folder / (name + ".yaml")) << text; }
    const fs::path config = job.rig().folder() / "config" / "crossdock.yaml";
    std::ifstream in(config);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::string from = "pipelines: " + shipped.string();
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), "pipelines: " + folder.string());
    std::ofstream(config) << text;
}

constexpr const char* forward = R"(pipeline: order-forward
trigger: { order: placed }
steps:
  - id: too-many
    use: notify
    if: ${{ [.order.items[].quantity] | add > 1000 }}
    with: { event: order.placed, to: "${{ .order.nobody | ascii_downcase }}" }   # fails, but is not asked for
  - id: submit
    use: supplier.create_order
    if: ${{ (.order.items | length) > 0 and .steps."too-many".outcome == "skipped" }}
    with:
      supplier: "${{ .order.supplier | ascii_downcase }}"
      order: "${{ .order }}"
  - use: notify
    if: ${{ .steps.submit.outcome == "accepted" and .order.items[0].unit_price >= 231 }}
    with:
      event: order.accepted
      to: 'sales+${{ .order.items[0].sku | split("-")[0] | ascii_downcase }}@phoneexport.example'
)";

std::string harmful(const std::string& expression) {
    return "pipeline: harmful\ntrigger: { order: placed }\nsteps:\n  - use: notify\n    with:\n      event: order.placed\n      "
           "to: '${{ " +
           expression + " }}'\n    retry: { attempts: 100, backoff: 50ms, backoff_max: 50ms }\n";
}

std::vector<sandbox::StoredMail> to(MainJob& job, const std::string& address) {
    auto mails = job.mails();
    std::erase_if(mails, [&](const auto& mail) { return mail.to != address; });
    return mails;
}

}  // namespace

TEST_CASE("a pipeline decides and computes with jq", "[system]") {
    MainJob job(quick());
    take_pipelines(job, {{"order-forward", forward}});
    job.run_seed_order();
    REQUIRE(eventually([&] { return !to(job, "sales+iphone12@phoneexport.example").empty(); }));
    const auto sent = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(sent.has_value());
    CHECK(sent->find("orders")->items().size() == 1);
    CHECK(describe_exit(job.rig().stop_daemon()) == "exit code 0");
}

TEST_CASE("an expression that hangs or eats memory costs its own run, and no order waits long for it", "[system]") {
    MainJob job(quick());
    take_pipelines(job, {{"order-forward", forward}, {"harmful", harmful("[range(1e12)]")}});
    job.run_seed_order();
    const auto failed = [&] { return job.log("daemon").find("3 processes died over it") != std::string::npos; };
    REQUIRE(eventually(failed, milliseconds{60'000}));
    CHECK(eventually([&] { return to(job, "sales+iphone12@phoneexport.example").size() == 1; }));
    CHECK_FALSE(job.revive());
    CHECK(describe_exit(job.rig().stop_daemon()) == "exit code 0");
}

TEST_CASE("the pipeline that the page on expressions shows lints", "[system]") {
    MainJob job(quick());
    const auto file = app::shipped_tree().value() / "tests" / "docs" / "expressions" / "big-orders.yaml";
    const auto linted = job.rig().crossdock({"lint", file.string()});
    CHECK(linted.exit_code == 0);
    CHECK(linted.out.find("ok (big-orders, 2 steps)") != std::string::npos);
}

TEST_CASE("the pipelines that the page on pipelines shows lint, and the next times of a schedule are told", "[system]") {
    MainJob job(quick());
    const auto folder = app::shipped_tree().value() / "tests" / "docs" / "pipelines";
    const auto linted = job.rig().crossdock({"lint", (folder / "chase.yaml").string(), (folder / "price-list.yaml").string()});
    CHECK(linted.exit_code == 0);
    CHECK(linted.out.find("chase.yaml: ok (chase, 4 steps)\n") != std::string::npos);
    CHECK(linted.out.find("price-list.yaml: ok (price-list, 2 steps), runs next at 20") != std::string::npos);
    const auto told = job.rig().crossdock({"lint", "--json", (folder / "price-list.yaml").string()});
    const auto document = Json::parse(told.out);
    REQUIRE(document.has_value());
    const auto& times = document->find("pipelines")->items().front().find("next")->items();
    REQUIRE(times.size() == 3);
    for (const auto& time : times) { CHECK(parse_rfc3339(time.as_string()).value() % 1'800'000 == 0); }
}

TEST_CASE("a daemon without expressions starts no worker for them", "[system]") {
    MainJob job(quick());
    job.start_world();
    job.start_daemon();
    CHECK(job.log("daemon").find("crossdock.expressions") == std::string::npos);
}

}  // namespace crossdock::tests
