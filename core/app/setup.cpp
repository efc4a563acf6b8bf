#include "app/setup.hpp"

#include "app/kept_secrets.hpp"
#include "app/mail_lint.hpp"
#include "app/plugin_settings.hpp"
#include "base/system_clock.hpp"

#include <utility>

namespace crossdock::app {

Result<std::shared_ptr<const http::TlsIdentity>> read_tls(const Config& config, UtcMs now) {
    if (!config.tls) { return std::shared_ptr<const http::TlsIdentity>(); }
    const auto& tls = *config.tls;
    auto loaded = http::load_tls(tls.certificate, tls.key);
    if (!loaded) {
        const bool key = loaded.error().where == tls.key.string();
        return Fault{std::string(key ? "`key`: " : "`certificate`: ") + loaded.error().text(),
                     key ? tls.key_where : tls.certificate_where};
    }
    if (const auto valid = (*loaded)->check_time(now); !valid) {
        return Fault{"`certificate`: " + tls.certificate.string() + ": " + valid.error().what, tls.certificate_where};
    }
    return loaded;
}

std::vector<Fault> read_files(Setup& setup) {
    auto loaded = load_pipelines(setup.config.pipelines);
    setup.definitions = std::move(loaded.definitions);
    auto templates = expr::MailLanguages::load(setup.config.templates);
    if (templates) {
        for (auto& fault : mail_faults(*templates)) { loaded.faults.push_back(std::move(fault)); }
        setup.templates = std::make_shared<const expr::MailLanguages>(std::move(*templates));
    }
    else { loaded.faults.push_back(templates.error()); }
    auto tls = read_tls(setup.config, system_utc_ms());
    if (tls) { setup.tls = std::move(*tls); }
    else { loaded.faults.push_back(tls.error()); }
    return std::move(loaded.faults);
}

notify::FactOptions fact_options(const Setup& setup) {
    const Config& config = setup.config;
    notify::FactOptions options;
    options.mail_from = config.mail_from;
    options.alerts_mail = config.alerts_mail;
    options.clients = config.notifications.clients;
    options.alerts = config.notifications.alerts;
    options.channels = people_channels(config);
    options.unsubscribe = {config.notifications.base_url, setup.secrets.unsubscribe_key, config.notifications.links_valid_for};
    options.ledger_key = config.mechanisms.ledger_key;
    options.message_id_domain = config.mail_from.substr(config.mail_from.find('@') + 1);
    for (const auto& channel : config.channels) {
        if (!channel.platform) { continue; }
        const auto& told = *channel.platform;
        // Its deadline ends it, not the number of tries.
        const Json retry = Json::object({{"attempts", 1'000'000},
                                         {"backoff_ms", told.backoff.count()},
                                         {"backoff_max_ms", told.backoff_max.count()},
                                         {"deadline_ms", told.deadline.count()}});
        options.platforms.push_back({channel.name, told.events, retry.dump()});
    }
    options.render = [templates = setup.templates](const std::string& name, const std::string& language,
                                                   const Json& data) -> Result<notify::Rendered> {
        auto mail = templates->render(name, language, data);
        if (!mail) { return mail.error(); }
        return notify::Rendered{std::move(mail->subject), std::move(mail->text), std::move(mail->html)};
    };
    return options;
}

std::string plugin_place(const Config& config, const std::string& name) {
    for (const auto& account : config.accounts) {
        if (account.name == name) { return account.plugin_where; }
    }
    for (const auto& channel : config.channels) {
        if (channel.name == name) { return channel.plugin_where; }
    }
    for (const auto& keeper : config.keepers) {
        if (keeper_worker(keeper.name) == name) { return keeper.plugin_where; }
    }
    return {};
}

std::string worker_place(const Config& config, const std::string& name, const std::string& fault) {
    const auto otherwise = plugin_place(config, name);
    for (const auto& account : config.accounts) {
        if (account.name == name) { return setting_place(account.settings_where, fault, otherwise); }
    }
    for (const auto& channel : config.channels) {
        if (channel.name == name) { return setting_place(channel.settings_where, fault, otherwise); }
    }
    for (const auto& keeper : config.keepers) {
        if (keeper_worker(keeper.name) == name) { return setting_place(keeper.settings_where, fault, otherwise); }
    }
    return otherwise;
}

}  // namespace crossdock::app
