// Bad configs, pipelines, plugins, folders and command lines, given to processes of their own.
#include "error_rows.hpp"

#include "support/certificates.hpp"

#include <algorithm>

namespace crossdock::system_tests {
namespace {

enum class Where { config, supplier, pipeline };

/// A row whose config, supplier file or pipeline differs from the shipped one in one place; lint must say what serve says.
BadInput spoiled(std::string name, Where where, std::string from, std::string to) {
    return {std::move(name), [where, from = std::move(from), to = std::move(to)](House& house) {
                Trial trial(house);
                const auto file = where == Where::config     ? trial.config()
                                  : where == Where::supplier ? trial.supplier()
                                                             : trial.pipeline();
                Trial::edit(file, from, to);
                return trial.lint_and_serve();
            }};
}

/// The same for what only shows when the workers start.
BadInput starting(std::string name, Where where, std::string from, std::string to) {
    return {std::move(name), [where, from = std::move(from), to = std::move(to)](House& house) {
                Trial trial(house);
                Trial::edit(where == Where::config ? trial.config() : trial.supplier(), from, to);
                return trial.serve();
            }};
}

Seen wrong_abi(House& house) {
    Trial trial(house);
    const auto plugin = (executable_folder() / "../tests/plugins/libwrong_abi_new.so").lexically_normal();
    Trial::edit(trial.supplier(), "plugin: phonex", "plugin: " + plugin.string());
    return trial.lint_and_serve();
}

Seen strict_in_process(House& house) {
    Trial trial(house);
    Trial::edit(trial.supplier(), "not_after: 3s", "isolation: in-process");
    Trial::edit(trial.config(), "test: { crash_points: true }", "workers: { confinement: strict }");
    return trial.lint_and_serve();
}

/// A config that names a certificate and key that were made so.
Seen with_certificate(House& house, const support::CertificateMade& made, std::filesystem::perms more = {}) {
    Trial trial(house);
    const auto folder = trial.config().parent_path();
    support::write_certificate(folder / "cert.pem", folder / "key.pem", made);
    std::filesystem::permissions(folder / "key.pem", more, std::filesystem::perm_options::add);
    Trial::edit(trial.config(), "listen: { host: 127.0.0.1,", "listen: { tls: { certificate: cert.pem, key: key.pem },");
    return trial.lint_and_serve();
}

Seen other_key(House& house) {
    Trial trial(house);
    const auto folder = trial.config().parent_path();
    support::write_certificate(folder / "cert.pem", folder / "key.pem");
    support::write_certificate(folder / "other.pem", folder / "key.pem");
    Trial::edit(trial.config(), "listen: { host: 127.0.0.1,", "listen: { tls: { certificate: cert.pem, key: key.pem },");
    return trial.lint_and_serve();
}

Seen refused_setting(House& house) {
    Trial trial(house);
    Trial::edit(trial.config(), "port: " + std::to_string(house.idle().mail_port()), "port: 0");
    return trial.lint_and_serve();
}

Seen missing_secret(House& house) {
    return Trial(house).serve({}, {"CROSSDOCK_DEMO_PHONEX_KEY"});
}

Seen file_as_data_folder(House& house) {
    Trial trial(house);
    write_file(trial.data(), "not a folder");
    return trial.serve();
}

Seen damaged_store(House& house) {
    Trial trial(house);
    std::filesystem::create_directory(trial.data());
    write_file(trial.data() / "store.sqlite3", std::string(8192, 'x'));
    return trial.serve();
}

/// A folder in the store's place cannot be written as a file by anybody, root included.
Seen unwritable_store(House& house) {
    Trial trial(house);
    std::filesystem::create_directories(trial.data() / "store.sqlite3");
    return trial.serve();
}

Seen second_daemon(House& house) {
    return house.run({"serve", "--config", house.running().config().string(), "--port", "0"});
}

Seen wrong_sealing_key(House& house) {
    Trial trial(house);
    trial.copy_store();
    return trial.serve({}, {"CROSSDOCK_MASTER_KEY=" + std::string(64, '0')});
}

Seen missing_sealing_key(House& house) {
    Trial trial(house);
    trial.copy_store();
    std::filesystem::remove(trial.data() / "master.key");
    return trial.serve();
}

Seen readable_sealing_key(House& house) {
    Trial trial(house);
    trial.copy_store();
    std::filesystem::permissions(trial.data() / "master.key", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    return trial.serve();
}

Seen on_idle(House& house, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", house.idle().config().string()});
    return house.run(arguments);
}

/// A row that runs a command against a store that no daemon has open.
BadInput command(std::string name, std::vector<std::string> arguments) {
    return {std::move(name), [arguments = std::move(arguments)](House& house) { return on_idle(house, arguments); }};
}

Seen submit(House& house, const std::filesystem::path& config, const std::string& key) {
    const auto file = house.new_folder() / "order.json";
    write_file(file, order_with("\"quantity\": 10", "\"quantity\": 0"));
    return house.run({"order", "submit", file.string(), "--key", key, "--config", config.string()});
}

}  // namespace

std::vector<BadInput> config_rows() {
    return {
        {"wrong config path",
         [](House& house) {
             return house.run({"serve", "--config", "/nowhere/crossdock.yaml"});
         }},
        spoiled("unknown YAML key", Where::config, "currency:", "curency:"),
        spoiled("duplicate YAML key", Where::config, "currency: USD", "currency: USD\ncurrency: EUR"),
        spoiled("no valid YAML", Where::config, "{ host: 127.0.0.1,", "{ host: 127.0.0.1"),
        spoiled("wrong value in the config", Where::config, "not_after: 3s", "not_after: soon"),
        spoiled("unknown mechanism", Where::config, "crash_points: true", "crash_points: true, without: [lanes]"),
        spoiled("unknown isolation", Where::supplier, "not_after: 3s", "isolation: thread"),
        spoiled("rate without a unit", Where::supplier, "not_after: 3s", "limits: { rate: 10 }"),
        spoiled("HTTP in clear beyond loopback", Where::config, "host: 127.0.0.1", "host: 0.0.0.0"),
        {"expired certificate",
         [](House& house) {
             return with_certificate(house, {.from = std::chrono::hours{-48}, .until = std::chrono::hours{-24}});
         }},
        {"key of another certificate", other_key},
        {"key file that others may read",
         [](House& house) { return with_certificate(house, {}, std::filesystem::perms::others_read); }},
        {"in-process plugin under a strict config", strict_in_process},
        spoiled("missing supplier file", Where::config, "suppliers/phonex.yaml", "suppliers/phonix.yaml"),
        spoiled("route to an unknown account", Where::config, "wesellcellular: phonex", "wesellcellular: phonix"),
        spoiled("unknown status word", Where::supplier, "shipped: shipped", "shipped: shiped"),
        spoiled("`repeatable` for an order", Where::supplier, "class: idempotent", "class: repeatable"),
        spoiled("secret written into the config", Where::supplier, "{ env: CROSSDOCK_DEMO_PHONEX_KEY }", secret_in_a_config),
        spoiled("secret under `settings`", Where::supplier, "credentials:\n  api_key: { env: CROSSDOCK_DEMO_PHONEX_KEY }\n",
                std::string("settings: { api_key: ") + secret_in_a_config + " }\n"),
        spoiled("what looks like a secret", Where::config, "tls: none",
                std::string("tls: none, username: Bearer ") + secret_in_a_config),
        spoiled("http: to another machine", Where::supplier, "api_endpoint: http://127.0.0.1:", "api_endpoint: http://10.0.0.1:"),
        spoiled("place under `reach` that is none", Where::supplier, "not_after: 3s", "reach: [https://cdn.example]"),
        spoiled("unknown webhook scheme", Where::supplier, "scheme: phonex", "scheme: githib"),
        spoiled("webhook time that nobody signs", Where::supplier, "scheme: phonex",
                "scheme: { header: S, algorithm: hmac-sha256, encoding: hex, signed: '{body}', timestamp: { header: T } }"),
        starting("webhook secret that is not as its scheme has it", Where::supplier, "scheme: phonex",
                 "scheme: standard-webhooks"),
        {"missing secret variable", missing_secret},
        starting("secret that is not in the store", Where::supplier, "{ env: CROSSDOCK_DEMO_PHONEX_KEY }", "secret://phonex-key"),
        spoiled("bad expression", Where::pipeline, "${{ .order.supplier }}", "${{ .order.total > }}"),
        spoiled("expression with an unknown function", Where::pipeline, "${{ .order.supplier }}",
                "${{ .order.supplier | lenght }}"),
        spoiled("expression that asks for the environment", Where::pipeline, "${{ .order.supplier }}", "${{ env.HOME }}"),
        spoiled("expression that asks for the time", Where::pipeline, "${{ .order.supplier }}", "${{ now }}"),
        spoiled("expression that reads a file", Where::pipeline, "\"${{ .order.supplier }}\"", "'${{ include \"x\"; . }}'"),
        spoiled("expression with a bracket too many", Where::pipeline, "${{ .order.supplier }}", "${{ .order.supplier) }}"),
        spoiled("condition with text around it", Where::pipeline, "    with:\n", "    if: not ${{ .order.test }}\n    with:\n"),
        spoiled("expression cut by YAML", Where::pipeline, "\"${{ .order.supplier }}\"", "${{ .order # supplier }}"),
        spoiled("expression that names nothing", Where::pipeline, "${{ .order.supplier }}", "${{ .steps.check.supplier }}"),
        spoiled("unknown step type", Where::pipeline, "supplier.create_order", "supplier.create_ordr"),
        spoiled("wrong cron time", Where::pipeline, "{ order: placed }", "{ schedule: { cron: \"30 25 * * *\" } }"),
        spoiled("date that never comes", Where::pipeline, "{ order: placed }", "{ schedule: { cron: \"0 0 30 2 *\" } }"),
        spoiled("unknown time zone", Where::pipeline, "{ order: placed }",
                "{ schedule: { cron: \"@daily\", timezone: Europe/Viena } }"),
        spoiled("wrong schedule in the config", Where::config, "{ inventory-sync: 2s }",
                "{ inventory-sync: { cron: \"* * *\" } }"),
        spoiled("wait that never ends", Where::pipeline, "steps:\n",
                "steps:\n  - use: wait_for\n    with: { event: order.shipped }\n"),
        spoiled("missing plugin file", Where::supplier, "plugin: phonex", "plugin: phonix"),
        {"wrong ABI version", wrong_abi},
        spoiled("plugin that is no library", Where::supplier, "plugin: phonex", "plugin: ./phonex.yaml"),
        spoiled("plugin of another kind", Where::supplier, "plugin: phonex", "plugin: email"),
        spoiled("setting that the plugin does not know", Where::config, "tls: none", "tls: none, colour: blue"),
        {"setting that the plugin refuses", refused_setting},
        spoiled("missing setting", Where::supplier, "credentials:\n  api_key: { env: CROSSDOCK_DEMO_PHONEX_KEY }\n", ""),
    };
}

std::vector<BadInput> start_rows() {
    return {
        {"busy port",
         [](House& house) {
             return Trial(house).serve({"--port", std::to_string(house.running().api_port())});
         }},
        {"unwritable data folder",
         [](House& house) {
             return Trial(house).serve({"--data", "/proc/crossdock"});
         }},
        {"file in place of the data folder", file_as_data_folder},
        {"unwritable store", unwritable_store},
        {"damaged store", damaged_store},
        {"second daemon on one store", second_daemon},
        {"wrong sealing key", wrong_sealing_key},
        {"missing sealing key", missing_sealing_key},
        {"malformed sealing key", [](House& house) { return Trial(house).serve({}, {"CROSSDOCK_MASTER_KEY=secret"}); }},
        {"sealing key that others may read", readable_sealing_key},
        {"unknown crash point",
         [](House& house) { return Trial(house).serve({}, {"CROSSDOCK_CRASH_AT=order_accept.befor_commit"}); }},
    };
}

namespace {

/// What a running daemon says of a file that was changed under it; the file is put right again.
Seen reload(House& house, const std::filesystem::path& file, const std::string& from, const std::string& to) {
    const auto before = read_file(file);
    Trial::edit(file, from, to);
    auto seen = house.run({"reload", "--config", house.running().config().string()});
    write_file(file, before);
    return seen;
}

BadInput on_running(std::string name, std::vector<std::string> arguments) {
    return {std::move(name), [arguments = std::move(arguments)](House& house) {
                auto all = arguments;
                all.insert(all.end(), {"--config", house.running().config().string()});
                return house.run(std::move(all));
            }};
}

}  // namespace

std::vector<BadInput> command_rows() {
    return {
        command("unknown option", {"order", "list", "--colour"}),
        command("unknown command", {"ordre"}),
        command("port out of range", {"serve", "--port", "70000"}),
        command("story of an unknown order", {"order", "show", "NOWHERE-1"}),
        {"reading without a store",
         [](House& house) {
             return on_idle(house, {"order", "list", "--data", (house.new_folder() / "none").string()});
         }},
        {"order without a daemon", [](House& house) { return submit(house, house.idle().config(), "xd_none"); }},
        {"order that the daemon refuses",
         [](House& house) { return submit(house, house.running().config(), house.running().api_key()); }},
        command("order file that is not there", {"order", "submit", "/nowhere/order.json", "--key", "xd_none"}),
        command("unknown key to revoke", {"key", "revoke", "nobody"}),
        command("unknown key to rotate", {"key", "rotate", "nobody"}),
        command("overlap that is no time", {"key", "rotate", "nobody", "--overlap", "soon"}),
        command("unknown scope", {"key", "create", "platform", "--scopes", "orders:wirte"}),
        command("customer with a bad mail address", {"customer", "add", "acme", "--name", "Acme", "--email", "acme.example"}),
        command("empty secret", {"secret", "set", "phonex-key"}),
        on_running("explanation of an unknown order", {"explain", "NOWHERE-1"}),
        on_running("cancellation by command of an unknown order", {"order", "cancel", "NOWHERE-1"}),
        on_running("attention that is not there", {"attention", "resolve", "4711", "--done"}),
        on_running("attention without a word", {"attention", "resolve", "1"}),
        on_running("adopted id that is empty", {"attention", "resolve", "1", "--adopt", ""}),
        on_running("dead letter that is not there", {"dead-letter", "show", "0193"}),
        on_running("replay of everything by mistake", {"dead-letter", "replay"}),
        on_running("replay that means nothing", {"dead-letter", "replay", "--all", "--account", "phonix"}),
        {"reload without a daemon", [](House& house) { return on_idle(house, {"reload"}); }},
        {"reload of what takes a restart",
         [](House& house) { return reload(house, house.running().config(), "host: 127.0.0.1", "host: 127.0.0.2"); }},
        {"reload of a bad account",
         [](House& house) {
             const auto suppliers = house.running().config().parent_path() / "suppliers";
             return reload(house, suppliers / "phonex.yaml", "CROSSDOCK_DEMO_PHONEX_KEY", "CROSSDOCK_NOT_SET");
         }},
        command("pipeline file that is not there", {"lint", "/nowhere/order-forward.yaml"}),
    };
}

}  // namespace crossdock::system_tests
