#pragma once

#include "app/wiring.hpp"
#include "base/task.hpp"

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

/// Secrets that are read from where they are kept, by plugins of `crossdock.secrets/1`.
namespace crossdock::app {

/// Keeper, name and field -> the secret.
using KeptSecrets = std::map<std::tuple<std::string, std::string, std::string>, std::string>;

/// Opens those that were read, which must outlive it. Errors: it was not.
[[nodiscard]] OpenSecret kept_in(const KeptSecrets& kept);

/// The name of a keeper's worker, which no account or channel can have.
[[nodiscard]] std::string keeper_worker(const std::string& keeper);

/// What the worker of a keeper is started with. Errors: as `own`.
[[nodiscard]] Result<plugin::WorkerSpec> keeper_spec(const KeeperConfig& keeper, const OpenSecret& own);

/// The call that asks for a secret, and what its answer says. Errors: advice retry; `where` is the place in the config.
[[nodiscard]] plugin::Call keeper_call(const KeeperConfig& keeper, const SecretRef& ref, const std::string& target);
[[nodiscard]] Result<std::string> keeper_answer(const SecretRef& ref, const plugin::CallAnswer& answer);

/// Reads all that the config names, each keeper in a worker that ends with this call. Blocks; for the process's main thread.
/// Errors: a worker that does not start, a secret that is not there or not to be read.
[[nodiscard]] Result<KeptSecrets> read_kept_secrets(const Config& config, const OpenSecret& own);

/// The same by workers of a daemon that serves.
[[nodiscard]] Task<Result<KeptSecrets>> read_kept_secrets(plugin::Workers* workers, const Config* config, OpenSecret own);

}  // namespace crossdock::app
