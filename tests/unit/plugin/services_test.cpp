// What the host gives a plugin, and what it reads of one: secrets, files, pauses, serial calls, older revisions of the ABI.
#include "fake_server.hpp"
#include "floor.hpp"
#include "support/temporary_folder.hpp"

#include <crossdock/abi.h>

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;
using support::TemporaryFolder;

namespace {

const std::filesystem::path test_plugins = TEST_PLUGINS;

WorkerSpec obliging(const std::filesystem::path& folder = {}) {
    auto spec = supplier_spec(test_plugins / "libobliging.so", Json::parse(R"({"token":"canary-secret"})").value());
    spec.folder = folder;
    return spec;
}

CallAnswer ask(Floor& floor, const std::string& order) {
    return floor.wait(floor.workers->call(order_call(order), {}));
}

std::string files(Floor& floor, const std::string& what) {
    const auto answer = ask(floor, R"({"do":"files",)" + what + "}");
    return answer.status == CallStatus::answered ? answer.output.text("reason") : "fault: " + answer.text;
}

Task<bool> keep_rows(std::shared_ptr<std::string> seen, Json rows) {
    *seen += rows.dump();
    co_return true;
}

}  // namespace

TEST_CASE("a secret is served by its name and stands in no settings", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    // The text is blotted on its way out; that it is there at all shows that the plugin had it.
    CHECK(ask(floor, R"({"do":"secret"})").output.text("reason") == R"([secret] and {"greeting":"hello","rows":3})");
}

TEST_CASE("a plugin keeps files in its account's folder, and they outlive its worker", "[workers][unit]") {
    const TemporaryFolder folder;
    const auto own = folder.path() / "plugin-files" / "acme";
    {
        Floor floor;
        REQUIRE(floor.wait(floor.workers->start(obliging(own))).has_value());
        CHECK(files(floor, R"("list":1)").empty());
        CHECK(files(floor, R"("read":"cursor")") == "none");
        CHECK(files(floor, R"("write":"cursor","content":"17")") == "cursor");
        CHECK(files(floor, R"("write":"cursor","content":"18")") == "cursor");
        CHECK(files(floor, R"("write":"b.json","content":"{}")") == "b.json,cursor");
    }
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging(own))).has_value());
    CHECK(files(floor, R"("read":"cursor")") == "18");
    CHECK(files(floor, R"("remove":"cursor")") == "removed");
    CHECK(files(floor, R"("remove":"cursor")") == "none");
    CHECK(files(floor, R"("list":1)") == "b.json");
    CHECK((std::filesystem::status(own).permissions() & std::filesystem::perms(077)) == std::filesystem::perms::none);
}

TEST_CASE("a plugin cannot name a file outside its folder", "[workers][unit]") {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "other") << "another account's";
    std::filesystem::create_directory(folder.path() / "acme");
    std::filesystem::create_symlink(folder.path() / "other", folder.path() / "acme" / "link");
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging(folder.path() / "acme"))).has_value());
    const std::string name = GENERATE("", ".", "..", "../other", ".hidden", "a/b", "/etc/passwd", "a b", "a\\u0000b");
    for (const std::string verb : {"read", "write", "remove"}) {
        const auto wish = "\"" + verb + R"(":")" + name + "\"";
        CHECK_THAT(files(floor, wish), Contains("a file's name has 1 to 128"));
    }
    CHECK_THAT(files(floor, R"("read":"link")"), Contains("cannot be read"));
}

TEST_CASE("a plugin without a folder is told so", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    CHECK(files(floor, R"("write":"a","content":"b")") == "fault: this plugin has no folder here");
    CHECK(files(floor, R"("list":1)") == "fault: this plugin has no folder here");
}

TEST_CASE("a pause that the plugin asks for comes with its fault", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    const auto answer = ask(floor, R"({"do":"later"})");
    CHECK(answer.status == CallStatus::failed);
    CHECK(answer.text == "the supplier is busy");
    CHECK(answer.retry_after == milliseconds(7'000));
}

TEST_CASE("the host works out the codes with which a plugin signs", "[workers][unit]") {
    Floor floor;
    REQUIRE(floor.wait(floor.workers->start(obliging())).has_value());
    // RFC 4231, section 4.3.
    const auto answer = ask(floor, R"({"do":"sign","key":"Jefe","data":"what do ya want for nothing?"})");
    CHECK(answer.output.text("reason") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("calls of a plugin that wants them one after the other never overlap", "[workers][unit]") {
    Floor floor;
    const auto manifest = floor.wait(floor.workers->start(supplier_spec(test_plugins / "libserial.so")));
    REQUIRE(manifest.has_value());
    CHECK(manifest->serial_calls);
    std::vector<std::shared_ptr<std::optional<CallAnswer>>> answers;
    for (int i = 0; i < 4; ++i) { answers.push_back(floor.begin(floor.workers->call(order_call("{}"), {}))); }
    for (const auto& answer : answers) { CHECK(floor.get(answer).output.text("reason") == "1"); }
}

TEST_CASE("a manifest is read without settings, and no call is taken then", "[workers][unit]") {
    Floor floor;
    WorkerSpec spec;
    spec.name = "acme";
    spec.library = test_plugins / "libobliging.so";
    spec.inspect_only = true;
    const auto manifest = floor.wait(floor.workers->start(std::move(spec)));
    REQUIRE(manifest.has_value());
    CHECK(manifest->interface == "crossdock.supplier/1");
    CHECK(manifest->interfaces == std::vector<std::string>{"crossdock.supplier/1"});
    CHECK(manifest->operations == std::vector<std::string>{"create_order", "sync_inventory"});
    CHECK(manifest->abi_revision == CROSSDOCK_ABI_REVISION);
    CHECK(manifest->abi_needs == CROSSDOCK_ABI_REVISION);
    CHECK_FALSE(manifest->serial_calls);
    const auto answer = ask(floor, "{}");
    CHECK(answer.status == CallStatus::failed);
    CHECK(answer.text == "this worker only shows the manifest");
}

TEST_CASE("a plugin built for the oldest supported revision of the ABI loads and works", "[workers][unit]") {
    FakeServer server([](FakeServer::Connection& connection, int) {
        connection.read_until("\r\n\r\n");
        connection.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    });
    Floor floor;
    auto settings = Json::object({{"base_url", server.url()}, {"api_key", "open sesame"}});
    const auto manifest = floor.wait(floor.workers->start(supplier_spec(test_plugins / "librevision_1.so", std::move(settings))));
    REQUIRE(manifest.has_value());
    CHECK(manifest->abi_revision == 1);
    CHECK(manifest->abi_needs == 1);
    const auto answer = ask(floor, "{}");
    REQUIRE(answer.status == CallStatus::answered);
    CHECK(answer.output.integer("status") == 204);
    CHECK(answer.output.text("exchange") == "with the secret");
    Call inventory;
    inventory.target = "acme";
    inventory.operation = "sync_inventory";
    inventory.input = Json::object();
    const auto seen = std::make_shared<std::string>();
    OnBatch keep = [seen](Json rows) { return keep_rows(seen, std::move(rows)); };
    const auto listed = floor.wait(floor.workers->call(std::move(inventory), std::move(keep)));
    REQUIRE(listed.status == CallStatus::answered);
    CHECK_THAT(*seen, Contains(R"("sku":"A")") && Contains(R"("price":"231.00")") && Contains(R"("lower_bound":true)"));
}

TEST_CASE("a plugin built for revision 2 of the ABI loads and works", "[workers][unit]") {
    const TemporaryFolder folder;
    Floor floor;
    auto spec = supplier_spec(test_plugins / "librevision_2.so", Json::object({{"api_key", "open sesame"}}));
    spec.folder = folder.path() / "acme";
    const auto manifest = floor.wait(floor.workers->start(std::move(spec)));
    REQUIRE(manifest.has_value());
    CHECK(manifest->abi_revision == 2);
    CHECK(manifest->abi_needs == 2);
    CHECK(manifest->serial_calls);
    const auto size = std::to_string(sizeof(xd_host));
    CHECK(ask(floor, "{}").output.text("exchange") == "11 nothing " + size);
    CHECK(ask(floor, "{}").output.text("exchange") == "11 17 " + size);
    Call find;
    find.target = "acme";
    find.operation = "find_order";
    find.input = Json::object({{"reference", "PX1"}});
    const auto busy = floor.wait(floor.workers->call(std::move(find), {}));
    CHECK(busy.text == "busy");
    CHECK(busy.retry_after == milliseconds(7'000));
}

TEST_CASE("a plugin built for revision 4 of the ABI loads and works", "[workers][unit]") {
    Floor floor;
    const auto manifest = floor.wait(floor.workers->start(supplier_spec(test_plugins / "librevision_4.so")));
    REQUIRE(manifest.has_value());
    CHECK(manifest->abi_revision == 4);
    CHECK(manifest->abi_needs == 4);
    CHECK(ask(floor, "{}").output.text("exchange") == "32 " + std::to_string(sizeof(xd_host)));
}

TEST_CASE("a plugin built for revision 3 of the ABI loads and works", "[workers][unit]") {
    Workers::Options options;
    options.expressions = EXPRESSIONS;
    Floor floor(std::move(options));
    const auto manifest = floor.wait(floor.workers->start(supplier_spec(test_plugins / "librevision_3.so")));
    REQUIRE(manifest.has_value());
    CHECK(manifest->abi_revision == 3);
    CHECK(manifest->abi_needs == 3);
    const auto reference = order_call("{}").input.text("reference");
    REQUIRE_FALSE(reference.empty());
    CHECK(ask(floor, "{}").output.text("exchange") == std::to_string(reference.size()) + " " + std::to_string(sizeof(xd_host)));
}
