#pragma once

#include "base/json.hpp"
#include "base/place.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Where a plugin's exchanges may go: the places that its settings name, and how they are reached. No document that comes from
/// outside, an order, an answer or a webhook, can name another.
namespace crossdock::plugin {

/// The places that checked settings name: each of type `url`, and each of type `host` with each of type `port` beside it.
[[nodiscard]] std::vector<std::string> places(const Json& schema, const Json& settings);

/// Why an exchange must not go to that place; empty when it may. An empty list is no fence.
[[nodiscard]] std::string beyond(const std::vector<std::string>& reach, std::string_view place);

/// Why a URL must not be asked in clear; empty when it may: https, this machine, or `plain_http`.
[[nodiscard]] std::string in_clear(std::string_view url, bool plain_http);

/// The same for each setting of type `url`.
/// Errors: names the setting, and what to write instead.
[[nodiscard]] Result<> check_scheme(const Json& schema, const Json& settings, bool plain_http);

}  // namespace crossdock::plugin
