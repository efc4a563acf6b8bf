#include "app/wiring.hpp"

#include "app/home.hpp"
#include "app/kept_secrets.hpp"
#include "app/key_rotation.hpp"
#include "app/plugin_settings.hpp"
#include "app/registry.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "orders/shadow.hpp"
#include "orders/webhooks.hpp"
#include "store/account_pauses.hpp"
#include "store/database.hpp"

#include <algorithm>
#include <memory>

namespace crossdock::app {

/// Errors: as open_secrets; a secret that is not as the scheme writes it; the same one under two names.
static Result<std::vector<crypto::WebhookKey>> webhook_keys(const AccountConfig::Webhook& webhook,
                                                            const std::function<Result<std::string>(const SecretRef&)>& open) {
    std::vector<crypto::WebhookKey> keys;
    for (const auto& [name, ref] : webhook.secrets) {
        const auto secret = open(ref);
        if (!secret) { return secret.error(); }
        auto key = crypto::webhook_key(webhook.scheme, name, *secret);
        if (!key) { return Fault{"`" + name + "`: " + key.error().what, ref.where}; }
        for (const auto& other : keys) {
            if (crypto::equal_constant_time(other.bytes, key->bytes)) {
                return Fault{"`" + name + "` and `" + other.name + "` are the same secret", ref.where};
            }
        }
        keys.push_back(std::move(*key));
    }
    return keys;
}

OpenSecret own_secrets(OpenSecret sealed) {
    return [sealed = std::move(sealed)](const SecretRef& ref) {
        return ref.from == SecretRef::From::store ? sealed(ref) : resolve(ref);
    };
}

Result<OpenSecrets> open_secrets(const Config& config, const OpenSecret& own, const OpenSecret& kept) {
    OpenSecrets open;
    const auto one = [&](const SecretRef& secret) { return secret.from == SecretRef::From::keeper ? kept(secret) : own(secret); };
    const auto all = [&](const std::string& owner, const std::map<std::string, SecretRef>& credentials) -> Result<> {
        for (const auto& [setting, ref] : credentials) {
            auto secret = one(ref);
            if (!secret) { return secret.error(); }
            open.credentials[owner][setting] = std::move(*secret);
        }
        return {};
    };
    for (const auto& account : config.accounts) {
        if (auto done = all(account.name, account.credentials); !done) { return done.error(); }
        if (!account.webhook) { continue; }
        auto keys = webhook_keys(*account.webhook, one);
        if (!keys) { return keys.error(); }
        open.webhooks[account.name] = std::move(*keys);
    }
    if (config.intake.outbox && config.intake.outbox->password) {
        auto secret = one(*config.intake.outbox->password);
        if (!secret) { return secret.error(); }
        open.outbox_password = std::move(*secret);
    }
    for (const auto& channel : config.channels) {
        if (auto done = all(channel.name, channel.credentials); !done) { return done.error(); }
    }
    return open;
}

Result<std::string> sealed_secret(store::Tx& tx, const crypto::KeyRing& keys, const SecretRef& ref) {
    const auto row = tx.first<std::string>("SELECT sealed FROM secrets WHERE name = :1", {ref.name});
    if (!row) {
        return Fault{"there is no secret://" + ref.name + "; add it with `crossdock secret set " + ref.name + "`", ref.where};
    }
    auto opened = keys.open(std::get<0>(*row), "secrets/" + ref.name);
    if (!opened) { return Fault{opened.error().what, ref.where}; }
    return opened;
}

Result<OpenSecrets> open_secrets(const Config& config) {
    const Home home{config.data};
    SystemRandomness randomness;
    std::optional<crypto::KeyRing> keys;
    std::unique_ptr<store::Database> database;
    const auto sealed = [&](const SecretRef& ref) -> Result<std::string> {
        try {
            if (!database) {
                auto opened = store::Database::open(home.store(), store::Database::Mode::read_only);
                if (!opened) { return opened.error(); }
                database = std::move(*opened);
                const auto fingerprint = known_fingerprint(*database);
                if (fingerprint.empty()) { return Fault{"the store has no sealing key yet", home.store().string()}; }
                auto loaded = load_sealing_key(home, fingerprint, randomness);
                if (!loaded) { return loaded.error(); }
                keys.emplace(*loaded);
            }
            return sealed_secret(*database, *keys, ref);
        } catch (const store::StoreFailure& failure) { return Fault{failure.what(), home.store().string(), Advice::stop}; }
    };
    const auto own = own_secrets(sealed);
    const auto kept = read_kept_secrets(config, own);
    if (!kept) { return kept.error(); }
    return open_secrets(config, own, kept_in(*kept));
}

std::string unsubscribe_key(store::Tx& tx, const Config& config, const crypto::KeyRing& keys, const Clock& clock,
                            Randomness& randomness) {
    if (config.notifications.base_url.empty()) { return {}; }
    // No name that the config could give: secret://... takes no slash.
    const std::string name = "crossdock/unsubscribe";
    const std::string context = "secrets/" + name;
    if (const auto row = tx.first<std::string>("SELECT sealed FROM secrets WHERE name = :1", {name})) {
        auto opened = keys.open(std::get<0>(*row), context);
        if (!opened) { throw store::StoreFailure(name + " cannot be opened: " + opened.error().what); }
        return *opened;
    }
    std::string made = crypto::new_api_key(randomness);
    const UtcMs now = clock.utc_ms();
    tx.run("INSERT INTO secrets (name, sealed, created_at, updated_at) VALUES (:1, :2, :3, :4)",
           {name, keys.seal(made, context, randomness), now, now});
    return made;
}

orders::Accounts sync_suppliers(store::Tx& tx, const Config& config, const OpenSecrets& secrets, const crypto::KeyRing& keys,
                                const Clock& clock, Randomness& randomness) {
    const UtcMs now = clock.utc_ms();
    for (const auto& account : config.accounts) {
        std::optional<std::string> api_key;
        if (const auto own = secrets.credentials.find(account.name); own != secrets.credentials.end()) {
            const auto secret = own->second.find("api_key");
            if (secret != own->second.end()) { api_key = keys.seal(secret->second, "suppliers/" + account.name, randomness); }
        }
        tx.run(
            "INSERT INTO suppliers (id, name, type, api_key, created_at, updated_at) VALUES (:1, :2, :3, :4, :5, :6) ON CONFLICT "
            "(name) DO UPDATE SET api_key = excluded.api_key, updated_at = excluded.updated_at",
            {new_id(clock, randomness), account.name, account.type, api_key, now, now});
        write_registry_columns(tx, account);
    }
    mark_configured(tx, config);
    auto accounts = known_accounts(tx, config);
    std::vector<orders::WebhookSecret> webhook_secrets;
    const auto compared_by = mac_key(tx, keys);
    for (const auto& [name, signers] : secrets.webhooks) {
        for (const auto& one : signers) {
            const auto fingerprint = crypto::hmac_sha256_hex(compared_by, "webhook secret\n" + one.bytes);
            webhook_secrets.push_back({accounts.by_name.at(name).supplier_id, one.name, fingerprint});
        }
    }
    orders::sync_webhook_secrets(tx, webhook_secrets, now);
    return accounts;
}

orders::Accounts known_accounts(store::Tx& tx, const Config& config) {
    orders::Accounts accounts;
    accounts.routes = config.routes;
    for (const auto& account : config.accounts) {
        const auto row = tx.first<std::string>("SELECT id FROM suppliers WHERE name = :1", {account.name});
        const auto disabled = store::disabled_account(tx, account.name);
        accounts.by_name[account.name] = {
            account.name,     row ? std::get<0>(*row) : "", account.currency,
            account.statuses, account.webhook.has_value(),  account.poll,
            account.beside,   account.supplier_code,        disabled ? std::optional(disabled->reason) : std::nullopt};
    }
    return accounts;
}

std::vector<OtherSettings> note_settings(store::Tx& tx, const Config& config, const OpenSecrets& secrets,
                                         const crypto::KeyRing& keys) {
    std::vector<OtherSettings> others;
    const auto compared_by = mac_key(tx, keys);
    for (const auto& spec : worker_specs(config, secrets, "")) {
        const std::string mac = crypto::hmac_sha256_hex(compared_by, spec.settings.dump());
        const auto known =
            tx.first<std::optional<std::string>>("SELECT settings_mac FROM suppliers WHERE name = :1", {spec.name});
        if (!known || std::get<0>(*known) == mac) { continue; }
        tx.run("UPDATE suppliers SET settings_mac = :1 WHERE name = :2", {mac, spec.name});
        if (std::get<0>(*known)) { others.push_back({spec.name, store::end_account_pause(tx, spec.name)}); }
    }
    return others;
}

static void take_isolation(plugin::WorkerSpec& spec, bool in_process) {
    spec.in_process = in_process;
    // A plugin that dies in the daemon takes it along: deaths of its carrier say nothing of the plugin.
    spec.quarantine = !in_process;
}

static void take_fence(plugin::WorkerSpec& spec, const OutboundConfig& outbound) {
    spec.fenced = true;
    spec.reach = outbound.reach;
    spec.plain_http = outbound.plain_http;
}

static bool is_shadow(const Config& config, const std::string& account) {
    for (const auto& [code, rules] : config.routes) {
        if (std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.shadow == account; })) { return true; }
    }
    return false;
}

/// The same plugin and settings in a process of its own, always, which has no way out: what it would write goes into folders that
/// nobody reads.
static plugin::WorkerSpec shadow_spec(const Config& config, plugin::WorkerSpec spec) {
    spec.name = orders::shadow_worker(spec.name);
    spec.folder = Home{config.data}.plugin_files(spec.name);
    spec.shadow = config.mechanisms.shadow;
    take_isolation(spec, false);
    spec.crash_at.clear();
    if (!spec.shadow) { return spec; }
    for (auto& grant : spec.grants) {
        grant.path = Home{config.data}.plugin_files(spec.name + "-" + grant.setting);
        spec.settings.set(grant.setting, grant.path.string());
    }
    return spec;
}

std::vector<plugin::WorkerSpec> worker_specs(const Config& config, const OpenSecrets& secrets, const std::string& crash_at) {
    std::vector<plugin::WorkerSpec> specs;
    const auto with_secrets = [&](const std::string& owner, Json settings) {
        if (settings.is_null()) { settings = Json::object(); }
        if (const auto own = secrets.credentials.find(owner); own != secrets.credentials.end()) {
            for (const auto& [setting, secret] : own->second) { settings.set(setting, secret); }
        }
        return settings;
    };
    for (const auto& account : config.accounts) {
        plugin::WorkerSpec spec;
        spec.name = account.name;
        spec.interface = "crossdock.supplier/1";
        spec.library = account.plugin;
        spec.folder = Home{config.data}.plugin_files(account.name);
        spec.settings = with_secrets(account.name, account.settings);
        if (!account.endpoint.empty()) { spec.settings.set("base_url", account.endpoint); }
        spec.grants = account.folders;
        spec.account = Json::object({{"account", account.name}, {"currency", account.currency}});
        spec.request_timeout = account.request_timeout;
        take_fence(spec, account.outbound);
        take_isolation(spec, account.in_process);
        spec.crash_at = crash_at;
        if (is_shadow(config, account.name)) { specs.push_back(shadow_spec(config, spec)); }
        specs.push_back(std::move(spec));
    }
    for (const auto& channel : config.channels) {
        plugin::WorkerSpec spec;
        spec.name = channel.name;
        spec.interface = "crossdock.channel/1";
        spec.library = channel.plugin;
        spec.folder = Home{config.data}.plugin_files(channel.name);
        spec.settings = with_secrets(channel.name, channel.settings);
        spec.grants = channel.folders;
        spec.account = Json::object({{"channel", channel.name}});
        spec.request_timeout = channel.request_timeout;
        take_fence(spec, channel.outbound);
        take_isolation(spec, channel.in_process);
        spec.crash_at = crash_at;
        specs.push_back(std::move(spec));
    }
    return specs;
}

/// Takes the weaker of what the account claims and what its plugin can, and says where that is less than was claimed.
static void weaken(pipeline::OperationRules& rules, const std::string& account, const std::string& operation,
                   model::EffectClass claimed, const plugin::Manifest& manifest) {
    auto strongest = model::EffectClass::unsafe;
    for (const auto& [offered, effect_class] : manifest.classes) {
        if (offered == operation) { strongest = model::effect_class_named(effect_class).value_or(strongest); }
    }
    rules.effect_class = model::weaker(claimed, strongest);
    if (rules.effect_class != claimed) {
        Log::warning("the account claims more than its plugin can; the weaker class holds", {{"account", account},
                                                                                             {"operation", operation},
                                                                                             {"claimed", model::name(claimed)},
                                                                                             {"plugin", model::name(strongest)}});
    }
    if (!rules.can_ask && rules.effect_class != model::EffectClass::unsafe) {
        Log::warning("the plugin has no find_order: what stays unknown waits for a person",
                     {{"account", account}, {"operation", operation}, {"class", model::name(rules.effect_class)}});
    }
}

pipeline::OperationRules operation_rules(const AccountConfig& account, const std::string& operation,
                                         const plugin::Manifest* manifest) {
    pipeline::OperationRules rules;
    const auto at = account.operations.find(operation);
    const bool cancels = operation == "cancel_order";
    if (cancels && at == account.operations.end()) { return pipeline::AccountRules{}.cancel_order; }
    if (at != account.operations.end()) {
        // Times hold whatever the plugin can: effects of before keep their class, and must not be sent again too early.
        rules.key_valid_for = at->second.key_valid_for;
        rules.visible_within = at->second.visible_within;
    }
    if (manifest == nullptr) {
        rules.plugin_known = false;
        return rules;
    }
    rules.can_ask = offers(account, *manifest, "find_order");
    if (cancels && !offers(account, *manifest, operation)) { rules.missing = "its plugin has no cancel_order"; }
    else if (at != account.operations.end()) {
        const auto claimed = model::effect_class_named(at->second.effect_class).value_or(model::EffectClass::unsafe);
        weaken(rules, account.name, operation, claimed, *manifest);
    }
    return rules;
}

/// How an account is asked for silent orders. Of a plugin that never started nobody knows what it can: it is tried.
static pipeline::PollBy poll_by(const AccountConfig& account, const plugin::Manifest* manifest) {
    if (manifest == nullptr) { return pipeline::PollBy::status; }
    if (offers(account, *manifest, "get_order_status")) { return pipeline::PollBy::status; }
    if (offers(account, *manifest, "find_order")) { return pipeline::PollBy::lookup; }
    if (account.poll) {
        Log::warning("the account is to be polled, but its plugin has neither get_order_status nor find_order",
                     {{"account", account.name}});
    }
    return pipeline::PollBy::nothing;
}

pipeline::EngineOptions engine_options(const Config& config, const orders::Accounts& accounts,
                                       std::vector<pipeline::Definition> definitions,
                                       const std::map<std::string, plugin::Manifest>& manifests) {
    pipeline::EngineOptions options;
    options.accounts = accounts;
    options.definitions = std::move(definitions);
    options.schedules = config.schedules;
    options.effects_max = config.workers.calls_max;
    options.mechanisms = config.mechanisms;
    for (const auto& account : config.accounts) {
        pipeline::AccountRules rules;
        rules.statuses = {account.accepted, account.refused, account.not_processed};
        rules.not_after = account.not_after;
        rules.request_timeout = account.request_timeout;
        rules.stock = account.stock;
        rules.pace = account.pace;
        const auto manifest = manifests.find(account.name);
        const auto* known = manifest == manifests.end() ? nullptr : &manifest->second;
        rules.create_order = operation_rules(account, "create_order", known);
        rules.cancel_order = operation_rules(account, "cancel_order", known);
        rules.poll_by = poll_by(account, known);
        options.rules[account.name] = rules;
    }
    for (const auto& channel : config.channels) {
        options.channels[channel.name] = {channel.not_after, channel.request_timeout, channel.limits};
    }
    return options;
}

api::ApiOptions api_options(const Config& config, const orders::Accounts& accounts, const OpenSecrets& secrets) {
    api::ApiOptions options;
    options.accounts = accounts;
    options.currency = config.currency;
    options.order_body_max = config.limits.order_body;
    options.webhook_body_max = config.limits.webhook_body;
    options.answer_after_commit = config.mechanisms.answer_after_commit;
    options.requests_max = config.limits.requests;
    options.event_streams_max = config.limits.event_streams;
    options.open_work_max = config.limits.open_work;
    options.rates = {config.rate_limits.webhook_source, config.rate_limits.webhook_account, config.rate_limits.api_key,
                     config.rate_limits.sign_in};
    options.log_requests = config.log_requests;
    options.trusted_proxies = config.trusted_proxies;
    for (const auto& account : config.accounts) {
        options.stock[account.name] = account.stock;
        if (!account.webhook) { continue; }
        options.webhooks[account.name] = {account.webhook->scheme, secrets.webhooks.at(account.name)};
    }
    return options;
}

}  // namespace crossdock::app
