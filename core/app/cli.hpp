#pragma once

namespace crossdock::app {

/// The command line: parses, runs one command, answers its exit code (exit_code.hpp).
[[nodiscard]] int run_cli(int argc, char** argv);

}  // namespace crossdock::app
