#pragma once

#include "base/system_clock.hpp"
#include "plugin/workers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::check {

/// A signal that asks this process to end; thrown out of whatever a bench is doing, so that what it holds is cleared away.
struct Interrupted {
    int signal;
};

/// The deadline of a bench has passed; thrown as Interrupted is.
struct Overdue {};

/// What came of a call.
struct Called {
    plugin::CallAnswer answer;
    Json rows = Json::array();  ///< that sync_inventory handed over
};

/// One plugin in a worker process of its own, for commands that look at it or try it, without a daemon.
///
/// Threads:  one, the process's main thread; each function blocks.
/// Errors:   Interrupted is thrown on SIGINT, SIGTERM and SIGHUP, Overdue once the deadline has passed.
/// Lifetime: the destructor ends the worker.
class PluginBench {
public:
    explicit PluginBench(plugin::Workers::Options options = {}, std::optional<BootMs> deadline = {});
    ~PluginBench();
    PluginBench(const PluginBench&) = delete;
    PluginBench& operator=(const PluginBench&) = delete;

    /// Starts the worker; the spec gets its name from the bench. Once. Errors: as Workers::start.
    [[nodiscard]] Result<plugin::Manifest> start(plugin::WorkerSpec spec);

    /// Runs calls at once and answers in their order.
    [[nodiscard]] std::vector<Called> call(std::vector<plugin::Call> calls);
    [[nodiscard]] Called call(plugin::Call call);

    /// Asks the calls under way to give up.
    void cancel() const;

    /// The worker's process, -1 when it is gone.
    [[nodiscard]] int pid() const;

    /// What else is spawned there runs while a function of the bench blocks.
    [[nodiscard]] Executor executor() { return io_.get_executor(); }
    [[nodiscard]] Clock& clock() { return clock_; }

private:
    template <class T>
    T wait_for(Task<T> task);
    void watch_signals();
    void watch_deadline(std::optional<BootMs> deadline);

    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_, SIGINT, SIGTERM, SIGHUP};
    SystemClock clock_;
    std::optional<Clock::TimerId> deadline_;
    std::unique_ptr<plugin::Workers> workers_;
};

/// Reads a plugin's manifest through a short-lived worker; no code of an account runs. `interface`: empty means whichever.
[[nodiscard]] Result<plugin::Manifest> inspect_plugin(const std::filesystem::path& file, const std::string& interface = {});

/// How this machine's kernel confines workers, by one that is started without a plugin.
[[nodiscard]] Result<plugin::Confinement> inspect_confinement();

}  // namespace crossdock::check
