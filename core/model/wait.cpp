#include "model/wait.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace crossdock::model {
namespace {

constexpr std::array<std::string_view, 9> fact_kinds{
    "order.placed",    "order.accepted", "order.rejected",       "order.fulfillment_started", "order.shipped",
    "order.delivered", "order.canceled", "order.status_changed", "order.needs_attention"};

}  // namespace

Result<milliseconds> read_wait(const Json& value) {
    if (!value.is_string()) { return Fault{value.dump().substr(0, 64) + " is no duration such as 30s, 15m, 2h or 3d"}; }
    const auto duration = parse_duration(value.as_string());
    if (!duration) { return duration.error(); }
    if (*duration <= milliseconds{0} || *duration > wait_max) {
        return Fault{"it is " + duration_text(*duration) + "; it takes 1ms to " + duration_text(wait_max)};
    }
    return *duration;
}

Result<UtcMs> read_moment(const Json& value) {
    if (!value.is_string()) { return Fault{value.dump().substr(0, 64) + " is no RFC 3339 time such as 2025-10-30T18:06:39Z"}; }
    return parse_rfc3339(value.as_string());
}

Result<UtcMs> wait_ends_at(const Json& with, UtcMs started_at) {
    const Json* span = with.find("for");
    const Json* moment = with.find("until");
    if ((span == nullptr) == (moment == nullptr)) { return Fault{"wait takes either `for` or `until`"}; }
    if (span != nullptr) {
        const auto duration = read_wait(*span);
        if (!duration) { return Fault{"`for`: " + duration.error().what}; }
        return started_at + duration->count();
    }
    const auto until = read_moment(*moment);
    if (!until) { return Fault{"`until`: " + until.error().what}; }
    if (*until > started_at + wait_max.count()) {
        return Fault{"`until`: " + rfc3339(*until) + " is more than " + duration_text(wait_max) + " away"};
    }
    return *until;
}

std::span<const std::string_view> order_facts() {
    return fact_kinds;
}

bool is_order_fact(std::string_view kind) {
    return std::find(fact_kinds.begin(), fact_kinds.end(), kind) != fact_kinds.end();
}

}  // namespace crossdock::model
