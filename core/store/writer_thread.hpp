#pragma once

#include "store/store.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace crossdock::store {

/// Named limits of the writer.
struct WriterLimits {
    std::size_t group_max = 64;        ///< units in one commit
    std::size_t waiting_max = 10'000;  ///< beyond: refused with advice `retry`
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
};

}  // namespace crossdock::store
