// What systemd is told: readiness when the daemon serves, reloads, the end, and signs of life while it answers.
#include "base/unique_fd.hpp"
#include "main_job.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace crossdock;
using namespace crossdock::tests;

namespace {

/// The service manager's end: a datagram socket, named to whatever is started while this lives.
class ManagerSocket {
public:
    explicit ManagerSocket(const std::string& watchdog_us = "") {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = (folder_.path() / "notify").string();
        REQUIRE(path.size() < sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
        if (!watchdog_us.empty()) { ::setenv("WATCHDOG_USEC", watchdog_us.c_str(), 1); }  // NOLINT(concurrency-mt-unsafe)
    }
    ~ManagerSocket() { forget(); }
    ManagerSocket(const ManagerSocket&) = delete;
    ManagerSocket& operator=(const ManagerSocket&) = delete;

    /// What is started from now on knows of no service manager.
    static void forget() {
        ::unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): one thread
        ::unsetenv("WATCHDOG_USEC");  // NOLINT(concurrency-mt-unsafe)
    }

    /// The next message; empty when none comes within `patience`.
    [[nodiscard]] std::string next(milliseconds patience = milliseconds{20'000}) const {
        pollfd one{fd_.get(), POLLIN, 0};
        if (::poll(&one, 1, static_cast<int>(patience.count())) != 1) { return ""; }
        std::array<char, 4'096> text{};
        const auto size = ::recv(fd_.get(), text.data(), text.size(), 0);
        return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
    }

private:
    support::TemporaryFolder folder_;
    UniqueFd fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("systemd is told when the daemon serves, reloads and stops", "[system]") {
    MainJob job({});
    job.start_world();
    const ManagerSocket manager;
    job.start_daemon();
    ManagerSocket::forget();
    const std::string ready = manager.next();
    CHECK(ready == "READY=1\nSTATUS=Serving 1 accounts on 127.0.0.1:" + std::to_string(job.rig().api_port()));
    // Nobody asked for signs of life.
    CHECK(manager.next(milliseconds{0}).empty());

    CHECK(job.rig().crossdock({"reload"}).exit_code == 0);
    CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(manager.next() == ready);

    // A refused reload ends in serving, too.
    std::ofstream(job.rig().config(), std::ios::app) << "\nno_such_key: 1\n";
    job.rig().daemon().signal(SIGHUP);
    CHECK(manager.next().starts_with("RELOADING=1\n"));
    CHECK(manager.next() == ready);

    job.rig().stop_daemon();
    CHECK(manager.next().starts_with("STOPPING=1\n"));
}

TEST_CASE("a daemon that is watched says that it lives, and says so no more when it hangs", "[system]") {
    MainJob job({});
    job.start_world();
    const ManagerSocket manager("400000");
    job.start_daemon();
    ManagerSocket::forget();
    CHECK(manager.next().starts_with("READY=1\n"));
    for (int i = 0; i < 3; ++i) { CHECK(manager.next() == "WATCHDOG=1"); }
    job.rig().daemon().signal(SIGSTOP);
    // What was sent before it stopped.
    while (manager.next(milliseconds{50}) == "WATCHDOG=1") {}
    CHECK(manager.next(milliseconds{1'000}).empty());
    job.rig().daemon().signal(SIGCONT);
    CHECK(manager.next() == "WATCHDOG=1");
}
