#pragma once

#include "inbox.hpp"
#include "order_file.hpp"
#include "stock.hpp"

#include <crossdock/sdk.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wesellcellular {

/// The mode `portal`: orders leave as CSV files in a folder, or by mail; confirmations, shipments and stock are read as CSV files
/// out of another one. docs/suppliers/wesellcellular.md says what is known of it and what can be claimed.
///
/// Threads: operations may run at once.
class Portal final : public sdk::SupplierAdapter {
public:
    /// Errors: std::runtime_error that names the setting.
    explicit Portal(const sdk::Host& host);

    [[nodiscard]] static sdk::Schema settings(sdk::Schema schema);

    /// Writes the order's file, or mails it. Taken, it has no id: that comes with a confirmation, for which find_order is asked.
    /// An order that a confirmation knows already is not written again.
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override;
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override;
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override;
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override;

private:
    [[nodiscard]] std::optional<sdk::Submission> known(const sdk::Order& order, const sdk::Host& host);
    [[nodiscard]] sdk::Submission dropped(const sdk::Order& order, const std::string& csv, const sdk::Host& host) const;
    [[nodiscard]] sdk::Submission mailed(const sdk::Order& order, const std::string& csv, const sdk::Host& host) const;
    [[nodiscard]] bool refuses(const std::string& word) const;

    std::optional<std::filesystem::path> outbox_;
    std::optional<std::filesystem::path> taken_;
    std::filesystem::path folder_;
    Inbox inbox_;
    Columns order_columns_;
    Columns stock_columns_;
    std::string stock_;
    std::string end_mark_;
    std::string currency_;
    std::vector<std::string> refusals_;
    std::int64_t quiet_ms_;
    std::int64_t stock_age_ms_;
    sdk::SmtpSubmission mail_;
};

}  // namespace wesellcellular
