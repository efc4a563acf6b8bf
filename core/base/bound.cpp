#include "base/bound.hpp"

#include "base/log.hpp"

namespace crossdock {
namespace {

constexpr const char* full_begins = "the queue ";
constexpr const char* full_goes_on = " is full (";

}  // namespace

Bound::Bound(std::string name, std::size_t most) : name_(std::move(name)), most_(most) {}

bool Bound::enter(std::size_t beyond) {
    if (waiting_.fetch_add(1) < most_ + beyond) { return true; }
    waiting_.fetch_sub(1);
    if (refused_.fetch_add(1) == 0) {
        Log::warning("a queue is full; what comes now is refused", {{"queue", name_}, {"most", most_}});
    }
    return false;
}

void Bound::leave(std::size_t places) {
    end_episode(waiting_.fetch_sub(places) - places);
}

void Bound::assign(std::size_t waiting) {
    waiting_ = waiting;
    end_episode(waiting);
}

void Bound::end_episode(std::size_t waiting) {
    if (waiting * 2 > most_ || refused_.load() == 0) { return; }
    const std::size_t refused = refused_.exchange(0);
    if (refused > 0) { Log::info("a queue has room again", {{"queue", name_}, {"refused", refused}}); }
}

Fault Bound::full() const {
    return {full_begins + name_ + full_goes_on + std::to_string(most_) + ")", {}, Advice::retry};
}

bool says_full(const Fault& fault) {
    return fault.what.starts_with(full_begins) && fault.what.find(full_goes_on) != std::string::npos;
}

}  // namespace crossdock
