// A supplier that misbehaves in every way: each order ends right, once, and `explain` names the outcome.
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>
#include <vector>

namespace crossdock::tests {
namespace {

struct Case {
    std::string name;
    std::string fault;    ///< the body of POST /_sandbox/faults
    std::string outcome;  ///< as the story names it
    bool arrives;         ///< the order is at the supplier although the answer does not say so
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"500 behind the order", R"({"operation":"create_order","kind":"status","status":500,"accept":true})", "unknown", true},
        {"502 behind the order", R"({"operation":"create_order","kind":"status","status":502,"accept":true})", "unknown", true},
        {"200 with garbage", R"({"operation":"create_order","kind":"garbage"})", "unknown", true},
        {"cut before the answer", R"({"operation":"create_order","kind":"cut_after_accept"})", "unknown", true},
        {"cut in the answer", R"({"operation":"create_order","kind":"cut_in_answer"})", "unknown", true},
        {"cut before the order", R"({"operation":"create_order","kind":"cut_before_accept"})", "unknown", false},
        {"a byte a second", R"({"operation":"create_order","kind":"drip","delay_ms":1000})", "unknown", true},
        {"an answer after our time", R"({"operation":"create_order","kind":"slow","delay_ms":2500,"accept":true})", "unknown",
         true},
        {"429 with Retry-After", R"({"operation":"create_order","kind":"status","status":429,"retry_after_s":1})", "not sent",
         false},
    };
    return all;
}

app::RigOptions rig(const std::string& effect_class) {
    app::RigOptions options;
    options.effect_class = effect_class;
    options.not_after = milliseconds{1'000};
    options.request_timeout = milliseconds{1'500};
    options.visible_within = milliseconds{300};
    options.accept_after = milliseconds{3'600'000};
    options.inventory_every = milliseconds{3'600'000};
    return options;
}

/// 10,000 take minutes: `./dev chaos` runs them.
std::size_t many() {
    const char* wanted = std::getenv("CROSSDOCK_CHAOS");
    return wanted != nullptr && std::string(wanted) == "full" ? 10'000 : 200;
}

std::string explained(MainJob& job, const std::string& id) {
    return job.rig().crossdock({"explain", id}).out;
}

}  // namespace

TEST_CASE("whatever a supplier does to an answer, its order is placed once, or waits for a person", "[system][faults]") {
    const std::string effect_class = GENERATE("idempotent", "lookup", "unsafe");
    MainJob job(rig(effect_class));
    job.start_world();
    job.start_daemon();
    int number = 0;
    for (const auto& one : cases()) {
        const std::string id = "PO-" + std::to_string(++number);
        INFO(one.name << ", " << effect_class);
        REQUIRE(job.rig().sandbox("POST", "/_sandbox/faults", one.fault).has_value());
        job.place(small_order(id));
        const bool parks = effect_class == "unsafe" && one.outcome == "unknown";
        REQUIRE(eventually([&] {
            const auto story = job.order(id);
            return parks ? story.maybe_text("needs_attention").has_value() : story.text("status") == "submitted";
        }));
        const auto text = explained(job, id);
        INFO(text);
        CHECK(text.find("-> " + one.outcome) != std::string::npos);
        CHECK(text.find(", because: ") != std::string::npos);
        const auto placed = job.orders_at_supplier()[id];
        CHECK(placed == (parks && !one.arrives ? 0 : 1));
        if (parks) { CHECK(text.find("waits for a person") != std::string::npos); }
        (void)job.rig().sandbox("DELETE", "/_sandbox/faults");
    }
}

TEST_CASE("a supplier that cannot be reached costs no order", "[system][faults]") {
    const std::string endpoint = GENERATE("http://127.0.0.1:1", "https://no-such-host.invalid");
    auto options = rig("unsafe");
    options.edit_supplier = [endpoint](std::string text) {
        const auto at = text.find("api_endpoint: ");
        text.replace(at, text.find('\n', at) - at, "api_endpoint: " + endpoint);
        return text;
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    job.place(small_order("PO-1"));
    REQUIRE(eventually([&] { return explained(job, "PO-1").find("-> not sent") != std::string::npos; }));
    const auto text = explained(job, "PO-1");
    INFO(text);
    CHECK(text.find("not sent: tried again") != std::string::npos);
    CHECK(text.find("create_order is pending, to send") != std::string::npos);
    CHECK_FALSE(job.order("PO-1").maybe_text("needs_attention"));
}

TEST_CASE("an order that can be seen only at the end of its time is waited for, and not sent again", "[system][faults]") {
    auto options = rig("lookup");
    options.visible_within = milliseconds{2'000};
    options.visible_after = milliseconds{1'900};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    REQUIRE(
        job.rig().sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"cut_after_accept"})").has_value());
    job.place(small_order("PO-1"));
    job.wait_for_status("PO-1", "submitted");
    CHECK(job.orders_at_supplier()["PO-1"] == 1);
    const auto text = explained(job, "PO-1");
    INFO(text);
    CHECK(text.find("not found, but it may still become visible") != std::string::npos);
    CHECK(text.find("found at the supplier by our reference") != std::string::npos);
}

TEST_CASE("once its key is no longer valid an order is asked for before it is sent again", "[system][faults]") {
    const bool arrived = GENERATE(true, false);
    auto options = rig("idempotent");
    options.edit_supplier = [](std::string text) {
        const std::string valid = "key_valid_for: 24h";
        text.replace(text.find(valid), valid.size(), "key_valid_for: 1ms");
        return text;
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults",
                         std::string(R"({"operation":"create_order","kind":")") +
                             (arrived ? "cut_after_accept" : "cut_before_accept") + "\"}")
                .has_value());
    job.place(small_order("PO-1"));
    job.wait_for_status("PO-1", "submitted");
    CHECK(job.orders_at_supplier()["PO-1"] == 1);
    const auto text = explained(job, "PO-1");
    INFO(text);
    CHECK(text.find("our key is no longer valid") != std::string::npos);
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("posts")->integer("PO-1") == (arrived ? 1 : 2));
}

TEST_CASE("what was given up shows its exchanges without a secret, and goes through once when it is replayed",
          "[system][faults]") {
    const OwnPipelines pipelines;
    pipelines.edit("order-forward", "attempts: 100, backoff: 2s, backoff_max: 5m",
                   "attempts: 2, backoff: 10ms, backoff_max: 10ms");
    auto options = rig("idempotent");
    options.edit_config = [&pipelines](std::string config) { return pipelines.named_in(std::move(config)); };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    REQUIRE(job.rig()
                .sandbox("POST", "/_sandbox/faults", R"({"operation":"create_order","kind":"status","status":429,"times":-1})")
                .has_value());
    job.place(small_order("PO-1"));
    REQUIRE(eventually([&] { return job.order("PO-1").maybe_text("needs_attention").has_value(); }));
    const auto listed = job.rig().crossdock({"dead-letter", "list", "--order", "PO-1", "--json"});
    const auto letters = Json::parse(listed.out);
    REQUIRE(letters.has_value());
    REQUIRE(letters->find("dead_letters")->items().size() == 1);
    const auto id = letters->find("dead_letters")->items().front().text("id");

    const auto shown = job.rig().crossdock({"dead-letter", "show", id}).out;
    INFO(shown);
    CHECK(shown.find("\"status\": 429") != std::string::npos);
    CHECK(shown.find("{{base_url}}/v1/orders") != std::string::npos);
    CHECK(shown.find("Bearer {{api_key}}") != std::string::npos);
    CHECK(shown.find(job.rig().phonex_key()) == std::string::npos);

    REQUIRE(job.rig().sandbox("DELETE", "/_sandbox/faults").has_value());
    CHECK(job.rig().crossdock({"dead-letter", "replay", "--all", "--preview"}).out.find("1 would be replayed") !=
          std::string::npos);
    CHECK(job.orders_at_supplier().empty());
    CHECK(job.rig().crossdock({"dead-letter", "replay", id}).exit_code == 0);
    job.wait_for_status("PO-1", "submitted");
    CHECK(job.orders_at_supplier()["PO-1"] == 1);
    CHECK_FALSE(job.order("PO-1").maybe_text("needs_attention"));
    CHECK(job.rig().crossdock({"dead-letter", "list"}).out == "no dead letters\n");
}

TEST_CASE("through a supplier that fails one call in five every order is placed once, or waits with its reason",
          "[system][many]") {
    const std::string effect_class = GENERATE("idempotent", "lookup", "unsafe");
    INFO(effect_class);
    const std::size_t orders = many();
    auto options = rig(effect_class);
    options.not_after = milliseconds{3'000};
    options.request_timeout = milliseconds{3'000};
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    REQUIRE(job.rig().sandbox("POST", "/_sandbox/faults/mix", R"({"percent":20,"seed":7})").has_value());
    for (std::size_t n = 1; n <= orders; ++n) { job.place(small_order("PO-" + std::to_string(n))); }
    const auto count = [&](const std::string& from) {
        auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
        REQUIRE(store.has_value());
        return static_cast<std::size_t>((*store)->number("SELECT COUNT(*) FROM " + from));
    };
    REQUIRE(eventually(
        [&] { return count("effects WHERE operation = 'create_order' AND state IN ('accepted', 'parked')") == orders; },
        milliseconds{600'000}));
    // The counts balance: what was accepted is at the supplier once, what is parked at most once, and has its reason.
    const auto accepted = count("orders WHERE status = 'submitted'");
    const auto parked = count("orders WHERE status = 'pending' AND attention IS NOT NULL");
    CHECK(accepted + parked == orders);
    CHECK((parked > 0) == (effect_class == "unsafe"));
    CHECK(count("attention WHERE resolved_at IS NULL AND reason LIKE '%unknown%'") == parked);
    CHECK(count("effect_attempts WHERE outcome = 'unknown'") > 0);
    CHECK(count("effect_attempts WHERE outcome = 'not sent'") > 0);
    CHECK(count("order_lines WHERE ordered <> open + accepted") == 0);
    const auto placed = job.orders_at_supplier();
    CHECK(placed.size() >= accepted);
    CHECK(placed.size() <= orders);
    for (const auto& [id, times] : placed) {
        if (times != 1) { FAIL_CHECK(id << " was placed " << times << " times"); }
    }
}

}  // namespace crossdock::tests
