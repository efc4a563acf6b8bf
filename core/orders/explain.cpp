#include "orders/explain.hpp"

#include "base/time.hpp"
#include "orders/story.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace crossdock::orders {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;
using Int = std::int64_t;

void add(std::vector<Json>& moments, UtcMs at, const char* what, const std::string& text) {
    moments.push_back(Json::object({{"at", rfc3339_ms(at)}, {"what", what}, {"text", text}}));
}

void add_decisions(store::Tx& tx, const std::string& order_id, std::vector<Json>& moments) {
    for (auto& [what, reason, at] : tx.all<Text, Text, Int>(
             "SELECT what, reason, made_at FROM decisions WHERE order_id = :1 ORDER BY sequence", {order_id})) {
        add(moments, at, "decision", what + ", because: " + reason);
    }
}

void add_runs(store::Tx& tx, const std::string& order_id, std::vector<Json>& moments) {
    for (auto& [id, pipeline, revision, created] : tx.all<Text, Text, Text, Int>(
             "SELECT id, pipeline, revision, created_at FROM runs WHERE order_id = :1 ORDER BY created_at, id", {order_id})) {
        add(moments, created, "run", pipeline + " began, revision " + revision.substr(0, 12) + ", run " + id);
        for (auto& [step, use, state, outcome, started] : tx.all<Text, Text, Text, Text, Int>(
                 "SELECT step_id, use, state, outcome, started_at FROM steps WHERE run_id = :1 ORDER BY step_index", {id})) {
            std::string text = pipeline + "/" + step + " (" + use + ") " + state;
            if (state == "skipped") { text += ", because its `if` does not hold"; }
            if (const auto parsed = Json::parse(outcome); parsed && parsed->maybe_text("reason")) {
                text += ", because: " + parsed->text("reason");
            }
            add(moments, started, "step", text);
        }
    }
}

/// What the order waits for, each with its reason.
Json waits_of(store::Tx& tx, const std::string& order_id) {
    Json now = Json::array();
    for (auto& [target, operation, state, next_step, next_at, reason, behind] :
         tx.all<Text, Text, Text, Text, Int, MaybeText, Int>(
             "SELECT e.target, e.operation, e.state, e.next_step, e.next_at, e.reason, (SELECT COUNT(*) FROM effects o WHERE "
             "o.lane "
             "= e.lane AND o.state IN ('pending', 'sending', 'asking') AND (o.created_at, o.id) < (e.created_at, e.id)) FROM "
             "effects e WHERE e.order_id = :1 AND e.state IN ('pending', 'sending', 'asking', 'parked', 'dead') ORDER BY "
             "e.created_at, e.id",
             {order_id})) {
        std::string text = target + "." + operation + " is " + state;
        if (state == "pending") {
            text += ", to " + next_step + (behind > 0 ? " behind what is before it in its lane" : "") + " from " +
                    rfc3339_ms(next_at);
        }
        if (reason && !reason->empty()) { text += ": " + *reason; }
        now.push(text);
    }
    for (auto& [account, reason, since] : tx.all<Text, Text, Int>("SELECT account, reason, since_at FROM account_pauses WHERE "
                                                                  "account IN (SELECT target FROM effects WHERE order_id = :1 "
                                                                  "AND state = 'pending') ORDER BY account",
                                                                  {order_id})) {
        now.push("the account " + account + " is paused since " + rfc3339(since) + ": " + reason);
    }
    for (auto& [account, reason, since] : tx.all<Text, Text, Int>(
             "SELECT name, COALESCE(disabled_why, ''), COALESCE(disabled_at, updated_at) FROM suppliers WHERE "
             "active = 0 AND name IN (SELECT target FROM effects WHERE order_id = :1 AND state = 'pending') "
             "ORDER BY name",
             {order_id})) {
        now.push("the account " + account + " is disabled since " + rfc3339(since) + (reason.empty() ? "" : ": " + reason) +
                 "; nothing is sent there before `crossdock supplier enable " + account + "`");
    }
    for (auto& [pipeline, state, reason] : tx.all<Text, Text, MaybeText>(
             "SELECT pipeline, state, reason FROM runs WHERE order_id = :1 AND state <> 'done' ORDER BY created_at, id",
             {order_id})) {
        now.push("the run of " + pipeline + " is " + state + (reason && !reason->empty() ? ": " + *reason : ""));
    }
    for (auto& [number, reason] : tx.all<Int, Text>(
             "SELECT number, reason FROM attention WHERE order_id = :1 AND resolved_at IS NULL ORDER BY number", {order_id})) {
        now.push("#" + std::to_string(number) + " waits for a person: " + reason);
    }
    return now;
}

}  // namespace

std::optional<Json> explain_order(store::Tx& tx, const std::string& order_id) {
    auto story = order_story(tx, order_id);
    if (!story) { return {}; }
    std::vector<Json> moments;
    add_runs(tx, order_id, moments);
    for (const auto& moment : story->find("story")->items()) { moments.push_back(moment); }
    add_decisions(tx, order_id, moments);
    // Times are texts of one length: their order is that of time.
    std::stable_sort(moments.begin(), moments.end(), [](const Json& a, const Json& b) { return a.text("at") < b.text("at"); });
    Json all = Json::array();
    for (auto& moment : moments) { all.push(std::move(moment)); }
    story->set("story", std::move(all));
    story->set("now", waits_of(tx, order_id));
    return story;
}

std::string explain_text(const Json& explained) {
    std::string text = story_text(explained);
    const auto& now = explained.find("now")->items();
    text += now.empty() ? "\nIt waits for nothing here.\n" : "\nNow:\n";
    for (const auto& line : now) { text += "  " + line.as_string() + "\n"; }
    return text;
}

}  // namespace crossdock::orders
