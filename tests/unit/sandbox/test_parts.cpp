#include "sandbox/faults.hpp"
#include "sandbox/folder.hpp"
#include "sandbox/ids.hpp"
#include "sandbox/inventory.hpp"
#include "sandbox/journal.hpp"
#include "sandbox/ledger.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace crossdock::sandbox;
using support::TemporaryFolder;

TEST_CASE("ids come from the settings and count up from the last of them", "[sandbox]") {
    const std::vector<std::string> ids{"ORD845140", "ORD7"};
    CHECK(nth_id(ids, 0) == "ORD845140");
    CHECK(nth_id(ids, 1) == "ORD7");
    CHECK(nth_id(ids, 2) == "ORD8");
    CHECK(nth_id(ids, 5) == "ORD11");
    CHECK(nth_id({"1Z999AA10123456784"}, 1) == "1Z999AA10123456785");
    CHECK(nth_id({"A-009-X"}, 1) == "A-010-X");
    CHECK(nth_id({"99999999999999999999999999"}, 1) == "100000000000000000000000000");
    CHECK(next_id("none") == "none-2");
}

TEST_CASE("a journal gives back what was written, without a line that a crash tore", "[sandbox]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "journal.jsonl";
    {
        auto journal = Journal::open(file, [](const Json&) { FAIL("a new journal has no records"); }).value();
        REQUIRE(journal.append(Json::object({{"n", 1}})).has_value());
        REQUIRE(journal.append(Json::object({{"n", 2}})).has_value());
    }
    std::ofstream(file, std::ios::app) << "{\"n\": 3, \"torn";
    for (int round = 0; round < 2; ++round) {
        std::vector<std::int64_t> seen;
        auto journal = Journal::open(file, [&](const Json& record) { seen.push_back(record.integer("n")); }).value();
        CHECK(seen == (round == 0 ? std::vector<std::int64_t>{1, 2} : std::vector<std::int64_t>{1, 2, 4}));
        if (round == 0) { REQUIRE(journal.append(Json::object({{"n", 4}})).has_value()); }
    }
}

TEST_CASE("a journal damaged in the middle is refused with its line", "[sandbox]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "journal.jsonl";
    std::ofstream(file) << "{\"n\":1}\nnonsense\n{\"n\":2}\n";
    const auto journal = Journal::open(file, [](const Json&) {});
    REQUIRE(journal.has_error());
    CHECK(journal.error().where == file.string() + ":2");
}

TEST_CASE("two sandboxes cannot share a folder", "[sandbox]") {
    const TemporaryFolder folder;
    auto first = claim_folder(folder.path() / "deep" / "data");
    REQUIRE(first.has_value());
    CHECK(claim_folder(folder.path() / "deep" / "data").has_error());
    first = Fault{"given up"};
    CHECK(claim_folder(folder.path() / "deep" / "data").has_value());
}

TEST_CASE("the shipped inventory is large, has low and \"100+\" items and the seed's phone as written", "[sandbox]") {
    const auto inventory =
        Inventory::load(std::filesystem::path(CROSSDOCK_SOURCE_FOLDER) / "config/sandbox-inventory.json").value();
    const auto all = inventory.page(1, 1000);
    CHECK(all.integer("total") >= 250);
    std::size_t low = 0;
    std::size_t plenty = 0;
    for (const auto& item : all.find("items")->items()) {
        const Json& quantity = *item.find("quantity");
        low += quantity.integer().value_or(99) <= 5 ? 1 : 0;
        plenty += quantity == Json("100+") ? 1 : 0;
        for (const char* key : {"name", "currency", "grade", "lock_status", "warehouse"}) { CHECK_FALSE(item.text(key).empty()); }
    }
    CHECK(low == 2);  // the crash matrix waits for their alerts
    CHECK(plenty >= 3);
    const Json* phone = inventory.find("IPHONE12-64GB-A");
    REQUIRE(phone != nullptr);
    CHECK(phone->find("price")->literal() == "231.00");
    CHECK(phone->integer("quantity") == 120);
}

TEST_CASE("pages of an inventory hold each item once, and behind the last page is nothing", "[sandbox]") {
    const TemporaryFolder folder;
    std::string text = R"({"items":[)";
    for (int i = 0; i < 7; ++i) { text += R"({"sku":"S)" + std::to_string(i) + R"(","quantity":1,"price":0.10},)"; }
    text.back() = ']';
    std::ofstream(folder.path() / "i.json") << text << "}";
    const auto inventory = Inventory::load(folder.path() / "i.json").value();
    std::string seen;
    for (std::size_t page = 1; page <= 4; ++page) {
        const auto shown = inventory.page(page, 3);
        CHECK(shown.integer("pages") == 3);
        for (const auto& item : shown.find("items")->items()) { seen += item.text("sku"); }
    }
    CHECK(seen == "S0S1S2S3S4S5S6");
    CHECK(inventory.page(SIZE_MAX, SIZE_MAX).find("items")->items().empty());
}

TEST_CASE("an inventory that makes no sense is refused and says where", "[sandbox]") {
    const TemporaryFolder folder;
    const auto text =
        GENERATE("[]", "{", R"({"items":[{"sku":"A","quantity":1}]})", R"({"items":[{"sku":"A","quantity":-1,"price":1}]})",
                 R"({"items":[{"sku":"A","quantity":1,"price":1},{"sku":"A","quantity":1,"price":1}]})");
    std::ofstream(folder.path() / "i.json") << text;
    const auto inventory = Inventory::load(folder.path() / "i.json");
    REQUIRE(inventory.has_error());
    CHECK(inventory.error().where.starts_with((folder.path() / "i.json").string()));
}

TEST_CASE("a webhook's body is written as the seed writes it", "[sandbox]") {
    SupplierOrder order;
    order.reference = "PXSTKL0000347";
    order.supplier_order_id = "ORD845140";
    order.tracking_number = "1Z999AA10123456784";
    CHECK(webhook_body(order, "shipped", 1761847599000) ==
          R"({"event":"order.status_updated","order_id":"PXSTKL0000347","supplier_order_id":"ORD845140","status":"shipped",)"
          R"("tracking_number":"1Z999AA10123456784","updated_at":"2025-10-30T18:06:39Z"})");
    CHECK(webhook_body(order, "confirmed", 1761847599000).find("tracking") == std::string::npos);
}

TEST_CASE("an armed fault is used as often as told, the one for reused connections on those only", "[sandbox]") {
    Faults faults;
    REQUIRE(faults.arm(Json::parse(R"({"operation":"create_order","kind":"cut_reused_after_accept"})").value()).has_value());
    REQUIRE(
        faults
            .arm(Json::parse(R"({"operation":"create_order","kind":"status","times":2,"status":429,"retry_after_s":3})").value())
            .has_value());
    CHECK_FALSE(faults.take("inventory", true));
    const auto first = faults.take("create_order", false);
    REQUIRE(first);
    CHECK(first->status == 429);
    CHECK(first->retry_after_s == 3);
    CHECK_FALSE(first->accept);
    const auto second = faults.take("create_order", true);
    REQUIRE(second);
    CHECK(second->kind == SupplierFault::Kind::cut_reused_after_accept);
    CHECK(second->accept);
    CHECK(faults.show().items().size() == 1);
    CHECK(faults.take("create_order", true));
    CHECK_FALSE(faults.take("create_order", true));
    REQUIRE(faults.arm(Json::parse(R"({"operation":"inventory","kind":"garbage","times":-1})").value()).has_value());
    for (int i = 0; i < 5; ++i) { CHECK(faults.take("inventory", false)); }
    REQUIRE(faults.arm(Json::parse(R"({"operation":"inventory","kind":"garbage","times":0})").value()).has_value());
    CHECK_FALSE(faults.take("inventory", false));
    CHECK(faults.arm(Json::parse(R"({"operation":"nothing","kind":"slow"})").value()).has_error());
    CHECK(faults.arm(Json::parse(R"({"operation":"webhook","kind":"loud"})").value()).has_error());
}
