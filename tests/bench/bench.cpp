// crossdock_bench [RUNS]: from the start of `crossdock serve` until /readyz answers 200, and what it weighs when idle.
// The store is new in the first run and found in all others; the config has no suppliers and no channels.
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "http/loopback.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace {

using namespace crossdock;
namespace fs = std::filesystem;
using Timer = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;

constexpr std::chrono::seconds ready_deadline{20};
constexpr std::chrono::seconds idle_time{2};

/// Thrown, so that the daemon under way ends with its Process.
[[noreturn]] void give_up(const std::string& why) {
    throw std::runtime_error(why);
}

/// A folder that is gone with its owner.
struct Scratch {
    Scratch() {
        std::string made = (fs::temp_directory_path() / "crossdock-bench-XXXXXX").string();
        if (::mkdtemp(made.data()) == nullptr) { give_up("cannot make a folder"); }
        path = made;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { fs::remove_all(path); }
    fs::path path;
};

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        give_up("no free port");
    }
    ::close(fd);
    return ntohs(address.sin_port);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
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

/// Milliseconds from starting the daemon until it says that it is ready.
double start_to_ready_ms(const fs::path& program, const fs::path& config, std::uint16_t port, Process& daemon) {
    const auto begun = Timer::now();
    daemon = started({.program = program, .arguments = {"serve", "--config", config.string()}, .environment = own_environment()});
    while (Timer::now() - begun < ready_deadline) {
        const auto answer = http::exchange({.port = port, .target = "/readyz", .timeout = std::chrono::milliseconds(1000)});
        if (answer && answer->status == 200) { return Ms(Timer::now() - begun).count(); }
        if (const auto status = daemon.ended()) { give_up("the daemon ended: " + describe_exit(*status)); }
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    give_up("the daemon was not ready in time");
}

/// A line of /proc/PID/status, in MiB.
double memory_mib(pid_t pid, std::string_view field) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(std::string(field) + ":")) { return std::strtod(line.c_str() + field.size() + 1, nullptr) / 1024; }
    }
    give_up("/proc does not tell " + std::string(field));
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
    const std::uint16_t port = free_port();
    const fs::path config = scratch.path / "crossdock.yaml";
    fs::create_directories(scratch.path / "pipelines");
    std::ofstream(config) << "listen: { host: 127.0.0.1, port: " << port
                          << " }\ndata: data\nlog: { level: error }\ntemplates: " CROSSDOCK_SOURCE "/config/templates\n";
    Figures figures;
    for (int run = 0; run <= runs; ++run) {
        figures.empty_ms.push_back(empty_program_ms(programs / "crossdock_bench_empty"));
        Process daemon;
        const double ms = start_to_ready_ms(programs / "crossdock", config, port, daemon);
        if (run == 0) { figures.first_ready_ms = ms; }
        else { figures.ready_ms.push_back(ms); }
        if (run == runs) {
            std::this_thread::sleep_for(idle_time);
            figures.resident_mib = memory_mib(daemon.pid(), "VmRSS");
            figures.own_mib = memory_mib(daemon.pid(), "RssAnon");
        }
        daemon.signal(SIGTERM);
        if (const int status = daemon.wait(); status != 0) {
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
    try {
        print(measure(runs));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
