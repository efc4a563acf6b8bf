#pragma once

#include "base/result.hpp"

#include <sys/types.h>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace crossdock {

/// How a child process is started. Descriptors not named are closed in it.
struct ProcessSpec {
    std::filesystem::path program;
    std::vector<std::string> arguments = {};    ///< without the program's own name
    std::vector<std::string> environment = {};  ///< "NAME=value"; nothing is inherited
    int stdin_fd = -1;                          ///< -1: /dev/null
    int stdout_fd = -1;                         ///< -1: this process's standard error
    int stderr_fd = -1;                         ///< -1: this process's standard error
    std::vector<int> inherited = {};            ///< appear in the child as 3, 4, ... in this order
};

/// A child process, ended by pid. The destructor kills it and waits.
///
/// Threads: not thread-safe. Spawn from a thread that lives as long as the process: PDEATHSIG follows the thread.
class Process {
public:
    Process() = default;
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] static Result<Process> spawn(const ProcessSpec& spec);

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool started() const { return pid_ > 0; }
    void signal(int number) const;
    /// The wait status when the child has ended, without waiting.
    [[nodiscard]] std::optional<int> ended();
    /// Waits for the end; the wait status (see describe_exit).
    int wait();

private:
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// Resident memory of a process in bytes (proc(5), statm); nothing when it has gone, or the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> resident_bytes(pid_t pid);

/// "exit code 3", "killed by signal 9 (Killed)".
[[nodiscard]] std::string describe_exit(int wait_status);

/// Lets this process, and what it starts, open as many files as it may: each exchange under way is one.
void raise_file_limit();

/// The folder of the running executable.
[[nodiscard]] std::filesystem::path executable_folder();

/// This process's environment as "NAME=value".
[[nodiscard]] std::vector<std::string> own_environment();

}  // namespace crossdock
