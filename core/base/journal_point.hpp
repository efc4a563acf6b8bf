#pragma once

#include <span>
#include <string>
#include <string_view>

namespace crossdock {

/// A commit of the store. Each has two journal points, "NAME.before_commit" and "NAME.after_commit", made by the writer.
enum class Commit {
    migrate,      ///< one numbered migration of the schema
    config_sync,  ///< accounts, secrets and pipeline revisions follow the config at start
    customer_add,
    key_change,
    order_accept,     ///< an order and its identity, before it is answered
    webhook_receive,  ///< a signed webhook, raw, before it is answered
    webhook_refuse,   ///< metadata of a forged webhook
    schedule_fire,    ///< a scheduled run is made and the schedule moves on
    run_advance,      ///< a step starts (its `with` is journaled) or a run ends
    effect_intent,    ///< an effect is about to be tried
    effect_outcome,   ///< what became of it, together with the run's advance
    effect_recover,   ///< an intent left open by a dead daemon is resolved by its class
    evidence_apply,   ///< evidence changes the order; facts and notifications are made
    feed_batch,       ///< a batch of inventory rows is staged
    feed_apply,       ///< the gate, then the changes of a whole feed
    person_decide,    ///< an order is canceled, attention resolved or a dead letter replayed, because a person says so
    intake_refuse,    ///< a person hears of a file or row that holds no order that can be taken, before it is put away
    inbox_position,   ///< how far the platform's inbox table has been told
    supplier_state,   ///< an account or channel is no longer served, or is again: its fact, event and alert
    shadow_record,    ///< what a shadow would have sent of an order is kept
};

/// A call that leaves the process. Each has two journal points, "NAME.before" and "NAME.after".
enum class External {
    call_effect,     ///< the daemon hands an effect to a worker, and has its answer
    plugin_effect,   ///< a worker's plugin is about to act, and has: also what it does by itself, such as writing a file
    call_read,       ///< the daemon asks a worker for something that changes nothing
    http_send,       ///< a worker's HTTP request is about to leave, and is answered
    smtp_send,       ///< a worker's SMTP submission is about to connect, and is answered
    intake_file,     ///< a file of the intake folder is moved away; its order is on disk, or refused
    outbox_mark,     ///< a row of the platform's outbox table is marked as taken
    inbox_tell,      ///< a row is inserted into the platform's inbox table
    smtp_final_dot,  ///< inside the SMTP conversation: before the message's last byte is handed over, and after it
};

[[nodiscard]] std::string_view name(Commit commit);
[[nodiscard]] std::string_view name(External call);

enum class Side { before, after };

struct JournalPoint {
    std::string name;
    std::string_view process;  ///< "daemon" or "worker"
    std::string_view purpose;
};

/// All of them, in the order in which an order meets them.
[[nodiscard]] std::span<const JournalPoint> journal_points();

/// Kills this process, as `kill -9` would, at a named point. Not armed, `pass` costs one load.
/// Threads: arm before other threads start; pass from any.
class CrashPoint {
public:
    /// `spec` is NAME or NAME:n (the nth passage, from 1). False when no point has that name.
    [[nodiscard]] static bool arm(std::string_view spec);
    static void pass(Commit commit, Side side);
    static void pass(External call, Side side);
};

}  // namespace crossdock
