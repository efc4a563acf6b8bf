#pragma once

#include "model/pace.hpp"
#include "pipeline/environment.hpp"
#include "store/account_pauses.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// Leave for one read, or why there is none.
struct ReadEntry {
    std::optional<model::Pass> pass;
    milliseconds again{0};  ///< without a pass: ask again after that long; it is no attempt
    std::string why;
};

/// An account or channel to which nothing but probes goes, or nothing at all.
struct ShutAccount {
    std::string name;
    std::string state;   ///< disabled, paused, failing, busy
    std::string reason;  ///< for people
};

struct Disabled {
    bool changed = false;        ///< it was active, or disabled for another reason
    std::int64_t under_way = 0;  ///< calls that had begun, and come to their end
};

/// Whether a call of an account or channel may be made now: limits, circuit breaker, the pause after 401 or 403, and whether a
/// person has disabled it. What may not waits where it is, in the store. The pause and what is disabled are stored; all else is
/// forgotten by a restart.
///
/// Threads:  the executor's.
/// Lifetime: the environment outlives it.
class Pacing {
public:
    /// `freed` is called when others may go.
    Pacing(Environment& environment, std::function<void()> freed);

    /// The rules are the options' of now; what is in flight or shut stays so. Of an account that was not among those of before,
    /// its row says whether it is disabled.
    void change(const EngineOptions& before);
    /// Takes up the pauses of before a restart, and what was disabled.
    Task<Result<>> restore();

    // Effects: the engine takes them up as far as there is room.
    [[nodiscard]] std::int64_t room(const std::string& target);
    [[nodiscard]] std::optional<model::Pass> enter(const std::string& target);
    void orders_wait(const std::string& target, bool wait);
    /// When effects that wait could go, as a delay from now; nothing: not by the time.
    [[nodiscard]] std::optional<milliseconds> next_in(const std::string& target);
    [[nodiscard]] std::optional<int> probe_due(const std::string& target);
    Task<void> leave(std::string target, model::Pass pass, model::CallKind kind, model::PeerSign sign, bool probes);
    void give_back(const std::string& target, const model::Pass& pass, model::CallKind kind);

    // Reads: inventory, status polls. Each pass is handed back by leave_read, with what the call was answered.
    [[nodiscard]] ReadEntry enter_read(const std::string& account);
    Task<void> leave_read(std::string account, model::Pass pass, plugin::CallAnswer answer);

    /// A person says that things are well, or settings have changed. False when nothing was shut.
    Task<Result<bool>> open(std::string account, std::string why);
    /// The same, and it is disabled no more: that a person alone can say.
    Task<Result<bool>> enable(std::string account, std::string by);
    /// A person says that nothing goes there. From the first step on no call begins; stored when it answers.
    Task<Result<Disabled>> disable(std::string account, std::string reason, std::string by);
    [[nodiscard]] bool disabled(const std::string& account) const;
    [[nodiscard]] std::vector<ShutAccount> shut() const;

private:
    struct Line {
        explicit Line(const model::PaceRules& rules) : pace(rules) {}
        model::Pace pace;
        UtcMs since = 0;           ///< of its pause
        std::string disabled_why;  ///< what the person said
        std::uint64_t words = 0;   ///< how often a person has said something: the last word counts, whichever is stored first
    };
    Line& line(const std::string& target);
    [[nodiscard]] model::PaceRules rules_of(const std::string& target) const;
    /// Stores and tells what has changed.
    Task<void> tell(std::string target, model::Turn turn);
    /// `by`: the person who says so; empty: nobody does.
    Task<Result<bool>> serve_again(std::string account, std::string why, std::string by);
    /// Ends what waits for a person because nothing was sent to a channel.
    void channel_goes_on(store::Tx& tx, const std::string& channel) const;
    void record(store::Tx& tx, const std::string& target, const char* kind, Json data) const;

    Environment& environment_;
    std::function<void()> freed_;
    std::map<std::string, Line> lines_;
};

/// What the answer to an effect or to its lookup says of the account.
[[nodiscard]] model::PeerSign sign_of(const plugin::CallAnswer& answer, model::CallKind kind, const model::StatusLists& lists,
                                      bool needs_id = true);

}  // namespace crossdock::pipeline
