#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace crossdock::plugin {

/// Checks settings against a plugin's schema and fills defaults in. Pure.
///
/// `schema` is [{"name", "type": string|url|host|port|integer|boolean|folder, "description", "required", "secret"?,
/// "default"?, "choices"?, "write"?}]. Errors: a missing, unknown or ill-typed setting; the text names it, never its value.
[[nodiscard]] Result<Json> check_settings(const Json& schema, const Json& settings);

/// Whether the schema calls that setting secret.
[[nodiscard]] bool is_secret(const Json& schema, const std::string& name);

/// The values of settings that the schema calls secret.
[[nodiscard]] std::vector<std::string> secret_values(const Json& schema, const Json& settings);

}  // namespace crossdock::plugin
