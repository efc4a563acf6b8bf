// doctor: what of this machine keeps Crossdock from holding all that it promises.
#include "app/command.hpp"
#include "app/setup.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "check/plugin_bench.hpp"

#include <CLI/CLI.hpp>

namespace crossdock::app {
namespace {

/// A certificate is renewed before that; doctor and whoever watches it say so when it was not.
constexpr std::int64_t days_least = 14;

/// The certificate that the config names; nothing without a config, or where it names none.
std::optional<Json> certificate_check(const CommandLine& line) {
    const auto config = line.load();
    if (!config || !config->tls) { return {}; }
    const UtcMs now = system_utc_ms();
    const auto tls = read_tls(*config, now);
    Json check = Json::object({{"name", "certificate"}, {"ok", tls.has_value()}});
    if (!tls) {
        check.set("text", tls.error().text());
        return check;
    }
    const auto days = (*tls)->days_left(now);
    check.set("ok", days >= days_least);
    check.set("text", "the certificate of " + (*tls)->name + " is valid for " + std::to_string(days) + " days more, until " +
                          rfc3339((*tls)->not_after));
    check.set("days_left", days);
    return check;
}

int doctor(const CommandLine& line) {
    const auto confinement = check::inspect_confinement();
    if (!confinement) { return fail(line, confinement.error(), exit_failed); }
    bool ok = confinement->secret_isolated();
    std::string text = std::string(ok ? "ok   " : "weak ") + "worker confinement: plugins are " + confinement->text() + "\n";
    Json check = Json::object({{"name", "worker confinement"}, {"ok", ok}, {"text", confinement->text()}});
    check.set("confinement", confinement->json());
    Json checks = Json::array();
    checks.push(std::move(check));
    if (auto certificate = certificate_check(line)) {
        const bool fine = certificate->boolean("ok");
        text += std::string(fine ? "ok   " : "weak ") + "certificate: " + certificate->text("text") + "\n";
        ok = ok && fine;
        checks.push(std::move(*certificate));
    }
    (void)show(line, Json::object({{"ok", ok}, {"checks", std::move(checks)}}), text);
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
