#include "model/effect.hpp"

#include <algorithm>
#include <array>

namespace crossdock::model {
namespace {

constexpr std::array<std::string_view, 4> class_names{"unsafe", "lookup", "idempotent", "repeatable"};
constexpr std::array<std::string_view, 4> verdict_names{"not sent", "accepted", "refused", "unknown"};
constexpr std::array<std::string_view, 6> next_names{"accepted", "refused", "send", "ask", "park", "dead letter"};

bool listed(const std::vector<int>& list, int status) {
    return std::find(list.begin(), list.end(), status) != list.end();
}

UtcMs conclusive_from(const EffectRules& rules, const EffectState& state) {
    return state.last_not_after + rules.request_timeout.count() + rules.visible_within.count();
}

/// When an order that was not found is looked for again: where that takes long, also before the time that settles it, after
/// pauses that grow with its age.
UtcMs next_look(const EffectRules& rules, const EffectState& state, UtcMs conclusive, UtcMs now) {
    const auto age = std::max<std::int64_t>(0, now - state.last_not_after);
    const auto most = std::max(rules.backoff, rules.backoff_max).count();
    const auto at = now + std::clamp<std::int64_t>(age / 4, rules.backoff.count(), most);
    return at + rules.backoff.count() > conclusive ? conclusive : at;
}

/// Why no send may begin at `at`; empty when one may.
std::string used_up(const EffectRules& rules, const EffectState& state, UtcMs at) {
    if (state.attempts >= rules.attempts_max) { return "attempts used up"; }
    if (rules.deadline && at > state.first_intent_at + rules.deadline->count()) {
        return "its deadline of " + duration_text(*rules.deadline) + " leaves no further attempt";
    }
    return {};
}

/// The supplier is asked when the plugin can.
Decision ask_or_park(const EffectRules& rules, UtcMs at, UtcMs now, const std::string& why) {
    if (!rules.can_ask) { return {Next::park, now, why + ", and the plugin cannot ask the supplier (it has no find_order)"}; }
    return {Next::ask, at, why + ": the supplier is asked by our reference"};
}

bool key_expired(const EffectRules& rules, const EffectState& state, UtcMs at) {
    return rules.effect_class == EffectClass::idempotent && at >= state.first_intent_at + rules.key_valid_for.count();
}

Decision ask_again_soon(const EffectRules& rules, UtcMs now, double jitter) {
    const auto pace = std::min<std::int64_t>(rules.backoff_max.count(), rules.backoff.count() * 2);
    return {Next::ask, now + rules.backoff.count() / 2 + static_cast<std::int64_t>(static_cast<double>(pace) * jitter),
            "the supplier could not be asked: asked again"};
}

/// An attempt that was not sent, after one that may have been.
Decision not_sent_after_unknown(const EffectRules& rules, const EffectState& state, UtcMs now, UtcMs again_at) {
    const std::string no_more = used_up(rules, state, again_at);
    if (rules.effect_class == EffectClass::repeatable) {
        if (!no_more.empty()) { return {Next::dead_letter, now, no_more}; }
        return {Next::send, again_at, "not sent: tried again"};
    }
    if (rules.effect_class == EffectClass::unsafe) { return {Next::park, now, "not sent, but an attempt before may have been"}; }
    if (!no_more.empty()) {
        return ask_or_park(rules, again_at, now, "not sent, but an attempt before may have been, " + no_more);
    }
    if (key_expired(rules, state, again_at)) {
        return ask_or_park(rules, now, now, "not sent, an attempt before may have been, and our key is no longer valid");
    }
    return {Next::send, again_at, "not sent: tried again with the same key"};
}

/// An outcome nobody knows, resolved by its class. `again_at` is when a further send is due.
Decision resolve_unknown(const EffectRules& rules, const EffectState& state, UtcMs now, UtcMs again_at) {
    const std::string no_more = used_up(rules, state, again_at);
    const auto ask = [&](UtcMs at, const std::string& why) { return ask_or_park(rules, at, now, why); };
    switch (rules.effect_class) {
        case EffectClass::repeatable:
            if (!no_more.empty()) { return {Next::dead_letter, now, no_more}; }
            return {Next::send, again_at, "unknown, and repeatable: the same message is sent again"};
        case EffectClass::idempotent:
            if (!key_expired(rules, state, now)) {
                if (!no_more.empty()) { return ask(again_at, "unknown, " + no_more); }
                return {Next::send, again_at, "unknown, and the supplier honours our key: sent again with the same key"};
            }
            return ask(now, "unknown, and our key is no longer valid");
        case EffectClass::lookup: return ask(now, "unknown");
        case EffectClass::unsafe: return {Next::park, now, "unknown, and the supplier can neither deduplicate nor be asked"};
    }
    return {};
}

}  // namespace

std::string_view name(EffectClass effect_class) {
    return class_names.at(static_cast<std::size_t>(effect_class));
}

std::optional<EffectClass> effect_class_named(std::string_view name) {
    const auto at = std::find(class_names.begin(), class_names.end(), name);
    if (at == class_names.end()) { return {}; }
    return static_cast<EffectClass>(at - class_names.begin());
}

EffectClass weaker(EffectClass a, EffectClass b) {
    return std::min(a, b);
}

std::string_view name(Verdict verdict) {
    return verdict_names.at(static_cast<std::size_t>(verdict));
}

std::string_view name(Next next) {
    return next_names.at(static_cast<std::size_t>(next));
}

Verdict classify(const Submission& submission, const StatusLists& lists, bool needs_id) {
    if (submission.transport == Submission::Transport::not_sent) { return Verdict::not_sent; }
    if (submission.transport == Submission::Transport::cut) { return Verdict::unknown; }
    if (submission.by_rule) {
        const bool believed = submission.status < 500 && *submission.by_rule != Verdict::accepted;
        return believed ? *submission.by_rule : Verdict::unknown;
    }
    if (listed(lists.accepted, submission.status)) {
        return submission.has_id || !needs_id ? Verdict::accepted : Verdict::unknown;
    }
    if (submission.status == 429 || listed(lists.not_processed, submission.status)) { return Verdict::not_sent; }
    if (listed(lists.refused, submission.status)) { return Verdict::refused; }
    return Verdict::unknown;
}

Verdict classify_mail(const Submission& submission) {
    if (submission.transport == Submission::Transport::not_sent) { return Verdict::not_sent; }
    if (submission.transport == Submission::Transport::cut) { return Verdict::unknown; }
    if (submission.status >= 200 && submission.status < 300) { return Verdict::accepted; }
    if (submission.status >= 400 && submission.status < 500) { return Verdict::not_sent; }
    // It is us whom the server does not let in (RFC 4954, section 6): the mail is as good as before, once the password is.
    static const std::vector<int> not_let_in{530, 534, 535, 538};
    if (listed(not_let_in, submission.status)) { return Verdict::not_sent; }
    if (submission.status >= 500 && submission.status < 600) { return Verdict::refused; }
    return Verdict::unknown;
}

bool says_no_such_recipient(int status) {
    return status == 550 || status == 551 || status == 553;
}

Verdict classify_post(const Submission& submission) {
    if (submission.transport == Submission::Transport::not_sent) { return Verdict::not_sent; }
    if (submission.transport == Submission::Transport::cut) { return Verdict::unknown; }
    static const std::vector<int> later{401, 403, 408, 410, 425, 429, 503};
    if (listed(later, submission.status)) { return Verdict::not_sent; }
    if (submission.status >= 200 && submission.status < 300) { return Verdict::accepted; }
    if (submission.status >= 300 && submission.status < 500) { return Verdict::refused; }
    return Verdict::unknown;
}

UtcMs backoff_until(milliseconds first, milliseconds most, std::int64_t attempts, UtcMs now, double jitter) {
    const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 20);
    const auto step = std::min<std::int64_t>(most.count(), first.count() << doublings);
    return now + std::max<std::int64_t>(step / 10, static_cast<std::int64_t>(static_cast<double>(step) * jitter));
}

Decision after_send(Verdict verdict, const EffectRules& rules, const EffectState& state, UtcMs now, double jitter,
                    std::optional<milliseconds> asked_delay) {
    UtcMs again_at = backoff_until(rules.backoff, rules.backoff_max, state.attempts, now, jitter);
    if (asked_delay) {
        const auto asked = std::min(asked_delay->count(), rules.backoff_max.count());
        again_at = std::max(again_at, now + asked);
    }
    switch (verdict) {
        case Verdict::accepted: return {Next::settle_accepted, now, "accepted"};
        case Verdict::refused:
            // "You have sent this before" is a refusal, too.
            if (state.may_have_left && rules.can_ask && rules.effect_class != EffectClass::repeatable) {
                return {Next::ask, now, "refused, but an attempt before may have been sent: the supplier is asked first"};
            }
            return {Next::settle_refused, now, "refused"};
        case Verdict::not_sent:
            if (state.may_have_left) { return not_sent_after_unknown(rules, state, now, again_at); }
            if (const auto no_more = used_up(rules, state, again_at); !no_more.empty()) {
                return {Next::dead_letter, now, no_more + "; nothing was sent"};
            }
            return {Next::send, again_at, "not sent: tried again"};
        case Verdict::unknown: return resolve_unknown(rules, state, now, again_at);
    }
    return {};
}

bool is_taken(const Submission& submission, const StatusLists& lists) {
    return submission.id_follows && !submission.has_id && submission.transport == Submission::Transport::answered &&
           listed(lists.accepted, submission.status);
}

std::optional<Decision> after_taken(const EffectRules& rules, UtcMs now) {
    const bool asks = rules.effect_class == EffectClass::idempotent || rules.effect_class == EffectClass::lookup;
    if (!rules.can_ask || !asks) { return {}; }
    return Decision{Next::ask, now, "taken, and its id follows: the supplier is asked by our reference"};
}

Decision after_ask(const std::optional<Found>& found, const EffectRules& rules, const EffectState& state, UtcMs now,
                   double jitter) {
    if (!found) { return ask_again_soon(rules, now, jitter); }
    if (found->matches == 1) { return {Next::settle_accepted, now, "found at the supplier by our reference"}; }
    if (found->matches > 1) {
        return {Next::park, now, "the supplier has " + std::to_string(found->matches) + " orders with our reference"};
    }
    const UtcMs conclusive = conclusive_from(rules, state);
    if (found->asked_at < conclusive) {
        const auto at = next_look(rules, state, conclusive, now);
        const std::string until = at < conclusive ? ": asked again, last after " + duration_text(milliseconds{conclusive - now})
                                                  : ": asked again after that time";
        return {Next::ask, at, "not found, but it may still become visible" + until};
    }
    if (state.taken) {
        return {Next::park, now,
                "the supplier took it, and does not show it after " + duration_text(rules.visible_within) + ": it must be asked"};
    }
    if (const auto no_more = used_up(rules, state, now); !no_more.empty()) {
        return {Next::dead_letter, now, "not at the supplier, and " + no_more};
    }
    if (rules.effect_class == EffectClass::unsafe) {
        return {Next::park, now, "not found, but this account's lookup is not verified"};
    }
    return {Next::send, now, "not at the supplier: sent again"};
}

std::optional<Decision> before_send(const EffectRules& rules, const EffectState& state, UtcMs now, UtcMs latest) {
    if (state.attempts > 0 && rules.deadline && now > state.first_intent_at + rules.deadline->count()) {
        if (state.may_have_left) { return resolve_unknown(rules, state, now, now); }
        return Decision{Next::dead_letter, now, used_up(rules, state, now) + "; nothing was sent"};
    }
    if (!state.may_have_left || !key_expired(rules, state, latest)) { return {}; }
    return ask_or_park(rules, now, now, "an attempt before may have been sent, and our key is no longer valid");
}

Decision after_cancel_ask(const std::optional<Found>& found, Standing standing, const EffectRules& rules,
                          const EffectState& state, UtcMs now, double jitter) {
    if (!found) { return ask_again_soon(rules, now, jitter); }
    if (found->matches != 1) {
        return {Next::park, now, "the supplier has " + std::to_string(found->matches) + " orders with our reference"};
    }
    if (standing == Standing::ended) { return {Next::settle_accepted, now, "the supplier says that it has ended"}; }
    if (standing == Standing::shipped) { return {Next::settle_refused, now, "the supplier has shipped it"}; }
    const UtcMs conclusive = conclusive_from(rules, state);
    if (found->asked_at < conclusive) {
        return {Next::ask, conclusive, "not canceled, but that may still become visible: asked again after that time"};
    }
    if (const auto no_more = used_up(rules, state, now); !no_more.empty()) {
        return {Next::dead_letter, now, "not canceled at the supplier, and " + no_more};
    }
    return {Next::send, now, "not canceled at the supplier: asked for once more"};
}

Decision without_its_plugin(const EffectRules& rules, UtcMs now) {
    return ask_or_park(rules, now, now, "unknown, and the plugin that sent it has been replaced");
}

Decision on_recovery(const EffectRules& rules, const EffectState& state, UtcMs now) {
    return resolve_unknown(rules, state, now, now);
}

}  // namespace crossdock::model
