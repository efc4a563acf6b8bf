#pragma once

#include "base/time.hpp"
#include "model/effect.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace crossdock::model {

/// How much one account or channel is asked for at once, and how fast.
struct PaceLimits {
    std::int64_t rate = 0;  ///< calls that may begin in `rate_per`; 0: as many as there are
    milliseconds rate_per{1'000};
    std::int64_t burst = 1;          ///< calls that may begin at once after a quiet time
    std::int64_t concurrency = 256;  ///< calls in flight
};

/// When a supplier that fails is left alone, and for how long.
struct BreakerLimits {
    int failures = 10;                ///< in a row; 0: it never opens
    milliseconds within{60'000};      ///< the first and the last of them
    milliseconds pause{10'000};       ///< before the first probe; doubled by each that fails
    milliseconds pause_max{900'000};  ///< the longest, a supplier's Retry-After included
};

struct PaceRules {
    PaceLimits limits;
    BreakerLimits breaker;
};

/// HTTP's 410: an endpoint that is no more. Nobody tries it again before a person says so.
inline constexpr int gone = 410;

/// What a call is about.
enum class CallKind {
    send,  ///< an effect: an order, a cancel, a mail
    ask,   ///< a lookup by which an effect goes on
    read,  ///< everything else: inventory, status polls
};

/// What an answer says of the account, whatever it says of the order.
struct PeerSign {
    enum class What {
        well,     ///< it answers as it should
        failing,  ///< cut, timed out, not reached, or an answer of a broken server
        busy,     ///< it asks to be left alone for a while
        refused,  ///< 401 or 403: our credentials
        none,     ///< the call says nothing of the supplier
    } what = What::none;
    int status = 0;
    milliseconds retry_after{0};  ///< busy
};

/// What the answer to an effect says. 401 and 403 are about our credentials unless the account's file lists them as refusals.
[[nodiscard]] PeerSign sign_of_send(const Submission& submission, const StatusLists& lists,
                                    std::optional<milliseconds> retry_after);
/// What the answer to a posted message says of its endpoint: 401, 403 and 410 that nothing more is to be sent there as it is.
[[nodiscard]] PeerSign sign_of_post(const Submission& submission, std::optional<milliseconds> retry_after);
/// What the answer to a question says; `understood` when it was read to its end.
[[nodiscard]] PeerSign sign_of_question(const Submission& answer, bool understood, std::optional<milliseconds> retry_after);

/// Whether an answer with that status leaves the order to be sent or asked for again, so that it may try whether things are well.
/// `state`: as it will be, this attempt included.
[[nodiscard]] bool may_probe(const EffectRules& rules, const EffectState& state, const StatusLists& lists, int status, UtcMs now);

/// Why nothing but a probe is let through.
enum class ShutReason {
    busy,         ///< it asked for a pause
    failing,      ///< the breaker has opened
    credentials,  ///< it refuses our credentials
};
[[nodiscard]] std::string_view name(ShutReason why);

struct Shut {
    ShutReason why = ShutReason::failing;
    int status = 0;                  ///< of the answer that shut it; 0: there was none
    int level = 0;                   ///< probes that failed
    bool by_send = false;            ///< credentials: an effect was refused, not only a question
    std::optional<BootMs> probe_at;  ///< not before; nothing: nobody may try, a person decides
};

/// Leave to make one call.
struct Pass {
    bool probe = false;
    std::uint64_t episode = 0;  ///< in which it was a probe
};

/// What a call's end has changed.
struct Turn {
    enum class What {
        none,
        shut,        ///< from now on only probes pass; or the reason is now a graver one
        still_shut,  ///< the probe failed
        open,        ///< it was well
    } what = What::none;
    ShutReason why = ShutReason::failing;  ///< for which it is shut, or was
};

/// Lets the calls of one account through: token bucket, slots in flight, circuit breaker, the pause after 401 or 403, and
/// what a person has disabled.
/// Orders go before reads: a read gets no slot while an order waits for one, and never the last.
/// Pure: no clock, no I/O, no log.
///
/// Threads: not thread-safe; one object for each account or channel.
/// Errors:  none. Each Pass is handed back once, to `leave` or `give_back`.
class Pace {
public:
    explicit Pace(const PaceRules& rules);

    /// Other limits from now on; what is in flight, shut or used up stays so.
    void change(const PaceRules& rules);

    /// How many effects may begin now.
    [[nodiscard]] std::int64_t room(BootMs now);
    [[nodiscard]] std::optional<Pass> enter(BootMs now);
    [[nodiscard]] std::optional<Pass> enter_read(BootMs now);
    /// Effects are due that have not got a pass.
    void orders_wait(bool wait) { orders_wait_ = wait; }
    /// When a call that is not let through now could be; nothing: when another one ends, or a person says so.
    [[nodiscard]] std::optional<BootMs> next_at(BootMs now);
    /// The status that shut it, when its credentials were refused and a probe is due.
    [[nodiscard]] std::optional<int> probe_due(BootMs now) const;

    /// The call has ended. `probes`: should our credentials be refused, others may try later whether they still are.
    /// `jitter` in [0, 1).
    Turn leave(const Pass& pass, CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter);
    /// The call was not made.
    void give_back(const Pass& pass, CallKind kind);

    [[nodiscard]] const std::optional<Shut>& shut() const { return shut_; }
    /// A pause of before a restart goes on.
    void restore(const Shut& shut);
    /// A person says that nothing goes there, probes included, until the person says that it does again. What is in flight comes
    /// to its end, and what that says of the account counts.
    void disable(bool disabled) { disabled_ = disabled; }
    [[nodiscard]] bool disabled() const { return disabled_; }
    [[nodiscard]] std::int64_t in_flight() const { return orders_ + reads_; }
    /// A person says that things are well. After refused credentials one effect at a time goes until one has gone well.
    void open();

private:
    void refill(BootMs now);
    [[nodiscard]] bool has_token() const { return rules_.limits.rate == 0 || credit_ >= token(); }
    /// What one call costs: credit grows by `rate` each millisecond.
    [[nodiscard]] std::int64_t token() const { return rules_.limits.rate_per.count(); }
    [[nodiscard]] bool probe_may_go(BootMs now) const;
    [[nodiscard]] Pass take(CallKind kind);
    void shut(Shut made, BootMs now, double jitter);
    [[nodiscard]] BootMs probe_time(int level, BootMs now, double jitter) const;
    Turn after_probe(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter);
    Turn after_straggler(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter);
    Turn after_call(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter);

    PaceRules rules_;
    std::int64_t credit_ = 0;
    std::optional<BootMs> refilled_at_;
    std::int64_t orders_ = 0;  ///< in flight
    std::int64_t reads_ = 0;
    bool orders_wait_ = false;
    std::deque<BootMs> failures_;  ///< in a row
    std::optional<Shut> shut_;
    bool disabled_ = false;
    bool probing_ = false;
    std::uint64_t episode_ = 0;
    bool one_by_one_ = false;  ///< until an effect has gone well
    int refused_level_ = 0;    ///< outlives pauses that a question has ended
};

}  // namespace crossdock::model
