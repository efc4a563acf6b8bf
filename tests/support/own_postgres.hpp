#pragma once

#include "app/demo_rig.hpp"
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "base/unique_fd.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace crossdock::support {

/// A PostgreSQL server of this test alone: a folder of its own, a free port on loopback, gone with it. Never the machine's
/// server. PostgreSQL refuses root, so root runs it as the user postgres.
class OwnPostgres {
public:
    OwnPostgres() {
        const auto data = folder_.path() / "data";
        REQUIRE(::chmod(folder_.path().c_str(), 0755) == 0);
        REQUIRE(::mkdir(data.c_str(), 0700) == 0);
        if (::geteuid() == 0) {
            const passwd* user = ::getpwnam("postgres");  // NOLINT(concurrency-mt-unsafe): one thread
            REQUIRE(user != nullptr);
            REQUIRE(::chown(data.c_str(), user->pw_uid, user->pw_gid) == 0);
        }
        auto made = start("initdb", {"-D", data.string(), "-U", "crossdock", "-A", "trust", "--no-sync", "-E", "UTF8"});
        REQUIRE(made.wait() == 0);
        // Another program may take the port first: then the server ends, and there is another port.
        for (int tries = 0; !serves(data); ++tries) { REQUIRE(tries < 5); }
    }
    ~OwnPostgres() {
        server_.signal(SIGINT);  // fast shutdown
        server_.wait();
    }
    OwnPostgres(const OwnPostgres&) = delete;
    OwnPostgres& operator=(const OwnPostgres&) = delete;

    [[nodiscard]] std::string connection() const {
        return "host=127.0.0.1 port=" + std::to_string(port_.number) + " dbname=postgres user=crossdock";
    }

private:
    Process start(const std::string& program, std::vector<std::string> arguments) {
        const std::string path = "/usr/lib/postgresql/15/bin/" + program;
        ProcessSpec spec;
        spec.program = path;
        spec.environment = {"LC_ALL=C", "PATH=/usr/bin:/bin", "TZ=UTC"};
        if (::geteuid() == 0) {
            spec.program = "/usr/bin/setpriv";
            arguments.insert(arguments.begin(), {"--reuid=postgres", "--regid=postgres", "--clear-groups", path});
        }
        spec.arguments = std::move(arguments);
        const UniqueFd log(
            ::open((folder_.path() / (program + ".log")).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        spec.stdout_fd = log.get();
        spec.stderr_fd = log.get();
        auto started = Process::spawn(spec);
        REQUIRE(started.has_value());
        return std::move(*started);
    }

    /// Starts the server on a free port. False: it ended before it took a connection.
    bool serves(const std::filesystem::path& data) {
        port_ = app::free_port();
        server_ = start("postgres",
                        {"-D", data.string(), "-p", std::to_string(port_.number), "-h", "127.0.0.1", "-k", data.string(), "-F"});
        const BootMs until = system_boot_ms() + 60'000;
        while (!is_ready(data / "postmaster.pid")) {
            if (server_.ended()) { return false; }
            REQUIRE(system_boot_ms() < until);
            ::poll(nullptr, 0, 20);
        }
        return true;
    }

    /// A server listens before it serves, and refuses whoever comes between. Its eighth line here says "ready" when it serves
    /// (what pg_ctl waits for; PostgreSQL 15, src/include/utils/pidfile.h).
    static bool is_ready(const std::filesystem::path& pid_file) {
        std::ifstream in(pid_file);
        std::string line;
        for (int number = 1; number <= 8; ++number) {
            if (!std::getline(in, line)) { return false; }
        }
        return line.starts_with("ready");
    }

    TemporaryFolder folder_;
    app::FreePort port_;
    Process server_;
};

}  // namespace crossdock::support
