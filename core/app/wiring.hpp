#pragma once

#include "api/api.hpp"
#include "app/pipelines.hpp"
#include "config/config.hpp"
#include "crypto/key_ring.hpp"
#include "pipeline/environment.hpp"
#include "plugin/workers.hpp"

#include <map>
#include <string>
#include <vector>

namespace crossdock::app {

/// The secrets that the config names, opened. Never logged.
struct OpenSecrets {
    std::map<std::string, std::map<std::string, std::string>> credentials;  ///< account or channel -> setting -> secret
    std::optional<std::string> outbox_password;
    std::map<std::string, std::vector<crypto::WebhookKey>> webhooks;  ///< by account
    std::string unsubscribe_key = {};                                 ///< as unsubscribe_key() gives it
};

/// What links to unsubscribe are signed with: a secret of the store's own, sealed like any other and made when there is none.
/// Inside a commit. Empty where the config wants no such links.
[[nodiscard]] std::string unsubscribe_key(store::Tx& tx, const Config& config, const crypto::KeyRing& keys, const Clock& clock,
                                          Randomness& randomness);

/// Opens a secret that the config names.
using OpenSecret = std::function<Result<std::string>(const SecretRef&)>;

/// Opens all of them. `own` opens those that no keeper has, `kept` one that was read from its keeper.
/// Errors: `where` is the place in the config.
[[nodiscard]] Result<OpenSecrets> open_secrets(const Config& config, const OpenSecret& own, const OpenSecret& kept);

/// Opens what no keeper has: `sealed` answers secret://name, the rest comes from the environment and files.
[[nodiscard]] OpenSecret own_secrets(OpenSecret sealed);

/// What secret://name stands for in the store. Errors: there is none, or it was sealed with another key; `where` is in the
/// config.
[[nodiscard]] Result<std::string> sealed_secret(store::Tx& tx, const crypto::KeyRing& keys, const SecretRef& ref);

/// Opens all secrets for a command: the store is read only when the config names a secret in it.
[[nodiscard]] Result<OpenSecrets> open_secrets(const Config& config);

/// Makes the `suppliers` table follow the config. Returns the accounts with their rows' ids.
[[nodiscard]] orders::Accounts sync_suppliers(store::Tx& tx, const Config& config, const OpenSecrets& secrets,
                                              const crypto::KeyRing& keys, const Clock& clock, Randomness& randomness);

/// The same accounts as the table has them, without a change.
[[nodiscard]] orders::Accounts known_accounts(store::Tx& tx, const Config& config);

struct OtherSettings {
    std::string account;
    bool was_paused = false;
};
/// Notes what the accounts' plugins are started with, secrets included, by a keyed digest. Ends the pauses of accounts for which
/// that is other than it was, and returns these. Inside a commit.
[[nodiscard]] std::vector<OtherSettings> note_settings(store::Tx& tx, const Config& config, const OpenSecrets& secrets,
                                                       const crypto::KeyRing& keys);

/// What each worker is started with.
[[nodiscard]] std::vector<plugin::WorkerSpec> worker_specs(const Config& config, const OpenSecrets& secrets,
                                                           const std::string& crash_at);

/// What create_order or cancel_order of an account may be taken for: what its file claims, weakened by what its plugin can.
/// Without a manifest, while nobody knows what the plugin can: unsafe.
[[nodiscard]] pipeline::OperationRules operation_rules(const AccountConfig& account, const std::string& operation,
                                                       const plugin::Manifest* manifest);

/// The engine's options, effect classes weakened by the manifests (by worker name).
[[nodiscard]] pipeline::EngineOptions engine_options(const Config& config, const orders::Accounts& accounts,
                                                     std::vector<pipeline::Definition> definitions,
                                                     const std::map<std::string, plugin::Manifest>& manifests);

[[nodiscard]] api::ApiOptions api_options(const Config& config, const orders::Accounts& accounts, const OpenSecrets& secrets);

}  // namespace crossdock::app
