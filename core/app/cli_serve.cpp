// serve, reload, lint, version, debug journal-points.
#include "app/command.hpp"
#include "app/control_socket.hpp"
#include "app/daemon.hpp"
#include "app/home.hpp"
#include "app/kept_secrets.hpp"
#include "app/literal_secrets.hpp"
#include "app/mail_lint.hpp"
#include "app/pipelines.hpp"
#include "app/plugin_settings.hpp"
#include "app/reload.hpp"
#include "app/setup.hpp"
#include "app/wiring.hpp"
#include "base/journal_point.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "check/plugin_bench.hpp"
#include "plugin/folders.hpp"
#include "plugin/reach.hpp"
#include "plugin/settings.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

namespace crossdock::app {
namespace {

int serve(const CommandLine& line) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    raise_file_limit();
    const char* crash_at = std::getenv("CROSSDOCK_CRASH_AT");
    return run_daemon(
        *config, [&line] { return line.load(); }, crash_at == nullptr ? "" : crash_at);
}

/// Exit codes: exit_bad_config when it was refused and nothing has changed, exit_unavailable without a daemon.
int reload_command(const CommandLine& line) {
    const auto refused = [] {
        std::fprintf(stderr, "crossdock: nothing was reloaded; the daemon goes on with what it had\n");
        return exit_bad_config;
    };
    const auto config = line.load();
    if (!config) {
        fail(line, config.error(), exit_bad_config);
        return line.json ? exit_bad_config : refused();
    }
    const auto answer = ask_daemon(Home{config->data}.control_socket(), Json::object({{"command", "reload"}}));
    if (!answer) {
        return fail(line, {"no daemon runs here that could reload; the next start reads everything anew", config->data.string()},
                    exit_unavailable);
    }
    if (!*answer) { return fail(line, answer->error(), exit_failed); }
    const Json& result = **answer;
    if (result.boolean("reloaded")) { return show(line, result, reload_text(result)); }
    if (line.json) {
        show(line, result, "");
        return exit_bad_config;
    }
    for (const auto& fault : result.find("faults")->items()) {
        std::fprintf(stderr, "crossdock: %s\n", Fault{fault.text("what"), fault.text("where")}.text().c_str());
    }
    return refused();
}

/// Holds each account and channel against its plugin's own settings schema, read through short-lived workers. Secrets may be
/// elsewhere than here; only that they are given is asked.
std::vector<Fault> plugin_faults(const Config& config) {
    OpenSecrets given;
    std::map<std::string, std::string> places;
    std::map<std::string, plugin::Manifest> manifests;
    const auto take = [&](const auto& owner) {
        for (const auto& [setting, secret] : owner.credentials) { given.credentials[owner.name][setting] = "given"; }
        places[owner.name] = owner.plugin_where;
    };
    for (const auto& account : config.accounts) { take(account); }
    for (const auto& channel : config.channels) { take(channel); }
    auto specs = worker_specs(config, given, "");
    for (const auto& keeper : config.keepers) {
        auto spec = keeper_spec(keeper, [](const SecretRef&) { return good(std::string("given")); });
        places[spec->name] = keeper.plugin_where;
        specs.push_back(std::move(*spec));
    }
    std::vector<Fault> faults;
    for (const auto& spec : specs) {
        const auto manifest = check::inspect_plugin(spec.library, spec.interface);
        if (!manifest) { faults.push_back({manifest.error().text(), places[spec.name]}); }
        else if (const auto checked = plugin::check_settings(manifest->schema, spec.settings); !checked) {
            faults.push_back({Fault{checked.error().what, spec.library.string()}.text(),
                              worker_place(config, spec.name, checked.error().what)});
        }
        else if (const auto fine = plugin::check_folders(manifest->schema, *checked, spec.grants); !fine) {
            faults.push_back({fine.error().what, fine.error().where.empty() ? places[spec.name] : fine.error().where});
        }
        else if (const auto safe = plugin::check_scheme(manifest->schema, *checked, spec.plain_http); !safe) {
            faults.push_back(
                {Fault{safe.error().what, spec.library.string()}.text(), worker_place(config, spec.name, safe.error().what)});
        }
        else { manifests.emplace(spec.name, *manifest); }
    }
    for (auto& fault : claim_faults(config, manifests)) { faults.push_back(std::move(fault)); }
    for (auto& fault : literal_secrets(config, manifests)) { faults.push_back(std::move(fault)); }
    const auto expressions = setting_expressions(config, manifests);
    faults.insert(faults.end(), expressions.faults.begin(), expressions.faults.end());
    if (expressions.all.empty()) { return faults; }
    check::PluginBench bench;
    if (const auto started = bench.start(expressions_spec()); !started) {
        faults.push_back({"the expression worker does not start: " + started.error().what, started.error().where});
        return faults;
    }
    for (auto& fault : check_faults(expressions, bench.call(check_call(expressions)).answer)) {
        faults.push_back(std::move(fault));
    }
    return faults;
}

/// The next three times at which a pipeline runs by the clock, as the config or else its file says; none for any other.
std::vector<std::string> next_times(const pipeline::Definition& definition,
                                    const std::map<std::string, model::Schedule>& chosen) {
    std::vector<std::string> times;
    if (definition.trigger.kind != pipeline::Trigger::Kind::schedule) { return times; }
    const auto other = chosen.find(definition.name);
    const model::Schedule& schedule = other == chosen.end() ? definition.trigger.schedule : other->second;
    if (!schedule.cron) { return times; }
    auto at = schedule.cron->next(schedule.zone, system_utc_ms());
    for (; at && times.size() < 3; at = schedule.cron->next(schedule.zone, *at)) { times.push_back(rfc3339(*at)); }
    return times;
}

/// Lints the files given, else the config with all its pipelines: what lints, starts.
int lint(const CommandLine& line, const std::vector<std::string>& files) {
    LoadedPipelines loaded;
    std::map<std::string, model::Schedule> schedules;
    if (files.empty()) {
        const auto config = line.load();
        if (!config) { return fail(line, config.error(), exit_bad_config); }
        schedules = config->schedules;
        loaded = load_pipelines(config->pipelines);
        check_expressions(loaded);
        if (const auto tls = read_tls(*config, system_utc_ms()); !tls) { loaded.faults.push_back(tls.error()); }
        const auto mails = expr::MailLanguages::load(config->templates);
        auto mail_trouble = mails ? mail_faults(*mails) : std::vector<Fault>{mails.error()};
        loaded.faults.insert(loaded.faults.end(), mail_trouble.begin(), mail_trouble.end());
        auto faults = plugin_faults(*config);
        loaded.faults.insert(loaded.faults.end(), faults.begin(), faults.end());
    }
    for (const auto& file : files) {
        auto definition = load_pipeline(file);
        if (definition) { loaded.definitions.push_back(std::move(*definition)); }
        else { loaded.faults.push_back(definition.error()); }
    }
    if (!files.empty()) { check_expressions(loaded); }
    Json result = Json::object({{"pipelines", Json::array()}, {"faults", Json::array()}});
    std::string text;
    for (const auto& definition : loaded.definitions) {
        Json one = Json::object({{"name", definition.name}, {"file", definition.file}, {"digest", definition.digest}});
        text += definition.file + ": ok (" + definition.name + ", " + std::to_string(definition.steps.size()) + " steps)";
        if (const auto times = next_times(definition, schedules); !times.empty()) {
            Json next = Json::array();
            for (const auto& time : times) {
                text += (time == times.front() ? ", runs next at " : ", ") + time;
                next.push(time);
            }
            one.set("next", std::move(next));
        }
        text += "\n";
        result.members()[0].second.push(std::move(one));
    }
    for (const auto& fault : loaded.faults) {
        result.members()[1].second.push(Json::object({{"where", fault.where}, {"what", fault.what}}));
        if (!line.json) { std::fprintf(stderr, "%s\n", fault.text().c_str()); }
    }
    show(line, result, text);
    return loaded.faults.empty() ? exit_ok : exit_bad_config;
}

int journal_points_command(const CommandLine& line) {
    Json list = Json::array();
    std::string text;
    for (const auto& point : journal_points()) {
        list.push(Json::object({{"name", point.name}, {"process", point.process}, {"purpose", point.purpose}}));
        std::string name = point.name;
        name.resize(std::max<std::size_t>(name.size(), 32), ' ');
        text += name + "  " + std::string(point.process) + "  " + std::string(point.purpose) + "\n";
    }
    return show(line, list, text);
}

}  // namespace

void add_serve_commands(CLI::App& app, CommandLine& line) {
    auto* serve_command = app.add_subcommand("serve", "Run the daemon");
    serve_command->callback([&line] { line.exit_code = serve(line); });

    auto* reload =
        app.add_subcommand("reload", "Have the running daemon take up changed config, accounts, pipelines and plugins");
    reload->callback([&line] { line.exit_code = reload_command(line); });

    auto* lint_command = app.add_subcommand("lint", "Check the config and its pipelines, or the pipeline files given");
    auto files = std::make_shared<std::vector<std::string>>();
    lint_command->add_option("file", *files, "Pipeline files");
    lint_command->callback([&line, files] {
        Log::set_level(LogLevel::warning);
        line.exit_code = lint(line, *files);
    });

    auto* version = app.add_subcommand("version", "Print the version");
    version->callback([&line] {
        line.exit_code = show(line, Json::object({{"version", CROSSDOCK_VERSION}}), "crossdock " CROSSDOCK_VERSION "\n");
    });

    auto* debug = app.add_subcommand("debug", "For those who test Crossdock itself");
    debug->require_subcommand(1);
    auto* points = debug->add_subcommand("journal-points", "The points at which CROSSDOCK_CRASH_AT=NAME[:n] can end a process");
    points->callback([&line] { line.exit_code = journal_points_command(line); });
}

}  // namespace crossdock::app
