#pragma once

#include "base/system_clock.hpp"
#include "plugin/workers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crossdock::check {

/// A signal that asks this process to end; thrown out of whatever a bench is doing, so that what it holds is cleared away.
struct Interrupted {
    int signal;
};

/// One plugin in a worker process of its own, for commands that look at it or try it, without a daemon.
///
/// Threads:  one, the process's main thread; each function blocks.
/// Errors:   Interrupted is thrown on SIGINT, SIGTERM and SIGHUP.
/// Lifetime: the destructor ends the worker.
class PluginBench {
public:
    explicit PluginBench(plugin::Workers::Options options = {});
    ~PluginBench();
    PluginBench(const PluginBench&) = delete;
    PluginBench& operator=(const PluginBench&) = delete;

    /// Starts the worker; the spec gets its name from the bench. Once. Errors: as Workers::start.
    [[nodiscard]] Result<plugin::Manifest> start(plugin::WorkerSpec spec);

    /// Runs calls at once and answers in their order. `on_rows` takes batches of inventory rows; false cancels that call.
    [[nodiscard]] std::vector<plugin::CallAnswer> call(std::vector<plugin::Call> calls,
                                                       const std::function<bool(const Json&)>& on_rows = {});
    [[nodiscard]] plugin::CallAnswer call(plugin::Call call, const std::function<bool(const Json&)>& on_rows = {});

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

    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_, SIGINT, SIGTERM, SIGHUP};
    SystemClock clock_;
    std::shared_ptr<bool> wanted_ = std::make_shared<bool>(true);  ///< false once the bench ends
    std::unique_ptr<plugin::Workers> workers_;
};

/// Reads a plugin's manifest through a short-lived worker; no code of an account runs. `interface`: empty means whichever.
[[nodiscard]] Result<plugin::Manifest> inspect_plugin(const std::filesystem::path& file, const std::string& interface = {});

}  // namespace crossdock::check
