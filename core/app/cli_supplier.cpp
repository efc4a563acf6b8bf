// supplier capture: one operation against the real supplier, recorded into a cassette.
#include "app/command.hpp"
#include "app/wiring.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "check/plugin_bench.hpp"
#include "plugin/settings.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace crossdock::app {
namespace {

constexpr std::size_t input_max = 1U << 20U;
/// A whole feed may be pulled.
constexpr milliseconds capture_timeout{600'000};

struct Given {
    std::string account, operation, input, out;
    bool act = false;
};

Result<Json> read_input(const std::string& from) {
    if (from.empty()) { return Json::object(); }
    std::string text;
    if (from == "-") { text.assign(std::istreambuf_iterator<char>(std::cin), {}); }
    else {
        std::ifstream in(from, std::ios::binary);
        if (!in) { return Fault{"the input cannot be read", from}; }
        text.assign(std::istreambuf_iterator<char>(in), {});
    }
    auto input = Json::parse(text, {input_max, 70});
    if (!input) { return Fault{input.error().what, from + ":" + input.error().where}; }
    if (!input->is_object()) { return Fault{"the input is no JSON object", from}; }
    return input;
}

Result<plugin::WorkerSpec> spec_of(const Config& config, const std::string& account) {
    const auto secrets = open_secrets(config);
    if (!secrets) { return secrets.error(); }
    auto specs = worker_specs(config, *secrets, "");
    for (auto& spec : specs) {
        if (spec.name == account) { return std::move(spec); }
    }
    return Fault{"there is no account or channel \"" + account + "\"; the config has " +
                 (specs.empty() ? "none" : joined(specs, ", ", &plugin::WorkerSpec::name))};
}

/// The settings as a cassette shows them: a secret by its placeholder.
Json shown_settings(const Json& schema, const Json& settings) {
    Json shown = Json::object();
    for (const auto& [name, value] : settings.members()) {
        if (plugin::is_secret(schema, name)) { shown.set(name, "{{" + name + "}}"); }
        else { shown.set(name, value); }
    }
    return shown;
}

/// A cassette's output does not repeat how long the exchange took.
Json without_exchange(const Json& output) {
    Json made = Json::object();
    for (const auto& [name, value] : output.members()) {
        if (name != "exchange") { made.set(name, value); }
    }
    return made;
}

Result<Json> capture(const Config& config, const Given& given, const Json& input) {
    auto spec = spec_of(config, given.account);
    if (!spec) { return spec.error(); }
    const auto settings = spec->settings;
    const auto request_timeout = spec->request_timeout;
    check::PluginBench bench;
    const auto manifest = bench.start(std::move(*spec));
    if (!manifest) { return manifest.error(); }
    plugin::Call call;
    call.operation = given.operation;
    call.input = input;
    call.record = true;
    call.effect = plugin::is_effect(given.operation);
    call.timeout = capture_timeout;
    if (call.effect) { call.not_after = system_boot_ms() + request_timeout.count(); }
    auto [answer, rows] = bench.call(std::move(call));
    if (answer.exchanges_cut) { return Fault{"more was exchanged than a cassette holds (4 MiB)", given.account}; }
    if (!answer.exchanges.is_array()) { return Fault{"the plugin gave no answer: " + answer.text, given.account}; }
    Json cassette = Json::object();
    cassette.set("cassette", 1).set("interface", manifest->interface).set("operation", given.operation);
    cassette.set("settings", shown_settings(manifest->schema, settings)).set("input", input).set("exchanges", answer.exchanges);
    if (answer.evaluations.is_array()) { cassette.set("evaluations", answer.evaluations); }
    if (given.operation == "sync_inventory") { cassette.set("rows", std::move(rows)); }
    if (answer.status == plugin::CallStatus::answered) { cassette.set("output", without_exchange(answer.output)); }
    else { cassette.set("fault", answer.text); }
    return cassette;
}

int run_capture(const CommandLine& line, const Given& given) {
    if (plugin::is_effect(given.operation) && !given.act) {
        return fail(line,
                    Fault{given.operation + " acts: the supplier would take it for real, and Crossdock would not know of it. "
                                            "Say --act if that is what you want"},
                    exit_usage);
    }
    const auto input = read_input(given.input);
    if (!input) { return fail(line, input.error(), exit_usage); }
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto cassette = capture(*config, given, *input);
    if (!cassette) { return fail(line, cassette.error(), exit_failed); }
    const std::string text = cassette->pretty() + "\n";
    if (given.out.empty()) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return exit_ok;
    }
    std::ofstream out(given.out, std::ios::binary);
    out << text;
    out.close();
    if (!out) { return fail(line, Fault{"the cassette cannot be written", given.out}, exit_failed); }
    const auto* fault = cassette->find("fault");
    const auto count = cassette->find("exchanges")->items().size();
    return show(
        line,
        Json::object(
            {{"file", given.out}, {"exchanges", static_cast<std::int64_t>(count)}, {"fault", cassette->maybe_text("fault")}}),
        given.out + ": " + std::to_string(count) + (count == 1 ? " exchange" : " exchanges") +
            (fault != nullptr ? ", ending in the fault: " + fault->as_string() : "") +
            ". Secrets of the account are replaced; read it before you share it\n");
}

}  // namespace

void add_supplier_capture_command(CLI::App& supplier, CommandLine& line) {
    auto given = std::make_shared<Given>();
    auto* command = supplier.add_subcommand("capture", "Run one operation for real and record it as a cassette for tests");
    command->add_option("account", given->account, "An account (or a channel) of the config")->required();
    command->add_option("operation", given->operation, "find_order, get_order_status, sync_inventory, handle_webhook, ...")
        ->required();
    command->add_option("--input", given->input, "The operation's input, a JSON file or - (default: an empty object)");
    command->add_option("--out", given->out, "The cassette to write (default: standard output)");
    command->add_flag("--act", given->act, "Allow operations that change the outside world: create_order, cancel_order, deliver");
    command->callback([&line, given] {
        Log::set_level(LogLevel::warning);
        line.exit_code = run_capture(line, *given);
    });
}

}  // namespace crossdock::app
