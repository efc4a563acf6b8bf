// plugin check: tries a plugin against its contract.
#include "app/command.hpp"
#include "base/log.hpp"
#include "check/check.hpp"
#include "config/plugin_files.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;

struct Given {
    std::string plugin, cassettes, junit;
    std::uint64_t seed = 1;
    std::vector<std::string> only;
    std::string timeout = "10s";
    std::string case_timeout = "2m";
    std::string interface;
    bool list = false;
};

std::string count_of(std::size_t number, const char* what) {
    return std::to_string(number) + " " + what;
}

std::string case_text(const check::CaseReport& one) {
    const char* mark = one.verdict == check::Verdict::passed   ? "ok      "
                       : one.verdict == check::Verdict::failed ? "FAILED  "
                                                               : "skipped ";
    std::string text = std::string(mark) + one.name + "\n";
    for (const auto& line : one.lines) { text += "          " + line + "\n"; }
    return text;
}

/// Shows each case as it ends; on a terminal, passed ones share a line that counts.
class Progress {
public:
    explicit Progress(bool json) : silent_(json), terminal_(!json && ::isatty(STDOUT_FILENO) != 0) {}

    void show(const check::CaseReport& one, std::size_t of) {
        ++done_;
        if (silent_) { return; }
        if (!terminal_) {
            std::fputs(case_text(one).c_str(), stdout);
            std::fflush(stdout);
            return;
        }
        if (one.verdict != check::Verdict::passed) { std::printf("\r\x1b[K%s", case_text(one).c_str()); }
        std::printf("\r\x1b[K[%zu/%zu] %s", done_, of, one.name.c_str());
        std::fflush(stdout);
    }
    void end() const {
        if (terminal_) { std::fputs("\r\x1b[K", stdout); }
    }

private:
    bool silent_;
    bool terminal_;
    std::size_t done_ = 0;
};

Result<check::Options> options_of(const CommandLine& line, const Given& given) {
    const auto folders = plugin_folders(line);
    if (!folders) { return folders.error(); }
    auto file = find_plugin(given.plugin, fs::current_path(), *folders);
    if (!file) { return file.error(); }
    const auto patience = parse_duration(given.timeout);
    if (!patience) { return Fault{patience.error().what, "--timeout"}; }
    const auto case_patience = parse_duration(given.case_timeout);
    if (!case_patience) { return Fault{case_patience.error().what, "--case-timeout"}; }
    check::Options options;
    options.case_patience = *case_patience;
    options.interface = given.interface;
    options.library = std::move(*file);
    options.seed = given.seed;
    options.only = given.only;
    options.patience = *patience;
    if (!given.cassettes.empty()) { options.cassettes = given.cassettes; }
    return options;
}

int list(const CommandLine& line, const check::Options& options) {
    const auto cases = check::list(options);
    if (!cases) { return fail(line, cases.error(), exit_usage); }
    Json all = Json::array();
    std::string text;
    for (const auto& one : *cases) {
        all.push(Json::object({{"name", one.name}, {"title", one.title}}));
        text += one.name + "\n    " + one.title + "\n";
    }
    return show(line, all, text);
}

int run_check(const CommandLine& line, const Given& given) {
    const auto options = options_of(line, given);
    if (!options) { return fail(line, options.error(), exit_usage); }
    if (given.list) { return list(line, *options); }
    std::ofstream junit;
    if (!given.junit.empty()) {
        junit.open(given.junit, std::ios::binary);
        if (!junit) { return fail(line, Fault{"the report cannot be written", given.junit}, exit_usage); }
    }
    Progress progress(line.json);
    const auto report =
        check::run(*options, [&progress](const check::CaseReport& one, std::size_t of) { progress.show(one, of); });
    progress.end();
    if (!report) { return fail(line, report.error(), exit_usage); }
    junit << check::report_junit(*report);
    junit.close();
    const bool written = given.junit.empty() || !junit.fail();
    const auto failed = report->count(check::Verdict::failed);
    const auto skipped = report->count(check::Verdict::skipped);
    std::string text = (report->plugin.empty() ? report->library : report->plugin) + ": " +
                       count_of(report->count(check::Verdict::passed), "passed, ") + count_of(failed, "failed");
    if (skipped > 0) { text += ", " + count_of(skipped, "skipped"); }
    text += " (seed " + std::to_string(report->seed) + ")\n";
    (void)show(line, check::report_json(*report), text);
    if (!written) { return fail(line, Fault{"the report cannot be written", given.junit}, exit_failed); }
    return failed == 0 ? exit_ok : exit_failed;
}

}  // namespace

void add_plugin_check_command(CLI::App& plugin, CommandLine& line) {
    auto given = std::make_shared<Given>();
    auto* command =
        plugin.add_subcommand("check", "Try one against its contract and a hostile peer; 0: no case failed, 1: one did");
    command->add_option("plugin", given->plugin, "A file, or a name looked up in the plugin folders")->required();
    command->add_option(
        "--cassettes", given->cassettes,
        "The recorded conversations that say how its peer speaks (default: cassettes beside the library, ../cassettes "
        "or ../tests/cassettes)");
    command->add_option("--seed", given->seed, "For what is made at random; the same seed does the same again")
        ->capture_default_str();
    command->add_option("--case", given->only, "Only that case, or all that begin so: create_order; may be repeated");
    command->add_flag("--list", given->list, "Name the cases instead of running them");
    command->add_option("--timeout", given->timeout, "How long one call may take")->capture_default_str();
    command->add_option("--case-timeout", given->case_timeout, "How long one case may take")->capture_default_str();
    command->add_option("--interface", given->interface, "Of a plugin that has several, the one to try (default: its first)");
    command->add_option("--junit", given->junit, "Also write a JUnit report to this file");
    command->callback([&line, given] {
        Log::set_level(LogLevel::error);
        line.exit_code = run_check(line, *given);
    });
}

}  // namespace crossdock::app
