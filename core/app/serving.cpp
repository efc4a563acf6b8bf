#include "app/serving.hpp"

#include "app/literal_secrets.hpp"
#include "app/plugin_settings.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "pipeline/evaluator.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::app {
namespace {

constexpr milliseconds start_patience{60'000};

struct Starting {
    explicit Starting(Clock& clock) : changed(clock) {}
    Signal changed;
    std::size_t left = 0;
    Started started;
};

Task<void> start_one(StartOne start, plugin::WorkerSpec spec, std::shared_ptr<Starting> starting) {
    const std::string name = spec.name;
    auto manifest = co_await start(std::move(spec));
    if (manifest) { starting->started.manifests[name] = std::move(*manifest); }
    else { starting->started.faults.emplace_back(name, manifest.error()); }
    --starting->left;
    starting->changed.notify();
}

/// What the account's operations may be taken for, told to the engine.
void change_rules(Serving& serving, const std::string& name) {
    const auto& accounts = serving.setup.config.accounts;
    const auto account = std::find_if(accounts.begin(), accounts.end(), [&](const auto& one) { return one.name == name; });
    if (!serving.engine || account == accounts.end()) { return; }
    auto options = *serving.engine->options();
    const auto& manifest = serving.manifests.at(name);
    options.rules[name].create_order = operation_rules(*account, "create_order", &manifest);
    options.rules[name].cancel_order = operation_rules(*account, "cancel_order", &manifest);
    serving.engine->change(std::move(options));
}

Task<void> note_digest(Serving& serving, std::string name) {
    std::function<int(store::Tx&)> unit = [name, manifest = serving.manifests.at(name)](store::Tx& tx) {
        store_digests(tx, {{name, manifest}});
        return 0;
    };
    auto stored = co_await serving.store->commit<int>(Commit::config_sync, std::move(unit));
    if (!stored) { Log::error("a plugin's digest could not be stored", {{"worker", name}, {"fault", stored.error().text()}}); }
}

}  // namespace

Task<Started> start_side_by_side(Serving& serving, std::vector<plugin::WorkerSpec> specs, StartOne start) {
    auto starting = std::make_shared<Starting>(serving.clock);
    starting->left = specs.size();
    for (auto& spec : specs) { spawn(serving.executor, start_one(start, std::move(spec), starting)); }
    while (starting->left > 0) {
        const auto ticket = starting->changed.ticket();
        co_await starting->changed.wait(ticket, start_patience);
    }
    co_return std::move(starting->started);
}

void tell_not_isolated(const std::vector<plugin::WorkerSpec>& specs) {
    for (const auto& spec : specs) {
        if (!spec.in_process) { continue; }
        Log::warning("not isolated: this plugin runs in the daemon, and what crashes or hangs it does so to the daemon",
                     {{"worker", spec.name}, {"plugin", spec.library.string()}, {"see", "docs/isolation.md"}});
    }
}

static Task<std::optional<Fault>> start_expressions(Serving& serving) {
    if (serving.workers->knows(pipeline::expressions_worker)) { co_return std::nullopt; }
    const auto started = co_await serving.workers->start(expressions_spec());
    if (started) { co_return std::nullopt; }
    co_return Fault{"the expression worker does not start: " + started.error().what, started.error().where};
}

Task<std::vector<Fault>> check_expressions(Serving& serving, const std::vector<pipeline::Definition>& definitions) {
    std::vector<Fault> faults;
    if (!have_expressions(definitions)) { co_return faults; }
    if (auto trouble = co_await start_expressions(serving)) {
        faults.push_back(std::move(*trouble));
        co_return faults;
    }
    for (const auto& definition : definitions) {
        if (!definition.has_expressions()) { continue; }
        plugin::OnBatch no_batches;
        const auto answer = co_await serving.workers->call(pipeline::check_call(definition), no_batches);
        for (auto& fault : pipeline::check_faults(definition, answer)) { faults.push_back(std::move(fault)); }
    }
    co_return faults;
}

Task<std::vector<Fault>> check_settings_of(Serving& serving, const Config& config,
                                           const std::map<std::string, plugin::Manifest>& manifests) {
    auto faults = claim_faults(config, manifests);
    for (auto& fault : literal_secrets(config, manifests)) { faults.push_back(std::move(fault)); }
    const auto expressions = setting_expressions(config, manifests);
    faults.insert(faults.end(), expressions.faults.begin(), expressions.faults.end());
    if (expressions.all.empty()) { co_return faults; }
    if (auto trouble = co_await start_expressions(serving)) {
        faults.push_back(std::move(*trouble));
        co_return faults;
    }
    plugin::OnBatch no_batches;
    const auto answer = co_await serving.workers->call(check_call(expressions), no_batches);
    for (auto& fault : check_faults(expressions, answer)) { faults.push_back(std::move(fault)); }
    co_return faults;
}

orders::Accounts store_accounts(store::Tx& tx, const Serving& serving, const Setup& setup) {
    return sync_suppliers(tx, setup.config, setup.secrets, *serving.keys, serving.clock, serving.randomness);
}

void store_digests(store::Tx& tx, const std::map<std::string, plugin::Manifest>& manifests) {
    for (const auto& [name, manifest] : manifests) {
        tx.run("UPDATE suppliers SET plugin_digest = :1 WHERE name = :2", {manifest.digest, name});
    }
}

Task<void> tell_state(Serving& serving, std::string name, std::string kind, std::string why) {
    // Until the engine has started nobody can be told: the start does it then.
    if (!serving.engine) { co_return; }
    std::function<int(store::Tx&)> unit = [&serving, name, kind, why](store::Tx& tx) {
        const UtcMs now = serving.clock.utc_ms();
        serving.facts->record(tx, {.kind = kind,
                                   .natural_key = "supplier/" + name + "/" + kind + "/" + std::to_string(now),
                                   .data = Json::object({{"supplier", name}, {"reason", why}}),
                                   .occurred_at = now});
        return 0;
    };
    auto stored = co_await serving.store->commit<int>(Commit::supplier_state, std::move(unit));
    if (!stored) { Log::error("it could not be stored how a worker is", {{"worker", name}, {"fault", stored.error().text()}}); }
}

void take_manifest(Serving& serving, const std::string& name, const plugin::Manifest& manifest) {
    serving.manifests[name] = manifest;
    change_rules(serving, name);
}

void take_other_plugin(Serving& serving, const std::string& name, const plugin::Manifest& manifest) {
    take_manifest(serving, name, manifest);
    spawn(serving.executor, note_digest(serving, name));
}

Json degraded(const Serving& serving) {
    Json list = Json::array();
    for (const auto& status : serving.workers->statuses()) {
        if (!status.quarantined) { continue; }
        list.push(Json::object({{"name", status.name}, {"state", "quarantined"}}));
    }
    if (!serving.engine) { return list; }
    for (const auto& account : serving.engine->shut_accounts()) {
        list.push(Json::object({{"name", account.name}, {"state", account.state}, {"reason", account.reason}}));
    }
    return list;
}

api::ApiOptions api_options(const Serving& serving, const orders::Accounts& accounts) {
    auto options = api_options(serving.setup.config, accounts, serving.setup.secrets);
    options.degraded = [&serving] { return degraded(serving); };
    options.queues = serving.queues;
    options.metrics = serving.metrics;
    options.answered = serving.answered;
    options.rate_limited = serving.rate_limited;
    return options;
}

}  // namespace crossdock::app
