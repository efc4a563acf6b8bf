// What suppliers say of single pieces, of payment and of quotes, over a store.
#include "orders/progress.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

#include <algorithm>

using namespace crossdock;
using model::PieceState;
using support::order_text;
using support::OrderDesk;

namespace {

/// The order of order_text has 3 of X and 1 of Y.
orders::Evidence said(const std::string& word, UtcMs at, std::vector<model::LineReport> lines = {},
                      const std::string& tracking = "") {
    orders::Evidence made;
    made.reference = "PO-1";
    made.supplier_status = word;
    made.tracking_number = tracking;
    made.occurred_at = at;
    made.lines = std::move(lines);
    return made;
}

std::string lines(OrderDesk& desk, const std::string& id = "PO-1") {
    return desk.text(
        "SELECT GROUP_CONCAT(open || accepted || backordered || shipped || canceled || rejected, ' ') FROM (SELECT * FROM "
        "order_lines WHERE order_id = :1 ORDER BY line_number)",
        {id});
}

}  // namespace

TEST_CASE("part is accepted, part on backorder, and each parcel is told with its own pieces", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    CHECK(lines(desk) == "300000 100000");
    desk.learn("PO-1", "S-1");
    CHECK(lines(desk) == "030000 010000");
    desk.apply(said("Confirmed", 10,
                    {{"X", PieceState::accepted, 2}, {"X", PieceState::backordered, 1}, {"Y", PieceState::accepted, 1}}));
    CHECK(desk.text("SELECT status FROM orders") == "confirmed");
    CHECK(lines(desk) == "021000 010000");
    CHECK(desk.count("facts WHERE kind = 'order.status_changed' AND natural_key LIKE '%/backordered/PO-1/X=1'") == 1);

    desk.apply(said("Shipped", 20, {{"X", PieceState::shipped, 2}, {"Y", PieceState::shipped, 1}}, "T-1"));
    CHECK(desk.text("SELECT status FROM orders") == "partially_shipped");
    CHECK(lines(desk) == "001200 000100");
    CHECK(desk.text("SELECT lines FROM shipments WHERE tracking_number = 'T-1'") ==
          R"([{"sku":"X","quantity":2},{"sku":"Y","quantity":1}])");
    CHECK_THAT(desk.text("SELECT body FROM notifications WHERE template = 'order.shipped'"),
               Catch::Matchers::Contains(R"("partial": true)") && Catch::Matchers::Contains(R"("quantity": 2)"));

    desk.apply(said("Shipped", 30, {{"X", PieceState::shipped, 1}}, "T-2"));
    CHECK(desk.text("SELECT status FROM orders") == "shipped");
    CHECK(lines(desk) == "000300 000100");
    CHECK(desk.text("SELECT tracking_number FROM supplier_orders") == "T-1");
    CHECK(desk.count("notifications WHERE template = 'order.shipped'") == 2);
    CHECK(desk.text("SELECT attention FROM orders") == "NULL");
}

TEST_CASE("pieces that are canceled are told as a part, and the rest of the order goes on", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-1");
    desk.apply(said("Confirmed", 10));
    desk.apply(said("Canceled", 20, {{"X", PieceState::canceled, 2}}));
    CHECK(desk.text("SELECT status FROM orders") == "confirmed");
    CHECK(lines(desk) == "010020 010000");
    CHECK_THAT(desk.text("SELECT body FROM notifications WHERE template = 'order.canceled'"),
               Catch::Matchers::Contains(R"("partial": true)"));
    desk.apply(said("Shipped", 30, {{"X", PieceState::shipped, 1}, {"Y", PieceState::shipped, 1}}, "T-1"));
    CHECK(desk.text("SELECT status FROM orders") == "shipped");
    CHECK(lines(desk) == "000120 000100");
    // Then all of it is canceled, though it has been sent: nothing is taken back, and a person is told.
    desk.apply(said("Canceled", 40));
    CHECK(lines(desk) == "000120 000100");
    CHECK_THAT(desk.text("SELECT attention FROM orders"), Catch::Matchers::Contains("cannot all be true"));
}

TEST_CASE("pieces that were not ordered change nothing and are shown to a person by name", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-1");
    desk.apply(said("Shipped", 20, {{"X", PieceState::shipped, 9}, {"Z", PieceState::shipped, 1}}, "T-1"));
    CHECK(lines(desk) == "000300 010000");
    CHECK(desk.text("SELECT attention FROM orders") ==
          "phonex reports of PO-1 what it has not: 9 of X are reported shipped, and 3 were ordered; Z, which it has not, is "
          "reported "
          "shipped");
}

TEST_CASE("payment and quote stand beside the status, as they were last said", "[orders][unit]") {
    OrderDesk desk;
    desk.account.statuses["Awaiting Payment"] = "submitted";
    desk.account.statuses["Awaiting Shipping Quote"] = "submitted";
    desk.account.statuses["Ready for Fulfillment"] = "confirmed";
    desk.account.beside = {{"Awaiting Shipping Quote", {.quote = "awaiting"}},
                           {"Awaiting Payment", {.payment = "awaiting", .quote = "received"}},
                           {"Ready for Fulfillment", {.payment = "received"}}};
    std::vector<orders::Evidence> all{said("Awaiting Shipping Quote", 10), said("Awaiting Payment", 20),
                                      said("Ready for Fulfillment", 30)};
    const auto both = [&desk] { return desk.text("SELECT payment || ' ' || quote FROM supplier_orders"); };
    desk.place(order_text("PO-1"));
    desk.learn("PO-1", "S-1");
    SECTION("in order") {
        CHECK(desk.apply(all[0]).changed);
        CHECK(desk.text("SELECT quote FROM supplier_orders") == "awaiting");
        CHECK(desk.apply(all[1]).changed);
        CHECK(both() == "awaiting received");
        CHECK(desk.apply(all[2]).changed);
    }
    SECTION("the other way round") {
        for (const int i : {2, 1, 0}) { desk.apply(all[static_cast<std::size_t>(i)]); }
    }
    CHECK(both() == "received received");
    CHECK(desk.text("SELECT status FROM orders") == "confirmed");
    CHECK(desk.count("facts WHERE kind = 'order.status_changed' AND natural_key LIKE '%/payment/received/PO-1'") == 1);
}

TEST_CASE("generated reports leave an order in one state, and its lines in balance, whatever the order of arrival",
          "[orders][unit]") {
    test::SeededRandomness randomness(61);
    static const std::vector<std::string> words{"Confirmed", "On Hold",  "Partially Shipped", "Shipped",
                                                "Delivered", "Canceled", "Rejected",          "no such word"};
    OrderDesk desk;
    int number = 0;
    int with_lines = 0;
    for (int life = 0; life < 150; ++life) {
        std::vector<orders::Evidence> all;
        // No two at one time: then the digest decides, and it differs from order to order. Ties: tests/unit/model.
        for (auto count = 1 + randomness.below(5); count > 0; --count) {
            std::vector<model::LineReport> pieces;
            for (auto more = randomness.below(3); more > 0; --more) {
                pieces.push_back({randomness.below(4) == 0 ? "Y" : "X", static_cast<PieceState>(randomness.below(5)),
                                  static_cast<std::int64_t>(randomness.below(4))});
            }
            with_lines += pieces.empty() ? 0 : 1;
            all.push_back(said(words[randomness.below(words.size())], static_cast<UtcMs>(count - 1), std::move(pieces),
                               randomness.below(2) == 0 ? "" : "T-" + std::to_string(randomness.below(3))));
        }
        std::string wanted;
        for (int arrival = 0; arrival < 3; ++arrival) {
            const std::string id = "PO-" + std::to_string(++number);
            desk.place(order_text(id));
            const auto learned_behind = randomness.below(all.size() + 1);
            for (std::size_t i = 0; i <= all.size(); ++i) {
                if (i == learned_behind) { desk.learn(id, "S-" + id); }
                if (i == all.size()) { break; }
                auto one = all[i];
                one.reference = id;
                desk.apply(one);
                if (randomness.below(3) == 0) { desk.apply(one); }
            }
            const std::string state =
                desk.text(
                    "SELECT o.status || s.status || COALESCE(s.tracking_number, '') FROM orders o JOIN supplier_orders s ON "
                    "s.order_id = o.id WHERE o.id = :1",
                    {id}) +
                lines(desk, id) +
                desk.text(
                    "SELECT GROUP_CONCAT(tracking_number || shipped_at || COALESCE(lines, '')) FROM (SELECT * FROM shipments "
                    "WHERE order_id = :1 ORDER BY tracking_number)",
                    {id});
            if (arrival == 0) { wanted = state; }
            CAPTURE(life, arrival, id);
            REQUIRE(state == wanted);
            for (std::size_t i = all.size(); i > 1; --i) { std::swap(all[i - 1], all[randomness.below(i)]); }
        }
    }
    CHECK(with_lines > 100);
    CHECK(desk.count("order_lines WHERE ordered <> open + accepted + backordered + shipped + canceled + rejected") == 0);
    CHECK(desk.count(
              "order_lines l WHERE shipped <> (SELECT SUM(a.shipped) FROM supplier_order_lines a WHERE a.order_id = l.order_id "
              "AND a.line_number = l.line_number)") == 0);
}
