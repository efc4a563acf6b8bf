#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace crossdock::worker {

/// Threads for plugin code, made when needed and kept. They are never joined: the process ends by _exit.
/// Threads: submit from any.
class ThreadPool {
public:
    explicit ThreadPool(std::size_t threads_max) : threads_max_(threads_max) {}
    void submit(std::function<void()> job);

private:
    [[nodiscard]] bool start_thread();
    void run();

    std::size_t threads_max_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<std::function<void()>> jobs_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

}  // namespace crossdock::worker
