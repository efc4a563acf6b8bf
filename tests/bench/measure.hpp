#pragma once

#include <sys/types.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the parts of the bench share.
namespace crossdock::bench {

using Timer = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;

/// Thrown, so that the processes under way end with their owners.
[[noreturn]] inline void give_up(const std::string& why) {
    throw std::runtime_error(why);
}

/// A folder that is gone with its owner.
struct Scratch {
    Scratch() {
        std::string made = (std::filesystem::temp_directory_path() / "crossdock-bench-XXXXXX").string();
        if (::mkdtemp(made.data()) == nullptr) { give_up("cannot make a folder"); }
        path = made;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

/// The value below which that share of them lies; 0.5 is the median.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) { give_up("nothing was measured"); }
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    return values[at];
}

/// The number in a line of /proc/PID/status; nothing when the process is gone.
inline std::optional<double> status_number(pid_t pid, std::string_view field) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(std::string(field) + ":")) { return std::strtod(line.c_str() + field.size() + 1, nullptr); }
    }
    return {};
}

/// A line of /proc/PID/status that is in KiB, in MiB.
inline double memory_mib(pid_t pid, std::string_view field) {
    const auto kib = status_number(pid, field);
    if (!kib) { give_up("/proc does not tell " + std::string(field)); }
    return *kib / 1024;
}

/// Calls of a plugin, and what the daemon answers while a supplier is slow; prints its figures.
void measure_workers();

}  // namespace crossdock::bench
