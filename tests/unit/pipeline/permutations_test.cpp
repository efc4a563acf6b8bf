// What a supplier says of one order may arrive in any order, by webhook, poll and answer, and more than once: the whole engine
// ends in one state, and tells each fact once.
#include <catch2/catch.hpp>

#include "support/engine_rig.hpp"

#include <algorithm>
#include <cstdlib>

using namespace crossdock;
using support::answered;
using support::created;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

enum class Step { create_answered, accepted, shipped_part_1, shipped_part_2, polled, cancel };
using enum Step;

constexpr milliseconds silence{1'000};

RigOptions polling() {
    RigOptions options;
    options.poll = model::PollPattern{.silent_for = silence,
                                      .every = milliseconds{3'600'000},
                                      .every_max = milliseconds{3'600'000},
                                      .until = model::Status::shipped};
    return options;
}

/// One order, at a supplier that has a single life to tell of it.
class Life {
public:
    Life(EngineRig& rig, int number)
        : rig_(rig), id_("PO-" + std::to_string(number)), supplier_id_("S-" + std::to_string(number)) {
        rig_.caller.always("get_order_status", [this](const plugin::Call&) { return said(shipped_part_2); });
        rig_.caller.hold("create_order");
        rig_.place(order_text(id_));
        rig_.settle();
        REQUIRE(rig_.caller.holds());
    }

    void take(Step step) {
        if (step == create_answered) {
            if (rig_.caller.holds()) { rig_.caller.release(created(200, supplier_id_)); }
        }
        else if (step == polled) { rig_.pass(silence + milliseconds{300}); }
        else {
            rig_.caller.script("handle_webhook", said(step));
            // Another delivery with another body: what makes it a repeat is what it says.
            rig_.webhook(R"({"order":")" + id_ + R"(","delivery":)" + std::to_string(++deliveries_) + "}");
        }
        rig_.settle();
    }

    [[nodiscard]] std::string state() {
        return rig_.text(
            "SELECT o.status || ' ' || s.status || ' ' || s.tracking_number || ' ' || REPLACE(s.supplier_order_id, :1, 'S') || ' "
            "' || "
            "o.attention || (SELECT GROUP_CONCAT(tracking_number || ' ' || shipped_at) FROM (SELECT * FROM shipments WHERE "
            "order_id "
            "= :2 ORDER BY tracking_number)) || (SELECT GROUP_CONCAT(shipped || '/' || ordered) FROM order_lines WHERE order_id "
            "= "
            ":3) || (SELECT GROUP_CONCAT(kind || REPLACE(natural_key, order_id, 'ID')) FROM (SELECT * FROM facts WHERE order_id "
            "= :4 "
            "ORDER BY natural_key)) || (SELECT state FROM effects WHERE order_id = :5 AND operation = 'create_order') FROM "
            "orders o "
            "JOIN supplier_orders s ON s.order_id = o.id WHERE o.id = :6",
            {supplier_id_, id_, id_, id_, id_, id_});
    }
    [[nodiscard]] std::int64_t mails(const std::string& fact) {
        return rig_.count("notifications WHERE order_id = :1 AND template = :2 AND sent = 1", {id_, fact});
    }

private:
    plugin::CallAnswer said(Step step) const {
        Json one = Json::object({{"reference", id_}, {"supplier_order_id", supplier_id_}});
        const auto add = [&](const char* word, const char* at, const char* tracking) {
            one.set("supplier_status", word).set("occurred_at", at).set("tracking_number", tracking);
        };
        if (step == accepted) { add("Confirmed", "2025-10-30T10:00:00Z", ""); }
        if (step == shipped_part_1) { add("Partially Shipped", "2025-10-30T11:00:00Z", "T-1"); }
        if (step == shipped_part_2) { add("Shipped", "2025-10-30T12:00:00Z", "T-2"); }
        if (step == cancel) { add("Canceled", "2025-10-30T13:00:00Z", ""); }
        Json list = Json::array();
        list.push(std::move(one));
        return answered(Json::object({{"evidence", std::move(list)}}));
    }

    EngineRig& rig_;
    std::string id_;
    std::string supplier_id_;
    int deliveries_ = 0;
};

}  // namespace

TEST_CASE("the engine ends in one state and tells each fact once, whatever arrives first and twice", "[pipeline][unit]") {
    // One permutation in six by default; all of them over the same evidence stand in tests/unit/orders/polling_test.cpp.
    const bool all = std::getenv("CROSSDOCK_CHAOS") != nullptr;
    EngineRig rig(PIPELINES, polling());
    rig.start();
    std::vector<Step> steps{create_answered, accepted, shipped_part_1, shipped_part_2, polled, cancel};
    std::string wanted;
    int number = 0;
    int polls_with_news = 0;
    do {
        if (!all && ++number % 6 != 0) { continue; }
        number += all ? 1 : 0;
        Life life(rig, number);
        for (const Step step : steps) { life.take(step); }
        polls_with_news +=
            static_cast<int>(rig.count("evidence WHERE source = 'poll' AND reference = :1", {"PO-" + std::to_string(number)}));
        std::for_each(steps.rbegin(), steps.rend(), [&](Step step) { life.take(step); });
        CAPTURE(steps);
        const auto state = life.state();
        if (wanted.empty()) {
            wanted = state;
            CHECK_THAT(wanted, Catch::StartsWith("shipped shipped T-1 S the supplier's reports cannot all be true"));
            CHECK_THAT(wanted, Catch::EndsWith("accepted"));
        }
        CHECK(state == wanted);
        CHECK(life.mails("order.accepted") == 1);
        CHECK(life.mails("order.shipped") == 1);
        CHECK(life.mails("order.canceled") == 1);
    } while (std::next_permutation(steps.begin(), steps.end()));
    CHECK(polls_with_news > 0);
    CHECK(rig.count("notifications n JOIN facts f ON f.id = n.fact_id WHERE f.superseded = 1") == 0);
    CHECK(rig.count("notifications WHERE sent = 0") == 0);
    CHECK(rig.count("evidence WHERE healed = 1") == 0);
    CHECK(rig.caller.unexpected == 0);
}
