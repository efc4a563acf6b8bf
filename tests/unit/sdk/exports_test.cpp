#include <crossdock/sdk.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

namespace sdk = crossdock::sdk;

namespace {

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
    std::string out;
    char buffer[4096];
    while (pipe && std::fgets(buffer, sizeof(buffer), pipe.get()) != nullptr) { out += buffer; }
    return out;
}

struct Bare final : sdk::SupplierAdapter {
    static constexpr sdk::Manifest manifest{.name = "bare", .version = "1", .serial_calls = true};
    static sdk::Schema settings() { return {}; }

    sdk::Lookup find_order(const std::string& /*reference*/, sdk::Host& /*host*/) override { return {}; }
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& /*host*/) override {
        if (webhook.body == "not supported") { throw sdk::NotSupported(); }
        if (webhook.body == "canceled") { throw sdk::Canceled(); }
        if (webhook.body == "an int") { throw 42; }
        throw sdk::RetryLater("come back", 7000);
    }
};

struct Collected {
    std::string document;
    std::string fault;
    std::int64_t retry_after_ms = -1;
    xd_reply reply{sizeof(xd_reply),
                   0,
                   this,
                   [](void* self, xd_text text) { static_cast<Collected*>(self)->document = sdk::view(text); },
                   [](void* self, xd_text text) { static_cast<Collected*>(self)->fault = sdk::view(text); },
                   [](void* self, std::int64_t delay) { static_cast<Collected*>(self)->retry_after_ms = delay; }};
};

}  // namespace

TEST_CASE("a plugin exports one symbol", "[sdk][unit]") {
    const auto* plugin = GENERATE("libphonex.so", "libemail.so");
    const auto symbols = output_of(std::string(NM) + " -D --defined-only --format=posix " PLUGINS "/" + plugin);
    CHECK_THAT(symbols, Catch::StartsWith("crossdock_plugin D "));
    CHECK(std::count(symbols.begin(), symbols.end(), '\n') == 1);
}

TEST_CASE("an adapter offers the operations that it overrides, and no others", "[sdk][unit]") {
    constexpr auto descriptor = sdk::detail::descriptor<Bare>(&sdk::detail::supplier_interface<Bare>);
    CHECK(sdk::view(descriptor.name) == "bare");
    CHECK(descriptor.abi_revision == CROSSDOCK_ABI_REVISION);
    CHECK(descriptor.abi_needs == 0);
    CHECK(descriptor.get_interface(sdk::text(CROSSDOCK_CHANNEL_ID)) == nullptr);
    const auto* table = static_cast<const xd_supplier_v1*>(descriptor.get_interface(sdk::text(CROSSDOCK_SUPPLIER_ID)));
    REQUIRE(table != nullptr);
    REQUIRE(table->base.size == sizeof(xd_supplier_v1));
    CHECK(table->base.flags == XD_SERIAL_CALLS);
    Collected collected;
    REQUIRE(table->base.manifest(&collected.reply) == XD_OK);
    CHECK(collected.document == R"({"classes":{"create_order":"unsafe","cancel_order":"unsafe"},"settings":[]})");
    for (const auto operation : {table->create_order, table->get_order_status, table->cancel_order, table->sync_inventory}) {
        CHECK(operation == nullptr);
    }
    CHECK(table->find_order != nullptr);
    CHECK(table->handle_webhook != nullptr);
}

TEST_CASE("what an operation throws becomes a status and a text", "[sdk][unit]") {
    const auto& table = sdk::detail::supplier_table<Bare>;
    Collected collected;
    void* instance = nullptr;
    REQUIRE(table.base.create(nullptr, &collected.reply, &instance) == XD_OK);
    const auto translate = [&](const std::string& body) {
        collected.fault.clear();
        const auto input = R"({"body":")" + body + R"("})";
        return table.handle_webhook(instance, nullptr, sdk::text(input), &collected.reply);
    };
    CHECK(translate("not supported") == XD_NOT_SUPPORTED);
    CHECK(translate("canceled") == XD_CANCELED);
    CHECK(translate("an int") == XD_FAULT);
    CHECK(collected.fault == "the plugin threw something that is no std::exception");
    CHECK(collected.retry_after_ms == -1);
    CHECK(translate("later") == XD_FAULT);
    CHECK(collected.fault == "come back");
    CHECK(collected.retry_after_ms == 7000);
    CHECK(table.handle_webhook(instance, nullptr, sdk::text("{"), &collected.reply) == XD_FAULT);
    CHECK_THAT(collected.fault, Catch::Contains("not JSON"));
    // A host of revision 1 has no retry_after: its reply ends before.
    collected.reply.size = offsetof(xd_reply, retry_after);
    collected.retry_after_ms = -1;
    CHECK(translate("later") == XD_FAULT);
    CHECK(collected.retry_after_ms == -1);
    table.base.destroy(instance);
}

TEST_CASE("a schema says what its settings are", "[sdk][unit]") {
    const auto schema = sdk::Schema{}
                            .url("base_url", "Root")
                            .secret("api_key", "Key")
                            .integer("port", "Port", 25)
                            .choice("tls", "TLS", {"none", "implicit"}, "none")
                            .boolean("loud", "Loud")
                            .optional();
    CHECK(schema.json().dump() ==
          R"([{"name":"base_url","type":"url","description":"Root","required":true},)"
          R"({"name":"api_key","type":"string","description":"Key","required":true,"secret":true},)"
          R"({"name":"port","type":"integer","description":"Port","required":false,"default":25},)"
          R"({"name":"tls","type":"string","description":"TLS","required":false,"default":"none","choices":["none","implicit"]},)"
          R"({"name":"loud","type":"boolean","description":"Loud","required":false}])");
}
