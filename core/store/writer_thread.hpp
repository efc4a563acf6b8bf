#pragma once

#include "base/bound.hpp"
#include "store/store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace crossdock::store {

/// Named limits of the writer.
struct WriterLimits {
    std::size_t group_max = 64;  ///< units in one commit
    /// Of the queue store.writes, and of store.reads; beyond: Bound::full(). What the engine and ops commit has as much room
    /// again, so that a flood from outside never keeps an outcome from the disk.
    std::size_t waiting_max = 4'096;
};

/// The daemon's store: one thread that writes in groups, one that reads. A named runner file.
/// Lifetime: the destructor finishes what was handed over, then joins.
class ThreadedStore : public Store {
public:
    struct Options {
        std::filesystem::path file;
        WriterLimits limits = {};
        /// Called on the writer's thread with what the group announced, after its commit.
        std::function<void(unsigned topics)> on_commit = [](unsigned) {};
        /// A disk that fails at COMMIT: called once; must not return.
        std::function<void(const Fault&)> on_fatal;
    };

    [[nodiscard]] static Result<std::unique_ptr<ThreadedStore>> open(Options options);

    /// Of store.writes and store.reads.
    [[nodiscard]] virtual std::vector<QueueLevel> queues() const = 0;
};

}  // namespace crossdock::store
