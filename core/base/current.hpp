#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace crossdock {

/// A value that is replaced as a whole, never changed. Whoever took it keeps what it took. Copies share the place.
/// Threads: any.
template <class T>
class Current {
public:
    Current(T value) : place_(std::make_shared<Place>()) { set(std::move(value)); }  // NOLINT(google-explicit-constructor)

    [[nodiscard]] std::shared_ptr<const T> get() const {
        const std::lock_guard lock(place_->mutex);
        return place_->value;
    }
    void set(T value) {
        auto made = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(place_->mutex);
        // What was there before is freed after the lock.
        place_->value.swap(made);
    }

private:
    struct Place {
        std::mutex mutex;
        std::shared_ptr<const T> value;
    };
    std::shared_ptr<Place> place_;
};

}  // namespace crossdock
