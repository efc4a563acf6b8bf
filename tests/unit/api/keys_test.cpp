// The lives of API keys: last use, expiry, rotation with overlap.
#include "api/api.hpp"
#include "api/session.hpp"

#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

using namespace crossdock;
using namespace std::chrono_literals;
using support::order_text;

namespace {

const std::string old_key = "xd_old_0123456789abc";
const std::string new_key = "xd_new_0123456789abc";

class Desk {
public:
    Desk() : api(rig.clock, rig.store(), rig.engine(), rig.facts, options()) { api.set_ready(); }

    void add(const api::NewKey& key, const std::string& id) {
        rig.commit([&](store::Tx& tx) { REQUIRE(api::add_key(tx, key, id, rig.clock.utc_ms())); });
    }
    Result<api::Rotated> rotate(const std::string& which, milliseconds overlap, const std::string& token = new_key,
                                const std::string& id = "k2") {
        Result<api::Rotated> made = Fault{"nothing was done"};
        const UtcMs now = rig.clock.utc_ms();
        rig.commit([&](store::Tx& tx) { made = api::rotate_key(tx, which, token, id, now + overlap.count(), now); });
        return made;
    }
    http::Response order(const std::string& id, const std::string& key) {
        http::Request request;
        request.method = "POST";
        request.path = "/v1/orders";
        request.headers = {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}};
        request.body = order_text(id);
        return rig.value_of(api.handle(std::move(request))).value();
    }
    /// One key as it is listed.
    Json listed(const std::string& id) {
        Json found;
        rig.commit([&](store::Tx& tx) {
            const Json all = api::list_keys(tx);
            for (const auto& one : all.items()) {
                if (one.text("id") == id) { found = one; }
            }
        });
        return found;
    }

    support::EngineRig rig{PIPELINES};
    api::Api api;

private:
    api::ApiOptions options() {
        api::ApiOptions made;
        made.accounts.by_name["phonex"] = rig.account;
        made.accounts.routes["wesellcellular"] = {{.use = {"phonex"}}};
        return made;
    }
};

const api::NewKey writer{"shop", {"orders:write", "read"}, "c1", old_key};

}  // namespace

TEST_CASE("a key's last use is listed, and stored once a minute at most", "[api][unit]") {
    Desk desk;
    desk.add(writer, "k1");
    CHECK_FALSE(desk.listed("k1").maybe_text("last_used_at"));
    CHECK(desk.order("PO-1", old_key).status == 202);
    const auto first = desk.listed("k1").text("last_used_at");
    CHECK(first == rfc3339(desk.rig.clock.utc_ms()));
    desk.rig.pass(59'000ms);
    CHECK(desk.order("PO-2", old_key).status == 202);
    CHECK(desk.listed("k1").text("last_used_at") == first);
    desk.rig.pass(2'000ms);
    CHECK(desk.order("PO-3", old_key).status == 202);
    CHECK(desk.listed("k1").text("last_used_at") == rfc3339(desk.rig.clock.utc_ms()));
    CHECK(desk.order("PO-4", "xd_nobody_0123456789").status == 401);
}

TEST_CASE("a key that expires opens nothing from then on, nor do its sessions", "[api][unit]") {
    Desk desk;
    auto key = writer;
    key.expires_at = desk.rig.clock.utc_ms() + 60'000;
    desk.add(key, "k1");
    const auto digest = api::session_digest("0123456789abcdef");
    desk.rig.commit([&](store::Tx& tx) { api::open_session(tx, digest, "k1", desk.rig.clock.utc_ms()); });
    desk.rig.pass(59'000ms);
    CHECK(desk.order("PO-1", old_key).status == 202);
    desk.rig.pass(1'000ms);
    const auto refused = desk.order("PO-2", old_key);
    CHECK(refused.status == 401);
    CHECK_THAT(refused.body, Catch::Contains("This key is unknown or revoked, or has expired."));
    desk.rig.commit([&](store::Tx& tx) { CHECK_FALSE(api::find_session(tx, digest, desk.rig.clock.utc_ms())); });
    CHECK(desk.listed("k1").maybe_text("expires_at"));
}

TEST_CASE("a rotated key goes on for the overlap, and its successor is what it was", "[api][unit]") {
    Desk desk;
    desk.add(writer, "k1");
    const auto made = desk.rotate("shop", 24h);
    REQUIRE(made.has_value());
    CHECK(made->old_id == "k1");
    const auto next = desk.listed("k2");
    CHECK(next.text("name") == "shop");
    CHECK(next.text("scopes") == "orders:write read");
    CHECK(next.text("customer_id") == "c1");
    CHECK(next.text("in_place_of") == "k1");
    CHECK(desk.order("PO-1", old_key).status == 202);
    CHECK(desk.order("PO-2", new_key).status == 202);
    desk.rig.pass(24h);
    CHECK(desk.order("PO-3", old_key).status == 401);
    CHECK(desk.order("PO-3", new_key).status == 202);
}

TEST_CASE("an order that was sent with the old key is the same when it comes again with the new one, and the one after",
          "[api][unit]") {
    Desk desk;
    desk.add(writer, "k1");
    const auto first = desk.order("PO-1", old_key);
    REQUIRE(first.status == 202);
    REQUIRE(desk.rotate("shop", 0s).has_value());
    REQUIRE(desk.rotate("shop", 0s, "xd_newest_0123456789", "k3").has_value());
    CHECK(desk.order("PO-1", old_key).status == 401);
    const auto again = desk.order("PO-1", "xd_newest_0123456789");
    CHECK(again.status == 202);
    CHECK(again.body == first.body);
    CHECK(desk.rig.count("orders") == 1);
    // Somebody else's is refused as before.
    desk.add({"other", {"orders:write"}, {}, "xd_other_01234567890"}, "k9");
    CHECK(desk.order("PO-1", "xd_other_01234567890").status == 409);
}

TEST_CASE("a key is rotated by its id or name when that is clear, and an end never moves further away", "[api][unit]") {
    Desk desk;
    desk.add(writer, "k1");
    CHECK_THAT(desk.rotate("nobody", 1h).error().what, Catch::StartsWith("there is no such key"));
    REQUIRE(desk.rotate("shop", 1h).has_value());
    // Of the two named so, the one that does not end.
    const auto second = desk.rotate("shop", 1h, "xd_third_0123456789", "k3");
    REQUIRE(second.has_value());
    CHECK(second->old_id == "k2");
    const auto again = desk.rotate("k1", 24h, "xd_fourth_0123456789", "k4");
    REQUIRE(again.has_value());
    CHECK(again->ends_at == desk.rig.clock.utc_ms() + 3'600'000);
    CHECK_THAT(desk.rotate("shop", 1h, "xd_fifth_0123456789", "k5").error().what,
               Catch::StartsWith("more than one key has this name"));
    desk.rig.pass(1h);
    CHECK_THAT(desk.rotate("k1", 1h, "xd_sixth_0123456789", "k6").error().what, Catch::StartsWith("there is no such key"));
}
