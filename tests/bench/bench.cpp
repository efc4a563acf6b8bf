// crossdock_bench [RUNS]: from the start of `crossdock serve` until /readyz answers 200, and what it weighs when idle.
// The demo's config: one supplier account and one mail channel, each in a worker. The first run syncs the inventory, all others
// find it. Then what a call of a plugin costs, and what a daemon answers while a supplier is slow: workers.cpp.
#include "app/demo_rig.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "measure.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
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
}

}  // namespace

int main(int count, char** arguments) {
    int runs = 10;
    if (count > 1) {
        const std::string_view text = arguments[1];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), runs);
        if (count > 2 || error != std::errc{} || end != text.data() + text.size() || runs < 1) {
            std::fprintf(stderr, "usage: crossdock_bench [RUNS]\n");
            return 2;
        }
    }
    Log::set_level(LogLevel::error);
    try {
        print(measure(runs));
        bench::measure_workers();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
