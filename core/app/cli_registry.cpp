// supplier show, supplier test: what an account is, and whether it answers; nothing is ordered.
#include "app/command.hpp"
#include "app/plugin_settings.hpp"
#include "app/registry.hpp"
#include "app/wiring.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "check/plugin_bench.hpp"
#include "model/effect.hpp"
#include "orders/account_load.hpp"
#include "plugin/settings.hpp"
#include "store/account_pauses.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace crossdock::app {
namespace {

constexpr std::size_t digest_shown = 12;
/// A test's questions, each: connecting and answering takes the account's request_timeout, a page or two of stock more.
constexpr int requests_per_question = 4;

/// Where an account is reached: an endpoint, or folders.
Json ways_of(const AccountConfig& account) {
    Json folders = Json::array();
    for (const auto& grant : account.folders) {
        folders.push(Json::object(
            {{"setting", grant.setting}, {"path", grant.path.string()}, {"access", grant.write ? "write" : "read"}}));
    }
    Json ways = Json::object();
    if (!account.endpoint.empty()) { ways.set("api_endpoint", account.endpoint); }
    return std::move(ways.set("folders", std::move(folders)));
}

/// The class that an operation has for this account, and why: the weaker of what the plugin can and what was claimed.
Json class_of(const AccountConfig& account, const std::string& operation, const plugin::Manifest& manifest) {
    auto strongest = model::EffectClass::unsafe;
    for (const auto& [offered, effect_class] : manifest.classes) {
        if (offered == operation) { strongest = model::effect_class_named(effect_class).value_or(strongest); }
    }
    const auto claimed = account.operations.find(operation);
    const bool claims = claimed != account.operations.end();
    const auto claim = claims ? model::effect_class_named(claimed->second.effect_class).value_or(model::EffectClass::unsafe)
                              : model::EffectClass::unsafe;
    const auto has = offers(account, manifest, operation);
    Json made = Json::object({{"operation", operation}, {"class", model::name(model::weaker(strongest, claim))}});
    std::string why = "the account's file claims " + std::string(model::name(claim));
    if (const auto lacking = plugin::lacking_setting(manifest.schema, account.settings, operation); !has && lacking) {
        why = "the account's `settings` have no `" + *lacking + "`";
    }
    else if (!has) { why = "the plugin has no " + operation; }
    else if (!claims) { why = "the account's file claims nothing"; }
    else if (claim > strongest) { why += ", and the plugin can be " + std::string(model::name(strongest)) + " at best"; }
    made.set("why", why);
    if (claims && claimed->second.key_valid_for.count() > 0) {
        made.set("key_valid_for", duration_text(claimed->second.key_valid_for));
    }
    if (claims && claimed->second.visible_within.count() > 0) {
        made.set("visible_within", duration_text(claimed->second.visible_within));
    }
    return made;
}

Json poll_of(const model::PollPattern& pattern) {
    return Json::object({{"silent_for", duration_text(pattern.silent_for)},
                         {"every", duration_text(pattern.every)},
                         {"every_max", duration_text(pattern.every_max)},
                         {"give_up_after", duration_text(pattern.give_up_after)},
                         {"until", model::name(pattern.until)}});
}

/// The account's row, what the store has learned beside, and the columns in which the row is not what the file says: then no
/// daemon has read this file yet.
Json learned(store::Tx& tx, const AccountConfig& account) {
    Json made = registry_row(tx, account.name);
    if (made.is_null()) { return Json::object(); }
    Json behind = Json::array();
    const auto columns = registry_columns(account);
    for (const auto& [column, value] : columns.members()) {
        const auto* stored = made.find(column);
        if (stored == nullptr || stored->dump() != value.dump()) { behind.push(column); }
    }
    made.set("behind", std::move(behind));
    if (auto disabled = orders::disabled_json(tx, account.name); !disabled.is_null()) {
        made.set("disabled", std::move(disabled));
    }
    for (const auto& pause : store::account_pauses(tx)) {
        if (pause.account != account.name) { continue; }
        made.set("paused", Json::object({{"reason", pause.reason}, {"since", rfc3339(pause.since_at)}}));
    }
    return made;
}

Result<Json> shown(const Config& config, const std::string& name) {
    const auto account = account_of(config, name);
    if (!account) { return account.error(); }
    const auto& one = **account;
    const auto manifest = check::inspect_plugin(one.plugin, "crossdock.supplier/1");
    if (!manifest) { return manifest.error(); }
    Json classes = Json::array();
    for (const char* const operation : {"create_order", "cancel_order"}) { classes.push(class_of(one, operation, *manifest)); }
    Json made = Json::object({{"name", one.name}, {"display_name", one.display_name}, {"type", one.type}});
    made.set("reached", ways_of(one));
    Json operations = Json::array();
    for (const auto& operation : manifest->operations) { operations.push(operation); }
    made.set("plugin", Json::object({{"name", manifest->name},
                                     {"version", manifest->version},
                                     {"file", one.plugin.string()},
                                     {"digest", manifest->digest},
                                     {"isolation", one.in_process ? "in-process" : "process"},
                                     {"operations", std::move(operations)}}));
    made.set("classes", std::move(classes)).set("limits", limits_of(one)).set("statuses", statuses_of(one));
    if (one.webhook) { made.set("webhook", Json::object({{"scheme", one.webhook->scheme.name}, {"url", one.webhook->url}})); }
    if (one.poll) { made.set("poll", poll_of(*one.poll)); }
    auto known = read_store(config, [&](store::Tx& tx) -> Result<Json> { return learned(tx, one); });
    made.set("store", known ? std::move(*known) : Json::object());
    return made;
}

std::string shown_text(const Json& one) {
    const auto* plugin = one.find("plugin");
    const auto* reached = one.find("reached");
    const auto* store = one.find("store");
    std::string text = one.text("name") + "  " + one.text("display_name") + "  (" + one.text("type") + ")\n";
    if (const auto endpoint = reached->maybe_text("api_endpoint")) { text += "  reached at " + *endpoint + "\n"; }
    for (const auto& folder : reached->find("folders")->items()) {
        text += "  " + column(folder.text("setting"), 8) + folder.text("path") + " (" + folder.text("access") + ")\n";
    }
    text += "  plugin  " + plugin->text("name") + " " + plugin->text("version") + "  " +
            plugin->text("digest").substr(0, digest_shown) + "  " + plugin->text("isolation") + "  " + plugin->text("file") +
            "\n";
    for (const auto& operation : one.find("classes")->items()) {
        text += "  " + column(operation.text("operation"), 12) + operation.text("class") + ": " + operation.text("why");
        for (const char* const time : {"key_valid_for", "visible_within"}) {
            if (const auto span = operation.maybe_text(time)) { text += ", " + std::string(time) + " " + *span; }
        }
        text += "\n";
    }
    const auto* limits = one.find("limits");
    text += "  limits  " + std::to_string(limits->integer("concurrency")) + " calls in flight" +
            (limits->text("rate").empty() ? "" : ", " + limits->text("rate")) + "\n";
    for (const auto& [word, status] : one.find("statuses")->members()) {
        text += "  status  " + word + " -> " + (status.is_object() ? status.text("status") : status.as_string());
        for (const char* const beside : {"payment", "quote"}) {
            if (status.is_object() && status.maybe_text(beside)) {
                text += ", " + std::string(beside) + " " + status.text(beside);
            }
        }
        text += "\n";
    }
    const auto* webhook = one.find("webhook");
    text += webhook == nullptr ? "  no webhooks\n" : "  webhook " + webhook->text("scheme") + "  " + webhook->text("url") + "\n";
    if (const auto* poll = one.find("poll")) {
        text += "  poll    silent for " + poll->text("silent_for") + ": asked every " + poll->text("every") + " to " +
                poll->text("every_max") + ", until " + poll->text("until") + ", for " + poll->text("give_up_after") +
                " at most\n";
    }
    else { text += "  not asked for silent orders\n"; }
    if (const auto* disabled = store->find("disabled")) {
        text += "  DISABLED since " + disabled->text("since") +
                (disabled->text("reason").empty() ? "" : ": " + disabled->text("reason")) + "\n";
    }
    if (const auto* behind = store->find("behind"); behind != nullptr && !behind->items().empty()) {
        text += "  the daemon has not read this file yet (" +
                joined(behind->items(), ", ", [](const Json& column) { return column.as_string(); }) +
                "); `crossdock reload` has it do so\n";
    }
    if (const auto* paused = store->find("paused")) {
        text += "  PAUSED since " + paused->text("since") + ": " + paused->text("reason") + "\n";
    }
    return text;
}

/// What one question came to.
struct Proof {
    enum class What { proven, refused, unreachable, unclear } what = What::unclear;
    std::string text;
};

std::string why_of(const plugin::CallAnswer& answer) {
    std::string why = answer.output.text("exchange");
    for (const auto& more : {answer.output.text("reason"), answer.text}) {
        if (!more.empty()) { why += (why.empty() ? "" : "; ") + more; }
    }
    return why;
}

Proof judged(const plugin::CallAnswer& answer, bool understood, const std::string& operation) {
    const auto status = answer.status == plugin::CallStatus::answered ? answer.output.integer("status", 200) : answer.peer_status;
    const std::string what = operation + ": " + why_of(answer);
    if (status == 401 || status == 403) { return {Proof::What::refused, what}; }
    if (understood) { return {Proof::What::proven, what}; }
    const auto transport = answer.output.text("transport");
    const bool nobody =
        transport == "not_sent" || transport == "cut" || (answer.status != plugin::CallStatus::answered && status == 0);
    return {nobody ? Proof::What::unreachable : Proof::What::unclear, what};
}

/// Asks for an order that cannot be there: one small request that reads. Where that proves nothing, since not every supplier can
/// be asked so, the stock is read; its rows are counted and dropped.
Proof prove(check::PluginBench& bench, const plugin::Manifest& manifest, milliseconds request_timeout) {
    const auto offers = [&](const char* operation) {
        return std::find(manifest.operations.begin(), manifest.operations.end(), operation) != manifest.operations.end();
    };
    plugin::Call call;
    call.timeout = requests_per_question * request_timeout;
    Proof proof{Proof::What::unclear,
                "the plugin has neither find_order nor sync_inventory: nothing can be asked without ordering"};
    if (offers("find_order")) {
        call.operation = "find_order";
        call.input = Json::object({{"reference", "crossdock-supplier-test-" + std::to_string(system_utc_ms())}});
        const auto answer = bench.call(call).answer;
        const auto* matches = answer.output.find("matches");
        proof = judged(answer, answer.status == plugin::CallStatus::answered && matches != nullptr && matches->is_array(),
                       call.operation);
        if (proof.what != Proof::What::unclear) { return proof; }
    }
    if (offers("sync_inventory")) {
        call.operation = "sync_inventory";
        call.input = Json::object();
        call.timeout = 10 * call.timeout;
        const auto [answer, rows] = bench.call(call);
        proof = judged(answer, answer.status == plugin::CallStatus::answered || !rows.items().empty(), call.operation);
        proof.text += " (" + std::to_string(rows.items().size()) + " rows)";
    }
    return proof;
}

int run_test(const CommandLine& line, const std::string& name) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto account = account_of(*config, name);
    if (!account) { return fail(line, account.error(), exit_failed); }
    const auto secrets = open_secrets(*config);
    if (!secrets) { return fail(line, secrets.error(), exit_bad_config); }
    auto specs = worker_specs(*config, *secrets, "");
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& one) { return one.name == name; });
    spec->in_process = false;
    spec->quarantine = true;
    const auto request_timeout = spec->request_timeout;
    check::PluginBench bench;
    auto manifest = bench.start(std::move(*spec));
    if (!manifest) { return fail(line, manifest.error(), exit_bad_config); }
    std::erase_if(manifest->operations, [&](const std::string& operation) {
        return plugin::lacking_setting(manifest->schema, (*account)->settings, operation).has_value();
    });
    const auto proof = prove(bench, *manifest, request_timeout);
    struct Words {
        const char* result;
        const char* text;
    };
    const Words words = proof.what == Proof::What::proven        ? Words{"ok", "it answers, and takes our credentials"}
                        : proof.what == Proof::What::refused     ? Words{"refused", "it refuses our credentials"}
                        : proof.what == Proof::What::unreachable ? Words{"unreachable", "it cannot be reached"}
                                                                 : Words{"unclear", "its answer proves nothing"};
    const int shown =
        show(line, Json::object({{"account", name}, {"result", words.result}, {"detail", proof.text}, {"ordered", false}}),
             name + ": " + words.text + "\n  " + proof.text + "\n");
    return proof.what == Proof::What::proven ? shown : exit_failed;
}

}  // namespace

void add_supplier_show_commands(CLI::App& supplier, CommandLine& line) {
    auto name = std::make_shared<std::string>();
    auto* show_command = supplier.add_subcommand("show", "Show an account: how it is reached, what it may claim and why");
    show_command->add_option("account", *name)->required();
    show_command->callback([&line, name] {
        Log::set_level(LogLevel::warning);
        const auto config = line.load();
        if (!config) {
            line.exit_code = fail(line, config.error(), exit_bad_config);
            return;
        }
        const auto made = shown(*config, *name);
        line.exit_code = made ? show(line, *made, shown_text(*made)) : fail(line, made.error(), exit_failed);
    });
    auto* test_command =
        supplier.add_subcommand("test", "Ask an account for an order that cannot be there, else for its stock; orders nothing");
    test_command->add_option("account", *name)->required();
    test_command->callback([&line, name] {
        Log::set_level(LogLevel::warning);
        line.exit_code = run_test(line, *name);
    });
}

}  // namespace crossdock::app
