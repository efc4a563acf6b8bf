// Each mechanism that keeps a promise, switched off: then the promise is seen to break. With it, in the same scene, it holds.
#include "base/system_clock.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";

app::RigOptions without(const std::string& mechanism, const std::string& effect_class) {
    app::RigOptions options;
    options.effect_class = effect_class;
    options.not_after = milliseconds{1'000};
    options.request_timeout = milliseconds{2'000};
    options.inventory_every = milliseconds{3'600'000};
    options.accept_after = milliseconds{3'600'000};
    options.edit_config = [mechanism](std::string text) {
        const std::string armed = "test: { crash_points: true";
        const auto at = text.find(armed);
        REQUIRE(at != std::string::npos);
        if (!mechanism.empty()) { text.insert(at + armed.size(), ", without: [" + mechanism + "]"); }
        return text;
    };
    return options;
}

std::string cell(MainJob& job, const std::string& sql) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    const auto row = (*store)->first<std::optional<std::string>>(sql);
    return row ? std::get<0>(*row).value_or("NULL") : "no row";
}

int orders_placed(MainJob& job) {
    return job.orders_at_supplier()[order_id];
}

/// The worker that runs the phonex plugin.
pid_t phonex_worker(MainJob& job) {
    for (const auto worker : children_of(job.rig().daemon().pid())) {
        std::ifstream in("/proc/" + std::to_string(worker) + "/maps");
        const std::string maps{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (maps.find("libphonex.so") != std::string::npos) { return worker; }
    }
    FAIL("no worker runs the phonex plugin");
    return 0;
}

}  // namespace

TEST_CASE("without an intent a crash behind the call places the order twice", "[system][mechanism]") {
    const bool off = GENERATE(false, true);
    MainJob job(without(off ? "intent" : "", "unsafe"));
    job.start_world();
    job.start_daemon("call.effect.after");
    job.place(small_order(order_id));
    REQUIRE(eventually([&] { return job.revive() || job.deaths() > 0; }));
    if (off) {
        CHECK(eventually([&] { return orders_placed(job) == 2; }));
        return;
    }
    REQUIRE(eventually([&] { return job.order(order_id).text("needs_attention").find("unknown") != std::string::npos; }));
    CHECK(orders_placed(job) == 1);
}

TEST_CASE("without not_after a worker that was stopped sends late", "[system][mechanism]") {
    const bool off = GENERATE(false, true);
    MainJob job(without(off ? "not_after" : "", "idempotent"));
    job.start_world();
    job.start_daemon();
    const auto worker = phonex_worker(job);
    REQUIRE(::kill(worker, SIGSTOP) == 0);
    job.place(small_order(order_id));
    const std::string intent = "SELECT CAST(not_after_at AS TEXT) FROM effects WHERE operation = 'create_order'";
    REQUIRE(eventually([&] { return cell(job, intent) != "no row" && cell(job, intent) != "NULL"; }));
    const auto not_after = std::stoll(cell(job, intent));
    REQUIRE(eventually([&] { return system_utc_ms() > not_after + 200; }));
    REQUIRE(::kill(worker, SIGCONT) == 0);
    const std::string outcome = "SELECT outcome FROM effect_attempts WHERE number = 1 AND operation = 'create_order'";
    REQUIRE(eventually([&] { return cell(job, outcome) != "no row" && cell(job, outcome) != "NULL"; }));
    CHECK(cell(job, outcome) == (off ? "accepted" : "not sent"));
    REQUIRE(eventually([&] { return orders_placed(job) == 1; }));
}

TEST_CASE("without lanes a cancellation overtakes its order", "[system][mechanism]") {
    const bool off = GENERATE(false, true);
    MainJob job(without(off ? "lane" : "", "idempotent"));
    job.start_world();
    job.start_daemon();
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"slow","delay_ms":1000})")
                .has_value());
    job.place(small_order(order_id));
    const std::string sending = "SELECT state FROM effects WHERE operation = 'create_order'";
    REQUIRE(eventually([&] { return cell(job, sending) == "sending"; }));
    REQUIRE(job.rig().crossdock({"order", "cancel", order_id}).exit_code == 0);
    REQUIRE(eventually([&] { return job.order(order_id).text("status") == "canceled"; }));
    const std::string overtakes =
        "SELECT CASE WHEN c.started_at < o.ended_at THEN 'yes' ELSE 'no' END FROM effect_attempts c JOIN effect_attempts o ON "
        "o.operation = 'create_order' WHERE c.operation = 'cancel_order' ORDER BY c.number LIMIT 1";
    CHECK(cell(job, overtakes) == (off ? "yes" : "no"));
}

TEST_CASE("without a ledger key somebody is told the same thing twice", "[system][mechanism]") {
    const bool off = GENERATE(false, true);
    // A step tells what is told by default as well.
    const OwnPipelines pipelines;
    pipelines.edit("order-forward", "",
                   "\n  - id: tell\n    use: notify\n    with: { event: order.accepted, to: \"${{ .order.contact.email }}\" }\n");
    auto options = without(off ? "ledger_key" : "", "idempotent");
    options.edit_config = [edit = options.edit_config, &pipelines](std::string text) {
        return edit(pipelines.named_in(std::move(text)));
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.place(small_order(order_id));
    REQUIRE(eventually([&] { return cell(job, "SELECT state FROM runs WHERE pipeline = 'order-forward'") == "done"; }));
    REQUIRE(eventually([&] { return cell(job, "SELECT CAST(MIN(sent) AS TEXT) FROM notifications") == "1"; }));
    const auto mails = job.mails();
    CHECK(std::count_if(mails.begin(), mails.end(), [](const auto& mail) {
              return mail.subject.find("is confirmed") != std::string::npos;
          }) == (off ? 2 : 1));
}

TEST_CASE("without waiting for the commit an order that was answered is lost", "[system][mechanism]") {
    const bool off = GENERATE(false, true);
    MainJob job(without(off ? "answer_after_commit" : "", "idempotent"));
    job.start_world();
    job.start_daemon("order.accept.before_commit");
    const auto answer = job.rig().api("POST", "/v1/orders", small_order(order_id));
    const bool answered = answer && answer->status == 202;
    CHECK(answered == off);
    REQUIRE(eventually([&] { return job.revive() || job.deaths() > 0; }));
    CHECK(job.order(order_id).is_null());
}

}  // namespace crossdock::tests
