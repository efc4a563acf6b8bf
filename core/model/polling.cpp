#include "model/polling.hpp"

#include <algorithm>

namespace crossdock::model {
namespace {

constexpr milliseconds asked_delay_max{86'400'000};

}  // namespace

bool is_open(Status status, const PollPattern& pattern) {
    const auto& at = row(status);
    return status != Status::pending && !at.final_ && at.rank < row(pattern.until).rank;
}

std::optional<UtcMs> first_poll_at(Status status, const PollPattern& pattern, UtcMs heard_at) {
    if (!is_open(status, pattern)) { return {}; }
    return heard_at + pattern.silent_for.count();
}

NextPoll after_fruitless_poll(const PollPattern& pattern, UtcMs heard_at, int fruitless, UtcMs now, double jitter,
                              std::optional<milliseconds> asked_delay) {
    const int doublings = std::clamp(fruitless - 1, 0, 20);
    const auto step = std::min<std::int64_t>(pattern.every_max.count(), pattern.every.count() << doublings);
    auto pause = step - static_cast<std::int64_t>(static_cast<double>(step) * jitter / 4);
    if (asked_delay) { pause = std::max<std::int64_t>(pause, std::min(*asked_delay, asked_delay_max).count()); }
    return {now + pause, now - heard_at >= pattern.give_up_after.count()};
}

std::string text_of(const PollPattern& pattern) {
    std::string text = "until " + std::string(name(pattern.until));
    for (const auto duration : {pattern.silent_for, pattern.every, pattern.every_max, pattern.give_up_after}) {
        text += " " + std::to_string(duration.count());
    }
    return text;
}

}  // namespace crossdock::model
