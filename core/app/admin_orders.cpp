// order cancel, attention resolve, dead-letter replay.
#include "app/admin.hpp"

#include "pipeline/cancel.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/resolve.hpp"

#include <algorithm>
#include <array>

namespace crossdock::app {
namespace {

Task<Result<Json>> cancel(AdminContext context, Json request) {
    using What = pipeline::CancelAnswer::What;
    const std::string order_id = request.text("order_id");
    std::function<pipeline::CancelAnswer(store::Tx&)> unit = [context, order_id, reason = request.text("reason")](store::Tx& tx) {
        auto answer = pipeline::request_cancel(tx, *context.engine, order_id, reason);
        if (answer.what != What::unknown_order) {
            store::append_audit(tx, context.engine->facts.new_id(), command_line_actor, "order.cancel", order_id, reason,
                                context.clock.utc_ms());
        }
        return answer;
    };
    auto answer = co_await context.store.commit<pipeline::CancelAnswer>(Commit::person_decide, std::move(unit));
    if (!answer) { co_return answer.error(); }
    switch (answer->what) {
        case What::unknown_order: co_return Fault{"there is no such order", order_id};
        case What::too_late: co_return Fault{"it is too late: the order is " + answer->status, order_id};
        case What::canceled:
        case What::requested: break;
    }
    const bool over = answer->what == What::canceled;
    co_return Json::object({{"order_id", order_id}, {"status", answer->status}, {"cancel", over ? "done" : "requested"}});
}

Task<Result<Json>> resolve(AdminContext context, Json request) {
    using What = pipeline::Resolution::What;
    static constexpr std::array<std::pair<std::string_view, What>, 4> words{
        {{"adopt", What::adopt}, {"resend", What::resend}, {"cancel", What::cancel}, {"done", What::done}}};
    const std::string word = request.text("what");
    const auto* const known = std::find_if(words.begin(), words.end(), [&](const auto& row) { return row.first == word; });
    if (known == words.end()) { co_return Fault{"must be adopt, resend, cancel or done", "what"}; }
    pipeline::Resolution said;
    said.what = known->second;
    said.number = request.integer("number");
    said.supplier_order_id = request.text("supplier_order_id");
    said.note = request.text("note");
    said.by = command_line_actor;
    if (said.what == What::adopt && (said.supplier_order_id.empty() || said.supplier_order_id.size() > 255)) {
        co_return Fault{"adopt takes the supplier's own order id, of 1 to 255 bytes", "supplier_order_id"};
    }
    std::function<pipeline::Resolved(store::Tx&)> unit = [context, said](store::Tx& tx) {
        return pipeline::resolve(tx, *context.engine, said);
    };
    auto done = co_await context.store.commit<pipeline::Resolved>(Commit::person_decide, std::move(unit));
    if (!done) { co_return done.error(); }
    if (!done->refusal.empty()) { co_return Fault{done->refusal, "#" + std::to_string(said.number)}; }
    co_return Json::object({{"number", said.number}, {"order_id", done->order_id}, {"resolution", done->text}});
}

Task<Result<Json>> replay(AdminContext context, Json request) {
    pipeline::Replay wanted;
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
    wanted.by = command_line_actor;
    const auto rate = request.integer("rate", 10);
    if (rate < 1 || rate > 1'000) { co_return Fault{"must be from 1 to 1000 a second", "rate"}; }
    wanted.between = milliseconds{1'000 / rate};
    std::function<pipeline::Replayed(store::Tx&)> unit = [context, wanted](store::Tx& tx) {
        return pipeline::replay(tx, *context.engine, wanted);
    };
    auto done = co_await context.store.commit<pipeline::Replayed>(Commit::person_decide, std::move(unit));
    if (!done) { co_return done.error(); }
    if (!done->refusal.empty()) { co_return Fault{done->refusal, "dead-letter replay"}; }
    if (done->letters.empty()) {
        co_return Fault{"no dead letter is meant by that; `crossdock dead-letter list` shows them", "dead-letter replay"};
    }
    Json letters = Json::array();
    for (const auto& letter : done->letters) { letters.push(letter.json()); }
    co_return Json::object({{"preview", wanted.preview}, {"rate", rate}, {"dead_letters", std::move(letters)}});
}

}  // namespace

bool is_order_command(const std::string& command) {
    return command == "order.cancel" || command == "attention.resolve" || command == "dead-letter.replay";
}

Task<Result<Json>> order_command(AdminContext context, Json request) {
    if (context.engine == nullptr) { co_return Fault{"the daemon is starting; try again"}; }
    const std::string command = request.text("command");
    if (command == "order.cancel") { co_return co_await cancel(context, std::move(request)); }
    if (command == "attention.resolve") { co_return co_await resolve(context, std::move(request)); }
    co_return co_await replay(context, std::move(request));
}

}  // namespace crossdock::app
