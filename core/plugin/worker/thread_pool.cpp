#include "thread_pool.hpp"

#include <utility>

namespace crossdock::worker {

void ThreadPool::submit(std::function<void()> job) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < threads_max_) {
        threads_.emplace_back([this] { run(); });
        return;
    }
    work_.notify_one();
}

void ThreadPool::finish() {
    {
        const std::scoped_lock lock(mutex_);
        finishing_ = true;
        work_.notify_all();
    }
    for (auto& thread : threads_) { thread.join(); }
    threads_.clear();
}

void ThreadPool::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        work_.wait(lock, [this] { return finishing_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty()) { return; }
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = {};
        lock.lock();
    }
}

}  // namespace crossdock::worker
