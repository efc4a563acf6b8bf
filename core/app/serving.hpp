#pragma once

#include "api/api.hpp"
#include "app/setup.hpp"
#include "base/bound.hpp"
#include "base/signal.hpp"
#include "crypto/key_ring.hpp"
#include "pipeline/engine.hpp"
#include "plugin/workers.hpp"
#include "store/store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::app {

/// What the daemon serves with. Members are destroyed in reverse order: what uses stands behind what is used.
///
/// Threads:  the executor's.
/// Lifetime: outlives the tasks of the functions below.
struct Serving {
    Serving(Executor executor_given, Clock& clock_given, Randomness& randomness_given)
        : executor(std::move(executor_given)), clock(clock_given), randomness(randomness_given), committed(clock_given) {}

    Executor executor;
    Clock& clock;
    Randomness& randomness;
    Signal committed;  ///< something was stored that concerns effects
    bool stopping = false;
    Setup setup;
    std::string crash_at;
    std::optional<crypto::KeyRing> keys;
    store::Store* store = nullptr;
    std::map<std::string, plugin::Manifest> manifests;  ///< by worker
    std::unique_ptr<plugin::Workers> workers;
    std::unique_ptr<notify::Facts> facts;
    std::unique_ptr<pipeline::Engine> engine;            ///< not before it has recovered what was open
    std::function<std::vector<QueueLevel>()> queues;     ///< how full they are, those of the Api apart
    std::function<Task<Result<std::string>>()> metrics;  ///< what /metrics answers
    std::function<void(std::string_view, std::string_view, int, milliseconds)> answered;  ///< as ApiOptions::answered
    std::function<void(std::string_view)> rate_limited;                                   ///< as ApiOptions::rate_limited
    std::function<void(std::shared_ptr<const http::TlsIdentity>)> show_tls;               ///< to those who connect from now on
    std::unique_ptr<api::Api> api;
};

/// Workers that were started side by side: each spends most of its start in the loader of its libraries.
struct Started {
    std::map<std::string, plugin::Manifest> manifests;
    std::vector<std::pair<std::string, Fault>> faults;  ///< by worker
};
using StartOne = std::function<Task<Result<plugin::Manifest>>(plugin::WorkerSpec)>;
Task<Started> start_side_by_side(Serving& serving, std::vector<plugin::WorkerSpec> specs, StartOne start);

/// Logs which of them run in the daemon itself.
void tell_not_isolated(const std::vector<plugin::WorkerSpec>& specs);

/// Has the definitions' expressions compiled; if there are some, starts the expression worker unless it runs.
/// Errors: each expression that does not, with its place; the worker does not start.
Task<std::vector<Fault>> check_expressions(Serving& serving, const std::vector<pipeline::Definition>& definitions);
/// The same of what stands in the accounts' settings, and whether these have what `operations` claims.
Task<std::vector<Fault>> check_settings_of(Serving& serving, const Config& config,
                                           const std::map<std::string, plugin::Manifest>& manifests);

/// The suppliers' rows follow a config. Inside a commit.
[[nodiscard]] orders::Accounts store_accounts(store::Tx& tx, const Serving& serving, const Setup& setup);
/// Their plugins, by the workers' manifests. Inside a commit.
void store_digests(store::Tx& tx, const std::map<std::string, plugin::Manifest>& manifests);

/// The fact that an account or channel is no longer served, or is again: kind `supplier.degraded`, `supplier.recovered`.
Task<void> tell_state(Serving& serving, std::string name, std::string kind, std::string why);

/// A worker has a plugin of which less was known before: what its account may be taken for follows it from now on.
void take_manifest(Serving& serving, const std::string& name, const plugin::Manifest& manifest);
/// The same for one that was restarted with another file than before: the suppliers' rows are told, too.
void take_other_plugin(Serving& serving, const std::string& name, const plugin::Manifest& manifest);

/// `crossdock supplier enable`: ends what a person has disabled, a pause and a quarantine. Answers {"name","changed","plugin"?}.
/// Errors: no such account or channel; as Workers::enable.
Task<Result<Json>> enable_supplier(Serving& serving, std::string name);

/// `crossdock supplier disable`: from the answer on no call to the account begins. Answers {"name","changed","under_way"}: calls
/// that had begun and come to their end. Errors: no such account.
Task<Result<Json>> disable_supplier(Serving& serving, std::string name, std::string reason);

/// The accounts and channels that are not served, for /readyz: a list of {"name","state","reason"?}; states are quarantined,
/// disabled (by a person), paused (401, 403), failing (the breaker is open) and busy (it asked us to wait).
[[nodiscard]] Json degraded(const Serving& serving);

/// What the API goes by with the current setup.
[[nodiscard]] api::ApiOptions api_options(const Serving& serving, const orders::Accounts& accounts);

}  // namespace crossdock::app
