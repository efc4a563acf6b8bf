#include "../rest/adapter.hpp"
#include "portal.hpp"

#include <crossdock/sdk.hpp>

#include <memory>
#include <string>
#include <vector>

namespace wesellcellular {
namespace {

/// Whoever serves an account of that mode. A mode is an adapter of its own.
std::unique_ptr<sdk::SupplierAdapter> make_mode(const sdk::Host& host) {
    const auto mode = host.settings().need_text("mode");
    if (mode == "portal") { return std::make_unique<Portal>(host); }
    return std::make_unique<rest::RestAdapter>(host);
}

}  // namespace

/// Talks to WesellCellular directly, in the way that the account's file says. Which facts are verified and which inferred:
/// docs/suppliers/wesellcellular.md.
class WesellCellular final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "wesellcellular",
                                            .version = "1.1.0",
                                            .create_order = sdk::EffectClass::idempotent,
                                            .cancel_order = sdk::EffectClass::idempotent};

    static sdk::Schema settings() {
        return rest::RestAdapter::rest_settings(
            Portal::settings(
                sdk::Schema{}.choice("mode", "portal: by files, or orders by mail; api: by its API", {"portal", "api"})),
            rest::Way{"mode", "api", {"find_order", "get_order_status", "sync_inventory"}});
    }

    explicit WesellCellular(const sdk::Host& host) : mode_(make_mode(host)) {}

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override { return mode_->create_order(order, host); }
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override { return mode_->find_order(reference, host); }
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        return mode_->get_order_status(order, host);
    }
    /// Mode `api` alone, as handle_webhook.
    sdk::Submission cancel_order(const sdk::Cancellation& wish, sdk::Host& host) override {
        return mode_->cancel_order(wish, host);
    }
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override { return mode_->sync_inventory(sink, host); }
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        return mode_->handle_webhook(webhook, host);
    }

private:
    std::unique_ptr<sdk::SupplierAdapter> mode_;
};

}  // namespace wesellcellular

CROSSDOCK_EXPORT_SUPPLIER(wesellcellular::WesellCellular)
