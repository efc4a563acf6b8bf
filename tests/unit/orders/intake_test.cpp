#include "orders/customers.hpp"
#include "orders/story.hpp"
#include "orders/webhooks.hpp"

#include <catch2/catch.hpp>

#include "support/order_desk.hpp"

using namespace crossdock;
using support::order_text;
using support::OrderDesk;
using What = orders::Placed::What;

TEST_CASE("a placed order stands with its lines, its supplier order and its run", "[orders][unit]") {
    OrderDesk desk;
    const auto placed = desk.place(order_text("PO-1"));
    CHECK(placed.what == What::accepted);
    CHECK(placed.answer == R"({"order_id":"PO-1","status":"pending"})");
    CHECK(desk.started == std::vector<std::string>{"PO-1"});
    CHECK(desk.text("SELECT document FROM orders WHERE id = 'PO-1'") == order_text("PO-1"));
    CHECK(desk.count("order_lines WHERE order_id = 'PO-1' AND ordered = open") == 2);
    CHECK(desk.text("SELECT reference FROM supplier_orders WHERE order_id = 'PO-1'") == "PO-1");
    CHECK(desk.count("orders WHERE total_minor = 69310 AND currency = 'USD' AND status = 'pending'") == 1);
    CHECK(desk.count("facts WHERE kind = 'order.placed'") == 1);
    CHECK(desk.count("events WHERE type = 'order.placed' AND order_id = 'PO-1'") == 1);
    CHECK(desk.count("notifications") == 0);
}

TEST_CASE("an order that comes again gets the same answer and no second effect", "[orders][unit]") {
    OrderDesk desk;
    const auto first = desk.place(order_text("PO-1"));
    desk.clock.advance(milliseconds{60'000});
    const auto again = desk.place(order_text("PO-1"));
    CHECK(again.what == What::repeated);
    CHECK(again.answer == first.answer);
    CHECK(desk.started.size() == 1);
    CHECK(desk.count("supplier_orders") == 1);
    CHECK(desk.count("events") == 1);
}

TEST_CASE("an order_id stands for one owner and one content", "[orders][unit]") {
    OrderDesk desk;
    CHECK(desk.place(order_text("PO-1")).what == What::accepted);
    const auto other_content = desk.place(order_text("PO-1", "c2"));
    CHECK(other_content.what == What::conflict);
    CHECK(other_content.answer.empty());
    CHECK(desk.place(order_text("PO-1"), "key-2").what == What::conflict);
    CHECK(desk.count("orders") == 1);
}

TEST_CASE("an Idempotency-Key stands for one body, in the scope of its API key", "[orders][unit]") {
    OrderDesk desk;
    CHECK(desk.place(order_text("PO-1"), "key-1", "K").what == What::accepted);
    CHECK(desk.place(order_text("PO-1"), "key-1", "K").what == What::repeated);
    CHECK(desk.place(order_text("PO-2"), "key-1", "K").what == What::key_reused);
    CHECK(desk.place(order_text("PO-2"), "key-2", "K").what == What::accepted);
    // A key that first came with a repeat is bound as well.
    CHECK(desk.place(order_text("PO-1"), "key-1", "L").what == What::repeated);
    CHECK(desk.place(order_text("PO-3"), "key-1", "L").what == What::key_reused);
    CHECK(desk.count("orders") == 2);
}

TEST_CASE("an order for nobody known and without an address is refused, with either it is taken", "[orders][unit]") {
    OrderDesk desk;
    const std::string bare =
        R"({"order_id":"PO-1","supplier":"phonex","customer_id":"c9","items":[{"sku":"X","quantity":1,"unit_price":1}]})";
    CHECK(desk.place(bare).what == What::unknown_customer);
    CHECK(desk.count("orders") == 0);
    desk.store.run([&](store::Tx& tx) { orders::add_customer(tx, {"c9", "Nina", "", "en"}, 0); });
    CHECK(desk.place(bare).what == What::accepted);
    // Known, without a mail address: the order goes on, and a person is told instead of the customer.
    CHECK(desk.learn("PO-1", "S-1"));
    CHECK(desk.text("SELECT status FROM orders") == "submitted");
    CHECK_THAT(desk.text("SELECT attention FROM orders"), Catch::Matchers::Contains("no mail address"));
    CHECK(desk.count("notifications WHERE email <> 'ops@reseller.example'") == 0);
    CHECK(desk.count("notifications WHERE template = 'order.needs_attention'") == 1);
}

TEST_CASE("a reference that is taken at the account gets the next free number", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.store.run([](store::Tx& tx) { tx.run("UPDATE supplier_orders SET reference = 'PO-2'"); });
    desk.place(order_text("PO-2"));
    CHECK(desk.text("SELECT reference FROM supplier_orders WHERE order_id = 'PO-2'") == "PO-2-2");
}

TEST_CASE("a webhook is stored once, repeats are counted, what is no document is kept as rejected", "[orders][unit]") {
    OrderDesk desk;
    int runs = 0;
    const orders::StartWebhookRuns start = [&](store::Tx&, const std::string&, const Json&) { ++runs; };
    const auto receive = [&](const std::string& body) {
        return desk.store.in([&](store::Tx& tx) {
            return orders::receive_webhook(tx, desk.facts,
                                           {"phonex", desk.account.supplier_id, "application/json", body, "127.0.0.1:1"}, start);
        });
    };
    CHECK(receive(R"({"id":1})") == orders::Received::stored);
    CHECK(receive(R"({"id":1})") == orders::Received::repeated);
    CHECK(receive(R"({"id":1})") == orders::Received::repeated);
    CHECK(receive(R"({"id":2})") == orders::Received::stored);
    CHECK(runs == 2);
    CHECK(desk.count("inbound_webhooks WHERE repeats = 2 AND state = 'received'") == 1);
    CHECK(receive("{\xFF\x01") == orders::Received::rejected);
    CHECK(receive("{\xFF\x01") == orders::Received::rejected);
    CHECK(runs == 2);
    CHECK(desk.count("inbound_webhooks WHERE state = 'rejected' AND body_encoding = 'base64' AND repeats = 1") == 1);

    // A forged one leaves its metadata only, and does not make the true one a repeat.
    desk.store.run([&](store::Tx& tx) {
        orders::refuse_webhook(tx, desk.facts,
                               {"phonex", desk.account.supplier_id, "application/json", R"({"id":3})", "127.0.0.1:1"}, "wrong");
    });
    CHECK(desk.count("inbound_webhooks WHERE state = 'refused' AND signature_ok = 0 AND body = '' AND bytes = 8") == 1);
    CHECK(receive(R"({"id":3})") == orders::Received::stored);
}

TEST_CASE("a customer without a name, or with a wrong address, is refused by the field's name", "[orders][unit]") {
    CHECK(orders::check_customer({"c1", "Anna", "anna@example.com", "en"}).has_value());
    CHECK(orders::check_customer({"c1", "Anna", "", "en"}).has_value());
    CHECK(orders::check_customer({"", "Anna", "", "en"}).error().where == "id");
    CHECK(orders::check_customer({"c1", "", "", "en"}).error().where == "name");
    CHECK(orders::check_customer({"c1", "Anna", "anna", "en"}).error().where == "email");
}

TEST_CASE("an order's story tells everything in the order in which it became known", "[orders][unit]") {
    OrderDesk desk;
    desk.place(order_text("PO-1"));
    desk.clock.advance(milliseconds{1'000});
    desk.learn("PO-1", "S-1");
    desk.clock.advance(milliseconds{1'000});
    orders::Evidence shipped;
    shipped.reference = "PO-1";
    shipped.supplier_status = "Shipped";
    shipped.tracking_number = "T-1";
    shipped.occurred_at = 5;
    desk.apply(shipped);
    const auto story = desk.store.in([](store::Tx& tx) { return orders::order_story(tx, "PO-1"); });
    REQUIRE(story.has_value());
    CHECK(story->text("status") == "shipped");
    CHECK(story->text("total") == "693.10 USD");
    const std::string told = orders::story_text(*story);
    const auto placed = told.find("order.placed");
    const auto accepted = told.find("order.accepted");
    const auto sent = told.find("order.shipped");
    REQUIRE(sent != std::string::npos);
    CHECK(placed < accepted);
    CHECK(accepted < sent);
    CHECK_THAT(told, Catch::Matchers::Contains("T-1") && Catch::Matchers::Contains("S-1"));
    CHECK_FALSE(desk.store.in([](store::Tx& tx) { return orders::order_story(tx, "PO-2").has_value(); }));
}
