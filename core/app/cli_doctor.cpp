// doctor: what of this machine keeps Crossdock from holding all that it promises.
#include "app/command.hpp"
#include "base/log.hpp"
#include "check/plugin_bench.hpp"

#include <CLI/CLI.hpp>

namespace crossdock::app {
namespace {

int doctor(const CommandLine& line) {
    const auto confinement = check::inspect_confinement();
    if (!confinement) { return fail(line, confinement.error(), exit_failed); }
    const bool ok = confinement->secret_isolated();
    Json check = Json::object({{"name", "worker confinement"}, {"ok", ok}, {"text", confinement->text()}});
    check.set("confinement", confinement->json());
    Json checks = Json::array();
    checks.push(std::move(check));
    (void)show(line, Json::object({{"ok", ok}, {"checks", std::move(checks)}}),
               std::string(ok ? "ok   " : "weak ") + "worker confinement: plugins are " + confinement->text() + "\n");
    return ok ? exit_ok : exit_failed;
}

}  // namespace

void add_doctor_command(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("doctor", "Check this machine: does its kernel keep plugins from each other's secrets?");
    command->callback([&line] {
        Log::set_level(LogLevel::warning);
        line.exit_code = doctor(line);
    });
}

}  // namespace crossdock::app
