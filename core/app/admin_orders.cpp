// order cancel, attention resolve, dead-letter replay, feed approve|reject.
#include "app/admin.hpp"

#include "pipeline/cancel.hpp"
#include "pipeline/person.hpp"

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

bool is_feed_command(const std::string& command) {
    return command == "feed.approve" || command == "feed.reject";
}

Result<Json> told(Result<pipeline::Decided> decided) {
    if (!decided) { return decided.error(); }
    if (decided->what != pipeline::Decided::What::done) { return decided->why; }
    return good(std::move(decided->answer));
}

}  // namespace

bool is_order_command(const std::string& command) {
    return command == "order.cancel" || command == "attention.resolve" || command == "dead-letter.replay" ||
           is_feed_command(command);
}

Task<Result<Json>> order_command(AdminContext context, Json request) {
    if (context.engine == nullptr) { co_return Fault{"the daemon is starting; try again"}; }
    const std::string command = request.text("command");
    if (command == "order.cancel") { co_return co_await cancel(context, std::move(request)); }
    if (command == "attention.resolve") {
        co_return told(co_await pipeline::resolve_attention(*context.engine, std::move(request), command_line_actor));
    }
    if (is_feed_command(command)) {
        std::string what = command.substr(command.find('.') + 1);
        co_return told(co_await pipeline::decide_feed(*context.engine, std::move(what), std::move(request), command_line_actor));
    }
    co_return told(co_await pipeline::replay_dead_letters(*context.engine, std::move(request), command_line_actor));
}

}  // namespace crossdock::app
