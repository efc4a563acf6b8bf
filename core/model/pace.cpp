#include "model/pace.hpp"

#include <algorithm>
#include <array>

namespace crossdock::model {
namespace {

using What = PeerSign::What;

constexpr std::array<std::string_view, 3> reason_names{"busy", "failing", "paused"};

bool about_credentials(int status) {
    return status == 401 || status == 403;
}

/// An answer that is neither welcome nor a listed refusal.
PeerSign sign_of_status(int status, std::optional<milliseconds> retry_after) {
    if (about_credentials(status)) { return {What::refused, status}; }
    if ((status == 429 || status == 503) && retry_after) { return {What::busy, status, *retry_after}; }
    // Below 400 it was a success that could not be understood.
    const bool answers = status >= 400 && status < 500 && status != 429;
    return {answers ? What::well : What::failing, status};
}

}  // namespace

std::string_view name(ShutReason why) {
    return reason_names.at(static_cast<std::size_t>(why));
}

PeerSign sign_of_send(const Submission& submission, const StatusLists& lists, std::optional<milliseconds> retry_after) {
    if (submission.transport != Submission::Transport::answered) { return {What::failing}; }
    const Verdict verdict = classify(submission, lists, !submission.id_follows);
    if (verdict == Verdict::accepted || verdict == Verdict::refused) { return {What::well, submission.status}; }
    // It answers, and says itself that it did nothing: no failure, at most a wish for a pause.
    if (verdict == Verdict::not_sent && submission.by_rule) {
        return retry_after ? PeerSign{What::busy, submission.status, *retry_after} : PeerSign{What::well, submission.status};
    }
    return sign_of_status(submission.status, retry_after);
}

PeerSign sign_of_post(const Submission& submission, std::optional<milliseconds> retry_after) {
    if (submission.transport != Submission::Transport::answered) { return {What::failing}; }
    if (submission.status >= 200 && submission.status < 300) { return {What::well, submission.status}; }
    if (submission.status == gone) { return {What::refused, submission.status}; }
    return sign_of_status(submission.status, retry_after);
}

PeerSign sign_of_question(const Submission& answer, bool understood, std::optional<milliseconds> retry_after) {
    if (understood) { return {What::well, answer.status}; }
    if (answer.transport != Submission::Transport::answered) {
        return retry_after ? PeerSign{What::busy, 0, *retry_after} : PeerSign{What::failing};
    }
    return sign_of_status(answer.status, retry_after);
}

bool may_probe(const EffectRules& rules, const EffectState& state, const StatusLists& lists, int status, UtcMs now) {
    const Verdict verdict = classify({Submission::Transport::answered, status, false}, lists);
    const Next next = after_send(verdict, rules, state, now, 0).next;
    return next == Next::send || next == Next::ask;
}

Pace::Pace(const PaceRules& rules) : rules_(rules), credit_(rules.limits.burst * rules.limits.rate_per.count()) {}

void Pace::change(const PaceRules& rules) {
    const bool same = rules.limits.rate == rules_.limits.rate && rules.limits.rate_per == rules_.limits.rate_per;
    rules_ = rules;
    const auto most = rules_.limits.burst * token();
    credit_ = same ? std::min(credit_, most) : most;
}

void Pace::refill(BootMs now) {
    const BootMs since = refilled_at_.value_or(now);
    refilled_at_ = now;
    if (rules_.limits.rate == 0) { return; }
    const auto most = rules_.limits.burst * token();
    // What a long quiet time would add is more than fits.
    const auto passed = std::clamp<std::int64_t>(now - since, 0, most / rules_.limits.rate + 1);
    credit_ = std::min(most, credit_ + passed * rules_.limits.rate);
}

bool Pace::probe_may_go(BootMs now) const {
    return shut_ && !disabled_ && !probing_ && shut_->probe_at && *shut_->probe_at <= now;
}

std::int64_t Pace::room(BootMs now) {
    refill(now);
    if (disabled_) { return 0; }
    auto room = std::max<std::int64_t>(0, rules_.limits.concurrency - in_flight());
    if (rules_.limits.rate > 0) { room = std::min(room, credit_ / token()); }
    if (shut_) { return probe_may_go(now) ? std::min<std::int64_t>(room, 1) : 0; }
    if (one_by_one_) { return orders_ == 0 ? std::min<std::int64_t>(room, 1) : 0; }
    return room;
}

Pass Pace::take(CallKind kind) {
    (kind == CallKind::read ? reads_ : orders_) += 1;
    if (rules_.limits.rate > 0) { credit_ -= token(); }
    if (!shut_) { return {}; }
    probing_ = true;
    return {true, episode_};
}

std::optional<Pass> Pace::enter(BootMs now) {
    if (room(now) < 1) { return {}; }
    return take(CallKind::send);
}

std::optional<Pass> Pace::enter_read(BootMs now) {
    refill(now);
    if (disabled_ || (shut_ ? !probe_may_go(now) : orders_wait_)) { return {}; }
    // One slot stays free for an order, unless there is only one.
    const auto slots = std::max<std::int64_t>(rules_.limits.concurrency - 1, 1);
    if (in_flight() >= slots || !has_token()) { return {}; }
    return take(CallKind::read);
}

std::optional<BootMs> Pace::next_at(BootMs now) {
    refill(now);
    if (disabled_) { return {}; }
    std::optional<BootMs> at;
    if (shut_) {
        if (probing_ || !shut_->probe_at) { return {}; }
        at = shut_->probe_at;
    }
    if (!has_token()) {
        const auto wait = (token() - credit_ + rules_.limits.rate - 1) / rules_.limits.rate;
        at = std::max(at.value_or(now), now + wait);
    }
    // What may go by the time and does not, waits for something else.
    if (at && *at <= now) { return {}; }
    return at;
}

std::optional<int> Pace::probe_due(BootMs now) const {
    if (!probe_may_go(now) || shut_->why != ShutReason::credentials) { return {}; }
    return shut_->status;
}

void Pace::give_back(const Pass& pass, CallKind kind) {
    (kind == CallKind::read ? reads_ : orders_) -= 1;
    if (rules_.limits.rate > 0) { credit_ = std::min(rules_.limits.burst * token(), credit_ + token()); }
    if (shut_ && pass.probe && pass.episode == episode_) { probing_ = false; }
}

BootMs Pace::probe_time(int level, BootMs now, double jitter) const {
    const auto& breaker = rules_.breaker;
    const auto step = std::min(breaker.pause_max.count(), breaker.pause.count() << std::clamp(level, 0, 20));
    return now + step / 2 + static_cast<std::int64_t>(static_cast<double>(step - step / 2) * jitter);
}

void Pace::shut(Shut made, BootMs now, double jitter) {
    if (!shut_) { ++episode_; }
    const bool may_be_tried = made.probe_at.has_value();
    const bool has_time = made.why == ShutReason::busy;
    if (may_be_tried && !has_time) { made.probe_at = probe_time(made.level, now, jitter); }
    shut_ = made;
    failures_.clear();
}

void Pace::restore(const Shut& shut) {
    ++episode_;
    probing_ = false;
    shut_ = shut;
    refused_level_ = shut.level;
}

void Pace::open() {
    one_by_one_ = shut_ && shut_->why == ShutReason::credentials && shut_->by_send;
    shut_.reset();
    probing_ = false;
    failures_.clear();
    refused_level_ = 0;
}

Turn Pace::leave(const Pass& pass, CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter) {
    (kind == CallKind::read ? reads_ : orders_) -= 1;
    if (!shut_) { return after_call(kind, sign, probes, now, jitter); }
    if (!pass.probe || pass.episode != episode_) { return after_straggler(kind, sign, probes, now, jitter); }
    probing_ = false;
    return after_probe(kind, sign, probes, now, jitter);
}

Turn Pace::after_call(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter) {
    const auto& breaker = rules_.breaker;
    switch (sign.what) {
        case What::none: return {};
        case What::well:
            failures_.clear();
            if (kind == CallKind::send) {
                one_by_one_ = false;
                refused_level_ = 0;
            }
            return {};
        case What::failing:
            if (breaker.failures == 0) { return {}; }
            failures_.push_back(now);
            while (now - failures_.front() > breaker.within.count()) { failures_.pop_front(); }
            if (static_cast<int>(failures_.size()) < breaker.failures) { return {}; }
            shut({ShutReason::failing, sign.status, 0, false, now}, now, jitter);
            return {Turn::What::shut, ShutReason::failing};
        case What::busy:
            shut({ShutReason::busy, sign.status, 0, false, now + std::min(sign.retry_after, breaker.pause_max).count()}, now,
                 jitter);
            return {Turn::What::shut, ShutReason::busy};
        case What::refused: break;
    }
    Shut made{ShutReason::credentials, sign.status, refused_level_, kind == CallKind::send, {}};
    if (probes) { made.probe_at = now; }
    shut(made, now, jitter);
    return {Turn::What::shut, ShutReason::credentials};
}

/// It began before the account was shut: good news from then are old, bad ones are not.
Turn Pace::after_straggler(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter) {
    if (sign.what == What::busy && shut_->why == ShutReason::busy) {
        const auto until = now + std::min(sign.retry_after, rules_.breaker.pause_max).count();
        shut_->probe_at = std::max(shut_->probe_at.value_or(until), until);
        return {};
    }
    if (sign.what != What::refused) { return {}; }
    if (shut_->why != ShutReason::credentials) {
        probing_ = false;
        ++episode_;
        return after_call(kind, sign, probes, now, jitter);
    }
    if (kind != CallKind::send || shut_->by_send) { return {}; }
    shut_->by_send = true;
    if (!probes) { shut_->probe_at.reset(); }
    return {Turn::What::still_shut, ShutReason::credentials};
}

Turn Pace::after_probe(CallKind kind, const PeerSign& sign, bool probes, BootMs now, double jitter) {
    Shut& state = *shut_;
    switch (sign.what) {
        case What::well: {
            const ShutReason was = state.why;
            one_by_one_ = state.by_send && kind != CallKind::send;
            // Were effects refused once more, that pause would be longer.
            if (kind == CallKind::send) { refused_level_ = 0; }
            else if (state.by_send) { refused_level_ = state.level + 1; }
            shut_.reset();
            return {Turn::What::open, was};
        }
        case What::busy:
            state.probe_at = now + std::min(sign.retry_after, rules_.breaker.pause_max).count();
            return {Turn::What::still_shut, state.why};
        case What::none: state.probe_at = probe_time(state.level, now, jitter); return {Turn::What::still_shut, state.why};
        case What::failing: {
            const bool graver = state.why == ShutReason::busy;
            if (graver) { state.why = ShutReason::failing; }
            else { ++state.level; }
            state.status = state.why == ShutReason::credentials ? state.status : sign.status;
            state.probe_at = probe_time(state.level, now, jitter);
            return {graver ? Turn::What::shut : Turn::What::still_shut, state.why};
        }
        case What::refused: break;
    }
    if (state.why != ShutReason::credentials) { return after_call(kind, sign, probes, now, jitter); }
    ++state.level;
    refused_level_ = state.level;
    state.status = sign.status;
    state.by_send = state.by_send || kind == CallKind::send;
    if (kind == CallKind::send && !probes) { state.probe_at.reset(); }
    else { state.probe_at = probe_time(state.level, now, jitter); }
    return {Turn::What::still_shut, ShutReason::credentials};
}

}  // namespace crossdock::model
