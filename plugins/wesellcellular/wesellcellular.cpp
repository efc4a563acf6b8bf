#include "portal.hpp"

#include <crossdock/sdk.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace wesellcellular {
namespace {

/// Whoever serves an account of that mode. A mode is an adapter of its own.
std::unique_ptr<sdk::SupplierAdapter> make_mode(const sdk::Host& host) {
    const auto mode = host.settings().need_text("mode");
    if (mode == "portal") { return std::make_unique<Portal>(host); }
    throw std::runtime_error("the mode \"" + mode + "\" is not built into this plugin; it has portal");
}

}  // namespace

/// Talks to WesellCellular directly, in the way that the account's file says. Which facts are verified and which inferred:
/// docs/suppliers/wesellcellular.md.
class WesellCellular final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{
        .name = "wesellcellular", .version = "1.0.0", .create_order = sdk::EffectClass::idempotent};

    static sdk::Schema settings() {
        return Portal::settings(sdk::Schema{}
                                    .choice("mode", "portal: by files, or orders by mail; api: by its API", {"portal", "api"})
                                    .url("base_url", "api: the root of WesellCellular's API")
                                    .optional());
    }

    explicit WesellCellular(const sdk::Host& host) : mode_(make_mode(host)) {}

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override { return mode_->create_order(order, host); }
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override { return mode_->find_order(reference, host); }
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        return mode_->get_order_status(order, host);
    }
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override { return mode_->sync_inventory(sink, host); }

private:
    std::unique_ptr<sdk::SupplierAdapter> mode_;
};

}  // namespace wesellcellular

CROSSDOCK_EXPORT_SUPPLIER(wesellcellular::WesellCellular)
