#pragma once

#include "base/result.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace crossdock {

/// How full a queue is.
struct QueueLevel {
    std::string name;
    std::size_t waiting = 0;
    std::size_t most = 0;

    /// Above 80 %: /readyz shows it.
    [[nodiscard]] bool nearly_full() const { return waiting * 5 > most * 4; }
};

/// The bound of one queue, with the name that the log, a 503 and /readyz give it.
/// What finds it full is refused. The log says so once per episode: from the first refusal until half of it is free again.
///
/// Threads: any.
class Bound {
public:
    Bound(std::string name, std::size_t most);

    /// Takes a place; false when there is none. `beyond`: so many more are there for those who ask with it.
    [[nodiscard]] bool enter(std::size_t beyond = 0);
    void leave(std::size_t places = 1);
    /// For what was counted elsewhere: so many places are taken.
    void assign(std::size_t waiting);

    [[nodiscard]] QueueLevel level() const { return {name_, waiting_.load(), most_}; }
    /// "the queue store.writes is full (4096)", advice retry.
    [[nodiscard]] Fault full() const;

private:
    void end_episode(std::size_t waiting);

    std::string name_;
    std::size_t most_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::size_t> refused_{0};  ///< in this episode
};

/// Whether a fault is Bound::full().
[[nodiscard]] bool says_full(const Fault& fault);

/// A place in a bounded queue, if there was one, given back with its owner.
class Place {
public:
    Place() = default;
    explicit Place(std::shared_ptr<Bound> bound) : bound_(bound->enter() ? std::move(bound) : nullptr) {}
    Place(Place&& other) noexcept : bound_(std::move(other.bound_)) {}
    Place& operator=(Place&& other) noexcept {
        std::swap(bound_, other.bound_);
        return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        if (bound_) { bound_->leave(); }
    }
    [[nodiscard]] bool taken() const { return bound_ != nullptr; }

private:
    std::shared_ptr<Bound> bound_;
};

}  // namespace crossdock
