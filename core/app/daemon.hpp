#pragma once

#include "app/reload.hpp"

namespace crossdock::app {

/// Runs the daemon until SIGTERM or SIGINT. Returns an exit code (exit_code.hpp); what went wrong was printed.
/// SIGHUP makes it reload; `read_config` is how it reads its config then.
/// `crash_at` is CROSSDOCK_CRASH_AT; it is armed only when the config says so too.
/// Threads: call it on the main thread: workers are spawned there and die with it.
[[nodiscard]] int run_daemon(const Config& config, ReadConfig read_config, const std::string& crash_at);

}  // namespace crossdock::app
