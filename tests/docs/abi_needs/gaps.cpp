// [needs]
#include <crossdock/sdk.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sdk = crossdock::sdk;

/// Translates webhooks that are numbered, and warns when one is missing.
class Gaps final : public sdk::SupplierAdapter {
public:
    // Built with revision 2, it runs on a host of revision 1 too: what revision 2 added is asked for before it is used.
    static constexpr sdk::Manifest manifest{.name = "gaps", .version = "1.0.0", .serial_calls = true, .abi_needs = 1};
    static sdk::Schema settings() { return {}; }

    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        const auto payload = sdk::Json::parse(webhook.body);
        // Only a host with files can keep the last number; an older one gets the translation alone.
        if (XD_HAS(host.raw(), xd_host, file_write)) { note_number(payload.need_integer("serial"), host); }
        return {{.event = "status",
                 .reference = payload.need_text("ref"),
                 .supplier_status = payload.need_text("status"),
                 .occurred_at = payload.need_text("at")}};
    }

private:
    static void note_number(std::int64_t number, sdk::Host& host) {
        const auto files = host.files();
        const auto last = files.read("last-webhook");
        if (last && *last != std::to_string(number - 1)) {
            host.warning("webhook " + std::to_string(number) + " came behind " + *last);
        }
        files.write("last-webhook", std::to_string(number));
    }
};

CROSSDOCK_EXPORT_SUPPLIER(Gaps)
// [/needs]
