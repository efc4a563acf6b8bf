#include "base/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

extern char** environ;

namespace crossdock {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> made;
    made.reserve(texts.size() + 1);
    for (auto& text : texts) { made.push_back(text.data()); }
    made.push_back(nullptr);
    return made;
}

/// Owns posix_spawn's two attribute objects.
struct SpawnActions {
    SpawnActions() {
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
};

}  // namespace

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, {})) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        if (started() && !status_) {
            signal(SIGKILL);
            wait();
        }
        pid_ = std::exchange(other.pid_, -1);
        status_ = std::exchange(other.status_, {});
    }
    return *this;
}

Process::~Process() {
    if (started() && !status_) {
        signal(SIGKILL);
        wait();
    }
}

Result<Process> Process::spawn(const ProcessSpec& spec) {
    SpawnActions actions;
    // Inherited descriptors first move above all numbers in use here, so that no dup2 overwrites one still needed.
    int staging = 3 + static_cast<int>(spec.inherited.size());
    for (const int fd : spec.inherited) { staging = std::max(staging, fd + 1); }
    staging = std::max({staging, spec.stdin_fd + 1, spec.stdout_fd + 1, spec.stderr_fd + 1});
    for (std::size_t i = 0; i < spec.inherited.size(); ++i) {
        posix_spawn_file_actions_adddup2(&actions.files, spec.inherited[i], staging + static_cast<int>(i));
    }
    if (spec.stdin_fd >= 0) { posix_spawn_file_actions_adddup2(&actions.files, spec.stdin_fd, 0); }
    else { posix_spawn_file_actions_addopen(&actions.files, 0, "/dev/null", O_RDONLY, 0); }
    posix_spawn_file_actions_adddup2(&actions.files, spec.stdout_fd >= 0 ? spec.stdout_fd : 2, 1);
    if (spec.stderr_fd >= 0) { posix_spawn_file_actions_adddup2(&actions.files, spec.stderr_fd, 2); }
    for (std::size_t i = 0; i < spec.inherited.size(); ++i) {
        posix_spawn_file_actions_adddup2(&actions.files, staging + static_cast<int>(i), 3 + static_cast<int>(i));
    }
    posix_spawn_file_actions_addclosefrom_np(&actions.files, 3 + static_cast<int>(spec.inherited.size()));

    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&actions.attributes, &none);
    posix_spawnattr_setsigdefault(&actions.attributes, &all);
    posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<std::string> arguments{spec.program.string()};
    arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
    std::vector<std::string> environment = spec.environment;
    pid_t pid = -1;
    const int error = posix_spawn(&pid, spec.program.c_str(), &actions.files, &actions.attributes, pointers(arguments).data(),
                                  pointers(environment).data());
    if (error != 0) { return Fault{std::string("cannot start it: ") + std::strerror(error), spec.program.string()}; }
    Process made;
    made.pid_ = pid;
    return made;
}

void Process::signal(int number) const {
    if (started() && !status_) { ::kill(pid_, number); }
}

std::optional<int> Process::ended() {
    if (!started() || status_) { return status_; }
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) { status_ = status; }
    return status_;
}

int Process::wait() {
    if (!started()) { return 0; }
    while (!status_) {
        int status = 0;
        if (waitpid(pid_, &status, 0) == pid_) { status_ = status; }
        else if (errno != EINTR) { status_ = 0; }
    }
    return *status_;
}

std::optional<std::uint64_t> resident_bytes(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    if (!(in >> pages >> resident)) { return {}; }
    static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return resident * page_bytes;
}

std::string describe_exit(int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        const int number = WTERMSIG(wait_status);
        return "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
    }
    return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

void raise_file_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) { return; }
    files.rlim_cur = files.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
}

std::filesystem::path executable_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::vector<std::string> own_environment() {
    std::vector<std::string> made;
    for (char** at = environ; *at != nullptr; ++at) { made.emplace_back(*at); }
    return made;
}

}  // namespace crossdock
