#include "app/registry.hpp"

#include "app/admin.hpp"
#include "app/serving.hpp"
#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "store/account_pauses.hpp"
#include "store/journal.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace crossdock::app {

Result<const AccountConfig*> account_of(const Config& config, const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& account : config.accounts) {
        if (account.name == name) { return &account; }
        names.emplace_back(account.name);
    }
    const auto meant = yaml::nearest(name, names);
    return Fault{"there is no account \"" + name + "\"; the config has " + (names.empty() ? "none" : joined(names)) +
                 (meant ? "; did you mean " + std::string(*meant) + "?" : "")};
}

Json limits_of(const AccountConfig& account) {
    const auto& limits = account.pace.limits;
    Json made = Json::object({{"concurrency", limits.concurrency}});
    if (limits.rate > 0) {
        made.set("rate", std::to_string(limits.rate) + " per " + duration_text(limits.rate_per)).set("burst", limits.burst);
    }
    return made;
}

Json statuses_of(const AccountConfig& account) {
    Json made = Json::object();
    for (const auto& [word, status] : account.statuses) {
        const auto beside = account.beside.find(word);
        if (beside == account.beside.end()) {
            made.set(word, status);
            continue;
        }
        Json one = Json::object({{"status", status}});
        if (!beside->second.payment.empty()) { one.set("payment", beside->second.payment); }
        if (!beside->second.quote.empty()) { one.set("quote", beside->second.quote); }
        made.set(word, std::move(one));
    }
    return made;
}

Json registry_columns(const AccountConfig& account) {
    Json made = Json::object({{"type", account.type},
                              {"api_endpoint", account.endpoint},
                              {"webhook_url", account.webhook ? account.webhook->url : ""},
                              {"display_name", account.display_name}});
    made.set("limits", limits_of(account)).set("statuses", statuses_of(account));
    return std::move(made.set("webhook_scheme", account.webhook ? std::optional(account.webhook->scheme.name) : std::nullopt));
}

void write_registry_columns(store::Tx& tx, const AccountConfig& account) {
    const auto columns = registry_columns(account);
    tx.run(
        "UPDATE suppliers SET type = :1, api_endpoint = :2, webhook_url = :3, display_name = :4, limits = :5, statuses = :6, "
        "webhook_scheme = :7 WHERE name = :8",
        {columns.text("type"), columns.text("api_endpoint"), columns.text("webhook_url"), columns.text("display_name"),
         columns.find("limits")->dump(), columns.find("statuses")->dump(), columns.maybe_text("webhook_scheme"), account.name});
}

void mark_configured(store::Tx& tx, const Config& config) {
    std::set<std::string> names;
    for (const auto& account : config.accounts) { names.insert(account.name); }
    for (const auto& [name, configured] :
         tx.all<std::string, std::int64_t>("SELECT name, configured FROM suppliers ORDER BY name")) {
        const std::int64_t now = names.contains(name) ? 1 : 0;
        if (now != configured) { tx.run("UPDATE suppliers SET configured = :1 WHERE name = :2", {now, name}); }
    }
}

Json registry_row(store::Tx& tx, const std::string& name) {
    using Text = std::string;
    using MaybeText = std::optional<std::string>;
    const auto row = tx.first<Text, Text, MaybeText, std::int64_t, MaybeText, std::int64_t, Text>(
        "SELECT id, type, api_endpoint, api_key IS NOT NULL, webhook_url, active, display_name FROM suppliers WHERE name = :1",
        {name});
    const auto more = tx.first<Text, Text, MaybeText, MaybeText, std::int64_t, std::int64_t, std::int64_t>(
        "SELECT limits, statuses, webhook_scheme, plugin_digest, configured, created_at, updated_at FROM suppliers WHERE name = "
        ":1",
        {name});
    if (!row || !more) { return {}; }
    const auto& [id, type, endpoint, has_key, webhook_url, active, display_name] = *row;
    const auto& [limits, statuses, scheme, digest, configured, created_at, updated_at] = *more;
    const auto parsed = [](const Text& text) {
        auto read = Json::parse(text);
        return read ? std::move(*read) : Json();
    };
    Json made = Json::object({{"id", id}, {"name", name}, {"type", type}, {"api_endpoint", endpoint}});
    // The key itself is nobody's business here.
    made.set("api_key", has_key != 0 ? std::optional<std::string>("sealed") : std::nullopt);
    made.set("webhook_url", webhook_url).set("active", active != 0).set("display_name", display_name);
    made.set("limits", parsed(limits)).set("statuses", parsed(statuses)).set("webhook_scheme", scheme);
    made.set("plugin_digest", digest).set("configured", configured != 0);
    return std::move(made.set("created_at", rfc3339(created_at)).set("updated_at", rfc3339(updated_at)));
}

static void add_plugin(const Serving& serving, const std::string& name, Json& answer) {
    const auto known = serving.manifests.find(name);
    if (known != serving.manifests.end()) { answer.set("plugin", known->second.name + " " + known->second.version); }
}

Task<Result<Json>> enable_supplier(Serving& serving, std::string name) {
    const auto opened = co_await serving.engine->enable_account(name, command_line_actor);
    if (!opened) { co_return opened.error(); }
    if (!serving.workers->held(name) && serving.workers->knows(name)) {
        Json answer = Json::object({{"name", name}, {"changed", *opened}});
        add_plugin(serving, name, answer);
        co_return answer;
    }
    auto manifest = co_await serving.workers->enable(name);
    if (!manifest) { co_return Fault{manifest.error().text(), "supplier enable"}; }
    std::function<int(store::Tx&)> unit = [&serving, name, made = *manifest](store::Tx& tx) {
        store_digests(tx, {{name, made}});
        store::append_audit(tx, new_id(serving.clock, serving.randomness), command_line_actor, "supplier.enable", name, "",
                            serving.clock.utc_ms());
        return 0;
    };
    auto stored = co_await serving.store->commit<int>(Commit::key_change, std::move(unit));
    if (!stored) { co_return stored.error(); }
    take_manifest(serving, name, *manifest);
    co_await tell_state(serving, name, "supplier.recovered", "enabled");
    serving.engine->wake(static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects));
    Log::info("enabled", {{"worker", name}});
    Json answer = Json::object({{"name", name}, {"changed", true}});
    add_plugin(serving, name, answer);
    co_return answer;
}

Task<Result<Json>> disable_supplier(Serving& serving, std::string name, std::string reason) {
    if (const auto known = account_of(serving.setup.config, name); !known) {
        co_return Fault{known.error().what, "supplier disable"};
    }
    const auto done = co_await serving.engine->disable_account(name, std::move(reason), command_line_actor);
    if (!done) { co_return done.error(); }
    co_return Json::object({{"name", name}, {"changed", done->changed}, {"under_way", done->under_way}});
}

std::string enabled_text(const Json& result) {
    const std::string name = result.text("name");
    const std::string plugin = result.text("plugin");
    if (!result.boolean("changed")) { return name + " is served: it was not disabled, and not paused\n"; }
    return name + (plugin.empty() ? " is no longer paused or disabled\n" : " is served again, by " + plugin + "\n");
}

std::string disabled_text(const Json& result) {
    const auto under_way = result.integer("under_way");
    std::string text = result.text("name") + (result.boolean("changed") ? " is disabled" : " was disabled already") +
                       ": nothing new is sent there before `crossdock supplier enable " + result.text("name") + "`\n";
    if (under_way > 0) {
        text += "  " + std::to_string(under_way) +
                (under_way == 1 ? " call that had begun comes" : " calls that had begun come") +
                " to an end; say it again to see whether that is over\n";
    }
    return text;
}

}  // namespace crossdock::app
