#pragma once

namespace crossdock::app {

/// Exit codes of every command.
enum ExitCode : int {
    exit_ok = 0,
    exit_failed = 1,  ///< failed, or not found
    exit_usage = 2,
    exit_bad_config = 3,   ///< config, pipeline or plugin
    exit_unavailable = 4,  ///< daemon or store
    exit_by_signal = 128,  ///< and the signal's number, as shells have it
};

}  // namespace crossdock::app
