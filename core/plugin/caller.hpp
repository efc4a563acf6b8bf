#pragma once

#include "base/json.hpp"
#include "base/task.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::plugin {

/// One call of a plugin's operation, for example "create_order" of account "phonex".
struct Call {
    std::string target;     ///< the account's or channel's name
    std::string operation;  ///< create_order, find_order, handle_webhook, sync_inventory, deliver
    Json input;
    milliseconds timeout{30'000};  ///< then the worker is ended and the call is `unknown`
    std::string digest = {};       ///< effects: only the plugin file with this SHA-256 may take it; empty: whichever serves
    BootMs not_after = 0;          ///< effects: nothing is sent after this CLOCK_BOOTTIME; 0 for calls that change nothing
    bool effect = false;           ///< at most one request on the wire
    bool record = false;           ///< keep the exchanges, for a cassette
};

/// Operations that change the outside world.
[[nodiscard]] inline bool is_effect(std::string_view operation) {
    return operation == "create_order" || operation == "cancel_order" || operation == "deliver";
}

enum class CallStatus {
    answered,  ///< the plugin returned; see output
    failed,    ///< the plugin reported a fault before anything could have been sent; see text
    not_sent,  ///< no worker took the call
    unknown,   ///< the worker died, hung or answered garbage: whether anything was sent cannot be known
};

struct CallAnswer {
    CallStatus status = CallStatus::unknown;
    Json output = {};
    std::string text = {};
    std::string plugin_digest = {};                ///< SHA-256 of the plugin file that answered
    std::string plugin = {};                       ///< its name and version, "phonex 1.0.0"
    Json exchanges = {};                           ///< recorded: the `exchanges` of a cassette, secrets replaced by placeholders
    Json evaluations = {};                         ///< recorded: those of a cassette, when there were some
    bool exchanges_cut = false;                    ///< recorded: there were more than a cassette holds
    std::optional<milliseconds> retry_after = {};  ///< failed: the peer asked for a pause that long
    int peer_status = 0;                           ///< failed, unknown: the HTTP status that the peer answered last; 0: none
    bool held = false;                             ///< not_sent: see Caller::held and Call::digest; it counts as no attempt
};

/// The plugin files that would take a target's calls, by their SHA-256 in lower-case hex.
struct Serving {
    std::string digest;                     ///< of the one that takes new calls; empty: not known, none has started
    std::vector<std::string> leaving = {};  ///< of those before it that are kept for what they began

    [[nodiscard]] bool serves(std::string_view which) const {
        return which == digest || std::find(leaving.begin(), leaving.end(), which) != leaving.end();
    }
};

/// Takes a batch of inventory rows (a JSON array); the worker waits until the task is done, so a slow store slows the feed.
/// The answer false cancels the call.
using OnBatch = std::function<Task<bool>(Json)>;

/// How the engine reaches plugins: asynchronous, so that worker processes are the normal case.
/// Threads: the engine's executor.
class Caller {
public:
    Caller() = default;
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    virtual ~Caller() = default;

    /// Never throws, never lasts longer than about call.timeout.
    virtual Task<CallAnswer> call(Call call, OnBatch on_batch) = 0;

    /// True while nobody serves the target until a person says so: what is to be sent there had better wait in the store.
    [[nodiscard]] virtual bool held(const std::string& /*target*/) const { return false; }

    [[nodiscard]] virtual Serving serving(const std::string& /*target*/) const { return {}; }
};

}  // namespace crossdock::plugin
