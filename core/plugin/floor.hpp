#pragma once

#include "base/signal.hpp"
#include "plugin/evaluations.hpp"
#include "plugin/link.hpp"
#include "plugin/workers.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crossdock::plugin {

/// Device and inode of files; zeros for one that is not there.
using FileMarks = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

/// One account's or channel's worker, through all its processes.
struct Worker {
    explicit Worker(WorkerSpec given) : spec(std::move(given)) {}
    WorkerSpec spec;
    std::shared_ptr<Link> link;                 ///< set from the handshake on, until the process ends or is replaced
    std::string digest;                         ///< of the plugin file that served last
    std::vector<std::shared_ptr<Link>> before;  ///< processes that it replaced, until they have ended
    bool gone = false;                          ///< replaced or removed: it is not restarted
    bool landlocked = false;                    ///< it reads only the files that stood there when it began
    bool serial = false;                        ///< its calls never overlap
    FileMarks resolver;                         ///< as it began
    milliseconds backoff{0};
    std::deque<BootMs> deaths;  ///< the recent ones
    std::string why;            ///< of what it died last
    bool quarantined = false;
    std::int64_t died = 0;  ///< since it was started first

    [[nodiscard]] WorkerStatus status() const {
        return {.name = spec.name,
                .up = link != nullptr,
                .quarantined = quarantined,
                .why = why,
                .pid = link ? link->pid() : -1,
                .deaths = died};
    }
};

/// What all workers share; the tasks keep it alive.
struct Floor {
    Floor(Executor executor_given, Clock& clock_given, Workers::Options options_given)
        : executor(std::move(executor_given)), clock(clock_given), options(std::move(options_given)), changed(clock_given) {}
    Executor executor;
    Clock& clock;
    Workers::Options options;
    Signal changed;  ///< a worker came, went or answered, or the floor stops
    bool stopping = false;
    std::map<std::string, std::shared_ptr<Worker>> workers;
    std::map<std::string, std::shared_ptr<Worker>> staged;  ///< beside those that serve
    std::vector<std::shared_ptr<Link>> links;               ///< every live process, those still in their handshake too
    std::shared_ptr<Evaluations> evaluations;               ///< what plugins want evaluated
};

using FloorPtr = std::shared_ptr<Floor>;
using WorkerPtr = std::shared_ptr<Worker>;

/// Starts a process and shakes hands. On success worker->link is set.
Task<Result<Manifest>> connect(FloorPtr floor, WorkerPtr worker);

/// Brings a worker back that had been up, each time after a longer pause, until it is up, quarantined or gone.
Task<void> revive(FloorPtr floor, WorkerPtr worker);

/// Shakes hands until that works, or the plugin refuses, or has died too often.
Task<Result<Manifest>> persist(FloorPtr floor, WorkerPtr worker);

/// Puts a fresh process in the place of one that can no longer resolve names; what that one has in flight comes to its end.
void refresh(const FloorPtr& floor, const WorkerPtr& worker);

}  // namespace crossdock::plugin
