#include "thread_pool.hpp"

#include "base/log.hpp"

#include <pthread.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace crossdock::worker {
namespace {

/// Of each thread where there may be many; touched pages alone cost memory. 10,000 of the default size would ask for 80 GB of
/// addresses, which a limit on them, or strict overcommit, refuses.
constexpr std::size_t stack_bytes = std::size_t{1} << 20U;

}  // namespace

void ThreadPool::submit(std::function<void()> job) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_ < threads_max_) {
        if (start_thread()) { ++threads_; }
    }
    work_.notify_one();
}

bool ThreadPool::start_thread() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
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
    if (error == 0) { return true; }
    // Those that there are do the work, later. Without any there is none to do it.
    if (threads_ > 0) { return false; }
    Log::error("no thread can be started for the plugin", {{"why", std::strerror(error)}});
    std::abort();
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
