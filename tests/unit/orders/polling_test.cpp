// Webhooks and polls are one ledger of evidence.
#include "orders/polling.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

#include <algorithm>

using namespace crossdock;
using support::order_text;
using support::OrderDesk;
using What = orders::Applied::What;

namespace {

constexpr model::PollPattern pattern{.silent_for = milliseconds{60'000}, .every = milliseconds{60'000}};

struct PolledDesk : OrderDesk {
    PolledDesk() {
        account.takes_webhooks = true;
        account.poll = pattern;
    }
    std::int64_t healed() {
        return store.in([&](store::Tx& tx) { return orders::misses_healed(tx, account.supplier_id); });
    }
};

orders::Evidence said(const std::string& source, const std::string& id, const std::string& word, UtcMs at,
                      const std::string& tracking = "") {
    orders::Evidence made;
    made.source = source;
    made.reference = id;
    made.supplier_order_id = "S-" + id;
    made.supplier_status = word;
    made.tracking_number = tracking;
    made.occurred_at = at;
    return made;
}

}  // namespace

TEST_CASE("what a poll and a webhook both say is one piece of evidence, one fact and one mail", "[orders][unit]") {
    PolledDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-PO-1");
    const bool poll_first = GENERATE(true, false);
    CHECK(desk.apply(said(poll_first ? "poll" : "webhook", "PO-1", "Shipped", 20, "T-1")).what == What::applied);
    CHECK(desk.healed() == (poll_first ? 1 : 0));
    CHECK(desk.apply(said(poll_first ? "webhook" : "poll", "PO-1", "Shipped", 20, "T-1")).what == What::known);
    // The webhook came after all: it was late, and nothing was missed.
    CHECK(desk.healed() == 0);
    CHECK(desk.count("evidence") == 1);
    CHECK(desk.count("facts WHERE kind = 'order.shipped'") == 1);
    CHECK(desk.count("notifications WHERE template = 'order.shipped'") == 1);
}

TEST_CASE("a poll heals a miss only where webhooks are expected and it changes the order", "[orders][unit]") {
    PolledDesk desk;
    desk.account.takes_webhooks = GENERATE(true, false);
    desk.account.statuses["pending"] = "submitted";
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-PO-1");
    CHECK_FALSE(desk.apply(said("poll", "PO-1", "pending", 5)).changed);
    CHECK(desk.healed() == 0);
    CHECK(desk.apply(said("poll", "PO-1", "Confirmed", 10)).changed);
    CHECK(desk.healed() == (desk.account.takes_webhooks ? 1 : 0));
}

TEST_CASE("an order that is heard of is due later, one that has ended not at all", "[orders][unit]") {
    PolledDesk desk;
    const auto due_at = [&] { return desk.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders"); };
    desk.place(order_text("PO-1"));
    CHECK(due_at() == "NULL");
    desk.learn("PO-1", "S-PO-1");
    CHECK(due_at() == std::to_string(desk.clock.utc_ms() + 60'000));
    desk.clock.advance(milliseconds{10'000});
    desk.apply(said("webhook", "PO-1", "Confirmed", 10));
    CHECK(due_at() == std::to_string(desk.clock.utc_ms() + 60'000));
    const auto* end = GENERATE("Delivered", "Canceled", "Rejected");
    // A refusal of a confirmed order is no end that counts; it is the first word of another.
    if (end == std::string("Rejected")) {
        desk.place(order_text("PO-2"));
        desk.apply(said("webhook", "PO-2", end, 20));
        CHECK(desk.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders WHERE order_id = 'PO-2'") == "NULL");
        return;
    }
    desk.apply(said("webhook", "PO-1", end, 20));
    CHECK(due_at() == "NULL");
}

TEST_CASE("another pattern makes orders due anew, the same one leaves them", "[orders][unit]") {
    PolledDesk desk;
    desk.account.poll.reset();
    const auto sync = [&](UtcMs now) { desk.store.run([&](store::Tx& tx) { orders::sync_polls(tx, desk.account, now); }); };
    const auto due_at = [&](const std::string& id) {
        return desk.text("SELECT CAST(next_poll_at AS TEXT) FROM supplier_orders WHERE order_id = :1", {id});
    };
    for (const auto* id : {"PO-1", "PO-2", "PO-3"}) { desk.place(order_text(id)); }
    desk.learn("PO-1", "S-PO-1");
    desk.learn("PO-2", "S-PO-2");
    desk.apply(said("webhook", "PO-2", "Delivered", 20));
    const UtcMs heard = desk.clock.utc_ms();
    sync(heard);
    CHECK(due_at("PO-1") == "NULL");
    desk.account.poll = pattern;
    sync(heard);
    CHECK(due_at("PO-1") == std::to_string(heard + 60'000));
    CHECK(due_at("PO-2") == "NULL");
    CHECK(due_at("PO-3") == "NULL");
    desk.store.run([&](store::Tx& tx) { tx.run("UPDATE supplier_orders SET next_poll_at = 7 WHERE order_id = 'PO-1'"); });
    sync(heard);
    CHECK(due_at("PO-1") == "7");
    desk.account.poll->give_up_after = milliseconds{1'000};
    sync(heard + 1'000);
    CHECK(due_at("PO-1") == "NULL");
    desk.account.poll.reset();
    sync(heard);
    CHECK(due_at("PO-1") == "NULL");
}

TEST_CASE("a shipment is dated by its earliest report, whatever the order of arrival", "[orders][unit]") {
    OrderDesk desk;
    std::vector<int> steps{0, 1, 2, 3};
    int permutation = 0;
    do {
        const std::string id = "PO-" + std::to_string(++permutation);
        desk.place(order_text(id));
        desk.learn(id, "S-" + id);
        for (const int step : steps) {
            if (step == 0) { desk.apply(said("webhook", id, "Partially Shipped", 10, "T-1")); }
            if (step == 1) { desk.apply(said("webhook", id, "Partially Shipped", 20, "T-2")); }
            if (step == 2) { desk.apply(said("webhook", id, "Shipped", 30, "T-1")); }
            if (step == 3) { desk.apply(said("poll", id, "Shipped", 0, "T-0")); }
        }
        CAPTURE(steps);
        CHECK(desk.text("SELECT tracking_number FROM supplier_orders WHERE order_id = :1", {id}) == "T-1");
        CHECK(desk.count("shipments WHERE order_id = :1", {id}) == 3);
    } while (std::next_permutation(steps.begin(), steps.end()));
}

TEST_CASE("a lookup that finds an order shipped mails nobody who knows of a shipment", "[orders][unit]") {
    PolledDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-PO-1");
    desk.apply(said("webhook", "PO-1", "Shipped", 20, "T-1"));
    CHECK(desk.apply(said("poll", "PO-1", "Shipped", 0)).what == What::applied);
    CHECK(desk.healed() == 0);
    CHECK(desk.count("facts WHERE kind = 'order.shipped'") == 1);
    CHECK(desk.count("notifications WHERE template = 'order.shipped'") == 1);
    CHECK(desk.text("SELECT status FROM orders") == "shipped");
}

TEST_CASE("all arrivals of answer, reports, poll and cancel, each twice, end in one state and one mail per fact",
          "[orders][unit]") {
    PolledDesk desk;
    std::vector<int> steps{0, 1, 2, 3, 4, 5};
    std::vector<std::string> wanted;
    int permutation = 0;
    do {
        const std::string id = "PO-" + std::to_string(++permutation);
        desk.place(order_text(id));
        const auto take = [&](int step) {
            if (step == 0) { desk.learn(id, "S-" + id); }
            if (step == 1) { desk.apply(said("webhook", id, "Confirmed", 10)); }
            if (step == 2) { desk.apply(said("webhook", id, "Partially Shipped", 20, "T-1")); }
            if (step == 3) { desk.apply(said("webhook", id, "Shipped", 30, "T-2")); }
            if (step == 4) { desk.apply(said("poll", id, "Shipped", 30, "T-2")); }
            if (step == 5) { desk.apply(said("webhook", id, "Canceled", 40)); }
        };
        for (const int step : steps) { take(step); }
        std::for_each(steps.rbegin(), steps.rend(), take);
        auto state = desk.list(
            "SELECT o.status || ' ' || s.status || ' ' || s.tracking_number || ' ' || REPLACE(s.supplier_order_id, :1, 'ID') || "
            "' ' "
            "|| o.attention FROM orders o JOIN supplier_orders s ON s.order_id = o.id WHERE o.id = :2",
            {id, id});
        for (const auto* part :
             {"SELECT tracking_number || ' ' || shipped_at FROM shipments WHERE order_id = :1 ORDER BY 1",
              "SELECT line_number || ':' || shipped || '/' || ordered FROM order_lines WHERE order_id = :1 ORDER BY 1",
              "SELECT kind || ' ' || REPLACE(natural_key, order_id, 'ID') FROM facts WHERE order_id = :1 ORDER BY 1"}) {
            const auto more = desk.list(part, {id});
            state.insert(state.end(), more.begin(), more.end());
        }
        CAPTURE(steps);
        if (wanted.empty()) {
            wanted = state;
            CHECK_THAT(wanted.front(), Catch::Matchers::StartsWith("shipped shipped T-1 S-ID the supplier's reports cannot"));
        }
        CHECK(state == wanted);
        for (const auto* fact : {"order.accepted", "order.shipped", "order.canceled"}) {
            CHECK(desk.count("notifications WHERE order_id = :1 AND template = :2", {id, fact}) == 1);
        }
    } while (std::next_permutation(steps.begin(), steps.end()));
    CHECK(permutation == 720);
    CHECK(desk.count("notifications n JOIN facts f ON f.id = n.fact_id WHERE f.superseded = 1") == 0);
    // Those that are told the other way round: what the poll brought, a webhook brought too.
    CHECK(desk.healed() == 0);
}
