#pragma once

#include "config/config.hpp"
#include "plugin/workers.hpp"

#include <map>
#include <string>
#include <vector>

namespace crossdock::app {

/// Secrets that stand in clear under `settings:` of an account, a channel or a keeper of secrets: what its plugin calls secret,
/// what is named as secrets are ("Authorization", "client_secret"), and what looks like one ("Bearer ...", a private key). By
/// name of the account or channel. Each fault names the setting, its place and what to write instead; never the value.
[[nodiscard]] std::vector<Fault> literal_secrets(const Config& config, const std::map<std::string, plugin::Manifest>& manifests);

}  // namespace crossdock::app
