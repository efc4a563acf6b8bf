#include "orders/progress.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

#include <algorithm>

using namespace crossdock;
using support::order_text;
using support::OrderDesk;
using What = orders::Applied::What;

namespace {

/// How a supplier names its orders in what it reports.
enum class Naming { by_reference, by_its_id, by_both };

orders::Evidence evidence(const std::string& order_id, Naming naming, const std::string& word, UtcMs at,
                          const std::string& tracking = "") {
    orders::Evidence made;
    if (naming != Naming::by_its_id) { made.reference = order_id; }
    if (naming != Naming::by_reference) { made.supplier_order_id = "S-" + order_id; }
    made.supplier_status = word;
    made.tracking_number = tracking;
    made.occurred_at = at;
    return made;
}

/// All of an order's state that must not depend on the order of arrival.
std::vector<std::string> state_of(OrderDesk& desk, const std::string& id) {
    std::vector<std::string> state{
        desk.text("SELECT status FROM orders WHERE id = :1", {id}),
        desk.text("SELECT status FROM supplier_orders WHERE order_id = :1", {id}),
        desk.text("SELECT tracking_number FROM supplier_orders WHERE order_id = :1", {id}),
        "id " + desk.text("SELECT REPLACE(supplier_order_id, :1, 'ID') FROM supplier_orders WHERE order_id = :2", {id, id}),
        desk.text("SELECT attention FROM orders WHERE id = :1", {id})};
    for (const auto& part :
         {desk.list("SELECT tracking_number || ' ' || shipped_at FROM shipments WHERE order_id = :1 ORDER BY 1", {id}),
          desk.list("SELECT line_number || ':' || open || accepted || shipped || canceled || rejected FROM order_lines WHERE "
                    "order_id = :1 ORDER BY 1",
                    {id})}) {
        state.insert(state.end(), part.begin(), part.end());
    }
    return state;
}

std::vector<std::string> told(OrderDesk& desk, const std::string& id) {
    return desk.list(
        "SELECT kind || REPLACE(natural_key, :1, 'ID') FROM facts WHERE order_id = :2 AND superseded = 0 AND kind IN "
        "('order.accepted', 'order.shipped') ORDER BY 1",
        {id, id});
}

}  // namespace

TEST_CASE("an order ends in the same state whatever the order of arrival, with every report twice", "[orders][unit]") {
    const auto naming = GENERATE(Naming::by_reference, Naming::by_its_id, Naming::by_both);
    OrderDesk desk;
    std::vector<int> steps{0, 1, 2, 3};
    std::vector<std::string> wanted;
    std::vector<std::string> wanted_facts;
    int permutation = 0;
    do {
        const std::string id = "PO-" + std::to_string(++permutation);
        desk.place(order_text(id));
        const auto take = [&](int step) {
            if (step == 0) { desk.learn(id, "S-" + id); }
            if (step == 1) { desk.apply(evidence(id, naming, "Confirmed", 10)); }
            if (step == 2) { desk.apply(evidence(id, naming, "Shipped", 20, "T-1")); }
            if (step == 3) { desk.apply(evidence(id, naming, "Shipped", 30, "T-2")); }
        };
        for (const int step : steps) { take(step); }
        std::for_each(steps.rbegin(), steps.rend(), take);
        CAPTURE(id, steps);
        auto state = state_of(desk, id);
        // Evidence that waits for its order is shown to a person; it does not mark the order.
        CHECK(state[4] == "NULL");
        if (wanted.empty()) {
            wanted = state;
            wanted_facts = told(desk, id);
            CHECK(wanted[0] == "shipped");
            CHECK(wanted[2] == "T-1");
            CHECK(wanted[5] == "T-1 20");
            CHECK(wanted[6] == "T-2 30");
            CHECK(wanted_facts.size() == 3);
        }
        CHECK(state == wanted);
        CHECK(told(desk, id) == wanted_facts);
        CHECK(desk.count("notifications WHERE order_id = :1 AND template = 'order.shipped'", {id}) == 2);
        CHECK(desk.count("notifications WHERE order_id = :1 AND template = 'order.accepted'", {id}) == 1);
        CHECK(desk.count("evidence WHERE state = 'unmatched'") == 0);
    } while (std::next_permutation(steps.begin(), steps.end()));
    CHECK(permutation == 24);
}

TEST_CASE("reports that contradict each other end in the same status and the same lines too", "[orders][unit]") {
    OrderDesk desk;
    std::vector<int> steps{0, 1, 2, 3};
    std::vector<std::string> wanted;
    int permutation = 0;
    do {
        const std::string id = "PO-" + std::to_string(++permutation);
        desk.place(order_text(id));
        for (const int step : steps) {
            if (step == 0) { desk.learn(id, "S-" + id); }
            if (step == 1) { desk.apply(evidence(id, Naming::by_reference, "Partially Shipped", 10, "T-1")); }
            if (step == 2) { desk.apply(evidence(id, Naming::by_reference, "Shipped", 20, "T-2")); }
            if (step == 3) { desk.apply(evidence(id, Naming::by_reference, "Canceled", 30)); }
        }
        CAPTURE(steps);
        const auto state = state_of(desk, id);
        if (wanted.empty()) { wanted = state; }
        CHECK(wanted[0] == "shipped");
        CHECK_THAT(wanted[4], Catch::Matchers::Contains("cannot all be true"));
        CHECK(state == wanted);
    } while (std::next_permutation(steps.begin(), steps.end()));
}

TEST_CASE("part of an order that was sent counts as accepted, whether the id was known before or not", "[orders][unit]") {
    OrderDesk desk;
    const bool id_first = GENERATE(true, false);
    desk.place(order_text("PO-1"));
    if (id_first) { desk.learn("PO-1", "S-PO-1"); }
    desk.apply(evidence("PO-1", Naming::by_both, "Partially Shipped", 10, "T-1"));
    CHECK(desk.text("SELECT status FROM orders") == "partially_shipped");
    CHECK(desk.count("order_lines WHERE accepted = ordered") == 2);
}

TEST_CASE("a status that was overtaken when it became known is stored and mailed to nobody", "[orders][unit]") {
    OrderDesk desk;
    const auto naming = GENERATE(Naming::by_reference, Naming::by_its_id);
    desk.place(order_text("PO-1"));
    // By its own id: both wait until that id is stored, and the later one has overtaken the earlier by then.
    desk.apply(evidence("PO-1", naming, "Delivered", 30));
    desk.apply(evidence("PO-1", naming, "Shipped", 20, "T-1"));
    desk.learn("PO-1", "S-PO-1");
    CHECK(desk.text("SELECT status FROM orders") == "delivered");
    CHECK(desk.text("SELECT tracking_number FROM supplier_orders") == "T-1");
    CHECK(desk.count("facts WHERE kind = 'order.shipped' AND superseded = 1") == 1);
    CHECK(desk.count("notifications WHERE template = 'order.shipped'") == 0);
    CHECK(desk.count("notifications WHERE template = 'order.delivered'") == 1);
}

TEST_CASE("a tracking number is told with its carrier and link, and a bad one is kept and flagged", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-PO-1");
    auto good = evidence("PO-1", Naming::by_reference, "Shipped", 10, "1Z999AA10123456784");
    good.carrier = "FedEx";  // the number knows better
    auto bad = evidence("PO-1", Naming::by_reference, "Shipped", 20, "1Z999AA10123456785");
    auto other = evidence("PO-1", Naming::by_reference, "Shipped", 30, "JD-<b>1");
    other.carrier = "DHL";
    const bool early = GENERATE(false, true);
    if (early) { std::swap(good.occurred_at, other.occurred_at); }
    for (const auto& one : {good, bad, other}) { desk.apply(one); }
    CHECK(desk.list("SELECT tracking_number || ' ' || COALESCE(carrier, '-') FROM shipments WHERE order_id = :1 ORDER BY 1",
                    {"PO-1"}) == std::vector<std::string>{"1Z999AA10123456784 ups", "1Z999AA10123456785 ups", "JD-<b>1 DHL"});
    std::string data;
    for (const auto& one : desk.list("SELECT data FROM facts WHERE order_id = :1 AND kind = 'order.shipped'", {"PO-1"})) {
        data += one;
    }
    CHECK_THAT(data,
               Catch::Contains(R"("carrier":"UPS","tracking_url":"https://www.ups.com/track?tracknum=1Z999AA10123456784")"));
    CHECK_THAT(data, Catch::Contains(R"("tracking_flag":"wrong check digit for a number of UPS")"));
    CHECK_THAT(data, !Catch::Contains("tracknum=1Z999AA10123456785"));
    CHECK_THAT(data, Catch::Contains(R"("tracking_number":"JD-<b>1","carrier":"DHL")"));
}

TEST_CASE("of several names for one carrier the same one stays, in whatever order they arrive", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    auto first = evidence("PO-1", Naming::by_its_id, "Shipped", 10, "T-1");
    first.carrier = "DHL";
    auto second = first;
    second.carrier = "Deutsche Post";
    auto third = first;
    third.carrier = "";
    std::vector<orders::Evidence> all{first, second, third};
    std::rotate(all.begin(), all.begin() + GENERATE(0, 1, 2), all.end());
    if (GENERATE(true, false)) { desk.learn("PO-1", "S-PO-1"); }
    for (const auto& one : all) { desk.apply(one); }
    desk.learn("PO-1", "S-PO-1");
    CHECK(desk.text("SELECT carrier FROM shipments") == "DHL");
    CHECK(desk.count("notifications WHERE template = 'order.shipped'") == 1);
}

TEST_CASE("evidence for an order that is not here waits, and marks no order of ours by its name", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("S-77"));
    orders::Evidence stray;
    stray.supplier_order_id = "S-77";  // the supplier's number, which happens to be an order_id of ours
    stray.supplier_status = "Shipped";
    stray.tracking_number = "T-1";
    stray.occurred_at = 10;
    CHECK(desk.apply(stray).what == What::unmatched);
    CHECK(desk.apply(stray).what == What::known);
    CHECK(desk.text("SELECT attention FROM orders") == "NULL");
    CHECK(desk.count("facts WHERE kind = 'order.needs_attention'") == 1);
    CHECK(desk.count("notifications WHERE email = 'ops@reseller.example'") == 1);
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-77");
    CHECK(desk.text("SELECT status FROM orders WHERE id = 'PO-1'") == "shipped");
    CHECK(desk.text("SELECT status FROM orders WHERE id = 'S-77'") == "pending");
    CHECK(desk.text("SELECT state FROM evidence") == "applied");
}

TEST_CASE("a word that the account's file does not map changes nothing and is shown to a person", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    SECTION("for an order that is known") {
        desk.learn("PO-1", "S-PO-1");
        CHECK(desk.apply(evidence("PO-1", Naming::by_reference, "Frobnicated", 10)).what == What::unmapped);
    }
    SECTION("for an order whose id is learned later") {
        CHECK(desk.apply(evidence("PO-1", Naming::by_its_id, "Frobnicated", 10)).what == What::unmatched);
        desk.learn("PO-1", "S-PO-1");
    }
    CHECK(desk.text("SELECT status FROM orders") == "submitted");
    CHECK(desk.text("SELECT state FROM evidence") == "unmapped");
    CHECK_THAT(desk.text("SELECT attention FROM orders"), Catch::Matchers::Contains("Frobnicated"));
}

TEST_CASE("evidence that names our reference and an id makes the id known and confirms the order", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    const auto applied = desk.apply(evidence("PO-1", Naming::by_both, "Confirmed", 10));
    CHECK(applied.what == What::applied);
    CHECK(applied.settled_supplier_order.has_value());
    CHECK(desk.text("SELECT supplier_order_id FROM supplier_orders") == "S-PO-1");
    CHECK(desk.count("notifications WHERE template = 'order.accepted' AND email = 'anna@example.com'") == 1);
    CHECK(!desk.apply(evidence("PO-1", Naming::by_both, "Shipped", 20, "T-1")).settled_supplier_order.has_value());
}

TEST_CASE("a second id for an order is kept out and shown to a person", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    CHECK(desk.learn("PO-1", "S-1"));
    SECTION("in an answer") {
        CHECK_FALSE(desk.learn("PO-1", "S-2"));
    }
    SECTION("in a webhook") {
        auto second = evidence("PO-1", Naming::by_both, "Confirmed", 10);
        second.supplier_order_id = "S-2";
        CHECK_FALSE(desk.apply(second).settled_supplier_order.has_value());
    }
    CHECK(desk.text("SELECT supplier_order_id FROM supplier_orders") == "S-1");
    CHECK_THAT(desk.text("SELECT attention FROM orders"), Catch::Matchers::Contains("S-2") && Catch::Matchers::Contains("S-1"));
    CHECK(desk.count("notifications WHERE template = 'order.accepted'") == 1);
}

TEST_CASE("an id that another order has settles nothing and is shown to a person", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.place(order_text("PO-2"));
    CHECK(desk.learn("PO-1", "S-1"));
    auto wrong = evidence("PO-2", Naming::by_both, "Confirmed", 10);
    wrong.supplier_order_id = "S-1";
    CHECK_FALSE(desk.apply(wrong).settled_supplier_order.has_value());
    CHECK_FALSE(desk.learn("PO-2", "S-1"));
    CHECK(desk.text("SELECT supplier_order_id FROM supplier_orders WHERE order_id = 'PO-2'") == "NULL");
    CHECK_THAT(desk.text("SELECT attention FROM orders WHERE id = 'PO-2'"), Catch::Matchers::Contains("another order's id"));
}

TEST_CASE("a refused order is rejected with its reason, told once", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    for (int i = 0; i < 2; ++i) {
        desk.store.run(
            [&](store::Tx& tx) { orders::reject(tx, desk.facts, desk.account, OrderDesk::row_of(tx, "PO-1"), "no such SKU"); });
    }
    CHECK(desk.text("SELECT status FROM orders") == "rejected");
    CHECK(desk.count("order_lines WHERE rejected = ordered") == 2);
    CHECK(desk.count("notifications WHERE template = 'order.rejected'") == 1);
    CHECK_THAT(desk.text("SELECT data FROM facts WHERE kind = 'order.rejected'"), Catch::Matchers::Contains("no such SKU"));
}

TEST_CASE("nobody is told the same fact twice by the same channel and template", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-1");
    const std::string fact = desk.text("SELECT id FROM facts WHERE kind = 'order.accepted'");
    const auto tell = [&](const std::string& to, const std::string& as) {
        return desk.store.in([&](store::Tx& tx) { return desk.facts.tell(tx, fact, to, as); });
    };
    CHECK_FALSE(tell("anna@example.com", "order.accepted"));
    CHECK(tell("sales@example.com", "order.accepted"));
    CHECK_FALSE(tell("sales@example.com", "order.accepted"));
    CHECK(tell("sales@example.com", "order.placed"));
    CHECK(desk.count("notifications") == 3);
    CHECK(desk.count("effects WHERE operation = 'deliver' AND effect_class = 'repeatable'") == 3);
    CHECK(desk.list("SELECT DISTINCT message_id FROM notifications").size() == 3);
    CHECK_FALSE(desk.store.in([&](store::Tx& tx) { return desk.facts.tell(tx, "no such fact", "a@b.example", "x"); }));
}
