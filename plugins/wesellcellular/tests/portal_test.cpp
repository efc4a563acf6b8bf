#include "support.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace wesellcellular::tests {
namespace {

using crossdock::sdk::Json;
using testing::expect;
using testing::expect_equal;
using testing::expect_throws;

const char* const order =
    R"({"reference":"PX/1","effect_key":"run-1/submit//1","supplier":"wesellcellular","not_after_boot_ms":3700000,)"
    R"("order":{"order_id":"PX/1","customer_id":"c1","items":[{"sku":"A-1","quantity":10,"unit_price":231.00},)"
    R"({"sku":"B, \"2\"","quantity":1,"unit_price":19}],"shipping_address":{"name":"Ann","line1":"1 Rue\nB","city":"Lyon",)"
    R"("country":"FR"}}})";
const char* const by_reference = R"({"reference":"PX/1"})";

void expect_in(const std::string& text, const std::string& part) {
    expect(text.find(part) != std::string::npos, "\"" + text + "\" lacks \"" + part + "\"");
}

/// An account with folders of its own.
struct Desk {
    Folder outbox, inbox, taken;
    testing::FakeHost host;

    [[nodiscard]] Json settings(const std::vector<std::pair<std::string, Json>>& more = {}) const {
        Json made = Json::object();
        made.set("mode", "portal").set("inbox", inbox.path().string()).set("outbox", outbox.path().string());
        for (const auto& [name, value] : more) { made.set(name, value); }
        return made;
    }
    [[nodiscard]] testing::Instance start(const std::vector<std::pair<std::string, Json>>& more = {}) const {
        return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE).start(settings(more));
    }
    testing::Answer call(const std::string& operation, const char* input,
                         const std::vector<std::pair<std::string, Json>>& more = {}) {
        auto instance = start(more);
        return instance.call(operation, input, host);
    }
};

void writes_an_order_once() {
    Desk desk;
    for (int times = 0; times < 2; ++times) {
        const auto answer = desk.call("create_order", order);
        expect(answer.ok(), answer.fault);
        expect_equal(*answer.document.text("transport"), "answered");
        expect_equal(answer.document.need_integer("status"), 202);
        expect(answer.document.find("id_follows") != nullptr, "the id comes later");
        expect(!answer.document.text("supplier_order_id"), "there is no id");
    }
    const auto names = desk.outbox.names();
    expect_equal(names.size(), 1);
    expect_in(names[0], "order-PX_1-");
    expect_equal(desk.outbox.read(names[0]),
                 "Reference,Line,SKU,Quantity,Unit Price,Currency,Name,Company,Address 1,Address 2,City,State,Postal "
                 "Code,Country,Phone\r\n"
                 "PX/1,1,A-1,10,231.00,USD,Ann,,\"1 Rue\nB\",,Lyon,,,FR,\r\n"
                 "PX/1,2,\"B, \"\"2\"\"\",1,19,USD,Ann,,\"1 Rue\nB\",,Lyon,,,FR,\r\n");
    const std::string other = std::string(order).replace(std::string(order).find("run-1"), 5, "run-2");
    expect(desk.call("create_order", other.c_str()).ok(), "another key");
    expect_equal(desk.outbox.names().size(), 2, "another key is another order");
}

void does_not_write_what_the_portal_has() {
    Desk desk;
    expect(desk.call("create_order", order).ok(), "it is written");
    const auto name = desk.outbox.names().at(0);
    std::filesystem::rename(desk.outbox.path() / name, desk.taken.path() / name);
    const auto again = desk.call("create_order", order, {{"taken", desk.taken.path().string()}});
    expect(again.ok() && desk.outbox.names().empty(), "a file that was taken is not written again");
    expect_in(*again.document.text("exchange"), "is with the portal already");
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID,Status\nPX/1,ORD1,Confirmed\n");
    const auto confirmed = desk.call("create_order", order);
    expect_equal(*confirmed.document.text("supplier_order_id"), "ORD1");
    expect_equal(confirmed.document.need_integer("status"), 200);
    expect(desk.outbox.names().empty(), "a confirmed order is not written again");
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID,Status,Reason\nPX/1,,Rejected,no credit\n");
    const auto refused = desk.call("create_order", order);
    expect_equal(refused.document.need_integer("status"), 422);
    expect_equal(*refused.document.text("reason"), "no credit");
}

void sends_nothing_when_it_is_too_late() {
    Desk desk;
    desk.host.advance_ms(100'001);  // boot_ms began at 3,600,000
    const auto late = desk.call("create_order", order);
    expect(late.ok(), late.fault);
    expect_equal(*late.document.text("transport"), "not_sent");
    expect(desk.outbox.names().empty(), "nothing stands there, half or whole");
    testing::FakeHost canceled;
    canceled.cancel();
    auto instance = desk.start();
    expect_equal(*instance.call("create_order", order, canceled).document.text("transport"), "not_sent");
    expect(desk.outbox.names().empty(), "nothing when it is canceled");
}

void is_a_fault_when_nothing_was_written() {
    Desk desk;
    ::mkdir((desk.outbox.path() / ".gone").c_str(), 0700);
    auto instance = desk.start();
    std::filesystem::remove_all(desk.outbox.path());
    const auto answer = instance.call("create_order", order, desk.host);
    expect(!answer.ok(), "a folder that has gone");
    expect_in(answer.fault, "cannot be made");
    Desk other;
    expect(other.call("create_order", order).ok(), "it is written");
    other.outbox.write(other.outbox.names().at(0), "somebody else's");
    const auto clash = other.call("create_order", order);
    expect(!clash.ok(), "a file of that name");
    expect_in(clash.fault, "with other content");
}

void finds_by_reference() {
    Desk desk;
    const auto matches = [&] {
        auto answer = desk.call("find_order", by_reference);
        expect(answer.ok(), answer.fault);
        return answer.document;
    };
    expect_equal(matches().need_array("matches").items().size(), 0);
    desk.inbox.write("confirmations-1.csv",
                     "Reference,Order ID,Status\r\nPX/10,ORD9,Confirmed\r\nPX/1,ORD1,Received\r\nPX/1,ORD1,Confirmed\r\n");
    const auto one = matches();
    expect_equal(one.need_array("matches").items().size(), 1, "another order's prefix is no match");
    expect_equal(one.need_array("matches").items()[0].need_text("supplier_order_id"), "ORD1");
    expect_equal(one.need_array("matches").items()[0].need_text("supplier_status"), "Confirmed");
    desk.inbox.write("confirmations-2.csv", "Reference,Order ID\nPX/1,ORD2\n");
    expect_equal(matches().need_array("matches").items().size(), 2, "two ids are two orders");
}

void concludes_nothing_from_half_a_file() {
    Desk desk;
    const auto learned = [&] { return desk.call("find_order", by_reference).document; };
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID\nPX/2,ORD2\nPX/1,ORD84");
    auto answer = learned();
    expect(answer.find("matches") == nullptr, "a row without its line end may be cut");
    expect_in(*answer.text("reason"), "confirmations-1.csv:3: the last row has no line end");
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID\nPX/2,ORD2\nPX/1,ORD845140\n");
    expect_equal(learned().need_array("matches").items().at(0).need_text("supplier_order_id"), "ORD845140");
    // What stands behind a damaged row is not known; what stands before it is.
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID\nPX/1,ORD845140\n\"PX/2,x\n");
    expect_equal(learned().need_array("matches").items().size(), 1);
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID\nPX/1,\n");
    answer = learned();
    expect(answer.find("matches") == nullptr, "named, without an id and without a refusal");
    expect_in(*answer.text("reason"), "confirmations-1.csv:2 names it, without an id yet");
    desk.inbox.write("confirmations-1.csv", "Reference,Order ID,Status\nPX/1,,Refused\n");
    answer = learned();
    expect_equal(answer.need_array("matches").items().at(0).need_text("supplier_order_id"), "");
    expect_equal(answer.need_array("matches").items().at(0).need_text("supplier_status"), "Refused");
}

void waits_for_a_file_that_is_being_written() {
    Desk desk;
    desk.inbox.write("confirmations.csv", "Reference,Order ID\nPX/1,ORD1\n");
    struct stat now {};
    expect(::stat((desk.inbox.path() / "confirmations.csv").c_str(), &now) == 0, "it is there");
    const auto modified = now.st_mtim.tv_sec * 1000 + now.st_mtim.tv_nsec / 1'000'000;
    auto instance = desk.start({{"quiet_ms", 2'000}});
    desk.host.set_utc_ms(modified + 1'000);
    auto answer = instance.call("find_order", by_reference, desk.host);
    expect(answer.document.find("matches") == nullptr, "too fresh");
    expect_in(*answer.document.text("reason"), "less than 2000 ms ago");
    desk.host.set_utc_ms(modified + 2'001);
    answer = instance.call("find_order", by_reference, desk.host);
    expect_equal(answer.document.need_array("matches").items().size(), 1);
    // One that is put in its place is read anew, and until then what it said before was said.
    desk.inbox.write("new.csv", "Reference,Order ID\nPX/3,ORD3\n");
    std::filesystem::rename(desk.inbox.path() / "new.csv", desk.inbox.path() / "confirmations.csv");
    expect(::stat((desk.inbox.path() / "confirmations.csv").c_str(), &now) == 0, "it is there");
    desk.host.set_utc_ms(now.st_mtim.tv_sec * 1000 + now.st_mtim.tv_nsec / 1'000'000);
    expect_equal(instance.call("find_order", by_reference, desk.host).document.need_array("matches").items().size(), 1);
    desk.host.advance_ms(2'001);
    expect_equal(instance.call("find_order", by_reference, desk.host).document.need_array("matches").items().size(), 0);
}

void tells_a_status_by_rows() {
    Desk desk;
    desk.inbox.write("confirmations.csv",
                     "Reference,Order ID,Status,Date\nPX/1,ORD1,Confirmed,2025-10-30T18:06:39Z\nPX/2,ORD2,Confirmed,\n");
    desk.inbox.write("shipments.csv",
                     "Reference,Order ID,Date,Tracking,Carrier\nPX/1,ORD1,10/31/2025,1Z999AA10123456784,UPS\n"
                     "PX/1,ORD1,10/31/2025,1Z999AA10123456784,UPS\n,ORD1,2025-11-01T08:00:00Z,T-2,\n");
    const auto answer = desk.call("get_order_status", R"({"reference":"PX/1","supplier_order_id":"ORD1"})");
    expect(answer.ok(), answer.fault);
    const auto& evidence = answer.document.need_array("evidence").items();
    expect_equal(evidence.size(), 4, "each row is told; the engine takes two that say the same once");
    expect_equal(evidence[0].need_text("supplier_status"), "Confirmed");
    expect_equal(evidence[0].need_text("occurred_at"), "2025-10-30T18:06:39Z");
    expect_equal(evidence[1].need_text("supplier_status"), "shipped");
    expect_equal(evidence[1].need_text("tracking_number"), "1Z999AA10123456784");
    expect_equal(evidence[1].need_text("carrier"), "UPS");
    expect_equal(evidence[1].need_text("occurred_at"), "", "a date that can be read in two ways is none");
    expect_equal(evidence[3].need_text("reference"), "PX/1", "found by the supplier's id");
    const auto none = desk.call("get_order_status", R"({"reference":"PX/7"})");
    expect(none.ok() && none.document.need_array("evidence").items().empty(), "nothing new");
    desk.inbox.write("shipments.csv", "Reference,Tracking\nPX/1\n");
    const auto trouble = desk.call("get_order_status", R"({"reference":"PX/7"})");
    expect_in(trouble.fault, "shipments.csv:2: 1 fields, and the first row has 2");
}

void reads_the_newest_stock() {
    Desk desk;
    desk.inbox.write("stock-1.csv", "SKU,Stock,Price\nOLD,1,1.00\n");
    desk.inbox.write("stock-2.csv",
                     "\xEF\xBB\xBF"
                     "Brand,Model,Price,Stock,Color,Storage,SKU\r\nApple,iPhone 12,\"$1,231.00\",100+,Black,64GB,A-1\r\n");
    const timespec times[2]{{1'700'000'000, 0}, {1'700'000'000, 0}};
    expect(::utimensat(AT_FDCWD, (desk.inbox.path() / "stock-1.csv").c_str(), times, 0) == 0, "it is older");
    const auto answer = desk.call("sync_inventory", "{}");
    expect(answer.ok(), answer.fault);
    expect_equal(desk.host.rows().size(), 1);
    const auto& row = desk.host.rows()[0];
    expect_equal(row.name, "Apple iPhone 12 64GB Black");
    expect_equal(row.price, "1231.00");
    expect_equal(row.currency, "USD");
    expect_equal(row.quantity, 100);
    expect(row.lower_bound, "100+ is a lower bound");
    const auto old = desk.call("sync_inventory", "{}", {{"stock", "stock-1.csv"}, {"stock_age_hours", 24}});
    expect_in(old.fault, "hours old");
    desk.inbox.write("stock-2.csv", "SKU,Stock,Price\nA,1,1.00\nB,1,1.0");
    const auto cut = desk.call("sync_inventory", "{}");
    expect_in(cut.fault, "stock-2.csv:3: the last row has no line end");
    expect_equal(desk.host.rows().size(), 1, "half a list is none");
    expect_in(desk.call("sync_inventory", "{}", {{"stock", "none*.csv"}}).fault, "there is no file none*.csv");
}

void mails_an_order() {
    Desk desk;
    auto instance =
        testing::Plugin::load(CROSSDOCK_PLUGIN_FILE)
            .start(Json::parse(R"({"mode":"portal","inbox":")" + desk.inbox.path().string() +
                               R"(","mail_to":"orders@wesell.example","mail_from":"us@px.example","smtp_host":"mail.example"})"));
    desk.host.answer(250);
    auto answer = instance.call("create_order", order, desk.host);
    expect(answer.ok(), answer.fault);
    expect_equal(answer.document.need_integer("status"), 202);
    expect(answer.document.find("id_follows") != nullptr, "the id comes later");
    const auto mails = desk.host.mails();
    expect_equal(mails.size(), 1);
    expect_in(mails[0].mail.message, "Message-ID: <order-PX_1-");
    expect_in(mails[0].mail.message, "Subject: Order PX/1\r\n");
    expect_in(mails[0].mail.message, "filename=\"order-PX_1-");
    // UmVmZXJlbmNl is "Reference".
    expect_in(mails[0].mail.message, "UmVmZXJlbmNl");
    desk.host.cut();
    answer = instance.call("create_order", order, desk.host);
    expect_equal(*answer.document.text("transport"), "cut");
    desk.host.answer(550);
    answer = instance.call("create_order", order, desk.host);
    expect_equal(answer.document.need_integer("status"), 429, "a mail server refuses a mail, not an order");
    expect(answer.document.find("id_follows") == nullptr, "nothing was taken");
}

void refuses_settings_that_make_no_sense() {
    Desk desk;
    const auto why = [&](const std::vector<std::pair<std::string, Json>>& more) {
        return expect_throws([&] { (void)desk.start(more); });
    };
    expect_in(why({{"mode", "api"}}), "the setting \"outbox\" is for `mode: portal` alone");
    expect_in(why({{"auth", Json::parse(R"({"kind":"none"})")}}), "the setting \"auth\" is for `mode: api` alone");
    expect_in(why({{"mode", "fax"}}), "must be one of portal, api");
    expect_in(why({{"outbox", nullptr}}), "give one of them");
    expect_in(why({{"mail_to", "a@b"}}), "\"mail_from\" and \"smtp_host\" are needed");
    expect_in(why({{"inbox", nullptr}}), "\"inbox\" is missing");
    expect_in(why({{"inbox", "relative"}}), "must be an absolute path");
    expect_in(why({{"order_columns", "sku=SKU"}}), "must say which column is \"reference\"");
}

}  // namespace
}  // namespace wesellcellular::tests

int main(int argc, char** argv) {
    using namespace wesellcellular::tests;
    testing::Suite suite;
    suite.test("an order becomes one file, however often it is placed with one key", writes_an_order_once);
    suite.test("what the portal has taken, confirmed or refused is not written again", does_not_write_what_the_portal_has);
    suite.test("an order whose time is over is not written", sends_nothing_when_it_is_too_late);
    suite.test("where no file could be made nothing was sent", is_a_fault_when_nothing_was_written);
    suite.test("an order is found by its reference in the confirmations", finds_by_reference);
    suite.test("from a file that is cut, damaged or without an id nothing is concluded", concludes_nothing_from_half_a_file);
    suite.test("a file that is being written is waited for, and one that is replaced is read anew",
               waits_for_a_file_that_is_being_written);
    suite.test("confirmations and shipments are evidence, row by row", tells_a_status_by_rows);
    suite.test("the newest stock file is the stock, whole or not at all", reads_the_newest_stock);
    suite.test("an order can be mailed instead", mails_an_order);
    suite.test("settings that make no sense are refused by name", refuses_settings_that_make_no_sense);
    add_csv_tests(suite);
    add_api_tests(suite);
    return suite.run(argc, argv);
}
