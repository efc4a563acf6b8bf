#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace crossdock::worker {

/// Threads for plugin code, made when needed and kept.
/// Threads:  submit from any.
/// Lifetime: of the process, which ends by _exit; or until finish() has returned.
class ThreadPool {
public:
    /// `threads_wanted`: kept between 1 and 10,000.
    explicit ThreadPool(std::int64_t threads_wanted);
    void submit(std::function<void()> job);
    /// Waits until all jobs have ended, those that wait included, and ends the threads. Nothing is submitted afterwards.
    void finish();

private:
    void start_thread();
    void run();

    std::size_t threads_max_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<std::function<void()>> jobs_;
    std::vector<pthread_t> threads_;
    std::size_t idle_ = 0;
    bool finishing_ = false;
};

}  // namespace crossdock::worker
