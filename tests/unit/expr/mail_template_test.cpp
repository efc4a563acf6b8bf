#include "expr/mail_template.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace crossdock;

namespace {

expr::MailTemplates shipped() {
    auto made = expr::MailTemplates::load(std::string(CROSSDOCK_SOURCE) + "/config/templates/en");
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    return std::move(made).value();
}

expr::RenderedMail mail(const std::string& name, const Json& data) {
    auto made = shipped().render(name, data);
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    return std::move(made).value();
}

Json order() {
    return Json::parse(R"({"order_id":"PXSTKL0000347","customer_name":"World & Tech","supplier_order_id":"ORD845140",
        "tracking_number":"1Z999AA10123456784","total":"2310.00 USD",
        "items":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":"231.00 USD"}],
        "shipping_address":{"name":"WorldTech Receiving","company":"WorldTech","line1":"1734 Harbor Boulevard","line2":"Dock 4",
        "city":"Miami","state":"FL","postal_code":"33132","country":"US"}})")
        .value();
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every mail that can be sent has its template", "[expr][unit]") {
    std::set<std::string> names;
    const auto templates = shipped();
    for (const auto& [name, made] : templates.all()) { names.insert(name); }
    CHECK(names == std::set<std::string>{"digest", "feed.quarantined", "order.accepted", "order.canceled", "order.delivered",
                                         "order.fulfillment_started", "order.needs_attention", "order.placed", "order.rejected",
                                         "order.shipped", "order.status_changed", "stock.low", "stock.restored",
                                         "supplier.degraded", "supplier.recovered", "webhook.unmatched"});
}

TEST_CASE("a mail about a part of an order says which pieces it is about", "[expr][unit]") {
    Json data = order();
    data.set("partial", true);
    data.set("pieces", Json::parse(R"([{"sku":"IPHONE12-64GB-A","quantity":4},{"sku":"<b>","quantity":1}])").value());
    const auto shipping = mail("order.shipped", data);
    CHECK(shipping.subject == "Part of order PXSTKL0000347 has shipped: 1Z999AA10123456784");
    CHECK(contains(shipping.text, R"(Good news: part of your order PXSTKL0000347 is on its way. In this parcel:
  4 x IPHONE12-64GB-A
  1 x <b>

Tracking number: 1Z999AA10123456784
)"));
    CHECK(contains(shipping.html, "<br>&nbsp;&nbsp;1 x &lt;b&gt;"));
    CHECK(contains(mail("order.accepted", data).text, R"(Our supplier has accepted a part of it (supplier order ORD845140):
  4 x IPHONE12-64GB-A
)"));
    CHECK(contains(mail("order.rejected", data).text, "The rest of it goes on. This was the order:"));
    CHECK(contains(mail("order.canceled", data).text,
                   "Part of your order PXSTKL0000347 was canceled and will not be shipped:\n  4 x"));
}

TEST_CASE("the shipping mail reads well", "[expr][unit]") {
    const auto made = mail("order.shipped", order());
    CHECK(made.subject == "Order PXSTKL0000347 has shipped: 1Z999AA10123456784");
    CHECK(made.text == R"(Dear World & Tech,

Good news: your order PXSTKL0000347 is on its way.

Tracking number: 1Z999AA10123456784
Supplier order: ORD845140

  10 x IPHONE12-64GB-A at 231.00 USD
  Total: 2310.00 USD

Ship to:
  WorldTech Receiving
  WorldTech
  1734 Harbor Boulevard
  Dock 4
  Miami, FL 33132
  US

We will write again when it has been delivered.
)");
    CHECK(contains(made.html, "Dear World &amp; Tech,"));
    CHECK(contains(made.html, "<strong>1Z999AA10123456784</strong>"));
}

TEST_CASE("the shipping mail links a tracking number whose check digit is right, and lets no number write HTML", "[expr][unit]") {
    Json data = order();
    data.set("carrier", "UPS").set("tracking_url", "https://www.ups.com/track?tracknum=1Z999AA10123456784");
    const auto good = mail("order.shipped", data);
    CHECK(contains(
        good.text,
        "Tracking number: 1Z999AA10123456784 (UPS)\nFollow it: https://www.ups.com/track?tracknum=1Z999AA10123456784\n"));
    CHECK(contains(good.html,
                   R"(<a href="https://www.ups.com/track?tracknum=1Z999AA10123456784">1Z999AA10123456784</a></strong> (UPS))"));
    const auto bad =
        mail("order.shipped", order().set("tracking_number", R"("><script>alert(1)</script>)").set("carrier", "<i>DHL"));
    CHECK_FALSE(contains(bad.html, "<script>"));
    CHECK_FALSE(contains(bad.html, "<i>DHL"));
    CHECK(contains(bad.html, "&quot;&gt;&lt;script&gt;"));
    CHECK_FALSE(contains(bad.html, "<a href"));
}

TEST_CASE("a customer without a name is greeted all the same", "[expr][unit]") {
    const auto name =
        GENERATE(as<std::string>(), "order.accepted", "order.rejected", "order.shipped", "order.delivered", "order.canceled");
    Json data = order();
    data.set("customer_name", "");
    const auto made = mail(name, data);
    CHECK(made.text.starts_with("Hello,\n\n"));
    CHECK(contains(made.html, "<p>Hello,</p>"));
    CHECK(contains(made.subject, "PXSTKL0000347"));
}

TEST_CASE("no mail shows a template's tags or an empty label when only the order's id is known", "[expr][unit]") {
    const auto templates = shipped();
    for (const auto& [name, made] : templates.all()) {
        const auto bare = expr::render_mail(made, Json::object({{"order_id", "A-1"}}));
        REQUIRE(bare.has_value());
        CAPTURE(name, bare->text);
        for (const std::string& part : {bare->subject, bare->text, bare->html}) {
            CHECK_FALSE(contains(part, "{{"));
            CHECK_FALSE(contains(part, "}}"));
        }
        CHECK_FALSE(contains(bare->text, "Tracking"));
        CHECK_FALSE(contains(bare->text, "Ship to"));
        CHECK_FALSE(contains(bare->text, "Reason"));
        CHECK_FALSE(contains(bare->text, "Total"));
        CHECK_FALSE(contains(bare->text, "Customer"));
    }
}

TEST_CASE("the low-stock alert names item, account, quantity and threshold", "[expr][unit]") {
    const auto made =
        mail("stock.low", Json::object({{"sku", "IPHONE12-64GB-A"}, {"account", "phonex"}, {"quantity", 0}, {"threshold", 5}}));
    CHECK(made.subject == "Low stock: IPHONE12-64GB-A at phonex");
    CHECK(contains(made.text, "In stock:        0\n"));
    CHECK(contains(made.text, "Alert threshold: 5\n"));
}

TEST_CASE("what a customer calls itself cannot add a header or markup to a mail", "[expr][unit]") {
    const auto made = expr::parse_mail_template("Subject: For {{n}}\n--- text\n{{n}}\n--- html\n{{n}}\n", "m");
    REQUIRE(made.has_value());
    const auto evil = expr::render_mail(*made, Json::object({{"n", "x\r\nBcc: all@example.com\t<script>"}}));
    REQUIRE(evil.has_value());
    CHECK(evil->subject == "For x Bcc: all@example.com <script>");
    CHECK(contains(evil->html, "&lt;script&gt;"));
}

TEST_CASE("a wrong mail template is refused with file, line and column", "[expr][unit]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"", "m.mustache:1:1: a mail template begins with a line `Subject: ...`"},
        Row{"--- text\n", "m.mustache:1:1: a mail template begins with a line `Subject: ...`"},
        Row{"Subject: x\n\n--- html\n", "m.mustache:3:1: the line `--- text` is missing"},
        Row{"Subject: x\n\n--- text\nhi\n", "m.mustache:4:1: the line `--- html` is missing behind the text"},
        Row{"Subject: x\n--- html\n--- text\n", "m.mustache:3:1: the line `--- html` is missing behind the text"},
        Row{"Subject: x\nFrom: y\n--- text\n--- html\n",
            "m.mustache:2:1: only blank lines stand between `Subject:` and `--- text`"},
        Row{"Subject: {{x\n--- text\n--- html\n", "m.mustache:1:10: Unclosed tag"},
        Row{"Subject: x\n--- text\na\n b {{#c}}\n--- html\n", "m.mustache:4:4: Unclosed section \"c\""},
        Row{"Subject: x\n--- text\na\n--- html\n\n{{> foot}}\n", "m.mustache:6:1: partials ({{> name}}) are not supported"},
        Row{"Subject: \xFF\n", "m.mustache:1:1: this is no valid UTF-8"});
    CAPTURE(row.text);
    const auto made = expr::parse_mail_template(row.text, "m.mustache");
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().text() == row.fault);
}

TEST_CASE("a missing template and a missing folder are named", "[expr][unit]") {
    const auto none = shipped().render("order.lost", Json());
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().what == "there is no mail template order.lost.mustache");
    CHECK(expr::MailTemplates::load("/nowhere").error().where == "/nowhere");
}
