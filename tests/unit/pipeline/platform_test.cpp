// What a platform is told, and what becomes of it: posted by HTTP, tried for days, never twice, never behind a newer one.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <algorithm>
#include <deque>
#include <set>

using namespace crossdock;
using Catch::Matchers::Contains;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

constexpr const char* retry = R"({"attempts":1000000,"backoff_ms":5000,"backoff_max_ms":3600000,"deadline_ms":259200000})";

notify::FactOptions with_platform(const std::vector<std::string>& events = {"order.accepted", "order.shipped",
                                                                            "order.canceled"}) {
    auto options = support::fact_options();
    options.platforms.push_back({"shop", events, retry});
    return options;
}

plugin::CallAnswer posted(int status, std::int64_t retry_after_ms = 0) {
    Json output = Json::object({{"transport", "answered"}, {"status", status}, {"protocol", "http"}});
    output.set("exchange", "POST /hooks -> " + std::to_string(status));
    if (retry_after_ms > 0) { output.set("retry_after_ms", retry_after_ms); }
    return support::answered(std::move(output));
}

plugin::CallAnswer cut() {
    return support::answered(Json::object({{"transport", "cut"}, {"status", 0}, {"protocol", "http"}}));
}

/// An engine with a platform that answers as it is told, and 200 when it is not.
class Shop {
public:
    explicit Shop(const RigOptions& options = {}) : rig(PIPELINES, with_channel(options)) {
        rig.facts.change(with_platform());
        rig.caller.always("deliver", [this](const plugin::Call& call) {
            if (call.target != "shop") { return support::answered(Json::object({{"transport", "answered"}, {"status", 250}})); }
            calls.push_back(call);
            at.push_back(rig.clock.utc_ms());
            if (next.empty()) { return otherwise; }
            auto answer = std::move(next.front());
            next.pop_front();
            return answer;
        });
        if (!options.file.empty()) { rig.recover(); }
        rig.start();
    }

    void place(const std::string& id) {
        const auto text = order_text(id);
        rig.caller.script("create_order", created(201, "S-" + id));
        rig.place(text);
        REQUIRE(rig.until([&] { return rig.count("facts WHERE kind = 'order.accepted' AND order_id = :1", {id}) == 1; }));
    }
    /// A further fact of an order.
    void fact(const std::string& order_id, const std::string& kind) {
        rig.commit([&](store::Tx& tx) {
            rig.facts.record(tx, {.kind = kind,
                                  .natural_key = order_id + "/" + kind,
                                  .order_id = order_id,
                                  .data = Json::object({{"status", "shipped"}}),
                                  .occurred_at = rig.clock.utc_ms()});
        });
    }
    std::string states() {
        return rig.text(
            "SELECT group_concat(state, ' ') FROM (SELECT state FROM effects WHERE target = 'shop' ORDER BY lane, created_at)");
    }
    std::int64_t told() { return rig.count("notifications WHERE channel = 'shop' AND sent = 1"); }
    bool settled() { return rig.count("effects WHERE target = 'shop' AND state IN ('pending', 'sending')") == 0; }
    std::string open_attention() {
        return rig.text("SELECT group_concat(reason, ' | ') FROM attention WHERE resolved_at IS NULL");
    }

    static RigOptions with_channel(RigOptions options) {
        options.edit = [](pipeline::EngineOptions& made) { made.channels["shop"] = {}; };
        return options;
    }

    std::vector<plugin::Call> calls;
    std::vector<UtcMs> at;
    std::deque<plugin::CallAnswer> next;
    plugin::CallAnswer otherwise = posted(200);
    EngineRig rig;
};

orders::Evidence evidence(const std::string& reference, const std::string& status, const std::string& tracking = "") {
    orders::Evidence made;
    made.source = "webhook";
    made.reference = reference;
    made.supplier_status = status;
    made.tracking_number = tracking;
    made.occurred_at = 1'700'000'000'000;
    return made;
}

}  // namespace

TEST_CASE("each fact of an order is entered for the platform once, with how the order stands", "[pipeline][unit]") {
    support::OrderDesk desk;
    desk.facts.change(
        with_platform({"order.placed", "order.accepted", "order.status_changed", "order.shipped", "order.delivered"}));
    desk.place(order_text("PO-1"));
    CHECK(desk.learn("PO-1", "S-1"));
    for (int repeat = 0; repeat < 2; ++repeat) {
        desk.apply(evidence("PO-1", "Shipped", "1Z999AA10123456784"));
        desk.apply(evidence("PO-1", "Delivered"));
    }
    // It was overtaken before it was learned: nobody is told.
    desk.apply(evidence("PO-1", "On Hold"));
    const auto inputs = desk.list("SELECT input FROM effects WHERE target = 'shop' ORDER BY created_at, id");
    std::vector<std::string> told;
    for (const auto& text : inputs) {
        const auto input = Json::parse(text).value();
        const auto& order = *input.find("order");
        const auto& fact = *input.find("fact");
        CHECK(order.text("order_id") == "PO-1");
        CHECK(fact.text("order_id") == "PO-1");
        CHECK(fact.find("data")->text("fact_id") == fact.text("id"));
        CHECK(input.text("to") == "platform");
        told.push_back(fact.text("type") + " " + order.text("status") + " " + order.text("supplier_order_id", "-") + " " +
                       order.text("tracking_number", "-"));
    }
    CHECK(told == std::vector<std::string>{"order.placed pending - -", "order.accepted confirmed S-1 -",
                                           "order.shipped shipped S-1 1Z999AA10123456784",
                                           "order.delivered delivered S-1 1Z999AA10123456784"});
    CHECK(desk.count("notifications WHERE channel = 'shop' AND email = 'platform' AND user_id IS NULL") == 4);
    // The client's mails are what they are without a platform.
    CHECK(desk.count("notifications WHERE channel = 'email'") == 3);
    CHECK(desk.count("effects WHERE target = 'shop' AND lane = 'channel/shop/PO-1' AND effect_class = 'repeatable'") == 4);
}

TEST_CASE("without its ledger key a platform would be told again", "[pipeline][unit]") {
    support::OrderDesk desk;
    auto options = with_platform({"order.placed"});
    options.platforms.push_back(options.platforms.front());
    SECTION("two of one channel are one recipient") {
        desk.facts.change(options);
        desk.place(order_text("PO-1"));
        CHECK(desk.count("notifications WHERE channel = 'shop'") == 1);
    }
    SECTION("switched off") {
        options.ledger_key = false;
        desk.facts.change(options);
        desk.place(order_text("PO-1"));
        CHECK(desk.count("notifications WHERE channel = 'shop'") == 2);
    }
}

TEST_CASE("a platform's answer means what HTTP says", "[pipeline][unit]") {
    struct Row {
        int status;
        const char* state;
        int calls;
        int repeats;
    };
    const auto row =
        GENERATE(Row{200, "accepted", 1, 0}, Row{204, "accepted", 1, 0}, Row{301, "refused", 1, 0}, Row{400, "refused", 1, 0},
                 Row{404, "refused", 1, 0}, Row{422, "refused", 1, 0}, Row{408, "accepted", 2, 0}, Row{425, "accepted", 2, 0},
                 Row{429, "accepted", 2, 0}, Row{503, "accepted", 2, 0}, Row{500, "accepted", 2, 1}, Row{502, "accepted", 2, 1},
                 Row{504, "accepted", 2, 1}, Row{0, "accepted", 2, 1});
    CAPTURE(row.status);
    Shop shop;
    shop.next.push_back(row.status == 0 ? cut() : posted(row.status));
    shop.place("PO-1");
    REQUIRE(shop.rig.until([&] { return shop.settled(); }));
    CHECK(shop.states() == row.state);
    REQUIRE(shop.calls.size() == static_cast<std::size_t>(row.calls));
    CHECK(shop.rig.count("notifications WHERE channel = 'shop' AND repeats = :1", {row.repeats}) == 1);
    if (row.calls == 2) { CHECK(shop.calls[0].input.dump() == shop.calls[1].input.dump()); }
    const bool refused = std::string(row.state) == "refused";
    CHECK(shop.told() == (refused ? 0 : 1));
    if (refused) { CHECK_THAT(shop.open_attention(), Contains("shop refused a message: POST /hooks -> ")); }
    else { CHECK(shop.open_attention() == "NULL"); }
}

TEST_CASE("a platform that asks to wait is left alone for that long, by all orders", "[pipeline][unit]") {
    Shop shop;
    const int status = GENERATE(429, 503);
    shop.next.push_back(posted(status, 60'000));
    shop.place("PO-1");
    REQUIRE(shop.rig.until([&] { return shop.calls.size() == 1; }));
    shop.place("PO-2");
    REQUIRE(shop.rig.until([&] { return shop.told() == 2; }));
    REQUIRE(shop.at.size() == 3);
    CHECK(shop.at[1] - shop.at[0] >= 60'000);
    CHECK(shop.open_attention() == "NULL");
}

TEST_CASE("an endpoint that is gone is told nothing more until a person says so, and nothing is lost", "[pipeline][unit]") {
    Shop shop;
    shop.next.push_back(posted(410));
    shop.place("PO-1");
    REQUIRE(shop.rig.until([&] { return shop.rig.count("account_pauses WHERE account = 'shop'") == 1; }));
    shop.place("PO-2");
    shop.fact("PO-1", "order.shipped");
    shop.rig.pass(milliseconds{7 * 86'400'000});
    CHECK(shop.calls.size() == 1);
    CHECK(shop.states() == "pending pending pending");
    CHECK_THAT(shop.open_attention(),
               Contains("nothing is sent to shop: its endpoint is gone (410)") && Contains("crossdock supplier enable shop"));
    CHECK(shop.rig.count("facts WHERE kind = 'order.needs_attention'") == 1);
    SECTION("a person says that it is there again") {
        shop.otherwise = posted(200);
        auto opened = shop.rig.value_of(shop.rig.engine().open_account("shop", "enabled"));
        REQUIRE(opened.has_value());
        CHECK(opened->value());
    }
    SECTION("a restart alone changes nothing") {
        RigOptions again;
        again.file = shop.rig.crash_image();
        again.utc = shop.rig.clock.utc_ms() + 1'000;
        Shop later(again);
        later.rig.pass(milliseconds{86'400'000});
        CHECK(later.calls.empty());
        auto opened = later.rig.value_of(later.rig.engine().open_account("shop", "enabled"));
        CHECK(opened->value());
        REQUIRE(later.rig.until([&] { return later.told() == 2; }));
        return;
    }
    // The first message's days are over; what was never tried goes.
    REQUIRE(shop.rig.until([&] { return shop.settled(); }));
    CHECK(shop.states() == "dead accepted accepted");
    CHECK(shop.rig.count("account_pauses") == 0);
    CHECK_THAT(shop.open_attention(), !Contains("nothing is sent to shop"));
}

TEST_CASE("a platform that refuses the signature pauses its channel, and one message tries now and then", "[pipeline][unit]") {
    Shop shop;
    const int status = GENERATE(401, 403);
    for (int i = 0; i < 5; ++i) { shop.next.push_back(posted(status)); }
    shop.place("PO-1");
    REQUIRE(shop.rig.until([&] { return shop.rig.count("account_pauses WHERE account = 'shop'") == 1; }));
    shop.place("PO-2");
    CHECK_THAT(shop.open_attention(), Contains("nothing is sent to shop: credentials refused (" + std::to_string(status) + ")"));
    REQUIRE(shop.rig.until([&] { return shop.told() == 2; }, milliseconds{3'600'000}));
    CHECK(shop.calls.size() == 7);
    CHECK(shop.open_attention() == "NULL");
    CHECK(shop.rig.count("facts WHERE kind = 'supplier.recovered'") == 1);
}

TEST_CASE("a platform that is down is tried for days, ever more seldom, then a person is told", "[pipeline][unit]") {
    Shop shop;
    shop.otherwise = posted(500);
    shop.place("PO-1");
    const auto began = shop.rig.clock.utc_ms();
    REQUIRE(shop.rig.until([&] { return shop.settled(); }, milliseconds{5 * 86'400'000LL}));
    CHECK(shop.states() == "dead");
    const auto lasted = shop.rig.clock.utc_ms() - began;
    CHECK(lasted > 2 * 86'400'000LL);
    CHECK(lasted <= 259'200'000LL);
    CHECK(shop.calls.size() > 70);
    CHECK(shop.calls.size() < 400);
    CHECK_THAT(shop.open_attention(), Contains("shop.deliver: its deadline of 3d leaves no further attempt"));
    std::set<std::string> ids;
    for (const auto& call : shop.calls) { ids.insert(call.input.text("message_id")); }
    CHECK(ids.size() == 1);
    // A person may take it up again.
    shop.otherwise = posted(200);
    const auto replayed = shop.rig.replay({.which = {.account = "shop"}, .by = "test"});
    CHECK(replayed.letters.size() == 1);
    REQUIRE(shop.rig.until([&] { return shop.told() == 1; }));
    CHECK(ids.contains(shop.calls.back().input.text("message_id")));
}

TEST_CASE("an order's later fact waits for the earlier one, another order's does not", "[pipeline][unit]") {
    Shop shop;
    shop.next.push_back(posted(500));
    shop.place("PO-1");
    REQUIRE(shop.rig.until([&] { return shop.calls.size() == 1; }));
    shop.fact("PO-1", "order.shipped");
    shop.place("PO-2");
    REQUIRE(shop.rig.until([&] { return shop.told() == 3; }));
    std::vector<std::string> sent;
    for (const auto& call : shop.calls) { sent.push_back(call.input.text("subject")); }
    CHECK(sent ==
          std::vector<std::string>{"order.accepted PO-1", "order.accepted PO-2", "order.accepted PO-1", "order.shipped PO-1"});
}

TEST_CASE("a daemon that ends between a message and its answer sends the same one again, and counts it", "[pipeline][unit]") {
    Shop first;
    first.rig.caller.hold("deliver");
    first.rig.caller.hold("deliver");
    first.place("PO-1");
    REQUIRE(first.rig.until([&] { return first.rig.count("effects WHERE target = 'shop' AND state = 'sending'") == 1; }));
    const auto id = first.rig.text("SELECT message_id FROM notifications WHERE channel = 'shop'");
    RigOptions again;
    again.file = first.rig.crash_image();
    again.utc = first.rig.clock.utc_ms() + 1'000;
    Shop shop(again);
    REQUIRE(shop.rig.until([&] { return shop.told() == 1; }));
    REQUIRE(shop.calls.size() == 1);
    CHECK(shop.calls[0].input.text("message_id") == id);
    CHECK(shop.rig.count("notifications WHERE channel = 'shop' AND repeats = 1") == 1);
}
