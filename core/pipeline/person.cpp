#include "pipeline/person.hpp"

#include "inventory/feed.hpp"
#include "notify/attention.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/resolve.hpp"

#include <algorithm>
#include <array>

namespace crossdock::pipeline {
namespace {

Decided wrong(std::string what, std::string where) {
    return {Decided::What::wrong, {}, Fault{std::move(what), std::move(where)}};
}

struct Answered {
    bool known = false;
    Resolved resolved = {};
};

}  // namespace

Task<Result<Decided>> resolve_attention(Environment& environment, Json request, std::string by) {
    using What = Resolution::What;
    static constexpr std::array<std::pair<std::string_view, What>, 4> words{
        {{"adopt", What::adopt}, {"resend", What::resend}, {"cancel", What::cancel}, {"done", What::done}}};
    const std::string word = request.text("what");
    const auto* const known = std::find_if(words.begin(), words.end(), [&](const auto& row) { return row.first == word; });
    if (known == words.end()) { co_return wrong("must be adopt, resend, cancel or done", "what"); }
    Resolution said;
    said.what = known->second;
    said.number = request.integer("number");
    said.supplier_order_id = request.text("supplier_order_id");
    said.note = request.text("note");
    said.by = std::move(by);
    if (said.what == What::adopt && (said.supplier_order_id.empty() || said.supplier_order_id.size() > 255)) {
        co_return wrong("adopt takes the supplier's own order id, of 1 to 255 bytes", "supplier_order_id");
    }
    std::function<Answered(store::Tx&)> unit = [&environment, said](store::Tx& tx) {
        const bool there = notify::find_attention(tx, said.number).has_value();
        return Answered{there, resolve(tx, environment, said)};
    };
    auto done = co_await environment.store.commit<Answered>(Commit::person_decide, std::move(unit));
    if (!done) { co_return done.error(); }
    const auto& resolved = done->resolved;
    if (!resolved.refusal.empty()) {
        co_return Decided{done->known ? Decided::What::refused : Decided::What::unknown,
                          {},
                          Fault{resolved.refusal, "#" + std::to_string(said.number)}};
    }
    Decided decided;
    decided.answer = Json::object({{"number", said.number}, {"order_id", resolved.order_id}, {"resolution", resolved.text}});
    co_return decided;
}

Task<Result<Decided>> replay_dead_letters(Environment& environment, Json request, std::string by) {
    Replay wanted;
    if (const Json* ids = request.find("ids"); ids != nullptr && ids->is_array()) {
        for (const auto& id : ids->items()) { wanted.which.ids.push_back(id.as_string()); }
    }
    wanted.which.pipeline = request.text("pipeline");
    wanted.which.account = request.text("account");
    wanted.which.order_id = request.text("order_id");
    wanted.which.reason = request.text("reason");
    wanted.which.most = 100'000;
    wanted.from_step = request.text("from");
    wanted.preview = request.boolean("preview");
    wanted.by = std::move(by);
    const auto rate = request.integer("rate", 10);
    if (rate < 1 || rate > 1'000) { co_return wrong("must be from 1 to 1000 a second", "rate"); }
    wanted.between = milliseconds{1'000 / rate};
    std::function<Replayed(store::Tx&)> unit = [&environment, wanted](store::Tx& tx) { return replay(tx, environment, wanted); };
    auto done = co_await environment.store.commit<Replayed>(Commit::person_decide, std::move(unit));
    if (!done) { co_return done.error(); }
    if (!done->refusal.empty()) { co_return Decided{Decided::What::refused, {}, Fault{done->refusal, "dead-letter replay"}}; }
    if (done->letters.empty()) {
        co_return Decided{
            Decided::What::unknown,
            {},
            Fault{"no dead letter is meant by that; `crossdock dead-letter list` shows them", "dead-letter replay"}};
    }
    Json letters = Json::array();
    for (const auto& letter : done->letters) { letters.push(letter.json()); }
    Decided decided;
    decided.answer = Json::object({{"preview", wanted.preview}, {"rate", rate}, {"dead_letters", std::move(letters)}});
    co_return decided;
}

Task<Result<Decided>> decide_feed(Environment& environment, std::string what, Json request, std::string by) {
    const bool approving = what == "approve";
    const auto options = environment.options.get();
    std::function<inventory::FeedDecision(store::Tx&)> unit = [&environment, options, approving, id = request.text("feed"),
                                                               note = request.text("note"), by](store::Tx& tx) {
        const auto feed = inventory::show_feed(tx, id);
        if (!feed) { return inventory::FeedDecision{}; }
        const auto whole = feed->text("id");
        if (!approving) { return inventory::reject_feed(tx, environment.facts, whole, note, by); }
        const auto rules = options->rules.find(feed->text("account"));
        if (rules == options->rules.end()) {
            inventory::FeedDecision refused;
            refused.known = true;
            refused.refusal = "its account " + feed->text("account") + " is no longer configured";
            return refused;
        }
        return inventory::approve_feed(tx, environment.facts, whole, rules->second.stock, by);
    };
    auto done = co_await environment.store.commit<inventory::FeedDecision>(Commit::person_decide, std::move(unit));
    if (!done) { co_return done.error(); }
    if (!done->known) {
        co_return Decided{
            Decided::What::unknown,
            {},
            Fault{"there is no such feed, or more than one; `crossdock feed list` shows them", request.text("feed")}};
    }
    if (!done->refusal.empty()) { co_return Decided{Decided::What::refused, {}, Fault{done->refusal, request.text("feed")}}; }
    const auto& result = done->result;
    Decided decided;
    decided.answer =
        Json::object({{"feed", done->id}, {"account", done->account}, {"decision", approving ? "approved" : "rejected"}});
    if (approving) {
        decided.answer.set("rows", result.rows).set("added", result.added).set("removed", result.removed);
        decided.answer.set("quantity_changes", result.quantity_changes).set("price_changes", result.price_changes);
    }
    co_return decided;
}

}  // namespace crossdock::pipeline
