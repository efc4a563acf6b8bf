#include <crossdock/sdk.hpp>

namespace {

namespace sdk = crossdock::sdk;

/// Declares that its supplier can be asked, and cannot ask.
class LookupWithoutFind final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{
        .name = "lookup_without_find", .version = "1.0.0", .create_order = sdk::EffectClass::lookup};
    static sdk::Schema settings() { return sdk::Schema{}.url("base_url", "Root of the API"); }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto reply = host.http().post(host.settings().need_text("base_url") + "/orders", order.document);
        return sdk::Submission::from(reply, {.id = "/supplier_order_id"});
    }
};

}  // namespace

CROSSDOCK_EXPORT_SUPPLIER(LookupWithoutFind)
