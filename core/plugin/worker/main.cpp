#include "base/process.hpp"
#include "process_place.hpp"
#include "session.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <string_view>

namespace {

constexpr int daemon_socket = 3;
constexpr int store_lock = 4;

/// Ties this process to its daemon and makes its memory hard to get at. False when the daemon has already gone.
/// The rest follows when it knows its account: see worker/confinement.hpp.
bool tie_to(pid_t parent) {
    // Follows the daemon's main thread, which spawned us and lives as long as the daemon.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) { return false; }
    ::prctl(PR_SET_DUMPABLE, 0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    crossdock::raise_file_limit();
    // Whatever a plugin starts has neither the conversation nor the lock.
    ::fcntl(daemon_socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(store_lock, F_SETFD, FD_CLOEXEC);
    // A terminal's or a service manager's signals reach the whole group; the daemon decides when its workers end.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) { std::signal(number, SIG_IGN); }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    pid_t parent = 0;
    const std::string_view given = argc == 2 ? argv[1] : "";
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), parent);
    if (given.empty() || error != std::errc{} || end != given.data() + given.size()) {
        std::fputs("crossdock-worker is started by crossdock, not by people\n", stderr);
        return 2;
    }
    if (!tie_to(parent)) { return 0; }
    // Never destroyed and left by _exit: plugin threads may still be running.
    auto* place = new crossdock::worker::ProcessPlace();
    auto* session = new crossdock::worker::Session(daemon_socket, *place);
    ::_exit(session->run());
}
