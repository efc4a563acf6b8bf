#include <crossdock/sdk.hpp>

#include <string>
#include <vector>

namespace sdk = crossdock::sdk;

/// Translates webhooks of any shape: how is a setting of the account.
class Mapped final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "mapped", .version = "1.0.0"};

    static sdk::Schema settings() {
        return sdk::Schema{}.text("evidence", "In jq: from a payload to {reference, supplier_status, occurred_at}");
    }

    explicit Mapped(const sdk::Host& host) : evidence_(host.settings().need_text("evidence")) {}

    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        const auto evidence = host.evaluate(evidence_, sdk::Json::parse(webhook.body));
        return {{.event = "status",
                 .reference = evidence.need_text("reference"),
                 .supplier_status = evidence.need_text("supplier_status"),
                 .occurred_at = evidence.need_text("occurred_at")}};
    }

private:
    std::string evidence_;
};

CROSSDOCK_EXPORT_SUPPLIER(Mapped)
