#pragma once

#include "plugin/workers.hpp"

#include <cstddef>
#include <memory>

namespace crossdock::plugin {

/// Runs plugins on threads of this process, for `isolation: in-process`: what Workers::Options::in_process is set to.
///
/// Plugin code runs on a bounded pool of threads per account. Its exchanges leave from the carrier, a worker process without a
/// plugin. Libraries are never unloaded. docs/isolation.md says what this gives up.
///
/// Threads:  `starter` and what it gives: the executor's; `wait`: any.
/// Lifetime: one per process; it may go while plugin code still runs.
class InProcess {
public:
    InProcess();

    [[nodiscard]] Workers::Options::InProcess starter();

    /// Waits until the plugins that their links have let go of have come to their end; how many still run after `patience`.
    /// Then the process must be left by _Exit: destructors would take away what those threads use.
    [[nodiscard]] std::size_t wait(milliseconds patience);

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace crossdock::plugin
