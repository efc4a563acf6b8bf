#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace crossdock::plugin {

/// Checks settings against a plugin's schema and fills defaults in. Pure.
///
/// `schema` is [{"name", "type": string|url|host|port|integer|boolean|folder|expression|path|data|map, "description", "required",
/// "secret"?, "default"?, "choices"?, "least"?, "sees"?, "serves"?, "when"?, "served_elsewhere"?, "prepares"?, "members"?, "by"?,
/// "kinds"?, "write"?}]; what each means is the SDK's Schema. Errors: a missing, unknown, misplaced or ill-typed setting; the
/// text names it
/// ("create_order.path"), never its value.
[[nodiscard]] Result<Json> check_settings(const Json& schema, const Json& settings);

/// Whether an account with those settings has any use for what `row` of a schema describes.
[[nodiscard]] bool applies(const Json& schema, const Json& row, const Json& settings);

/// The setting without which an account of this plugin has no such operation, when the account does not give it.
[[nodiscard]] std::optional<std::string> lacking_setting(const Json& schema, const Json& settings, const std::string& operation);

/// The addresses of requests that prepare others, such as where an access token is fetched.
[[nodiscard]] std::vector<std::string> preparations(const Json& schema, const Json& settings);

/// Whether the schema calls that setting secret.
[[nodiscard]] bool is_secret(const Json& schema, const std::string& name);

/// The values of settings that the schema calls secret.
[[nodiscard]] std::vector<std::string> secret_values(const Json& schema, const Json& settings);

}  // namespace crossdock::plugin
