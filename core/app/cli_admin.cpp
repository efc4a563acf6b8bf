// customer add|list, key create|list|revoke, secret set|list, supplier enable|disable.
#include "api/auth.hpp"
#include "app/command.hpp"
#include "app/registry.hpp"
#include "orders/customers.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

namespace crossdock::app {
namespace {

/// All of standard input but the line end behind it, so that two lines are refused rather than one of them forgotten.
std::string given_secret() {
    std::string value((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) { value.pop_back(); }
    return value;
}

int list(const CommandLine& line, const std::function<Json(store::Tx&)>& unit,
         const std::function<std::string(const Json&)>& row) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto result = read_store(*config, [&](store::Tx& tx) -> Result<Json> { return unit(tx); });
    if (!result) { return fail(line, result.error(), exit_unavailable); }
    std::string text;
    for (const auto& one : result->items()) { text += row(one) + "\n"; }
    return show(line, *result, text);
}

void add_customers(CLI::App& app, CommandLine& line) {
    auto* customer = app.add_subcommand("customer", "Customers and how they are told");
    customer->require_subcommand(1);
    auto given = std::make_shared<orders::Customer>();
    auto* add = customer->add_subcommand("add", "Add a customer, or change one");
    add->add_option("id", given->id, "As orders name it in customer_id")->required();
    add->add_option("--name", given->name)->required();
    add->add_option("--email", given->email, "Where the client's mails go");
    add->add_option("--language", given->language, "Of the mails: en, de, or another that has templates");
    add->callback([&line, given] {
        line.exit_code = changing(line,
                                  Json::object({{"command", "customer.add"},
                                                {"id", given->id},
                                                {"name", given->name},
                                                {"email", given->email},
                                                {"language", given->language}}),
                                  [](const Json& result) { return "customer " + result.text("id") + " is stored\n"; });
    });
    add_preferences_command(*customer, line);
    auto* list_command = customer->add_subcommand("list", "List customers");
    list_command->callback([&line] {
        line.exit_code = list(line, orders::list_customers, [](const Json& one) {
            return one.text("id") + "  " + one.text("name") + "  " + one.text("email", "(no mail)");
        });
    });
}

void add_keys(CLI::App& app, CommandLine& line) {
    auto* key = app.add_subcommand("key", "API keys");
    key->require_subcommand(1);
    struct Given {
        std::string name, scopes = "orders:write read", customer, expires;
        bool import = false;
    };
    auto given = std::make_shared<Given>();
    auto* create = key->add_subcommand("create", "Create a key; it is shown this once");
    create->add_option("name", given->name)->required();
    create->add_option("--scopes", given->scopes, "orders:write, read, admin")->capture_default_str();
    create->add_option("--customer", given->customer, "Bind it to one customer");
    create->add_option("--expires", given->expires, "It ends by itself after this time, such as 90d");
    create->add_flag("--import", given->import, "Take over an existing key, read from standard input");
    create->callback([&line, given] {
        Json request = Json::object({{"command", "key.create"}, {"name", given->name}, {"scopes", given->scopes}});
        if (!given->customer.empty()) { request.set("customer_id", given->customer); }
        if (!given->expires.empty()) { request.set("expires", given->expires); }
        if (given->import) { request.set("token", given_secret()); }
        line.exit_code = changing(line, request, [](const Json& result) {
            const auto token = result.maybe_text("token");
            return token ? *token + "\n" : "key " + result.text("name") + " is stored\n";
        });
    });
    auto which = std::make_shared<std::string>();
    auto overlap = std::make_shared<std::string>("24h");
    auto* rotate = key->add_subcommand("rotate", "Make a new key in the place of another, which goes on for a while");
    rotate->add_option("key", *which, "Its id or name")->required();
    rotate->add_option("--overlap", *overlap, "How long both are taken")->capture_default_str();
    rotate->callback([&line, which, overlap] {
        line.exit_code = changing(line, Json::object({{"command", "key.rotate"}, {"key", *which}, {"overlap", *overlap}}),
                                  [](const Json& result) { return result.text("token") + "\n"; });
    });
    auto* revoke = key->add_subcommand("revoke", "Revoke a key, at once");
    revoke->add_option("key", *which, "Its id or name")->required();
    revoke->callback([&line, which] {
        line.exit_code = changing(line, Json::object({{"command", "key.revoke"}, {"key", *which}}),
                                  [](const Json& result) { return "revoked " + result.text("revoked") + "\n"; });
    });
    auto* list_command = key->add_subcommand("list", "List keys (never the keys themselves)");
    list_command->callback([&line] {
        line.exit_code = list(line, api::list_keys, [](const Json& one) {
            return one.text("id") + "  " + one.text("name") + "  " + one.text("scopes") +
                   (one.maybe_text("customer_id") ? "  of " + one.text("customer_id") : "") +
                   (one.boolean("imported") ? "  imported" : "") +
                   (one.maybe_text("last_used_at") ? "  last used " + one.text("last_used_at") : "  never used") +
                   (one.maybe_text("revoked_at")   ? "  revoked"
                    : one.maybe_text("expires_at") ? "  until " + one.text("expires_at")
                                                   : "");
        });
    });
}

std::string rotated_text(const Json& result) {
    std::string text = "sealed anew: " + std::to_string(result.integer("sealed")) + "; the sealing key's fingerprint is " +
                       result.text("fingerprint") + ", was " + result.text("before") + "\n";
    if (const auto kept = result.maybe_text("kept")) {
        return text + "The key of before is kept as " + *kept +
               ": copies of the store from before need it; remove it with the last of them\n";
    }
    return text + "Put the new key into CROSSDOCK_MASTER_KEY now: the next start takes no other\n";
}

void add_secrets(CLI::App& app, CommandLine& line) {
    auto* secret = app.add_subcommand("secret", "Secrets sealed in the store, named secret://NAME in the config");
    secret->require_subcommand(1);
    auto name = std::make_shared<std::string>();
    auto* set = secret->add_subcommand("set", "Store a secret, read from standard input");
    set->add_option("name", *name)->required();
    set->callback([&line, name] {
        line.exit_code = changing(line, Json::object({{"command", "secret.set"}, {"name", *name}, {"value", given_secret()}}),
                                  [](const Json& result) { return "secret://" + result.text("name") + " is stored\n"; });
    });
    auto* rotate = secret->add_subcommand("rotate", "Seal everything in the store anew, under another sealing key");
    auto given = std::make_shared<bool>(false);
    rotate->add_flag("--stdin", *given, "Read the key from standard input: for a daemon that has it from CROSSDOCK_MASTER_KEY");
    rotate->callback([&line, given] {
        Json request = Json::object({{"command", "secret.rotate"}});
        if (*given) { request.set("key", given_secret()); }
        line.exit_code = changing(line, request, rotated_text);
    });
    auto* list_command = secret->add_subcommand("list", "List their names");
    list_command->callback([&line] {
        const auto unit = [](store::Tx& tx) {
            Json names = Json::array();
            for (auto& [one, at] : tx.all<std::string, std::int64_t>("SELECT name, updated_at FROM secrets ORDER BY name")) {
                names.push(Json::object({{"name", one}, {"updated_at", rfc3339(at)}}));
            }
            return names;
        };
        line.exit_code =
            list(line, unit, [](const Json& one) { return "secret://" + one.text("name") + "  " + one.text("updated_at"); });
    });
}

Json audit_rows(store::Tx& tx, std::int64_t limit, const std::string& action) {
    std::vector<Json> newest;
    for (auto& [at, actor, what, subject, detail] : tx.all<std::int64_t, std::string, std::string, std::string, std::string>(
             "SELECT created_at, actor, action, subject, detail FROM audit_log WHERE action = :1 OR SUBSTR(action, 1, LENGTH(:1) "
             "+ "
             "1) = :1 || '.' OR :1 = '' ORDER BY created_at DESC, id DESC LIMIT :2",
             {action, limit})) {
        Json row = Json::object({{"at", rfc3339(at)}, {"actor", actor}, {"action", what}});
        newest.push_back(std::move(row.set("subject", subject).set("detail", detail)));
    }
    Json rows = Json::array();
    for (auto row = newest.rbegin(); row != newest.rend(); ++row) { rows.push(std::move(*row)); }
    return rows;
}

void add_audit(CLI::App& app, CommandLine& line) {
    auto* audit = app.add_subcommand("audit", "What people have changed: keys, secrets, accounts, orders, the config");
    auto limit = std::make_shared<std::int64_t>(50);
    auto action = std::make_shared<std::string>();
    audit->add_option("--limit", *limit, "How many, the newest")->check(CLI::Range(1, 10'000))->capture_default_str();
    audit->add_option("--action", *action, "Of this kind only: key, key.revoke, secret, supplier, order, ...");
    audit->callback([&line, limit, action] {
        const auto unit = [limit, action](store::Tx& tx) { return audit_rows(tx, *limit, *action); };
        line.exit_code = list(line, unit, [](const Json& one) {
            const auto detail = one.text("detail");
            return one.text("at") + "  " + column(one.text("action"), 20) + column(one.text("subject"), 38) + one.text("actor") +
                   (detail.empty() ? "" : "  " + detail);
        });
    });
}

}  // namespace

void add_supplier_enable_commands(CLI::App& supplier, CommandLine& line) {
    auto name = std::make_shared<std::string>();
    auto* enable =
        supplier.add_subcommand("enable", "Serve an account or channel again that was disabled, paused or quarantined");
    enable->add_option("name", *name, "As /readyz and the log name it")->required();
    enable->callback([&line, name] {
        line.exit_code = changing(line, Json::object({{"command", "supplier.enable"}, {"name", *name}}), enabled_text);
    });
    auto reason = std::make_shared<std::string>();
    auto* disable = supplier.add_subcommand("disable", "Send nothing new to an account until it is enabled; orders wait");
    disable->add_option("account", *name)->required();
    disable->add_option("--reason", *reason, "Shown wherever the account is");
    disable->callback([&line, name, reason] {
        line.exit_code =
            changing(line, Json::object({{"command", "supplier.disable"}, {"name", *name}, {"reason", *reason}}), disabled_text);
    });
}

void add_admin_commands(CLI::App& app, CommandLine& line) {
    add_customers(app, line);
    add_keys(app, line);
    add_secrets(app, line);
    add_audit(app, line);
}

}  // namespace crossdock::app
