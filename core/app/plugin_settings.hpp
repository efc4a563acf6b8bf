#pragma once

#include "base/json.hpp"
#include "config/config.hpp"
#include "plugin/caller.hpp"
#include "plugin/workers.hpp"

#include <map>
#include <string>
#include <vector>

/// What an account's file gives to its plugin, held against what the plugin says that it takes: the part that lint and a start
/// see alike, beyond plugin::check_settings.
namespace crossdock::app {

/// Where the setting stands that a fault of check_settings names, or the nearest mapping around it; `otherwise` when the file has
/// neither.
[[nodiscard]] std::string setting_place(const std::map<std::string, std::string>& settings_where, const std::string& fault,
                                        const std::string& otherwise);

/// Whether an account has that operation: its plugin offers it, and the account gives the setting that it takes.
[[nodiscard]] bool offers(const AccountConfig& account, const plugin::Manifest& manifest, const std::string& operation);

/// Faults of accounts that claim under `operations:` what they give their plugin no request for. By account name.
[[nodiscard]] std::vector<Fault> claim_faults(const Config& config, const std::map<std::string, plugin::Manifest>& manifests);

/// The expressions in the settings of all accounts.
struct SettingExpressions {
    struct One {
        std::string source;
        std::string name;   ///< of the setting
        std::string where;  ///< file:line:column of the text that it stands in
    };
    std::vector<One> all;
    std::vector<Fault> faults;  ///< what is wrong with them without asking jq: left open, names that no document has there
};
[[nodiscard]] SettingExpressions setting_expressions(const Config& config,
                                                     const std::map<std::string, plugin::Manifest>& manifests);

/// Asks the expression worker whether they compile. Requires that there are some.
[[nodiscard]] plugin::Call check_call(const SettingExpressions& expressions);
/// What its answer says: a fault with its place for each that does not.
[[nodiscard]] std::vector<Fault> check_faults(const SettingExpressions& expressions, const plugin::CallAnswer& answer);

}  // namespace crossdock::app
