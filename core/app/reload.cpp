#include "app/reload.hpp"

#include "app/admin.hpp"
#include "app/kept_secrets.hpp"
#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "pipeline/evaluator.hpp"
#include "plugin/evaluations.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace crossdock::app {
namespace {

/// A commit tells when an order is settled; this only bounds one wait for it.
constexpr milliseconds settled_wait{30'000};
/// Between two looks, however much is committed.
constexpr milliseconds settled_pause{200};

/// What cannot change while the daemon runs.
std::vector<Fault> needs_restart(const Config& now, const Config& next) {
    std::vector<Fault> faults;
    const auto same = [&](bool is_same, const char* key) {
        if (!is_same) { faults.push_back({"`" + std::string(key) + "` has changed, and takes a restart", next.file.string()}); }
    };
    same(now.data == next.data, "data");
    const bool same_place = now.listen_host == next.listen_host && now.listen_port == next.listen_port;
    same(same_place && now.tls.has_value() == next.tls.has_value(), "listen");
    same(now.intake == next.intake, "intake");
    same(now.limits == next.limits, "limits");
    same(now.workers == next.workers, "workers");
    same(now.crash_points == next.crash_points && now.mechanisms == next.mechanisms, "test");
    return faults;
}

/// Whether a plugin's file is still the one that its manifest was read from. Not when it cannot be read: starting it tells why.
bool same_file(const std::filesystem::path& library, const plugin::Manifest& manifest) {
    const auto digest = crypto::sha256_file(library);
    return digest && *digest == manifest.digest;
}

struct Changes {
    std::vector<plugin::WorkerSpec> start;
    std::vector<std::string> added, replaced, removed;
};

Changes worker_changes(const Serving& serving, const Setup& next) {
    Changes changes;
    std::set<std::string> wanted{pipeline::expressions_worker, plugin::evaluations_worker};
    for (auto& spec : worker_specs(next.config, next.secrets, "")) {
        wanted.insert(spec.name);
        const auto manifest = serving.manifests.find(spec.name);
        const bool unchanged = manifest != serving.manifests.end() && same_file(spec.library, manifest->second);
        if (unchanged && serving.workers->was_started_with(spec)) { continue; }
        (serving.workers->knows(spec.name) ? changes.replaced : changes.added).push_back(spec.name);
        changes.start.push_back(std::move(spec));
    }
    for (const auto& status : serving.workers->statuses()) {
        if (!wanted.contains(status.name)) { changes.removed.push_back(status.name); }
    }
    return changes;
}

Json names(const std::vector<std::string>& list) {
    Json all = Json::array();
    for (const auto& name : list) { all.push(name); }
    return all;
}

Json pipeline_changes(const std::vector<pipeline::Definition>& now, const std::vector<pipeline::Definition>& next) {
    const auto named = [](const std::vector<pipeline::Definition>& all, const std::string& name) {
        return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    };
    std::vector<std::string> added, changed, removed;
    for (const auto& definition : next) {
        const auto before = named(now, definition.name);
        if (before == now.end()) { added.push_back(definition.name); }
        else if (before->digest != definition.digest) { changed.push_back(definition.name); }
    }
    for (const auto& definition : now) {
        if (named(next, definition.name) == next.end()) { removed.push_back(definition.name); }
    }
    return Json::object({{"added", names(added)}, {"changed", names(changed)}, {"removed", names(removed)}});
}

/// Lets the worker of before go once nothing is open that it alone may send again.
Task<void> let_go(Serving& serving, std::string name, std::string digest) {
    while (!serving.stopping) {
        const auto ticket = serving.committed.ticket();
        std::function<bool(store::Tx&)> look = [name, digest](store::Tx& tx) { return store::open_orders_of(tx, name, digest); };
        const auto open = co_await serving.store->read<bool>(std::move(look));
        if (open && !*open) {
            serving.workers->release(name, digest);
            co_return;
        }
        co_await serving.committed.wait(ticket, settled_wait);
        co_await pause(serving.clock, settled_pause);
    }
}

/// Secrets of the store, as a config names them. Errors of the store come as such, a secret that is not there with its place.
Task<Result<std::map<std::string, std::string>>> sealed_secrets(Serving* serving, const Config* config) {
    struct Opened {
        std::map<std::string, std::string> by_name;
        std::optional<Fault> fault;
    };
    std::function<Opened(store::Tx&)> unit = [serving, config](store::Tx& tx) {
        Opened opened;
        for (const auto& ref : secrets_from(*config, SecretRef::From::store)) {
            auto secret = sealed_secret(tx, *serving->keys, ref);
            if (!secret) { return Opened{{}, secret.error()}; }
            opened.by_name.emplace(ref.name, std::move(*secret));
        }
        return opened;
    };
    auto read = co_await serving->store->read<Opened>(std::move(unit));
    if (!read) { co_return read.error(); }
    if (read->fault) { co_return *read->fault; }
    co_return std::move(read->by_name);
}

Task<Result<OpenSecrets>> read_secrets(Serving& serving, const Config& config) {
    const auto sealed = co_await sealed_secrets(&serving, &config);
    if (!sealed) { co_return sealed.error(); }
    const auto own = own_secrets([sealed = *sealed](const SecretRef& ref) -> Result<std::string> {
        return {boost::system::in_place_value, sealed.at(ref.name)};
    });
    const auto kept = co_await read_kept_secrets(serving.workers.get(), &config, own);
    if (!kept) { co_return kept.error(); }
    co_return open_secrets(config, own, kept_in(*kept));
}

/// What was read, and what that means for the workers. With faults nothing was changed, and no staged worker is left.
struct Prepared {
    Setup setup;
    Changes changes;
    std::map<std::string, plugin::Manifest> manifests;  ///< of all workers, as they will be
    std::vector<Fault> faults;
};

Task<void> stage_workers(Serving& serving, Prepared& prepared) {
    tell_not_isolated(prepared.changes.start);
    StartOne stage = [&serving](plugin::WorkerSpec spec) { return serving.workers->stage(std::move(spec)); };
    auto started = co_await start_side_by_side(serving, prepared.changes.start, std::move(stage));
    for (const auto& [name, fault] : started.faults) {
        // Quarantined before, and no better with the new setup: it stays so.
        if (serving.workers->held(name) && fault.advice == Advice::retry) { std::erase(prepared.changes.replaced, name); }
        else { prepared.faults.push_back({fault.text(), worker_place(prepared.setup.config, name, fault.what)}); }
    }
    prepared.manifests = serving.manifests;
    for (const auto& name : prepared.changes.removed) { prepared.manifests.erase(name); }
    for (auto& [name, manifest] : started.manifests) { prepared.manifests[name] = std::move(manifest); }
}

Task<Prepared> prepare(Serving& serving, ReadConfig read_config) {
    Prepared prepared;
    auto config = read_config();
    if (!config) {
        prepared.faults.push_back(config.error());
        co_return prepared;
    }
    prepared.setup.config = std::move(*config);
    prepared.faults = needs_restart(serving.setup.config, prepared.setup.config);
    for (auto& fault : read_files(prepared.setup)) { prepared.faults.push_back(std::move(fault)); }
    auto secrets = co_await read_secrets(serving, prepared.setup.config);
    if (secrets) { prepared.setup.secrets = std::move(*secrets); }
    else { prepared.faults.push_back(secrets.error()); }
    if (!prepared.faults.empty()) { co_return prepared; }
    prepared.faults = co_await check_expressions(serving, prepared.setup.definitions);
    if (!prepared.faults.empty()) { co_return prepared; }
    prepared.changes = worker_changes(serving, prepared.setup);
    co_await stage_workers(serving, prepared);
    for (auto& fault : co_await check_settings_of(serving, prepared.setup.config, prepared.manifests)) {
        prepared.faults.push_back(std::move(fault));
    }
    co_return prepared;
}

/// From here on everything goes by the new setup: no task runs in between.
void take_over(Serving& serving, Prepared prepared, const orders::Accounts& accounts, pipeline::EngineOptions options) {
    std::vector<std::pair<std::string, std::string>> before;  // worker, plugin digest
    for (const auto& name : prepared.changes.replaced) {
        const auto manifest = serving.manifests.find(name);
        if (manifest != serving.manifests.end() && manifest->second.digest != prepared.manifests.at(name).digest) {
            before.emplace_back(name, manifest->second.digest);
        }
    }
    if (prepared.setup.tls) { serving.show_tls(prepared.setup.tls); }
    serving.setup = std::move(prepared.setup);
    serving.manifests = std::move(prepared.manifests);
    Log::set_level(serving.setup.config.log_level);
    set_log_format(serving.setup.config.log_format);
    serving.workers->adopt(prepared.changes.removed);
    serving.facts->change(fact_options(serving.setup));
    serving.api->change(api_options(serving, accounts));
    serving.engine->change(std::move(options));
    for (auto& [name, digest] : before) { spawn(serving.executor, let_go(serving, name, digest)); }
}

}  // namespace

Task<Reloaded> reload(Serving& serving, ReadConfig read_config) {
    Reloaded result;
    Prepared prepared = co_await prepare(serving, std::move(read_config));
    std::optional<orders::Accounts> accounts;
    pipeline::EngineOptions options;
    std::vector<OtherSettings> others;
    Json report = Json::object({{"pipelines", pipeline_changes(serving.setup.definitions, prepared.setup.definitions)},
                                {"workers", Json::object({{"added", names(prepared.changes.added)},
                                                          {"replaced", names(prepared.changes.replaced)},
                                                          {"removed", names(prepared.changes.removed)}})}});
    if (const auto& before = serving.setup.tls, &next = prepared.setup.tls;
        before && next && before->fingerprint != next->fingerprint) {
        const std::vector<std::string> shown{next->name + " (until " + rfc3339(next->not_after) + ")"};
        report.set("certificate", Json::object({{"replaced", names(shown)}}));
    }
    if (prepared.faults.empty()) {
        std::function<orders::Accounts(store::Tx&)> unit = [&serving, &prepared, &options, &others, &report](store::Tx& tx) {
            prepared.setup.secrets.unsubscribe_key =
                unsubscribe_key(tx, prepared.setup.config, *serving.keys, serving.clock, serving.randomness);
            auto stored = store_accounts(tx, serving, prepared.setup);
            options = engine_options(prepared.setup.config, stored, prepared.setup.definitions, prepared.manifests);
            serving.engine->sync(tx, options);
            store_digests(tx, prepared.manifests);
            others = note_settings(tx, prepared.setup.config, prepared.setup.secrets, *serving.keys);
            store::append_audit(tx, new_id(serving.clock, serving.randomness), command_line_actor, "config.reload",
                                prepared.setup.config.file.string(), report.dump(), serving.clock.utc_ms());
            return stored;
        };
        auto stored = co_await serving.store->commit<orders::Accounts>(Commit::config_sync, std::move(unit));
        if (stored) { accounts = std::move(*stored); }
        else { prepared.faults.push_back(stored.error()); }
    }
    if (!accounts) {
        serving.workers->discard();
        for (const auto& fault : prepared.faults) { Log::error("the reload was refused", {{"why", fault.text()}}); }
        result.faults = std::move(prepared.faults);
        co_return result;
    }
    std::vector<std::string> recovered;
    for (const auto& name : prepared.changes.replaced) {
        if (serving.workers->held(name)) { recovered.push_back(name); }
    }
    result.report = std::move(report);
    take_over(serving, std::move(prepared), *accounts, std::move(options));
    for (const auto& name : recovered) { co_await tell_state(serving, name, "supplier.recovered", "reloaded"); }
    for (const auto& other : others) {
        const auto opened = co_await serving.engine->open_account(other.account, "its settings have changed");
        if (!opened) {
            Log::error("the end of a pause could not be stored", {{"account", other.account}, {"fault", opened.error().text()}});
        }
    }
    Log::info("reloaded", {{"config", serving.setup.config.file.string()}, {"changes", result.report.dump()}});
    co_return result;
}

std::string reload_text(const Json& report) {
    std::string text = "reloaded\n";
    for (const auto& [part, changes] : report.members()) {
        if (!changes.is_object()) { continue; }
        for (const auto& [what, list] : changes.members()) {
            if (list.items().empty()) { continue; }
            std::vector<std::string> all;
            for (const auto& name : list.items()) { all.push_back(name.as_string()); }
            text += "  " + part + " " + what + ": " + joined(all) + "\n";
        }
    }
    return text;
}

}  // namespace crossdock::app
