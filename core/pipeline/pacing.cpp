#include "pipeline/pacing.hpp"

#include "base/log.hpp"
#include "notify/platform.hpp"
#include "pipeline/effect_driver.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

/// A read that waits for a slot, or for orders, looks again.
constexpr milliseconds slot_pause{2'000};
/// One that waits for a person does so more seldom.
constexpr milliseconds person_pause{60'000};

std::string reason_of(const model::Shut& shut) {
    const std::string status = shut.status == 0 ? "" : " (" + std::to_string(shut.status) + ")";
    switch (shut.why) {
        case model::ShutReason::busy: return "asked us to wait" + status;
        case model::ShutReason::failing: return "calls fail, one after the other" + status;
        case model::ShutReason::credentials:
            return (shut.status == model::gone ? "its endpoint is gone" : "credentials refused") + status;
    }
    return {};
}

/// Why a person has disabled an account, in the person's words.
std::string said(const std::string& reason) {
    return reason.empty() ? "a person said so" : reason;
}

/// Why a person is told while a channel's endpoint refuses what is sent there.
std::string stopped(const store::AccountPause& pause) {
    return "nothing is sent to " + pause.account + ": " + pause.reason + "; its messages wait" +
           (pause.probe_at ? ", and one tries now and then whether that has changed"
                           : ". Correct its `url`, or tell the platform, then: crossdock supplier enable " + pause.account);
}

}  // namespace

model::PeerSign sign_of(const plugin::CallAnswer& answer, model::CallKind kind, const model::StatusLists& lists, bool needs_id) {
    using What = model::PeerSign::What;
    const auto answered = model::Submission::Transport::answered;
    const bool sends = kind == model::CallKind::send;
    if (answer.status == plugin::CallStatus::answered) {
        auto submission = submission_of(answer);
        submission.has_id = submission.has_id || !needs_id;
        if (sends) { return model::sign_of_send(submission, lists, asked_delay(answer)); }
        // What names no transport came to its end: a whole feed.
        const bool understood = kind == model::CallKind::ask ? answer.output.find("matches") != nullptr
                                                             : answer.output.text("transport", "answered") == "answered" &&
                                                                   answer.output.integer("status", 200) == 200;
        return model::sign_of_question(submission, understood, asked_delay(answer));
    }
    if (answer.status == plugin::CallStatus::not_sent) { return {}; }
    if (answer.peer_status == 401 || answer.peer_status == 403) { return {What::refused, answer.peer_status}; }
    // How a worker died, and why a plugin sent nothing, is no concern of the supplier's.
    if (answer.status == plugin::CallStatus::unknown || (sends && !answer.retry_after)) { return {}; }
    const auto transport = answer.peer_status == 0 ? model::Submission::Transport::cut : answered;
    return model::sign_of_question({transport, answer.peer_status}, false, answer.retry_after);
}

Pacing::Pacing(Environment& environment, std::function<void()> freed) : environment_(environment), freed_(std::move(freed)) {}

model::PaceRules Pacing::rules_of(const std::string& target) const {
    const auto options = environment_.options.get();
    model::PaceRules rules;
    if (const auto account = options->rules.find(target); account != options->rules.end()) { rules = account->second.pace; }
    else {
        // Mail is tried again as its retries say: one address that fails says nothing of the next.
        rules.breaker.failures = 0;
        if (const auto channel = options->channels.find(target); channel != options->channels.end()) {
            rules.limits = channel->second.limits;
        }
    }
    rules.limits.concurrency = std::min(rules.limits.concurrency, static_cast<std::int64_t>(options->effects_max));
    return rules;
}

Pacing::Line& Pacing::line(const std::string& target) {
    const auto known = lines_.find(target);
    return known != lines_.end() ? known->second : lines_.emplace(target, Line(rules_of(target))).first->second;
}

void Pacing::change(const EngineOptions& before) {
    const auto options = environment_.options.get();
    for (auto& [target, line] : lines_) {
        line.pace.change(rules_of(target));
        // What waits for an account that is gone is parked, and must get there.
        if (!options->rules.contains(target) && !options->channels.contains(target)) {
            line.pace.open();
            line.pace.disable(false);
        }
    }
    for (const auto& [name, account] : options->accounts.by_name) {
        if (before.rules.contains(name) || !account.disabled) { continue; }
        auto& here = line(name);
        here.pace.disable(true);
        here.disabled_why = *account.disabled;
    }
}

Task<Result<>> Pacing::restore() {
    struct Stored {
        std::vector<store::AccountPause> pauses;
        std::vector<store::DisabledAccount> disabled;
    };
    std::function<Stored(store::Tx&)> unit = [](store::Tx& tx) {
        return Stored{store::account_pauses(tx), store::disabled_accounts(tx)};
    };
    auto stored = co_await environment_.store.read<Stored>(std::move(unit));
    if (!stored) { co_return stored.error(); }
    const UtcMs now = environment_.clock.utc_ms();
    const BootMs boot = environment_.clock.boot_ms();
    const auto options = environment_.options.get();
    for (const auto& disabled : stored->disabled) {
        if (!options->rules.contains(disabled.account)) { continue; }
        auto& here = line(disabled.account);
        here.pace.disable(true);
        here.disabled_why = disabled.reason;
        Log::warning("an account is disabled", {{"account", disabled.account},
                                                {"why", disabled.reason},
                                                {"since", rfc3339(disabled.since_at)},
                                                {"until", "`crossdock supplier enable " + disabled.account + "`"}});
    }
    for (const auto& pause : stored->pauses) {
        if (!options->rules.contains(pause.account) && !options->channels.contains(pause.account)) { continue; }
        model::Shut shut{model::ShutReason::credentials,
                         static_cast<int>(pause.status),
                         static_cast<int>(pause.level),
                         pause.by_send != 0,
                         {}};
        const auto longest = rules_of(pause.account).breaker.pause_max.count();
        if (pause.probe_at) { shut.probe_at = boot + std::clamp<std::int64_t>(*pause.probe_at - now, 0, longest); }
        auto& paused = line(pause.account);
        paused.since = pause.since_at;
        paused.pace.restore(shut);
        Log::warning("an account is still paused",
                     {{"account", pause.account}, {"why", pause.reason}, {"since", rfc3339(pause.since_at)}});
    }
    co_return Result<>{};
}

std::int64_t Pacing::room(const std::string& target) {
    return line(target).pace.room(environment_.clock.boot_ms());
}

std::optional<model::Pass> Pacing::enter(const std::string& target) {
    return line(target).pace.enter(environment_.clock.boot_ms());
}

void Pacing::orders_wait(const std::string& target, bool wait) {
    line(target).pace.orders_wait(wait);
}

std::optional<milliseconds> Pacing::next_in(const std::string& target) {
    const BootMs now = environment_.clock.boot_ms();
    const auto at = line(target).pace.next_at(now);
    if (!at) { return {}; }
    return milliseconds{*at - now};
}

std::optional<int> Pacing::probe_due(const std::string& target) {
    return line(target).pace.probe_due(environment_.clock.boot_ms());
}

void Pacing::give_back(const std::string& target, const model::Pass& pass, model::CallKind kind) {
    line(target).pace.give_back(pass, kind);
    if (kind == model::CallKind::read) { freed_(); }
}

ReadEntry Pacing::enter_read(const std::string& account) {
    auto& pace = line(account).pace;
    const BootMs now = environment_.clock.boot_ms();
    ReadEntry entry;
    entry.pass = pace.enter_read(now);
    if (entry.pass) { return entry; }
    const auto& shut = pace.shut();
    if (pace.disabled()) { entry.why = account + " is disabled: " + said(line(account).disabled_why); }
    else { entry.why = shut ? account + " is left alone: " + reason_of(*shut) : "waits for its turn with " + account; }
    const auto at = pace.next_at(now);
    if (at) { entry.again = milliseconds{*at - now}; }
    else { entry.again = pace.disabled() || (shut && !shut->probe_at) ? person_pause : slot_pause; }
    return entry;
}

Task<void> Pacing::leave_read(std::string account, model::Pass pass, plugin::CallAnswer answer) {
    const auto sign = sign_of(answer, model::CallKind::read, {});
    co_await leave(std::move(account), pass, model::CallKind::read, sign, true);
}

Task<void> Pacing::leave(std::string target, model::Pass pass, model::CallKind kind, model::PeerSign sign, bool probes) {
    auto& here = line(target);
    const bool well = sign.what == model::PeerSign::What::well;
    const double jitter = well ? 0 : environment_.jitter();
    const bool was_paused = here.pace.shut() && here.pace.shut()->why == model::ShutReason::credentials;
    const auto turn = here.pace.leave(pass, kind, sign, probes, environment_.clock.boot_ms(), jitter);
    const bool paused = here.pace.shut() && here.pace.shut()->why == model::ShutReason::credentials;
    if (paused && !was_paused) { here.since = environment_.clock.utc_ms(); }
    // An effect's end wakes the engine by itself.
    if (kind == model::CallKind::read || turn.what != model::Turn::What::none) { freed_(); }
    if (turn.what != model::Turn::What::none) { co_await tell(std::move(target), turn); }
}

void Pacing::record(store::Tx& tx, const std::string& target, const char* kind, Json data) const {
    const UtcMs now = environment_.clock.utc_ms();
    data.set("supplier", target);
    environment_.facts.record(tx, {.kind = kind,
                                   .natural_key = "supplier/" + target + "/" + kind + "/" + std::to_string(now),
                                   .data = std::move(data),
                                   .occurred_at = now});
}

Task<void> Pacing::tell(std::string target, model::Turn turn) {
    using What = model::Turn::What;
    const auto& here = line(target);
    const bool by_credentials = turn.why == model::ShutReason::credentials;
    Json degraded;
    std::optional<store::AccountPause> pause;
    if (const auto& shut = here.pace.shut()) {
        const std::string reason = reason_of(*shut);
        std::optional<UtcMs> probe_at;
        if (shut->probe_at) { probe_at = environment_.clock.utc_ms() + (*shut->probe_at - environment_.clock.boot_ms()); }
        if (by_credentials) { pause = {target, shut->status, reason, shut->by_send ? 1 : 0, shut->level, here.since, probe_at}; }
        degraded = Json::object({{"state", model::name(shut->why)}, {"reason", reason}, {"by_itself", probe_at.has_value()}});
        Log::warning(turn.what == What::shut ? "an account is left alone" : "an account is still left alone",
                     {{"account", target},
                      {"why", reason},
                      {"tried_again", probe_at ? rfc3339(*probe_at) : "after `crossdock supplier enable " + target + "`"}});
    }
    else { Log::info("an account is served again", {{"account", target}, {"was", model::name(turn.why)}}); }
    // A supplier that asks for a short pause is well; a breaker's later probes are no news.
    if (turn.why == model::ShutReason::busy || (turn.what == What::still_shut && !by_credentials)) { co_return; }
    const bool channel = environment_.options.get()->channels.contains(target);
    std::function<int(store::Tx&)> unit = [this, target, turn, degraded, pause, channel](store::Tx& tx) {
        if (pause) { store::put_account_pause(tx, *pause); }
        else { store::end_account_pause(tx, target); }
        if (channel && pause) {
            environment_.facts.alert(tx, notify::topic_of_stopped(target), "Channel " + target, degraded, stopped(*pause));
        }
        if (channel && !pause) { channel_goes_on(tx, target); }
        if (turn.what == What::shut) { record(tx, target, "supplier.degraded", degraded); }
        if (turn.what == What::open) {
            record(tx, target, "supplier.recovered", Json::object({{"reason", "its calls are answered"}}));
        }
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::supplier_state, std::move(unit));
    if (!stored) {
        Log::error("it could not be stored how an account is", {{"account", target}, {"fault", stored.error().text()}});
    }
}

void Pacing::channel_goes_on(store::Tx& tx, const std::string& channel) const {
    notify::attention_over_topic(tx, notify::topic_of_stopped(channel), "its messages are sent again",
                                 environment_.clock.utc_ms());
}

Task<Result<bool>> Pacing::open(std::string account, std::string why) {
    co_return co_await serve_again(std::move(account), std::move(why), {});
}

Task<Result<bool>> Pacing::enable(std::string account, std::string by) {
    co_return co_await serve_again(std::move(account), "enabled", std::move(by));
}

Task<Result<bool>> Pacing::serve_again(std::string account, std::string why, std::string by) {
    const auto known = lines_.find(account);
    if (known == lines_.end()) { co_return false; }
    auto& here = known->second;
    const bool enables = !by.empty() && here.pace.disabled();
    const bool opens = here.pace.shut().has_value();
    if (!enables && !opens) { co_return false; }
    // An account that stays disabled is not served, whatever else has ended.
    const bool told = enables || (!here.pace.disabled() && here.pace.shut()->why != model::ShutReason::busy);
    if (opens) { here.pace.open(); }
    const auto word = enables ? ++here.words : here.words;
    Log::info(here.pace.disabled() && !enables ? "an account's pause is over; it stays disabled" : "an account is served again",
              {{"account", account}, {"why", why}});
    std::function<int(store::Tx&)> unit = [this, account, why, by, told](store::Tx& tx) {
        store::end_account_pause(tx, account);
        if (!by.empty()) {
            store::enable_account(tx, account);
            store::append_audit(tx, environment_.facts.new_id(), by, "supplier.enable", account, "", environment_.clock.utc_ms());
        }
        channel_goes_on(tx, account);
        if (told) { record(tx, account, "supplier.recovered", Json::object({{"reason", why}})); }
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::supplier_state, std::move(unit));
    if (stored && enables && here.words == word) { here.pace.disable(false); }
    freed_();
    if (!stored) { co_return stored.error(); }
    co_return true;
}

Task<Result<Disabled>> Pacing::disable(std::string account, std::string reason, std::string by) {
    auto& here = line(account);
    const bool was_disabled = here.pace.disabled();
    const std::string was_why = here.disabled_why;
    const auto word = ++here.words;
    here.pace.disable(true);
    here.disabled_why = reason;
    std::function<bool(store::Tx&)> unit = [this, account, reason, by](store::Tx& tx) {
        const UtcMs now = environment_.clock.utc_ms();
        if (!store::disable_account(tx, {account, reason, now})) { return false; }
        store::append_audit(tx, environment_.facts.new_id(), by, "supplier.disable", account, reason, now);
        record(tx, account, "supplier.degraded",
               Json::object({{"state", "disabled"}, {"reason", said(reason)}, {"by_itself", false}}));
        return true;
    };
    auto stored = co_await environment_.store.commit<bool>(Commit::supplier_state, std::move(unit));
    if (!stored) {
        if (here.words == word) {
            here.pace.disable(was_disabled);
            here.disabled_why = was_why;
            freed_();
        }
        co_return stored.error();
    }
    Log::warning("an account is disabled", {{"account", account}, {"why", reason}, {"under_way", here.pace.in_flight()}});
    co_return Disabled{*stored, here.pace.in_flight()};
}

bool Pacing::disabled(const std::string& account) const {
    const auto known = lines_.find(account);
    return known != lines_.end() && known->second.pace.disabled();
}

std::vector<ShutAccount> Pacing::shut() const {
    std::vector<ShutAccount> all;
    for (const auto& [target, line] : lines_) {
        if (line.pace.disabled()) { all.push_back({target, "disabled", said(line.disabled_why)}); }
        else if (const auto& shut = line.pace.shut()) {
            all.push_back({target, std::string(model::name(shut->why)), reason_of(*shut)});
        }
    }
    return all;
}

}  // namespace crossdock::pipeline
