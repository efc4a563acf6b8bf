#include "thread_pool.hpp"

#include <thread>
#include <utility>

namespace crossdock::worker {

void ThreadPool::submit(std::function<void()> job) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_ < threads_max_) {
        ++threads_;
        std::thread([this] { run(); }).detach();
        return;
    }
    work_.notify_one();
}

void ThreadPool::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        work_.wait(lock, [this] { return !jobs_.empty(); });
        --idle_;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = {};
        lock.lock();
    }
}

}  // namespace crossdock::worker
