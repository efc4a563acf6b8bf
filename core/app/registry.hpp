#pragma once

#include "base/json.hpp"
#include "config/config.hpp"
#include "store/tx.hpp"

#include <string>

// The suppliers' accounts as the table `suppliers` has them: what follows the config, and what a person says of them.

namespace crossdock::app {

/// The account of that name. Errors: there is none; names those that there are.
[[nodiscard]] Result<const AccountConfig*> account_of(const Config& config, const std::string& name);

/// What an account's row says by its file: {"type","api_endpoint","webhook_url","display_name","limits","statuses",
/// "webhook_scheme"}, as the columns are called; `limits` and `statuses` are objects.
[[nodiscard]] Json registry_columns(const AccountConfig& account);

/// {"rate"?, "concurrency", ...} and {"word": "status"}, or {"word": {"status", "payment"?, "quote"?}}.
[[nodiscard]] Json limits_of(const AccountConfig& account);
[[nodiscard]] Json statuses_of(const AccountConfig& account);

/// Writes these columns of the account's row, which exists.
void write_registry_columns(store::Tx& tx, const AccountConfig& account);
/// Rows of accounts that the config no longer has are marked so, and those of others not. Inside the config_sync commit.
void mark_configured(store::Tx& tx, const Config& config);

/// The account's row, the seed's columns by their names: {"id","name","type","api_endpoint","api_key": "sealed" or null,
/// "webhook_url","active"}, and the others. Null when there is none yet.
[[nodiscard]] Json registry_row(store::Tx& tx, const std::string& name);

/// What enable_supplier and disable_supplier answer, for people.
[[nodiscard]] std::string enabled_text(const Json& result);
[[nodiscard]] std::string disabled_text(const Json& result);

}  // namespace crossdock::app
