#pragma once

#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/mechanisms.hpp"
#include "base/task.hpp"
#include "definition/definition.hpp"
#include "model/effect.hpp"
#include "model/pace.hpp"
#include "model/stock.hpp"
#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "plugin/caller.hpp"
#include "store/store.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::pipeline {

/// What the engine knows of an operation of an account: the account's file, weakened by what the plugin can.
struct OperationRules {
    model::EffectClass effect_class = model::EffectClass::unsafe;
    milliseconds key_valid_for{0};
    milliseconds visible_within{0};
    bool can_ask = true;       ///< the plugin has find_order
    bool plugin_known = true;  ///< false: it never started, so that nobody knows what it can
    /// Why it is not to be had from this account, for a person; empty: it is.
    std::string missing = {};
};

/// How an account is asked what has become of an order: the best of what its plugin can.
enum class PollBy {
    status,  ///< get_order_status
    lookup,  ///< find_order, whose matches carry a status without its time
    nothing,
};

struct AccountRules {
    model::StatusLists statuses;
    milliseconds not_after{5'000};
    milliseconds request_timeout{10'000};
    OperationRules create_order;
    OperationRules cancel_order = {.missing = "the account's file has no `operations: cancel_order`"};
    PollBy poll_by = PollBy::status;
    model::StockRules stock;
    model::PaceRules pace;

    [[nodiscard]] const OperationRules& of(std::string_view operation) const {
        return operation == "cancel_order" ? cancel_order : create_order;
    }
};

struct ChannelRules {
    milliseconds not_after{5'000};
    milliseconds request_timeout{10'000};
    model::PaceLimits limits = {};
};

/// What the engine works by: config, pipelines and what the plugins can. A reload replaces it as a whole.
struct EngineOptions {
    orders::Accounts accounts;
    std::map<std::string, AccountRules> rules;         ///< by account
    std::map<std::string, ChannelRules> channels;      ///< by channel
    std::vector<Definition> definitions;               ///< the current revisions
    std::map<std::string, model::Schedule> schedules;  ///< a pipeline's, where the config overrides it
    std::size_t runs_max = 256;                        ///< driven at once
    std::size_t effects_max = 256;                     ///< in flight at once for one account or channel, whatever its limits say
    std::size_t polls_max = 8;                         ///< orders that one account is asked for at once
    Mechanisms mechanisms = {};
};

/// Everything the engine's parts share. All outlive them.
struct Environment {
    Executor executor;
    Clock& clock;
    Randomness& randomness;
    store::Store& store;
    plugin::Caller& caller;
    notify::Facts& facts;
    Current<EngineOptions> options;  ///< what has begun goes on under those it began with

    /// In [0, 1), for jitter.
    [[nodiscard]] double jitter() { return static_cast<double>(randomness.below(1'000'000)) / 1e6; }
};

}  // namespace crossdock::pipeline
