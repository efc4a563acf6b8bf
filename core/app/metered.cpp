#include "app/metered.hpp"

#include "base/process.hpp"

#include <unistd.h>

namespace crossdock::app {
namespace {

std::string_view word(plugin::CallStatus status) {
    switch (status) {
        case plugin::CallStatus::answered: return "answered";
        case plugin::CallStatus::failed: return "failed";
        case plugin::CallStatus::not_sent: return "not_sent";
        case plugin::CallStatus::unknown: return "unknown";
    }
    return "unknown";
}

}  // namespace

Task<plugin::CallAnswer> MeteredCaller::call(plugin::Call call, plugin::OnBatch on_batch) {
    const std::string target = call.target;
    const std::string operation = call.operation;
    const BootMs begun = clock_.boot_ms();
    auto answer = co_await caller_.call(std::move(call), std::move(on_batch));
    metrics_.call_ended(target, operation, word(answer.status), milliseconds{clock_.boot_ms() - begun});
    co_return answer;
}

Task<Result<std::string>> metrics_text(Serving& serving, metrics::Metrics& metrics) {
    std::function<metrics::Standing(store::Tx&)> unit = [after = metrics.counted_events()](store::Tx& tx) {
        return metrics::look(tx, after);
    };
    auto standing = co_await serving.store->read<metrics::Standing>(std::move(unit));
    if (!standing) { co_return standing.error(); }
    metrics::Levels levels;
    levels.standing = std::move(*standing);
    levels.now = serving.clock.utc_ms();
    levels.resident_bytes = static_cast<std::int64_t>(resident_bytes(::getpid()).value_or(0));
    for (const auto& worker : serving.workers->statuses()) { levels.workers.push_back({worker.name, worker.up, worker.deaths}); }
    if (serving.queues) { levels.queues = serving.queues(); }
    const Json held = degraded(serving);
    for (const auto& one : held.items()) { levels.not_served.emplace_back(one.text("name"), one.text("state")); }
    co_return good(metrics.text(levels));
}

}  // namespace crossdock::app
