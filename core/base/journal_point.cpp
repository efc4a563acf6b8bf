#include "base/journal_point.hpp"

#include <unistd.h>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <vector>

namespace crossdock {
namespace {

struct CommitRow {
    Commit commit;
    std::string_view name;
    std::string_view purpose;
};

constexpr std::array commits{
    CommitRow{Commit::migrate, "migrate", "one numbered migration of the schema"},
    CommitRow{Commit::config_sync, "config.sync", "accounts, secrets and pipeline revisions follow the config at start"},
    CommitRow{Commit::customer_add, "customer.add", "a customer, how it is told, or that it is told no more is stored"},
    CommitRow{Commit::key_change, "key.change", "an API key is created or revoked, or somebody signs in or out with one"},
    CommitRow{Commit::order_accept, "order.accept", "an order and its identity are stored, before it is answered"},
    CommitRow{Commit::webhook_receive, "webhook.receive", "a signed webhook is stored raw, before it is answered"},
    CommitRow{Commit::webhook_refuse, "webhook.refuse", "metadata of a refused webhook is stored"},
    CommitRow{Commit::schedule_fire, "schedule.fire", "a scheduled run is made and its schedule moves on"},
    CommitRow{Commit::run_advance, "run.advance", "a step starts or a run ends"},
    CommitRow{Commit::effect_intent, "effect.intent", "an effect is about to be tried"},
    CommitRow{Commit::effect_outcome, "effect.outcome", "what became of it, together with the run's advance"},
    CommitRow{Commit::effect_recover, "effect.recover", "an open intent is resolved by its class"},
    CommitRow{Commit::evidence_apply, "evidence.apply", "evidence changes the order; facts and notifications are made"},
    CommitRow{Commit::feed_batch, "feed.batch", "a batch of inventory rows is staged"},
    CommitRow{Commit::feed_apply, "feed.apply", "a whole feed passes the gate and its changes are applied"},
    CommitRow{Commit::person_decide, "person.decide", "an order is canceled, attention resolved or a dead letter replayed"},
    CommitRow{Commit::intake_refuse, "intake.refuse", "a person hears of a file or row that holds no order"},
    CommitRow{Commit::inbox_position, "inbox.position", "how far the platform's inbox table has been told"},
    CommitRow{Commit::supplier_state, "supplier.state", "an account or channel is no longer served, or is again"},
    CommitRow{Commit::shadow_record, "shadow.record", "what a shadow would have sent of an order is kept"},
};

struct ExternalRow {
    External call;
    std::string_view name;
    std::string_view process;
    std::string_view purpose;
};

constexpr std::array externals{
    ExternalRow{External::call_effect, "call.effect", "daemon", "an effect is handed to a worker and answered"},
    ExternalRow{External::plugin_effect, "plugin.effect", "worker", "a plugin acts, by a request or by itself, and has acted"},
    ExternalRow{External::call_read, "call.read", "daemon", "a worker is asked for what changes nothing"},
    ExternalRow{External::http_send, "http.send", "worker", "an HTTP request leaves and is answered"},
    ExternalRow{External::smtp_send, "smtp.send", "worker", "an SMTP submission begins and is answered"},
    ExternalRow{External::intake_file, "intake.file", "daemon", "a file of the intake folder is moved away"},
    ExternalRow{External::outbox_mark, "outbox.mark", "daemon", "a row of the platform's outbox table is marked as taken"},
    ExternalRow{External::inbox_tell, "inbox.tell", "daemon", "a row is inserted into the platform's inbox table"},
    ExternalRow{External::smtp_final_dot, "smtp.final_dot", "worker", "inside the SMTP conversation, around the message's end"},
};

std::string point_name(Commit commit, Side side) {
    return std::string(name(commit)) + (side == Side::before ? ".before_commit" : ".after_commit");
}

std::string point_name(External call, Side side) {
    return std::string(name(call)) + (side == Side::before ? ".before" : ".after");
}

std::vector<JournalPoint> all_points() {
    std::vector<JournalPoint> points;
    for (const auto& row : commits) {
        for (const auto side : {Side::before, Side::after}) {
            points.push_back({point_name(row.commit, side), "daemon", row.purpose});
        }
    }
    for (const auto& row : externals) {
        for (const auto side : {Side::before, Side::after}) {
            points.push_back({point_name(row.call, side), row.process, row.purpose});
        }
    }
    return points;
}

// What is armed: an index as in key(), and how many passages are left. -1: nothing.
std::atomic<int> armed{-1};
std::atomic<long> passages_left{0};

int key(Commit commit, Side side) {
    return static_cast<int>(commit) * 2 + (side == Side::after ? 1 : 0);
}

int key(External call, Side side) {
    return 1000 + static_cast<int>(call) * 2 + (side == Side::after ? 1 : 0);
}

void pass_key(int passed) {
    if (armed.load(std::memory_order_relaxed) != passed) { return; }
    if (passages_left.fetch_sub(1) == 1) { ::kill(::getpid(), SIGKILL); }
}

}  // namespace

std::string_view name(Commit commit) {
    return commits.at(static_cast<std::size_t>(commit)).name;
}

std::string_view name(External call) {
    return externals.at(static_cast<std::size_t>(call)).name;
}

std::span<const JournalPoint> journal_points() {
    static const std::vector<JournalPoint> points = all_points();
    return points;
}

bool CrashPoint::arm(std::string_view spec) {
    long passage = 1;
    if (const auto colon = spec.find(':'); colon != std::string_view::npos) {
        const auto count = spec.substr(colon + 1);
        const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), passage);
        if (error != std::errc{} || end != count.data() + count.size() || passage < 1) { return false; }
        spec = spec.substr(0, colon);
    }
    for (const auto side : {Side::before, Side::after}) {
        for (const auto& row : commits) {
            if (point_name(row.commit, side) == spec) {
                passages_left = passage;
                armed = key(row.commit, side);
                return true;
            }
        }
        for (const auto& row : externals) {
            if (point_name(row.call, side) == spec) {
                passages_left = passage;
                armed = key(row.call, side);
                return true;
            }
        }
    }
    return false;
}

void CrashPoint::pass(Commit commit, Side side) {
    pass_key(key(commit, side));
}

void CrashPoint::pass(External call, Side side) {
    pass_key(key(call, side));
}

}  // namespace crossdock
