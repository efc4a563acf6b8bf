// What the API does when too much comes in: 503 with the queue's name and Retry-After, and nothing half-accepted.
#include "api/api.hpp"

#include <catch2/catch.hpp>

#include "crypto/crypto.hpp"
#include "support/engine_rig.hpp"

using namespace crossdock;
using support::order_text;

namespace {

const std::string key = "xd_writer_0123456789";

/// Holds back what is read from the store, so that requests stay under way.
class SlowStore final : public store::Store {
public:
    explicit SlowStore(store::Store& behind) : behind_(behind) {}
    void submit(Commit point, store::Unit unit, store::Done done) override {
        behind_.submit(point, std::move(unit), std::move(done));
    }
    void submit_read(store::Unit unit, store::Done done) override {
        if (!slow) { return behind_.submit_read(std::move(unit), std::move(done)); }
        waiting_.emplace_back([this, unit = std::move(unit), done = std::move(done)]() mutable {
            behind_.submit_read(std::move(unit), std::move(done));
        });
    }
    void go_on() {
        slow = false;
        for (auto& one : std::exchange(waiting_, {})) { one(); }
    }
    bool slow = false;

private:
    store::Store& behind_;
    std::vector<std::function<void()>> waiting_;
};

/// Options with one bound of its own.
api::ApiOptions bounded(std::size_t api::ApiOptions::*bound, std::size_t most) {
    api::ApiOptions options;
    options.*bound = most;
    return options;
}

class Desk {
public:
    explicit Desk(api::ApiOptions options)
        : slow(rig.store()), api(rig.clock, slow, rig.engine(), rig.facts, complete(std::move(options))) {
        rig.commit([](store::Tx& tx) { (void)api::add_key(tx, {"writer", {"orders:write", "read"}, {}, key}, "k1", 0); });
        api.set_ready();
    }

    Task<http::Response> asked(const std::string& method, const std::string& path, const std::string& body = "") {
        http::Request request;
        request.method = method;
        request.path = path;
        request.headers = {{"Authorization", "Bearer " + key},
                           {"Content-Type", "application/json"},
                           {"X-Phonex-Signature", crypto::hmac_sha256_hex("shared secret", body)}};
        request.body = body;
        return api.handle(std::move(request));
    }
    http::Response ask(const std::string& method, const std::string& path, const std::string& body = "") {
        auto response = rig.value_of(asked(method, path, body));
        REQUIRE(response.has_value());
        return std::move(*response);
    }
    [[nodiscard]] Json readyz() { return Json::parse(ask("GET", "/readyz").body).value(); }

    support::EngineRig rig{PIPELINES};
    SlowStore slow;
    api::Api api;

private:
    api::ApiOptions complete(api::ApiOptions made) {
        made.accounts.by_name["phonex"] = rig.account;
        made.webhooks["phonex"] = {{}, {{"secret", 0, "shared secret"}}};
        return made;
    }
};

void check_refused(const http::Response& response, const std::string& queue) {
    CHECK(response.status == 503);
    CHECK(std::find(response.headers.begin(), response.headers.end(), http::Header{"Retry-After", "1"}) !=
          response.headers.end());
    CHECK_THAT(Json::parse(response.body).value().text("detail"), Catch::StartsWith("The queue " + queue));
}

Task<void> keep(Task<http::Response> task, std::shared_ptr<std::optional<http::Response>> into) {
    *into = co_await std::move(task);
}

}  // namespace

TEST_CASE("more requests than may be under way are refused, those about health are not", "[api][unit]") {
    Desk desk(bounded(&api::ApiOptions::requests_max, 1));
    desk.slow.slow = true;
    auto first = std::make_shared<std::optional<http::Response>>();
    spawn(desk.rig.executor(), keep(desk.asked("POST", "/v1/orders", order_text("PO-1")), first));
    desk.rig.settle();
    REQUIRE_FALSE(first->has_value());
    check_refused(desk.ask("POST", "/v1/orders", order_text("PO-2")), "http.requests is full (1).");
    check_refused(desk.ask("POST", "/api/webhooks/phonex", "{}"), "http.requests is full (1).");
    CHECK(desk.ask("GET", "/livez").status == 200);
    const Json state = desk.readyz();
    REQUIRE(state.find("queues") != nullptr);
    CHECK(state.find("queues")->dump() == R"([{"name":"http.requests","waiting":1,"most":1}])");
    desk.slow.go_on();
    desk.rig.settle();
    REQUIRE(first->has_value());
    CHECK((*first)->status == 202);
    CHECK(desk.rig.count("orders") == 1);
    CHECK(desk.readyz().find("queues") == nullptr);
    CHECK(desk.ask("POST", "/v1/orders", order_text("PO-2")).status == 202);
}

TEST_CASE("more readers of events than there are places for are told to come back", "[api][unit]") {
    Desk desk(bounded(&api::ApiOptions::event_streams_max, 1));
    auto first = desk.ask("GET", "/v1/events");
    CHECK(first.stream);
    check_refused(desk.ask("GET", "/v1/events"), "http.event_streams is full (1).");
    first = {};
    CHECK(desk.ask("GET", "/v1/events").stream);
}

TEST_CASE("orders and webhooks are refused while too much is open, and taken once it is done", "[api][unit]") {
    Desk desk(bounded(&api::ApiOptions::open_work_max, 2));
    CHECK(desk.ask("POST", "/v1/orders", order_text("PO-1")).status == 202);
    CHECK(desk.ask("POST", "/v1/orders", order_text("PO-2")).status == 202);
    desk.rig.pass(milliseconds{1'500});
    check_refused(desk.ask("POST", "/v1/orders", order_text("PO-3")), "engine.open_work is full (2).");
    check_refused(desk.ask("POST", "/api/webhooks/phonex", R"({"event":"x"})"), "engine.open_work is full (2).");
    CHECK(desk.rig.count("orders") == 2);
    CHECK(desk.rig.count("inbound_webhooks") == 0);
    REQUIRE(desk.readyz().find("queues") != nullptr);

    desk.rig.caller.script("create_order", support::created(200, "S-1"));
    desk.rig.caller.script("create_order", support::created(200, "S-2"));
    desk.rig.start();
    REQUIRE(desk.rig.until([&] { return desk.rig.count("effects WHERE state != 'accepted'") == 0; }));
    desk.rig.pass(milliseconds{1'500});
    CHECK(desk.readyz().find("queues") == nullptr);
    CHECK(desk.ask("POST", "/v1/orders", order_text("PO-3")).status == 202);
}
