#include "system/main_job.hpp"

#include "base/system_clock.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <algorithm>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

std::string read_all(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string seed_order() {
    const auto tree = app::shipped_tree();
    REQUIRE(tree.has_value());
    return read_all(*tree / "config" / "demo-order.json");
}

std::string small_order(const std::string& order_id) {
    return R"({"supplier":"phonex","order_id":")" + order_id +
           R"(","customer_id":"c1","contact":{"email":"c1@example.com"},"shipping_address":{"name":"A","line1":"1 Rue","city":"Lyon",)"
           R"("country":"FR"},"items":[{"sku":"PIXEL7","quantity":1,"unit_price":499}]})";
}

OwnPipelines::OwnPipelines() {
    const auto tree = app::shipped_tree();
    REQUIRE(tree.has_value());
    for (const auto& file : std::filesystem::directory_iterator(*tree / "pipelines")) {
        std::filesystem::copy_file(file.path(), folder_.path() / file.path().filename());
    }
}

void OwnPipelines::edit(const std::string& name, const std::string& from, const std::string& to) const {
    const auto file = folder_.path() / (name + ".yaml");
    std::string text = read_all(file);
    if (from.empty()) { text += to; }
    else {
        REQUIRE(text.find(from) != std::string::npos);
        text.replace(text.find(from), from.size(), to);
    }
    std::ofstream(file, std::ios::binary) << text;
}

std::string OwnPipelines::named_in(std::string config) const {
    const auto at = config.find("pipelines: ");
    REQUIRE(at != std::string::npos);
    config.replace(at, config.find('\n', at) - at, "pipelines: " + folder_.path().string());
    return config;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    std::ifstream in("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
    for (pid_t child = 0; in >> child;) { children.push_back(child); }
    return children;
}

bool eventually(const std::function<bool()>& holds, milliseconds within) {
    const BootMs until = system_boot_ms() + within.count();
    for (;;) {
        if (holds()) { return true; }
        if (system_boot_ms() > until) { return false; }
        ::poll(nullptr, 0, 10);
    }
}

MainJob::MainJob(app::RigOptions options) {
    options.folder = folder_.path() / "rig";
    auto rig = app::DemoRig::make(std::move(options));
    if (!rig) { FAIL(rig.error().text()); }
    rig_ = std::move(*rig);
}

void MainJob::start_world() {
    if (auto started = rig_->start_mail_sink(); !started) { FAIL(started.error().text()); }
    if (auto started = rig_->start_supplier(); !started) { FAIL(started.error().text()); }
}

void MainJob::start_daemon(const std::string& crash_at) {
    auto started = rig_->start_daemon(crash_at);
    if (started) { return; }
    // It may have died after it was ready, in the middle of the first question: its end is then seen a moment later.
    const auto died = [this] { return rig_->daemon().ended().has_value(); };
    if (crash_at.empty() || !eventually(died, milliseconds{5'000})) { FAIL(started.error().text()); }
    ++deaths_;
    if (auto again = rig_->start_daemon(); !again) { FAIL(again.error().text()); }
}

bool MainJob::revive() {
    const auto ended = rig_->daemon().ended();
    if (!ended) { return false; }
    REQUIRE(describe_exit(*ended).starts_with("killed by signal 9"));
    ++deaths_;
    if (auto again = rig_->start_daemon(); !again) { FAIL(again.error().text()); }
    return true;
}

void MainJob::add_customer(const std::string& id, const std::string& email) {
    INFO("adding the customer");
    REQUIRE(eventually([&] {
        revive();
        return rig_->crossdock({"customer", "add", id, "--name", "WorldTech", "--email", email}).exit_code == 0;
    }));
}

void MainJob::place(const std::string& order) {
    std::string last = "no answer";
    const bool placed = eventually([&] {
        revive();
        const auto answer = rig_->api("POST", "/v1/orders", order);
        if (answer) { last = std::to_string(answer->status) + " " + answer->body; }
        return answer && answer->status == 202;
    });
    INFO("the last answer: " << last);
    REQUIRE(placed);
}

void MainJob::forge_webhook() {
    REQUIRE(eventually([&] {
        revive();
        http::LoopbackCall call;
        call.port = rig_->api_port();
        call.method = "POST";
        call.target = "/api/webhooks/phonex";
        call.headers = {{"Content-Type", "application/json"}, {"X-PhoneX-Signature", std::string(64, '0')}};
        call.body = R"({"event":"order.status_updated"})";
        const auto answer = http::exchange(call);
        return answer && answer->status == 401;
    }));
}

void MainJob::run_seed_order() {
    const std::string order_id = "PXSTKL0000347";
    start_world();
    start_daemon();
    add_customer("worldtech-1734", "orders@worldtech.example");
    place(seed_order());
    wait_for_status(order_id, "shipped");
    wait_for_mails(order_id, 2);
}

void MainJob::wait_for_stock() {
    REQUIRE(eventually([&] {
        revive();
        const auto answer = rig_->api("GET", "/v1/inventory?limit=1");
        return answer && answer->status == 200 && answer->body.find("\"sku\"") != std::string::npos;
    }));
}

Json MainJob::order(const std::string& order_id) {
    const auto answer = rig_->api("GET", "/v1/orders/" + order_id);
    if (!answer || answer->status != 200) { return {}; }
    auto story = Json::parse(answer->body, JsonLimits{.bytes_max = 16 << 20});
    return story ? std::move(*story) : Json();
}

void MainJob::wait_for_status(const std::string& order_id, const std::string& status) {
    std::string last;
    const bool reached = eventually([&] {
        revive();
        last = order(order_id).pretty();
        const auto parsed = Json::parse(last);
        return parsed && parsed->text("status") == status;
    });
    INFO("the order's story: " << last << "\nthe daemon's log:\n" << log("daemon"));
    REQUIRE(reached);
}

void MainJob::wait_for_mails(const std::string& part, std::size_t count) {
    std::size_t found = 0;
    const bool there = eventually([&] {
        revive();
        const auto all = mails();
        found = static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& mail) { return mail.subject.find(part) != std::string::npos; }));
        return found >= count;
    });
    INFO(found << " mails have \"" << part << "\"; the daemon's log:\n" << log("daemon"));
    REQUIRE(there);
}

std::string MainJob::supplier_order_id(const std::string& order_id) {
    const Json story = order(order_id);
    const auto* orders = story.find("supplier_orders");
    return orders == nullptr || orders->items().empty() ? "" : orders->items().front().text("supplier_order_id");
}

std::int64_t MainJob::posts() {
    const auto world = rig_->sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    std::int64_t sum = 0;
    for (const auto& [id, count] : world->find("posts")->members()) { sum += count.integer().value_or(0); }
    return sum;
}

std::map<std::string, int> MainJob::orders_at_supplier() {
    const auto world = rig_->sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    std::map<std::string, int> placed;
    for (const auto& order : world->find("orders")->items()) { ++placed[order.text("order_id")]; }
    return placed;
}

std::string MainJob::log(const std::string& process) const {
    return read_all(rig_->log_of(process));
}

}  // namespace crossdock::tests
