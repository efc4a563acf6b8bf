#pragma once

#include "base/time.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::model {

/// How an unknown outcome may be resolved, weakest first.
enum class EffectClass {
    unsafe,      ///< a person decides
    lookup,      ///< the supplier can be asked by our reference
    idempotent,  ///< the supplier honours our key: send again with the same one
    repeatable,  ///< notifications only: a second copy does no harm
};

[[nodiscard]] std::string_view name(EffectClass effect_class);
[[nodiscard]] std::optional<EffectClass> effect_class_named(std::string_view name);
/// The weaker of what the plugin can and what was verified for the account. `repeatable` belongs to channels and stays itself.
[[nodiscard]] EffectClass weaker(EffectClass a, EffectClass b);

/// What became of one attempt.
enum class Verdict { not_sent, accepted, refused, unknown };
[[nodiscard]] std::string_view name(Verdict verdict);

/// Which HTTP statuses mean what, from the account's file.
struct StatusLists {
    std::vector<int> accepted;
    std::vector<int> refused;
    std::vector<int> not_processed;
};

/// What an adapter reports of one submission: facts, no judgement.
struct Submission {
    enum class Transport { not_sent, answered, cut } transport = Transport::cut;
    int status = 0;
    bool has_id = false;      ///< the supplier's id was in a well-formed answer
    bool id_follows = false;  ///< it took the order, and tells the id later, by another way
    /// What a rule of the account's file says of the answer's body: refused, not_sent (not processed) or unknown.
    std::optional<Verdict> by_rule = {};
};

/// Accepted needs a listed success status and, where the request makes something (`needs_id`), an id; 429 and what
/// `not_processed` lists were not processed; what is not listed is unknown. A rule over the body counts more than the lists, but
/// of an answer of 500 and above it is not believed: that is a proxy's as likely as the supplier's.
[[nodiscard]] Verdict classify(const Submission& submission, const StatusLists& lists, bool needs_id = true);
/// SMTP (RFC 5321): 2xx accepted, 4xx not sent, 5xx refused but where it is about our own credentials, a cut conversation
/// unknown.
[[nodiscard]] Verdict classify_mail(const Submission& submission);
/// Whether a mail server's refusal is about the address, not about this mail (RFC 5321, section 4.2.3: 550, 551, 553).
[[nodiscard]] bool says_no_such_recipient(int status);
/// A message that was posted by HTTP: 2xx accepted; 401, 403 and 410, which speak of the endpoint and not of this message, 408,
/// 425, 429 and 503 not sent; other 4xx, and 3xx, since no redirect is followed, refused; all else unknown.
[[nodiscard]] Verdict classify_post(const Submission& submission);

struct EffectRules {
    EffectClass effect_class = EffectClass::unsafe;
    milliseconds key_valid_for{0};   ///< idempotent: counted from the first intent
    milliseconds visible_within{0};  ///< lookup: an order can be found this long after it was sent
    bool can_ask = true;             ///< the plugin has find_order; without it nobody can ask, whatever the class
    milliseconds request_timeout{10'000};
    int attempts_max = 8;
    milliseconds backoff{2'000};
    milliseconds backoff_max{300'000};
    std::optional<milliseconds> deadline = {};  ///< from the first intent; no send begins after it
};

/// Where an effect stands when a decision is due.
struct EffectState {
    int attempts = 0;  ///< sends so far, the one just ended included
    UtcMs first_intent_at = 0;
    UtcMs last_not_after = 0;  ///< the latest moment at which anything can have been sent
    /// A send before this one ended unknown, and the supplier has not been asked since: what was sent then may be there.
    bool may_have_left = false;
    bool taken = false;  ///< the supplier has said that it took it; see is_taken
};

/// Exponential backoff with full jitter, at least a tenth of the step so that a broken peer is not hammered.
/// `attempts` have been made; `jitter` in [0, 1).
[[nodiscard]] UtcMs backoff_until(milliseconds first, milliseconds most, std::int64_t attempts, UtcMs now, double jitter);

enum class Next {
    settle_accepted,
    settle_refused,
    send,         ///< again, with the same key
    ask,          ///< the supplier, by our reference
    park,         ///< a person decides
    dead_letter,  ///< attempts are used up and nothing was placed
};
[[nodiscard]] std::string_view name(Next next);

struct Decision {
    Next next = Next::park;
    UtcMs at = 0;        ///< not before
    std::string reason;  ///< for the order's story
};

/// Decides what follows an attempt.
/// `jitter` in [0, 1) spreads the retries (full jitter); `asked_delay` is the supplier's Retry-After.
/// Pure: no clock, no I/O. Errors: none.
[[nodiscard]] Decision after_send(Verdict verdict, const EffectRules& rules, const EffectState& state, UtcMs now, double jitter,
                                  std::optional<milliseconds> asked_delay = {});

/// Whether the supplier has said that it took an order, whose id it tells later. To the journal that is unknown.
[[nodiscard]] bool is_taken(const Submission& submission, const StatusLists& lists);
/// Decides what follows then: never a second sending by itself. Nothing: as any unknown outcome, for a person.
[[nodiscard]] std::optional<Decision> after_taken(const EffectRules& rules, UtcMs now);

/// Decides whether a send that is due may still leave; nothing: it may. `latest` is when it can leave at the latest.
/// After the deadline it may not: what was never sent is a dead letter, what may have left is an unknown outcome.
/// What may have left before is not sent again once our key is no longer valid, however long the send has waited.
[[nodiscard]] std::optional<Decision> before_send(const EffectRules& rules, const EffectState& state, UtcMs now, UtcMs latest);

/// What a lookup found. Nothing: the question itself failed.
struct Found {
    std::size_t matches = 0;
    UtcMs asked_at = 0;
};

/// Decides what follows a lookup. "Not found" counts only if it was asked after last_not_after + request_timeout +
/// visible_within.
[[nodiscard]] Decision after_ask(const std::optional<Found>& found, const EffectRules& rules, const EffectState& state, UtcMs now,
                                 double jitter);

/// How an order stands at its supplier, as far as canceling it is concerned.
enum class Standing { open, ended, shipped };

/// Decides what follows a lookup after a cancellation whose outcome is unknown. `standing` is that of the only match.
[[nodiscard]] Decision after_cancel_ask(const std::optional<Found>& found, Standing standing, const EffectRules& rules,
                                        const EffectState& state, UtcMs now, double jitter);

/// Decides what follows an unknown outcome when the plugin that sent is no longer there: another one must not send again.
[[nodiscard]] Decision without_its_plugin(const EffectRules& rules, UtcMs now);

/// Decides what follows an attempt of which nobody knows anything, because the daemon died: as an unknown outcome.
[[nodiscard]] Decision on_recovery(const EffectRules& rules, const EffectState& state, UtcMs now);

}  // namespace crossdock::model
