#include "app/kept_secrets.hpp"

#include "app/plugin_settings.hpp"
#include "check/plugin_bench.hpp"

#include <algorithm>
#include <utility>

namespace crossdock::app {
namespace {

std::tuple<std::string, std::string, std::string> key_of(const SecretRef& ref) {
    return {ref.keeper, ref.name, ref.field.value_or("")};
}

std::vector<SecretRef> kept_by(const Config& config, const KeeperConfig& keeper) {
    auto refs = secrets_from(config, SecretRef::From::keeper);
    std::erase_if(refs, [&](const SecretRef& ref) { return ref.keeper != keeper.name; });
    return refs;
}

Fault not_started(const KeeperConfig& keeper, const Fault& fault) {
    return {"`" + keeper.name + "` cannot be asked for secrets: " + fault.text(),
            setting_place(keeper.settings_where, fault.what, keeper.plugin_where), fault.advice};
}

}  // namespace

OpenSecret kept_in(const KeptSecrets& kept) {
    return [&kept](const SecretRef& ref) -> Result<std::string> {
        const auto found = kept.find(key_of(ref));
        if (found == kept.end()) { return Fault{"the secret " + ref.name + " was not read from " + ref.keeper, ref.where}; }
        return {boost::system::in_place_value, found->second};
    };
}

std::string keeper_worker(const std::string& keeper) {
    return "secrets." + keeper;
}

Result<plugin::WorkerSpec> keeper_spec(const KeeperConfig& keeper, const OpenSecret& own) {
    plugin::WorkerSpec spec;
    spec.name = keeper_worker(keeper.name);
    spec.interface = "crossdock.secrets/1";
    spec.library = keeper.plugin;
    spec.settings = keeper.settings.is_null() ? Json::object() : keeper.settings;
    for (const auto& [setting, ref] : keeper.credentials) {
        auto secret = own(ref);
        if (!secret) { return secret.error(); }
        spec.settings.set(setting, std::move(*secret));
    }
    spec.grants = keeper.folders;
    spec.account = Json::object({{"keeper", keeper.name}});
    spec.request_timeout = keeper.request_timeout;
    spec.fenced = true;
    spec.reach = keeper.outbound.reach;
    spec.plain_http = keeper.outbound.plain_http;
    spec.quarantine = false;
    return spec;
}

plugin::Call keeper_call(const KeeperConfig& keeper, const SecretRef& ref, const std::string& target) {
    plugin::Call call;
    call.target = target;
    call.operation = "read";
    call.input = Json::object({{"name", ref.name}});
    if (ref.field) { call.input.set("field", *ref.field); }
    // A sign-in, the question, and what the plugin does besides.
    call.timeout = 3 * keeper.request_timeout;
    return call;
}

Result<std::string> keeper_answer(const SecretRef& ref, const plugin::CallAnswer& answer) {
    const auto value =
        answer.status == plugin::CallStatus::answered ? answer.output.maybe_text("value") : std::optional<std::string>();
    if (value && !value->empty()) { return {boost::system::in_place_value, *value}; }
    const auto why = value                                           ? std::string("it is empty")
                     : answer.status == plugin::CallStatus::answered ? std::string("the plugin answered without a `value`")
                                                                     : answer.text;
    return Fault{"the secret " + ref.name + " cannot be read from `" + ref.keeper + "`: " + why, ref.where, Advice::retry};
}

Result<KeptSecrets> read_kept_secrets(const Config& config, const OpenSecret& own) {
    KeptSecrets kept;
    for (const auto& keeper : config.keepers) {
        const auto refs = kept_by(config, keeper);
        if (refs.empty()) { continue; }
        auto spec = keeper_spec(keeper, own);
        if (!spec) { return spec.error(); }
        check::PluginBench bench;
        if (const auto started = bench.start(std::move(*spec)); !started) { return not_started(keeper, started.error()); }
        for (const auto& ref : refs) {
            auto value = keeper_answer(ref, bench.call(keeper_call(keeper, ref, "")).answer);
            if (!value) { return value.error(); }
            kept.emplace(key_of(ref), std::move(*value));
        }
    }
    return kept;
}

Task<Result<KeptSecrets>> read_kept_secrets(plugin::Workers* workers, const Config* config, OpenSecret own) {
    KeptSecrets kept;
    std::optional<Fault> fault;
    for (const auto& keeper : config->keepers) {
        const auto refs = kept_by(*config, keeper);
        if (refs.empty()) { continue; }
        auto spec = keeper_spec(keeper, own);
        if (!spec) { co_return spec.error(); }
        const auto name = spec->name;
        const auto started = co_await workers->start(std::move(*spec));
        if (!started) { fault = not_started(keeper, started.error()); }
        for (const auto& ref : refs) {
            if (fault) { break; }
            plugin::OnBatch no_batches;
            const auto answer = co_await workers->call(keeper_call(keeper, ref, name), no_batches);
            auto value = keeper_answer(ref, answer);
            if (value) { kept.emplace(key_of(ref), std::move(*value)); }
            else { fault = value.error(); }
        }
        // Nothing is staged while the config is read: only this one goes.
        if (workers->knows(name)) { workers->adopt({name}); }
        if (fault) { co_return *fault; }
    }
    co_return kept;
}

}  // namespace crossdock::app
