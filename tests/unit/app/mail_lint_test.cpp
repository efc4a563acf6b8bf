#include "app/mail_lint.hpp"

#include <catch2/catch.hpp>

#include "notify/mail_data.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>

using namespace crossdock;
namespace fs = std::filesystem;

namespace {

/// A folder of templates that holds one, and what the lint says of it.
std::vector<std::string> faults_of(const std::string& name, const std::string& text) {
    const support::TemporaryFolder folder;
    fs::create_directories(folder.path() / "en");
    std::ofstream(folder.path() / "en" / (name + ".mustache")) << text;
    const auto mails = expr::MailLanguages::load(folder.path());
    REQUIRE(mails.has_value());
    std::vector<std::string> faults;
    for (const auto& fault : app::mail_faults(*mails)) {
        faults.push_back(fault.where.substr(fault.where.find(name)) + ": " + fault.what);
    }
    return faults;
}

}  // namespace

TEST_CASE("each bundled mail of each language asks for nothing that its event does not have", "[app][unit]") {
    const auto mails = expr::MailLanguages::load(std::string(CROSSDOCK_SOURCE) + "/config/templates");
    REQUIRE(mails.has_value());
    CHECK(mails->all().size() >= 2);
    for (const auto& fault : app::mail_faults(*mails)) { FAIL_CHECK(fault.text()); }
    for (const auto& name : notify::mail_names()) { CHECK(mails->all().at("en").all().contains(name)); }
}

TEST_CASE("each bundled mail reads to its end with example data, without tags and empty labels", "[app][unit]") {
    const auto mails = expr::MailLanguages::load(std::string(CROSSDOCK_SOURCE) + "/config/templates").value();
    for (const auto& [language, templates] : mails.all()) {
        for (const auto& [name, mail] : templates.all()) {
            CAPTURE(language, name);
            const auto made = expr::render_mail(mail, notify::example_data(name).value());
            REQUIRE(made.has_value());
            for (const std::string& part : {made->subject, made->text, made->html}) {
                CHECK(part.find("{{") == std::string::npos);
                CHECK(part.find("  .") == std::string::npos);
            }
            CHECK_FALSE(made->subject.empty());
        }
    }
}

TEST_CASE("a name that an event does not have is refused with its place, and what was probably meant", "[app][unit]") {
    CHECK(
        faults_of("order.shipped",
                  "Subject: {{order_id}}: {{traking_number}}\n--- text\n{{#items}}{{sku}} {{qantity}}{{/items}}\n"
                  "--- html\n<p>\n ü {{{total}}} {{& reson}}</p>\n") ==
        std::vector<std::string>{
            "order.shipped.mustache:1:24: a mail of order.shipped has no `traking_number` here; did you mean `tracking_number`?",
            "order.shipped.mustache:3:19: a mail of order.shipped has no `qantity` here; did you mean `quantity`?",
            "order.shipped.mustache:6:16: a mail of order.shipped has no `reson` here; did you mean `reason`?"});
    // A row's name outside of the rows.
    CHECK(faults_of("order.placed", "Subject: x\n--- text\n{{#items}}{{/items}}{{sku}}\n--- html\n").size() == 1);
    // The order around a row is still to be had, and an address is the platform's own.
    CHECK(
        faults_of("order.placed",
                  "Subject: x\n--- text\n{{#items}}{{order_id}}{{/items}}{{#shipping_address}}{{door}}{{/shipping_address}}"
                  "{{^total}}{{customer_name}}{{/total}}{{! a note }}\n--- html\n{{status_is.on_hold}}\n") ==
        std::vector<std::string>{"order.placed.mustache:5:1: a mail of order.placed has no `status_is.on_hold` here; known are: "
                                 "customer_id, customer_name, items, order_id, shipping_address, status, supplier, total, "
                                 "unsubscribe_url"});
    CHECK(faults_of("order.status_changed", "Subject: {{status_is.on_hold}}\n--- text\n--- html\n").empty());
    CHECK(faults_of("order.status_changed", "Subject: {{status_is.on_hld}}\n--- text\n--- html\n").size() == 1);
}

TEST_CASE("a template for no event is refused", "[app][unit]") {
    CHECK(faults_of("order.shiped", "Subject: x\n--- text\n--- html\n") ==
          std::vector<std::string>{
              "order.shiped.mustache:1:1: there is no event order.shiped that is told by mail; did you mean `order.shipped`?"});
}

TEST_CASE("a language without a template has the mail of the next one", "[app][unit]") {
    const auto mails = expr::MailLanguages::load(std::string(CROSSDOCK_SOURCE) + "/config/templates").value();
    CHECK(mails.language_of("order.shipped", "de") == "de");
    CHECK(mails.language_of("order.shipped", "de-AT") == "de");
    CHECK(mails.language_of("order.shipped", "fr") == "en");
    CHECK(mails.language_of("stock.low", "de") == "en");
    CHECK_FALSE(mails.language_of("order.lost", "de"));
    CHECK_FALSE(mails.render("order.lost", "de", Json::object()).has_value());
    CHECK(mails.render("order.delivered", "de", Json::object({{"order_id", "A"}}))->subject == "Bestellung A ist zugestellt");
}

TEST_CASE("a folder of templates without English is refused", "[app][unit]") {
    const support::TemporaryFolder folder;
    fs::create_directories(folder.path() / "de");
    const auto mails = expr::MailLanguages::load(folder.path());
    REQUIRE_FALSE(mails.has_value());
    CHECK(mails.error().what.starts_with("there is no folder `en` here"));
}
