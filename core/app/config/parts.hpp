#pragma once

#include "config/config.hpp"
#include "yaml/schema.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::app {

/// What reading one file of the config needs: where its faults go, its folder, and where plugins are.
struct Part {
    yaml::Checks& checks;
    std::filesystem::path folder;
    const std::vector<std::filesystem::path>& plugin_folders;
    bool strict = false;  ///< `confinement: strict`: no plugin may run outside a confined process

    /// A path as written, made absolute against the file's own folder.
    [[nodiscard]] std::filesystem::path path(const std::string& written) const;
};

/// Letters, digits, `_` and `-`, lower case, at most 64: part of URLs and file names.
void check_name(Part& part, yaml::Place place, std::string_view key, const std::string& name);
/// An ISO 4217 code.
void check_currency(Part& part, yaml::Place place, const std::string& code);
/// A lone address: one `@`, nothing that could end a header.
void check_mail(Part& part, yaml::Place place, std::string_view key, const std::string& address);
/// Text without control characters, for headers and settings.
void check_printable(Part& part, yaml::Place place, std::string_view key, const std::string& text);

/// `plugin:` resolved to a file that exists.
void read_plugin(Part& part, yaml::Fields& fields, std::filesystem::path& plugin, std::string& where);
/// `isolation: process` or `in-process`; true for the latter.
[[nodiscard]] bool read_in_process(Part& part, yaml::Fields& fields);
/// `{env: NAME}`, `{file: PATH}` or `secret://name`.
[[nodiscard]] SecretRef read_secret(Part& part, const yaml::Node& node, std::string_view key);
[[nodiscard]] std::map<std::string, SecretRef> read_credentials(Part& part, yaml::Fields& fields);
/// `settings:`, a map that the plugin's own schema checks. A setting written `{folder: PATH}`, perhaps with `access: read`, is
/// the path, and a grant.
[[nodiscard]] Json read_settings(Part& part, yaml::Fields& fields, std::vector<FolderGrant>& folders);
/// Where each setting stands: "create_order.body.lines.0" -> file:line:column. Lists begin to count at 0.
[[nodiscard]] std::map<std::string, std::string> setting_places(const Part& part, yaml::Fields& fields);
/// `reach: [HOST:PORT]` and `plain_http: true`.
[[nodiscard]] OutboundConfig read_outbound(Part& part, yaml::Fields& fields);
/// `rate: 10/s`, as a number and what it is for; nothing without it, or after a fault.
struct ReadRate {
    std::int64_t rate = 0;
    milliseconds per{1'000};
};
[[nodiscard]] std::optional<ReadRate> read_rate(Part& part, yaml::Fields& fields);
/// `limits: { rate, burst, concurrency }`.
[[nodiscard]] model::PaceLimits read_pace_limits(Part& part, yaml::Fields& fields);
void read_times(yaml::Fields& fields, milliseconds& not_after, milliseconds& request_timeout);

/// `routes:`: by supplier code an account, a rule or a list of rules.
[[nodiscard]] std::map<std::string, std::vector<model::RouteRule>> read_routes(yaml::Checks& checks, yaml::Fields& fields,
                                                                               const std::vector<AccountConfig>& accounts);
/// `webhook:`, with its scheme by name or written out.
[[nodiscard]] AccountConfig::Webhook read_webhook(Part& part, const yaml::Node& node);

/// `listen:` of the config.
void read_listen(Part& part, const yaml::Node& node, Config& made);
/// `rate_limits:` of the config.
[[nodiscard]] RateLimitsConfig read_rate_limits(Part& part, const yaml::Node& node);

/// One entry under `channels:`.
[[nodiscard]] ChannelConfig read_channel(Part& part, const std::string& name, yaml::Place place, const yaml::Node& node);

/// One entry under `secrets:`.
[[nodiscard]] KeeperConfig read_keeper(Part& part, const std::string& name, yaml::Place place, const yaml::Node& node);

/// `notifications:` of the config. `channels`: those that tell people.
[[nodiscard]] NotificationsConfig read_notifications(Part& part, const yaml::Node& node,
                                                     const std::vector<std::string>& channels);

/// `low_stock:` and `inventory:` of an account.
[[nodiscard]] model::StockRules read_stock(Part& part, yaml::Fields& account);

/// `intake:` of the config.
[[nodiscard]] IntakeConfig read_intake(Part& part, const yaml::Node& node);

/// One account, from its own file. `place` is that of its name in the file.
struct ReadAccount {
    AccountConfig account;
    yaml::Place place;
};
[[nodiscard]] ReadAccount read_account(Part& part, const yaml::Node& root);

}  // namespace crossdock::app
