#include "crypto/crypto.hpp"
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

    // One that the adapter rejected later was answered as a good one, and its repeat is.
    desk.store.run([&](store::Tx& tx) {
        tx.run("UPDATE inbound_webhooks SET state = 'rejected' WHERE digest = :1", {crypto::sha256_hex(R"({"id":2})")});
    });
    CHECK(receive(R"({"id":2})") == orders::Received::repeated);

    // A forged one leaves its metadata only, and does not make the true one a repeat.
    desk.store.run([&](store::Tx& tx) {
        orders::refuse_webhook(tx, desk.facts,
                               {"phonex", desk.account.supplier_id, "application/json", R"({"id":3})", "127.0.0.1:1"}, "wrong");
    });
    CHECK(desk.count("inbound_webhooks WHERE state = 'refused' AND signature_ok = 0 AND body = '' AND bytes = 8") == 1);
    CHECK(receive(R"({"id":3})") == orders::Received::stored);
}

TEST_CASE("a repeat is known by its delivery id where that is signed, else by its body", "[orders][unit]") {
    OrderDesk desk;
    int runs = 0;
    const orders::StartWebhookRuns start = [&](store::Tx&, const std::string&, const Json&) { ++runs; };
    const auto receive = [&](const std::string& body, const std::string& id, bool is_signed) {
        return desk.store.in([&](store::Tx& tx) {
            orders::RawWebhook raw{"phonex", desk.account.supplier_id, "application/json", body, "127.0.0.1:1"};
            raw.delivery_id = id;
            raw.id_signed = is_signed;
            return orders::receive_webhook(tx, desk.facts, raw, start);
        });
    };
    CHECK(receive("{}", "a", true) == orders::Received::stored);
    CHECK(receive("{}", "a", true) == orders::Received::repeated);
    CHECK(desk.count("inbound_webhooks WHERE other_bodies = 0 AND repeats = 1 AND delivery_id = 'a'") == 1);
    // The sender says that it is the same: counted, and shown.
    CHECK(receive("[]", "a", true) == orders::Received::repeated);
    CHECK(desk.count("inbound_webhooks WHERE other_bodies = 1 AND repeats = 2") == 1);
    // It says that it is another one, even if it reads the same.
    CHECK(receive("{}", "b", true) == orders::Received::stored);
    CHECK(runs == 2);
    // Whoever has seen one can send it again with an id of his own.
    CHECK(receive(R"({"n":1})", "c", false) == orders::Received::stored);
    CHECK(receive(R"({"n":1})", "d", false) == orders::Received::repeated);
    CHECK(receive(R"({"n":1})", "", false) == orders::Received::repeated);
    CHECK(receive(R"({"n":2})", "c", false) == orders::Received::stored);
    CHECK(runs == 4);
}

TEST_CASE("the use of a secret is noted, and a new one under an old name is unused", "[orders][unit]") {
    OrderDesk desk;
    const auto sync = [&](const std::vector<orders::WebhookSecret>& secrets) {
        desk.store.run([&](store::Tx& tx) { orders::sync_webhook_secrets(tx, secrets, desk.facts.now()); });
    };
    const auto receive = [&](const std::string& secret) {
        desk.store.run([&](store::Tx& tx) {
            orders::RawWebhook raw{"phonex", desk.account.supplier_id, "application/json", "{}", "127.0.0.1:1"};
            raw.secret = secret;
            (void)orders::receive_webhook(tx, desk.facts, raw, [](store::Tx&, const std::string&, const Json&) {});
        });
    };
    const auto listed = [&] {
        std::string text;
        desk.store.run([&](store::Tx& tx) {
            const Json list = orders::list_webhook_secrets(tx, "phonex");
            for (const auto& one : list.items()) {
                text += one.text("secret") + (one.maybe_text("last_used_at") ? " used " : " unused ") +
                        std::to_string(one.integer("uses")) + "; ";
            }
        });
        return text;
    };
    const std::string account = desk.account.supplier_id;
    sync({{account, "old", "f1"}, {account, "next", "f2"}});
    receive("old");
    receive("old");
    CHECK(listed() == "next unused 0; old used 2; ");
    sync({{account, "old", "f1"}, {account, "next", "f2"}});
    CHECK(listed() == "next unused 0; old used 2; ");
    sync({{account, "old", "f3"}, {account, "next", "f2"}});
    CHECK(listed() == "next unused 0; old unused 0; ");
    receive("next");
    sync({{account, "next", "f2"}});
    CHECK(listed() == "next used 1; ");
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
