#pragma once

#include "app/serving.hpp"
#include "metrics/metrics.hpp"

namespace crossdock::app {

/// Counts the calls that it hands on.
/// Lifetime: both outlive it.
class MeteredCaller final : public plugin::Caller {
public:
    MeteredCaller(plugin::Caller& caller, metrics::Metrics& metrics, Clock& clock)
        : caller_(caller), metrics_(metrics), clock_(clock) {}

    Task<plugin::CallAnswer> call(plugin::Call call, plugin::OnBatch on_batch) override;
    [[nodiscard]] bool held(const std::string& target) const override { return caller_.held(target); }
    [[nodiscard]] plugin::Serving serving(const std::string& target) const override { return caller_.serving(target); }

private:
    plugin::Caller& caller_;
    metrics::Metrics& metrics_;
    Clock& clock_;
};

/// What /metrics answers: what was counted, and how store, workers and queues stand now.
/// Errors: the store cannot be read.
Task<Result<std::string>> metrics_text(Serving& serving, metrics::Metrics& metrics);

}  // namespace crossdock::app
