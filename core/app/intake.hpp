#pragma once

#include "api/api.hpp"
#include "base/clock.hpp"
#include "base/signal.hpp"
#include "base/task.hpp"
#include "config/config.hpp"
#include "notify/facts.hpp"
#include "store/store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace crossdock::app {

/// Orders that come in by a drop folder or an outbox table, and updates that go back to an inbox table. Each document is taken as
/// POST /v1/orders takes it; what crashes leave is taken again, and then a repeat.
///
/// Threads:  one executor; disk and database are waited for on threads of their own.
/// Lifetime: api, store and clock outlive it; destroy it once idle().
class Intake {
public:
    struct Needs {
        Executor executor;
        Clock& clock;
        api::Api& api;
        store::Store& store;
        notify::Facts& facts;
    };
    /// `outbox_password` is what the config's secret stands for.
    Intake(Needs needs, IntakeConfig config, std::optional<std::string> outbox_password);
    ~Intake();

    /// Errors: the folder cannot be made or written. A database that is away is waited for.
    [[nodiscard]] Result<> start();
    /// Nothing new is taken from now on.
    void stop();
    /// Nothing is waited for on another thread.
    [[nodiscard]] bool idle() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace crossdock::app
