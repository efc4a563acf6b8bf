#include <crossdock/sdk.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

extern "C" size_t abi_sizes_in_c(void);
size_t abi_sizes_in_cpp();

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
    static constexpr sdk::Manifest manifest{.name = "bare", .version = "1"};
    static sdk::Schema settings() { return {}; }
};

struct Collected {
    std::string document;
    std::string fault;
    xd_reply reply{sizeof(xd_reply), 0, this,
                   [](void* self, xd_text text) { static_cast<Collected*>(self)->document = sdk::view(text); },
                   [](void* self, xd_text text) { static_cast<Collected*>(self)->fault = sdk::view(text); }};
};

}  // namespace

TEST_CASE("the ABI has one layout in C and in C++", "[sdk][unit]") {
    CHECK(abi_sizes_in_c() == abi_sizes_in_cpp());
}

TEST_CASE("a plugin exports one symbol", "[sdk][unit]") {
    const auto* plugin = GENERATE("phonex.so", "email.so");
    const auto symbols = output_of(std::string(NM) + " -D --defined-only --format=posix " PLUGINS "/" + plugin);
    CHECK_THAT(symbols, Catch::StartsWith("crossdock_plugin D "));
    CHECK(std::count(symbols.begin(), symbols.end(), '\n') == 1);
}

TEST_CASE("operations that an adapter does not override answer not supported", "[sdk][unit]") {
    constexpr auto descriptor = sdk::detail::descriptor<Bare>(&sdk::detail::supplier_interface<Bare>);
    CHECK(sdk::view(descriptor.name) == "bare");
    CHECK(descriptor.abi_version == CROSSDOCK_ABI_VERSION);
    CHECK(descriptor.get_interface(sdk::text(CROSSDOCK_CHANNEL_ID)) == nullptr);
    const auto* table = static_cast<const xd_supplier_v1*>(descriptor.get_interface(sdk::text(CROSSDOCK_SUPPLIER_ID)));
    REQUIRE(table != nullptr);
    REQUIRE(table->base.size == sizeof(xd_supplier_v1));
    Collected collected;
    REQUIRE(table->base.manifest(&collected.reply) == XD_OK);
    CHECK(collected.document == R"({"classes":{"create_order":"unsafe","cancel_order":"unsafe"},"settings":[]})");
    void* instance = nullptr;
    REQUIRE(table->base.create(nullptr, &collected.reply, &instance) == XD_OK);
    const std::string input = R"({"reference":"a","effect_key":"k","order":{},"body":"{}"})";
    for (const auto operation : {table->create_order, table->find_order, table->get_order_status, table->cancel_order,
                                 table->sync_inventory, table->handle_webhook}) {
        CHECK(operation(instance, nullptr, sdk::text(input), &collected.reply) == XD_NOT_SUPPORTED);
    }
    CHECK(table->create_order(instance, nullptr, sdk::text("{"), &collected.reply) == XD_FAULT);
    CHECK_THAT(collected.fault, Catch::Contains("not JSON"));
    table->base.destroy(instance);
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
