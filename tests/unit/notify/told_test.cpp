// Who is told what, when and why not: decided in the commit that learns a fact.
#include <catch2/catch.hpp>

#include "expr/mail_template.hpp"
#include "notify/recipients.hpp"
#include "support/order_desk.hpp"

using namespace crossdock;
using support::order_text;
using support::OrderDesk;

namespace {

/// Desk whose customer c1 is a row, with the shipped mails.
class Desk : public OrderDesk {
public:
    Desk() {
        options = support::fact_options();
        auto mails = std::make_shared<const expr::MailLanguages>(
            expr::MailLanguages::load(std::string(CROSSDOCK_SOURCE) + "/config/templates").value());
        options.render = [mails](const std::string& name, const std::string& language,
                                 const Json& data) -> Result<notify::Rendered> {
            auto mail = mails->render(name, language, data);
            if (!mail) { return mail.error(); }
            return notify::Rendered{mail->subject, mail->text, mail->html};
        };
        options.channels = {"email", "archive"};
        facts.change(options);
        store.run([](store::Tx& tx) {
            tx.run(
                "INSERT INTO customers (id, name, email, language, created_at, updated_at) VALUES ('c1', 'Anna & Co', "
                "'anna@example.com', 'en', 0, 0)");
        });
    }

    void prefer(const std::string& text) {
        const auto read = model::read_preferences(Json::parse(text).value(), {model::client_events(), options.channels}).value();
        REQUIRE(store.in([&](store::Tx& tx) { return notify::set_preferences(tx, "c1", read, clock.utc_ms()); }));
    }
    void fact(const std::string& kind, const std::string& key = "", const std::string& order_id = "PO-1") {
        store.run([&](store::Tx& tx) {
            facts.record(tx, {.kind = kind,
                              .natural_key = order_id + "/" + kind + key,
                              .order_id = order_id,
                              .customer_id = "c1",
                              .data = Json::object({{"status", "on_hold"}, {"supplier_order_id", "S-1"}}),
                              .occurred_at = clock.utc_ms()});
        });
    }
    /// "channel type: subject [why it is told to nobody]" of each mail in the ledger, as they were entered.
    std::vector<std::string> ledger() {
        return list(
            "SELECT channel || ' ' || type || ': ' || subject || COALESCE(' [' || not_told || ']', '') FROM "
            "notifications WHERE template <> 'digest' ORDER BY rowid");
    }
    std::int64_t waiting() { return count("effects WHERE operation = 'deliver' AND state = 'pending'"); }

    notify::FactOptions options;
};

}  // namespace

TEST_CASE("each trigger has its mail and its type, and the quiet ones are sent to whoever asks", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-0"));
    CHECK(desk.ledger().empty());
    desk.prefer(
        R"({"events":{"order.placed":"immediate","order.fulfillment_started":"immediate","order.status_changed":"immediate"}})");
    desk.place(order_text("PO-1"));
    for (const char* const kind : {"order.accepted", "order.rejected", "order.fulfillment_started", "order.shipped",
                                   "order.status_changed", "order.delivered", "order.canceled"}) {
        desk.fact(kind);
        // Learned again, it is no news.
        desk.fact(kind);
    }
    CHECK(desk.ledger() == std::vector<std::string>{
                               "email order: We have your order PO-1", "email order: Order PO-1 is confirmed",
                               "email order: Order PO-1 could not be accepted", "email fulfillment: Order PO-1 is being prepared",
                               "email fulfillment: Order PO-1 has shipped", "email status: Order PO-1: on hold",
                               "email fulfillment: Order PO-1 was delivered", "email status: Order PO-1 was canceled"});
    CHECK(desk.waiting() == 8);
}

TEST_CASE("stock that is low is told by mail of its own type, under nobody's name", "[notify][unit]") {
    Desk desk;
    desk.store.run([&](store::Tx& tx) {
        desk.facts.record(tx, {.kind = "stock.low",
                               .natural_key = "stock/1",
                               .data = Json::object({{"sku", "X"}, {"account", "phonex"}, {"quantity", 1}, {"threshold", 5}})});
        desk.facts.record(tx, {.kind = "stock.restored", .natural_key = "stock/2", .data = Json::object({{"sku", "X"}})});
    });
    CHECK(desk.ledger() == std::vector<std::string>{"email inventory: Low stock: X at phonex"});
    CHECK(desk.count("notifications WHERE email = 'ops@reseller.example' AND user_id IS NULL") == 1);
}

TEST_CASE("what a recipient has switched off stands in the ledger with the reason, and is sent to nobody", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"events":{"order.shipped":"off"}})");
    desk.fact("order.shipped");
    CHECK(desk.ledger() ==
          std::vector<std::string>{"email fulfillment: Order PO-1 has shipped [the recipient's preferences say off]"});
    CHECK(desk.waiting() == 0);
    // Later wishes are about later facts.
    desk.prefer("{}");
    desk.fact("order.shipped");
    CHECK(desk.waiting() == 0);
    desk.fact("order.delivered");
    CHECK(desk.waiting() == 1);
}

TEST_CASE("a message in quiet hours waits for their end, in the commit that learns the fact", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"timezone":"Europe/Berlin","quiet_hours":{"from":"19:00","to":"07:30"}})");
    desk.fact("order.shipped");
    CHECK(desk.count("effects WHERE operation = 'deliver' AND next_at = :1", {std::int64_t{1'761'892'200'000}}) == 1);
}

TEST_CASE("a customer is written to in its language, and in English where that has no mail", "[notify][unit]") {
    struct Row {
        const char* preferences;
        const char* column;
        const char* subject;
    };
    const auto row =
        GENERATE(Row{"{}", "en", "Order PO-1 has shipped"}, Row{"{}", "de", "Bestellung PO-1 ist unterwegs"},
                 Row{R"({"language":"de-AT"})", "en", "Bestellung PO-1 ist unterwegs"},
                 Row{R"({"language":"en"})", "de", "Order PO-1 has shipped"}, Row{"{}", "fi", "Order PO-1 has shipped"});
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.store.run([&](store::Tx& tx) { tx.run("UPDATE customers SET language = :1", {row.column}); });
    desk.prefer(row.preferences);
    desk.fact("order.shipped");
    CHECK(desk.text("SELECT subject FROM notifications") == row.subject);
}

TEST_CASE("a recipient is told once on each channel that it has chosen", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"events":{"order.shipped":{"channels":["archive","email"]}}})");
    desk.fact("order.shipped");
    desk.fact("order.shipped");
    CHECK(desk.list("SELECT target FROM effects ORDER BY target") == std::vector<std::string>{"archive", "email"});
    SECTION("a channel that was taken out of the config keeps nothing waiting") {
        desk.options.channels = {"email"};
        desk.facts.change(desk.options);
        desk.fact("order.shipped", "/2");
        CHECK(desk.waiting() == 3);
        CHECK(desk.text("SELECT not_told FROM notifications WHERE not_told IS NOT NULL") ==
              "there is no channel archive for people in the config");
    }
}

TEST_CASE("facts of a day wait for one digest, and each stands in one only", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"events":{"order.shipped":"daily","order.delivered":"daily"}})");
    desk.fact("order.shipped");
    desk.fact("order.shipped");
    desk.fact("order.delivered");
    CHECK(desk.waiting() == 1);
    CHECK(desk.count("notifications WHERE template <> 'digest' AND digest_id = (SELECT id FROM notifications WHERE template = "
                     "'digest')") == 2);
    CHECK(desk.count("effects WHERE effect_key LIKE 'digest/%' AND next_at = :1", {std::int64_t{1'761'897'600'000}}) == 1);

    // One that has begun to leave takes nothing more, whatever the clock says.
    desk.store.run([](store::Tx& tx) { tx.run("UPDATE effects SET first_intent_at = 1"); });
    desk.fact("order.shipped", "/2");
    CHECK(desk.count("effects WHERE effect_key LIKE 'digest/%'") == 2);
    CHECK(desk.count("effects WHERE next_at = :1", {std::int64_t{1'761'984'000'000}}) == 1);
}

TEST_CASE("a digest is composed from the ledger in the language and on the clock of its recipient", "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"language":"de","timezone":"Europe/Berlin","events":{"order.shipped":"daily","order.delivered":"daily"}})");
    desk.fact("order.shipped");
    desk.clock.advance(std::chrono::hours{1});
    desk.fact("order.delivered");
    desk.store.run([&](store::Tx& tx) {
        auto effect = store::find_effect(tx, std::get<0>(*tx.first<std::string>("SELECT id FROM effects"))).value();
        REQUIRE(desk.facts.compose(tx, effect));
        const auto input = Json::parse(effect.input).value();
        CHECK(input.text("subject") == "2 Neuigkeiten am 2025-10-30");
        CHECK(input.text("to") == "anna@example.com");
        CHECK(
            input.text("text").starts_with("Guten Tag Anna & Co,\n\nDas ist seit der letzten dieser Mails geschehen:\n\n"
                                           "  19:06  Bestellung PO-1 ist unterwegs\n  20:06  Bestellung PO-1 ist "
                                           "zugestellt\n"));
        CHECK(input.text("html").find("Anna &amp; Co") != std::string::npos);
        CHECK(input.find("client") == nullptr);
        // Once it has been tried it stays as it left.
        effect.first_intent_at = 1;
        const auto before = effect.input;
        tx.run("UPDATE notifications SET subject = 'other'");
        REQUIRE(desk.facts.compose(tx, effect));
        CHECK(effect.input == before);
    });
}

TEST_CASE("whoever is stopped is told no more: what waits is withdrawn, and what comes is entered with the reason",
          "[notify][unit]") {
    Desk desk;
    desk.place(order_text("PO-1"));
    desk.prefer(R"({"events":{"order.delivered":"daily"}})");
    desk.fact("order.shipped");
    desk.fact("order.delivered");
    CHECK(desk.waiting() == 2);
    const auto stop = [&](const char* recipient) {
        return desk.store.in([&](store::Tx& tx) {
            return notify::stop_recipient(tx, "email", recipient, {notify::Stop::Cause::unsubscribed, "by its own word"}, 1);
        });
    };
    CHECK(stop("Anna@Example.com"));
    CHECK_FALSE(stop("anna@example.com"));
    CHECK(desk.waiting() == 0);
    CHECK(desk.count("effects WHERE operation = 'deliver' AND state = 'withdrawn' AND reason = 'by its own word'") == 2);
    desk.fact("order.canceled");
    CHECK(desk.count("notifications WHERE not_told = 'by its own word' AND sent = 0") == 4);
    CHECK(desk.waiting() == 0);
    SECTION("a person lifts it") {
        CHECK(desk.store.in([](store::Tx& tx) { return notify::resume_recipient(tx, "ANNA@example.com"); }) == 1);
        desk.fact("order.canceled", "/2");
        CHECK(desk.waiting() == 1);
    }
    SECTION("alerts have no other way, and go on") {
        CHECK(stop("ops@reseller.example"));
        desk.store.run([&](store::Tx& tx) { desk.facts.needs_attention(tx, "PO-1", "x", "y"); });
        CHECK(desk.waiting() == 1);
    }
}

TEST_CASE("a customer without a mail address is a matter for a person only when it was to be told", "[notify][unit]") {
    Desk desk;
    desk.store.run([](store::Tx& tx) { tx.run("UPDATE customers SET email = NULL"); });
    desk.place(order_text("PO-1"));
    desk.store.run([](store::Tx& tx) { tx.run("UPDATE orders SET email = NULL"); });
    desk.fact("order.status_changed");
    CHECK(desk.count("attention") == 0);
    desk.fact("order.shipped");
    CHECK(desk.count("attention") == 1);
}

TEST_CASE("a broken template loses no message, and no language of it does", "[notify][unit]") {
    Desk desk;
    desk.options.render = [](const std::string&, const std::string&, const Json&) -> Result<notify::Rendered> {
        return Fault{"broken"};
    };
    desk.facts.change(desk.options);
    desk.place(order_text("PO-1"));
    desk.fact("order.shipped");
    CHECK(desk.text("SELECT subject FROM notifications") == "order.shipped");
}
