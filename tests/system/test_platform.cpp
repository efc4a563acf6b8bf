// The reseller's platform at the other end: told what becomes of orders as PhoneX tells it, and known by its PhoneX key.
#include "base/journal_point.hpp"
#include "crypto/crypto.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"
#include "unit/plugin/fake_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace crossdock::tests {
namespace {

using Catch::Matchers::Contains;
constexpr const char* seed_id = "PXSTKL0000347";
constexpr const char* shared = "what PhoneX and the platform share";
constexpr const char* standard_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A platform's endpoint: notes each request, and does `answers[n]` with the n-th; 200 with all later ones. 0: it leaves without
/// an answer.
class Endpoint {
public:
    explicit Endpoint(std::vector<std::pair<int, std::string>> answers = {})
        : answers_(std::move(answers)), server_([this](FakeServer::Connection& connection, int number) {
              const auto request = connection.read_request();
              if (request.empty()) { return; }
              server_.note(request);
              const auto at = static_cast<std::size_t>(number - 1);
              const auto [status, headers] = at < answers_.size() ? answers_[at] : std::pair<int, std::string>{200, ""};
              if (status != 0) { connection.write(http_answer(status, "{}", "Connection: close\r\n" + headers)); }
          }) {}

    [[nodiscard]] std::string url() const { return server_.url() + "/api/webhooks/phonex"; }

    struct Request {
        std::string head;
        Json body;
        std::string raw;

        [[nodiscard]] std::string header(const std::string& name) const {
            const auto at = head.find("\r\n" + name + ": ");
            if (at == std::string::npos) { return {}; }
            const auto from = at + name.size() + 4;
            return head.substr(from, head.find("\r\n", from) - from);
        }
    };
    [[nodiscard]] std::vector<Request> requests() {
        std::vector<Request> made;
        for (const auto& text : server_.notes()) {
            const auto at = text.find("\r\n\r\n");
            Request one{text.substr(0, at + 2), {}, text.substr(at + 4)};
            one.body = Json::parse(one.raw).value();
            made.push_back(std::move(one));
        }
        return made;
    }

private:
    std::vector<std::pair<int, std::string>> answers_;
    FakeServer server_;
};

/// The demo's config with a platform.
app::RigOptions told(const std::string& url, const std::string& shape = "phonex") {
    app::RigOptions options;
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.accept_after = milliseconds{150};
    options.ship_after = milliseconds{500};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_config = [url, shape](std::string config) {
        const std::string block =
            "channels:\n  shop:\n    plugin: webhook\n    audience: platform\n    settings: { url: '" + url +
            "', shape: " + shape +
            " }\n    credentials: { secret: { file: shop.secret } }\n    not_after: 2s\n    request_timeout: "
            "2s\n    retry: { backoff: 100ms, backoff_max: 1s }\n";
        return config.replace(config.find("channels:\n"), std::string("channels:\n").size(), block);
    };
    return options;
}

void write_secret(MainJob& job, const std::string& secret) {
    std::ofstream(job.rig().folder() / "config" / "shop.secret", std::ios::binary) << secret << "\n";
}

std::int64_t count(MainJob& job, const std::string& what) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    return (*store)->number("SELECT COUNT(*) FROM " + what);
}

std::string text(MainJob& job, const std::string& sql) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    const auto row = (*store)->first<std::optional<std::string>>(sql, {});
    return row ? std::get<0>(*row).value_or("NULL") : "no row";
}

/// Until the platform was told all that there is to tell.
void wait_until_told(MainJob& job) {
    INFO("the daemon's log:\n" << job.log("daemon"));
    REQUIRE(eventually([&] {
        job.revive();
        return count(job, "notifications WHERE channel = 'shop'") > 0 &&
               count(job, "notifications WHERE channel = 'shop' AND sent = 0") == 0;
    }));
}

}  // namespace

TEST_CASE("a platform is told what becomes of an order as PhoneX tells it, and the signature is right", "[system]") {
    Endpoint shop;
    MainJob job(told(shop.url()));
    write_secret(job, shared);
    job.run_seed_order();
    wait_until_told(job);
    const auto requests = shop.requests();
    std::vector<std::string> statuses;
    for (const auto& request : requests) {
        CHECK(request.head.starts_with("POST /api/webhooks/phonex HTTP/1.1\r\n"));
        CHECK(request.header("Content-Type") == "application/json");
        CHECK(request.header("X-PhoneX-Signature") == crypto::hmac_sha256_hex(shared, request.raw));
        CHECK(request.body.text("event") == "order.status_updated");
        CHECK(request.body.text("order_id") == seed_id);
        CHECK(request.body.text("supplier_order_id") == "ORD845140");
        statuses.push_back(request.body.text("status"));
    }
    CHECK(statuses.front() == "confirmed");
    CHECK(statuses.back() == "shipped");
    // But for its time, the last one is the seed's own document, member by member.
    auto last = requests.back().body;
    CHECK(last.text("updated_at").size() == std::string("2025-10-30T18:06:39Z").size());
    last.set("updated_at", "2025-10-30T18:06:39Z");
    CHECK(last.dump() == R"({"event":"order.status_updated","order_id":"PXSTKL0000347","supplier_order_id":"ORD845140",)"
                         R"("status":"shipped","tracking_number":"1Z999AA10123456784","updated_at":"2025-10-30T18:06:39Z"})");
    CHECK(count(job, "attention WHERE about LIKE 'Channel%'") == 0);
    // Neither log nor store has the secret.
    CHECK_THAT(job.log("daemon"), !Contains(shared));
}

TEST_CASE("what is sent to a platform is what an intake for PhoneX takes", "[system]") {
    // The platform is a Crossdock of its own, which waits for PhoneX to tell of an order that it has placed there.
    app::RigOptions waiting;
    waiting.accept_after = milliseconds{3'600'000};
    waiting.ship_after = milliseconds{3'600'000};
    waiting.inventory_every = milliseconds{3'600'000};
    waiting.webhook_secret = shared;
    MainJob platform(std::move(waiting));
    platform.start_world();
    platform.start_daemon();
    platform.add_customer("worldtech-1734", "orders@worldtech.example");
    platform.place(seed_order());
    platform.wait_for_status(seed_id, "submitted");

    MainJob job(told("http://127.0.0.1:" + std::to_string(platform.rig().api_port()) + "/api/webhooks/phonex"));
    write_secret(job, shared);
    job.run_seed_order();
    wait_until_told(job);
    platform.wait_for_status(seed_id, "shipped");
    platform.wait_for_mails("has shipped", 1);
    CHECK_THAT(platform.order(seed_id).dump(), Contains("1Z999AA10123456784"));
    CHECK(count(platform, "inbound_webhooks WHERE signature_ok = 0") == 0);
    CHECK(count(platform, "inbound_webhooks WHERE state <> 'applied'") == 0);
    CHECK(count(platform, "inbound_webhooks") >= 2);
    CHECK(count(platform, "evidence WHERE state <> 'applied'") == 0);
}

TEST_CASE("a platform that fails, leaves and asks to wait gets each message once more, under the same id", "[system]") {
    Endpoint shop({{500, ""}, {0, ""}, {429, "Retry-After: 1\r\n"}, {503, ""}});
    MainJob job(told(shop.url(), "standard-webhooks"));
    write_secret(job, standard_secret);
    job.run_seed_order();
    wait_until_told(job);
    const auto requests = shop.requests();
    std::vector<std::string> ids;
    const auto key = crypto::from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
    for (const auto& request : requests) {
        ids.push_back(request.header("webhook-id"));
        const auto signed_text = ids.back() + "." + request.header("webhook-timestamp") + "." + request.raw;
        CHECK(request.header("webhook-signature") == "v1," + crypto::base64(crypto::hmac_sha256(key, signed_text)));
        CHECK(request.body.find("data")->text("order_id") == seed_id);
        CHECK(request.body.text("type") == request.body.find("data")->text("type"));
    }
    REQUIRE(ids.size() >= 6);
    CHECK(std::count(ids.begin(), ids.end(), ids.front()) == 5);
    for (std::size_t i = 1; i < 5; ++i) {
        CHECK(ids[i] == ids.front());
        CHECK(requests[i].raw == requests.front().raw);
    }
    CHECK(std::set<std::string>(ids.begin() + 4, ids.end()).size() == ids.size() - 4);
    // Two of its tries may have been taken: the one that was answered 500, and the one that was not answered.
    CHECK(text(job, "SELECT CAST(repeats AS TEXT) FROM notifications WHERE channel = 'shop' ORDER BY created_at, id LIMIT 1") ==
          "2");
    CHECK(count(job, "notifications WHERE channel = 'shop' AND repeats > 0") == 1);
}

TEST_CASE("an endpoint that is gone is stopped with its reason, and goes on when a person says so", "[system]") {
    Endpoint shop({{410, ""}});
    MainJob job(told(shop.url()));
    write_secret(job, shared);
    job.run_seed_order();
    REQUIRE(eventually([&] {
        return job.rig().crossdock({"attention", "list"}).out.find("nothing is sent to shop: its endpoint is gone (410)") !=
               std::string::npos;
    }));
    CHECK(shop.requests().size() == 1);
    CHECK_THAT(job.rig().api("GET", "/readyz")->body, Contains("\"shop\""));
    // A restart keeps it so.
    job.rig().stop_daemon();
    job.start_daemon();
    CHECK_THAT(job.rig().api("GET", "/readyz")->body, Contains("\"shop\""));
    CHECK(shop.requests().size() == 1);
    const auto enabled = job.rig().crossdock({"supplier", "enable", "shop"});
    CHECK(enabled.exit_code == 0);
    wait_until_told(job);
    CHECK(shop.requests().size() == static_cast<std::size_t>(count(job, "notifications WHERE channel = 'shop'")) + 1);
    CHECK_THAT(job.rig().crossdock({"attention", "list"}).out, !Contains("nothing is sent to shop"));
}

TEST_CASE("a refused message is shown to a person, and a redirect is not followed", "[system]") {
    Endpoint elsewhere;
    Endpoint shop({{302, "Location: " + elsewhere.url() + "\r\n"}, {404, ""}});
    MainJob job(told(shop.url()));
    write_secret(job, shared);
    job.run_seed_order();
    REQUIRE(eventually([&] { return count(job, "effects WHERE target = 'shop' AND state IN ('pending', 'sending')") == 0; }));
    CHECK(elsewhere.requests().empty());
    CHECK(count(job, "effects WHERE target = 'shop' AND state = 'refused'") == 2);
    const auto listed = job.rig().crossdock({"attention", "list"}).out;
    CHECK_THAT(listed, Contains("shop refused a message") && Contains("follows no redirects"));
}

TEST_CASE("a platform is told of each fact, whatever dies when, and a repeat has its first one's id", "[system]") {
    struct Row {
        const char* point;
        int passage;
    };
    const auto row = GENERATE(Row{"evidence.apply.before", 2}, Row{"evidence.apply.after", 2}, Row{"effect.intent.before", 2},
                              Row{"effect.intent.after", 2}, Row{"effect.intent.after", 3}, Row{"effect.intent.after", 4},
                              Row{"call.effect.before", 3}, Row{"call.effect.after", 2}, Row{"call.effect.after", 3},
                              Row{"effect.outcome.before", 1}, Row{"effect.outcome.before", 3}, Row{"effect.outcome.after", 1},
                              Row{"effect.outcome.after", 3}, Row{"http.send.before", 1}, Row{"http.send.after", 1},
                              Row{"plugin.effect.before", 2}, Row{"plugin.effect.after", 1});
    const std::string spec = std::string(row.point) + ":" + std::to_string(row.passage);
    CAPTURE(spec);
    Endpoint shop;
    MainJob job(told(shop.url()));
    write_secret(job, shared);
    job.start_world();
    job.start_daemon(spec);
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    job.place(seed_order());
    job.wait_for_status(seed_id, "shipped");
    wait_until_told(job);
    const bool of_worker = std::string(row.point).starts_with("http.") || std::string(row.point).starts_with("plugin.");
    const auto died = [&] {
        if (of_worker) { return job.log("daemon").find("killed by signal 9") != std::string::npos; }
        job.revive();
        return job.deaths() > 0;
    };
    REQUIRE(eventually(died, milliseconds{10'000}));
    CHECK(job.orders_at_supplier().at(seed_id) == 1);

    // One message for each fact that the platform is to hear of; each as often as the ledger says at most.
    CHECK(count(job, "notifications WHERE channel = 'shop'") ==
          count(job,
                "facts WHERE superseded = 0 AND kind IN ('order.accepted', 'order.rejected', 'order.fulfillment_started', "
                "'order.shipped', 'order.delivered', 'order.canceled', 'order.status_changed')"));
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    std::int64_t told_at_most = 0;
    for (const auto& [repeats] : (*store)->all<std::int64_t>("SELECT repeats FROM notifications WHERE channel = 'shop'")) {
        told_at_most += 1 + repeats;
    }
    CHECK(static_cast<std::int64_t>(shop.requests().size()) <= told_at_most);
    CHECK(static_cast<std::int64_t>(shop.requests().size()) >= count(job, "notifications WHERE channel = 'shop'"));
    CHECK(shop.requests().back().body.text("status") == "shipped");
}

TEST_CASE("a platform's own PhoneX key is taken over, with a daemon and without one", "[system]") {
    const std::string theirs = "pxk_live_9fQ2mZ7vK4tB1xR8";
    const std::string other = "live.Zm9vYmFyIQ~8+/=dHJ1c3Q";
    app::RigOptions options;
    options.inventory_every = milliseconds{3'600'000};
    MainJob job(std::move(options));
    const auto import = [&](const std::string& name, const std::string& input) {
        auto output = job.rig().crossdock({"key", "create", name, "--import"}, input);
        INFO(output.out << output.err);
        CHECK(output.out.find(theirs) == std::string::npos);
        CHECK(output.err.find(theirs) == std::string::npos);
        return output;
    };
    CHECK(import("shop", theirs + "\n").exit_code == 0);
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "orders@worldtech.example");
    CHECK(import("other", other + "\r\n").exit_code == 0);

    for (const auto& key : {theirs, other}) {
        http::LoopbackCall call;
        call.port = job.rig().api_port();
        call.method = "POST";
        call.target = "/v1/orders";
        call.headers = {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}};
        call.body = key == theirs ? seed_order() : small_order("PX-other");
        const auto answer = http::exchange(call);
        REQUIRE(answer.has_value());
        CHECK(answer->status == 202);
    }
    const auto listed = job.rig().crossdock({"key", "list"}).out;
    CHECK_THAT(listed, Contains("shop  orders:write read  imported") && Contains("other  orders:write read  imported") &&
                           Contains("demo  orders:write read  never used\n"));
    CHECK_THAT(listed, !Contains(theirs));

    struct Row {
        std::string input;
        const char* refused;
    };
    for (const auto& row : {Row{"", "no key came in"}, Row{"\n", "no key came in"}, Row{theirs + "\n", "is here already"},
                            Row{"two words1234567890abcdefgh", "white space"}, Row{"pxk_1\npxk_9fQ2mZ7vK4tB1xR8", "white space"},
                            Row{"schlüssel-9fQ2mZ7vK4tB1xR8", "visible ASCII"}, Row{"short-9fQ2mZ7", "too easy to guess"},
                            Row{std::string(64, 'a'), "too easy to guess"}, Row{"passwordpassword", "too easy to guess"},
                            Row{std::string(700, 'a') + std::string(700, 'b') + std::string(700, 'c'), "at most 2048"}}) {
        const auto output = import("bad", row.input);
        CHECK(output.exit_code != 0);
        CHECK_THAT(output.err, Contains(row.refused));
        CHECK(output.out.empty());
    }
    CHECK(count(job, "api_keys WHERE name = 'bad'") == 0);
    CHECK(count(job, "audit_log WHERE action = 'key.import'") == 2);
    CHECK_THAT(job.log("daemon"), !Contains(theirs));
    // What is stored is a digest.
    CHECK(count(job, "api_keys WHERE key_hash LIKE '%pxk%'") == 0);
}

TEST_CASE("a wrong setting of a platform's channel is found by lint, by its name and without its value", "[system]") {
    MainJob job(told("https://shop.example/hooks", "standard-webhooks"));
    write_secret(job, "not as standard webhooks have it");
    job.start_world();
    const auto started = job.rig().start_daemon();
    REQUIRE_FALSE(started.has_value());
    CHECK_THAT(started.error().text() + job.log("daemon"),
               Contains("\"secret\" must be whsec_ and the base64 of 24 to 64 bytes") && Contains("crossdock.yaml:"));
    CHECK_THAT(started.error().text() + job.log("daemon"), !Contains("not as standard webhooks have it"));
}

}  // namespace crossdock::tests
