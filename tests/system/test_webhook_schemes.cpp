// Real webhooks of each bundled scheme, over real sockets; one secret takes another's place.
#include "base/system_clock.hpp"
#include "config/webhook_scheme.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

constexpr const char* whsec_a = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* whsec_b = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
// The key pair of RFC 8032, section 7.1, test 1.
constexpr const char* whsk = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr const char* whpk = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

std::int64_t count(MainJob& job, const std::string& what) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    return (*store)->number("SELECT COUNT(*) FROM " + what);
}

/// A body signed as the account's file says, sent to the daemon; its status.
int send(MainJob& job, const std::string& scheme, const std::string& secret, const std::string& body, const std::string& id,
         UtcMs at = system_utc_ms(), const std::vector<http::Header>& instead = {}) {
    const auto& known = *app::bundled_scheme(scheme);
    const auto key = crypto::signing_key(known, secret);
    REQUIRE(key.has_value());
    http::LoopbackCall call;
    call.port = job.rig().api_port();
    call.method = "POST";
    call.target = "/api/webhooks/phonex";
    call.headers = {{"Content-Type", "application/json"}};
    for (const auto& header : crypto::sign_webhook(known, *key, body, id, at)) { call.headers.push_back(header); }
    for (auto& [name, value] : call.headers) {
        for (const auto& [other, put] : instead) {
            if (name == other) { value = put; }
        }
    }
    call.body = body;
    const auto answer = http::exchange(call);
    REQUIRE(answer.has_value());
    return answer->status;
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Secret and whether it was used, oldest first.
std::string used(MainJob& job) {
    const auto output = job.rig().crossdock({"webhook", "secrets", "phonex", "--json"});
    REQUIRE(output.exit_code == 0);
    const auto list = Json::parse(output.out);
    REQUIRE(list.has_value());
    std::string text;
    for (const auto& one : list->items()) {
        text += one.text("secret") + (one.maybe_text("last_used_at") ? " used, " : " unused, ");
    }
    return text;
}

}  // namespace

TEST_CASE("an order is confirmed and shipped by webhooks signed as each bundled scheme has it", "[system]") {
    struct Row {
        const char *scheme, *ours, *theirs;
    };
    const auto row = GENERATE(Row{"standard-webhooks", whsec_a, whsec_a}, Row{"standard-webhooks", whpk, whsk},
                              Row{"github", "It's a Secret to Everybody", "It's a Secret to Everybody"},
                              Row{"shopify", "shared", "shared"}, Row{"stripe", whsec_a, whsec_a});
    CAPTURE(row.scheme, row.ours);
    app::RigOptions options;
    options.webhook_scheme = row.scheme;
    options.webhook_secret = row.ours;
    options.sandbox_webhook_secret = row.theirs;
    // What is not told is not asked for: it must be the webhooks that say it.
    options.edit_supplier = [](std::string text) { return text.substr(0, text.find("poll:")) + "low_stock: 5\n"; };
    MainJob job(std::move(options));
    job.run_seed_order();
    CHECK(used(job) == "secret used, ");
    CHECK(count(job, "inbound_webhooks WHERE state = 'applied' AND secret = 'secret'") == 2);
    CHECK(count(job, "inbound_webhooks WHERE signature_ok = 0") == 0);
}

TEST_CASE("one secret takes another's place, and no webhook is lost or counts twice", "[system]") {
    app::RigOptions options;
    options.webhook_scheme = "standard-webhooks";
    options.webhook_secret = whsec_a;
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    const auto supplier_file = job.rig().folder() / "config" / "suppliers" / "phonex.yaml";
    const auto secrets = [&](const std::string& block) {
        std::string text = text_of(supplier_file);
        const auto from = text.find("  secret");
        REQUIRE(from != std::string::npos);
        text.replace(from, text.find("  url:") - from, block);
        std::ofstream(supplier_file, std::ios::binary | std::ios::trunc) << text;
        const auto output = job.rig().crossdock({"reload"});
        INFO(output.out << output.err);
        REQUIRE(output.exit_code == 0);
    };
    const auto body = [](int n) { return R"({"event":"order.status_updated","n":)" + std::to_string(n) + "}"; };

    CHECK(send(job, "standard-webhooks", whsec_a, body(1), "msg_1") == 200);
    CHECK(send(job, "standard-webhooks", whsec_b, body(2), "msg_2") == 401);

    std::ofstream(job.rig().folder() / "config" / "suppliers" / "old.secret") << whsec_a << "\n";
    std::ofstream(job.rig().folder() / "config" / "suppliers" / "next.secret") << whsec_b << "\n";
    secrets("  secrets:\n    old: { file: old.secret }\n    next: { file: next.secret }\n");
    CHECK(used(job) == "next unused, old unused, ");
    CHECK(send(job, "standard-webhooks", whsec_a, body(3), "msg_3") == 200);
    CHECK(used(job) == "next unused, old used, ");
    CHECK(send(job, "standard-webhooks", whsec_b, body(2), "msg_2") == 200);
    // A repeat under the other secret is a repeat.
    CHECK(send(job, "standard-webhooks", whsec_b, body(3), "msg_3") == 200);
    CHECK(used(job) == "next used, old used, ");
    CHECK(count(job, "inbound_webhooks WHERE signature_ok = 1") == 3);
    CHECK(count(job, "inbound_webhooks WHERE repeats = 1 AND delivery_id = 'msg_3'") == 1);
    CHECK(count(job, "runs WHERE pipeline = 'status-ingest'") == 3);

    // Seen on the way and sent again: late, or with another id, time or body.
    const UtcMs now = system_utc_ms();
    CHECK(send(job, "standard-webhooks", whsec_a, body(3), "msg_3", now - 600'000) == 401);
    CHECK(send(job, "standard-webhooks", whsec_a, body(3), "msg_3", now, {{"webhook-id", "msg_4"}}) == 401);
    CHECK(send(job, "standard-webhooks", whsec_a, body(3), "msg_3", now - 600'000,
               {{"webhook-timestamp", std::to_string(now / 1'000)}}) == 401);

    secrets("  secrets:\n    next: { file: next.secret }\n");
    CHECK(used(job) == "next used, ");
    CHECK(send(job, "standard-webhooks", whsec_a, body(5), "msg_5") == 401);
    CHECK(send(job, "standard-webhooks", whsec_b, body(6), "msg_6") == 200);
    CHECK(count(job, "runs WHERE pipeline = 'status-ingest'") == 4);

    const auto refused = job.rig().crossdock({"webhook", "list", "--state", "refused", "--account", "phonex"});
    CHECK_THAT(refused.out, Catch::Contains("the signature does not match the body (webhook-signature)") &&
                                Catch::Contains("webhook-timestamp is ") && Catch::Contains(" s old, more than 5m"));
    CHECK_THAT(refused.out, !Catch::Contains("signed with"));
    const auto all = job.rig().crossdock({"webhook", "list", "--last", "1"});
    CHECK_THAT(all.out, Catch::Contains("signed with next  msg_6"));
    CHECK(job.rig().crossdock({"webhook", "list", "--state", "lost"}).exit_code == 2);
    CHECK(job.rig().crossdock({"webhook", "secrets", "nobody"}).exit_code == 1);
    for (const auto& process : {"daemon", "supplier"}) {
        CHECK_THAT(job.log(process), !Catch::Contains("MfKQ9r8GKYqr") && !Catch::Contains("C2FVsBQIhrsc"));
    }
}

TEST_CASE("an id that nobody signed makes no second effect", "[system]") {
    app::RigOptions options;
    options.webhook_scheme = "github";
    options.webhook_secret = "It's a Secret to Everybody";
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon();
    const std::string body = R"({"event":"order.status_updated","n":1})";
    CHECK(send(job, "github", "It's a Secret to Everybody", body, "delivery-1") == 200);
    CHECK(send(job, "github", "It's a Secret to Everybody", body, "delivery-2") == 200);
    CHECK(count(job, "inbound_webhooks WHERE repeats = 1 AND delivery_id = 'delivery-1'") == 1);
    CHECK(count(job, "runs WHERE pipeline = 'status-ingest'") == 1);
}

}  // namespace crossdock::tests
