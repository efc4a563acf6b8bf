#include "thread_pool.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace crossdock::worker {
namespace {

/// Of each thread where there may be many; touched pages alone cost memory. 10,000 of the default size would ask for 80 GB of
/// addresses, which a limit on them, or strict overcommit, refuses.
constexpr std::size_t stack_bytes = std::size_t{1} << 20U;

constexpr std::int64_t threads_most = 10'000;

}  // namespace

ThreadPool::ThreadPool(std::int64_t threads_wanted)
    : threads_max_(static_cast<std::size_t>(std::clamp<std::int64_t>(threads_wanted, 1, threads_most))) {}

void ThreadPool::submit(std::function<void()> job) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < threads_max_) { start_thread(); }
    work_.notify_one();
}

void ThreadPool::finish() {
    {
        const std::scoped_lock lock(mutex_);
        finishing_ = true;
        work_.notify_all();
    }
    for (const auto thread : threads_) { pthread_join(thread, nullptr); }
    threads_.clear();
}

void ThreadPool::start_thread() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (threads_max_ > 1) { pthread_attr_setstacksize(&attributes, stack_bytes); }
    pthread_t thread{};
    const int error = pthread_create(
        &thread, &attributes,
        [](void* pool) -> void* {
            static_cast<ThreadPool*>(pool)->run();
            return nullptr;
        },
        this);
    pthread_attr_destroy(&attributes);
    if (error == 0) { threads_.push_back(thread); }
    // Those that there are do the work, later. Without any there is none to do it.
    else if (threads_.empty()) { throw std::system_error(error, std::generic_category(), "no thread for the plugin"); }
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
