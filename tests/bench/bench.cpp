// crossdock_bench [RUNS] [PART...] [--reader-seconds N]; without a PART, all of them:
// start: from the start of `crossdock serve` until /readyz answers 200, and what it weighs when idle. The demo's config: one
// supplier account and one mail channel, each in a worker. The first run syncs the inventory, all others find it.
// workers: what a call of a plugin costs, and what a daemon answers while a supplier is slow.
// ingest, forward, commits: see the files of these names. Figures are for comparison with the limits of the same run.
#include "app/demo_rig.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "load.hpp"
#include "measure.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <thread>

namespace {

using namespace crossdock;
namespace fs = std::filesystem;
using bench::give_up;
using bench::memory_mib;
using bench::Ms;
using bench::Scratch;
using bench::Timer;

constexpr std::chrono::seconds idle_time{2};
/// For how long the idle daemon is watched.
constexpr std::chrono::seconds watch_time{5};

double median(const std::vector<double>& values) {
    return bench::quantile(values, 0.5);
}

Process started(const ProcessSpec& spec) {
    auto child = Process::spawn(spec);
    if (!child) { give_up(child.error().text()); }
    return std::move(*child);
}

/// Milliseconds to start an empty program and see it end.
double empty_program_ms(const fs::path& program) {
    const auto begun = Timer::now();
    Process child = started({.program = program});
    child.wait();
    return Ms(Timer::now() - begun).count();
}

/// Milliseconds from starting the daemon until it says that it is ready, its workers included.
double start_to_ready_ms(app::DemoRig& rig) {
    const auto begun = Timer::now();
    if (const auto ready = rig.start_daemon(); !ready) { give_up(ready.error().text()); }
    return Ms(Timer::now() - begun).count();
}

struct Figures {
    std::vector<double> empty_ms = {};
    double first_ready_ms = 0;
    std::vector<double> ready_ms = {};
    double resident_mib = 0;
    double own_mib = 0;
    bench::Used idle_each_second = {};
};

Figures measure(int runs) {
    const fs::path programs = executable_folder();
    const Scratch scratch;
    app::RigOptions options;
    options.folder = scratch.path / "rig";
    options.inventory_every = std::chrono::hours{1};
    auto made = app::DemoRig::make(std::move(options));
    if (!made) { give_up(made.error().text()); }
    app::DemoRig& rig = **made;
    for (const auto& started : {rig.start_mail_sink(), rig.start_supplier()}) {
        if (!started) { give_up(started.error().text()); }
    }
    Figures figures;
    for (int run = 0; run <= runs; ++run) {
        figures.empty_ms.push_back(empty_program_ms(programs / "crossdock_bench_empty"));
        const double ms = start_to_ready_ms(rig);
        if (run == 0) { figures.first_ready_ms = ms; }
        else { figures.ready_ms.push_back(ms); }
        if (run == runs) {
            std::this_thread::sleep_for(idle_time);
            figures.resident_mib = memory_mib(rig.daemon().pid(), "VmRSS");
            figures.own_mib = memory_mib(rig.daemon().pid(), "RssAnon");
            const auto before = bench::used(rig.daemon().pid());
            std::this_thread::sleep_for(watch_time);
            const auto after = bench::used(rig.daemon().pid());
            const auto seconds = static_cast<double>(watch_time.count());
            figures.idle_each_second = {(after.cpu_us - before.cpu_us) / seconds, (after.wakeups - before.wakeups) / seconds};
        }
        if (const int status = rig.stop_daemon(); status != 0) {
            give_up("the daemon did not stop cleanly: " + describe_exit(status));
        }
    }
    return figures;
}

void print(const Figures& figures) {
    const double unit = median(figures.empty_ms);
    const auto [least, most] = std::minmax_element(figures.ready_ms.begin(), figures.ready_ms.end());
    const double ready = median(figures.ready_ms);
    std::printf("%-44s %10s %18s\n", "", "median", "/ empty program");
    std::printf("%-44s %7.2f ms %18s\n", "empty program, start to exit", unit, "1.0");
    std::printf("%-44s %7.2f ms %18.1f\n", "start to ready, new store (once)", figures.first_ready_ms,
                figures.first_ready_ms / unit);
    std::printf("%-44s %7.2f ms %18.1f   (%zu runs, %.2f to %.2f ms)\n", "start to ready", ready, ready / unit,
                figures.ready_ms.size(), *least, *most);
    std::printf("%-44s %6.1f MiB\n", "resident when idle, 2 s behind ready (VmRSS)", figures.resident_mib);
    std::printf("%-44s %6.1f MiB\n", "  of which its own (RssAnon)", figures.own_mib);
    std::printf("%-44s %7.1f us CPU and %.1f wakeups each second\n", "idle", figures.idle_each_second.cpu_us,
                figures.idle_each_second.wakeups);
}

struct Wanted {
    int runs = 10;
    int reader_seconds = 10;
    std::set<std::string> parts;  ///< empty: all
    [[nodiscard]] bool has(const char* part) const { return parts.empty() || parts.contains(part); }
};

bool number(std::string_view text, int& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && into > 0;
}

bool read(int count, char** arguments, Wanted& wanted) {
    const std::set<std::string> parts{"start", "workers", "ingest", "forward", "commits"};
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        if (parts.contains(argument)) { wanted.parts.insert(argument); }
        else if (argument == "--reader-seconds" && i + 1 < count) {
            if (!number(arguments[++i], wanted.reader_seconds)) { return false; }
        }
        else if (!number(argument, wanted.runs)) { return false; }
    }
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    Wanted wanted;
    if (!read(count, arguments, wanted)) {
        std::fprintf(stderr, "usage: crossdock_bench [RUNS] [start|workers|ingest|forward|commits]... [--reader-seconds N]\n");
        return 2;
    }
    Log::set_level(LogLevel::error);
    try {
        if (wanted.has("start")) { print(measure(wanted.runs)); }
        if (wanted.has("workers")) { bench::measure_workers(); }
        if (wanted.has("ingest")) { bench::measure_ingest(std::min(wanted.runs, 5)); }
        if (wanted.has("forward")) { bench::measure_forward(); }
        if (wanted.has("commits")) { bench::measure_commits(wanted.reader_seconds); }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
