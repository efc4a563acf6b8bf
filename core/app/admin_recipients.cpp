// How customers are told, by command.
#include "app/admin.hpp"
#include "base/joined.hpp"
#include "notify/recipients.hpp"
#include "store/journal.hpp"

namespace crossdock::app {
namespace {

/// JSON Merge Patch (RFC 7396).
Json merged(const Json& before, const Json& patch) {
    if (!patch.is_object()) { return patch; }
    Json made = Json::object();
    if (before.is_object()) {
        for (const auto& [key, value] : before.members()) {
            if (patch.find(key) == nullptr) { made.set(key, value); }
        }
    }
    for (const auto& [key, value] : patch.members()) {
        if (value.is_null()) { continue; }
        const Json* old = before.find(key);
        made.set(key, merged(old == nullptr ? Json() : *old, value));
    }
    return made;
}

/// What setting them came to.
struct Set {
    std::optional<Json> shown;
    std::optional<Fault> fault;
};

Set set_preferences(store::Tx& tx, const AdminContext& context, const Json& request) {
    const std::string id = request.text("id");
    const auto before = notify::preferences_of(tx, id);
    if (!before) { return {}; }
    const auto* replace = request.find("replace");
    const auto* changes = request.find("changes");
    const Json wanted =
        replace != nullptr ? *replace : merged(model::to_json(before->own), changes == nullptr ? Json() : *changes);
    const auto options = context.engine->facts.options();
    const auto read = model::read_preferences(wanted, {model::client_events(), options->channels});
    if (!read) {
        const auto errors = read.error();
        const auto& [pointer, message] = errors.front();
        return {{}, Fault{message, pointer.empty() ? "preferences" : pointer}};
    }
    const UtcMs now = context.clock.utc_ms();
    (void)notify::set_preferences(tx, id, *read, now);
    store::append_audit(tx, context.engine->facts.new_id(), command_line_actor, "customer.preferences", id,
                        model::to_json(*read).dump(), now);
    return {notify::shown_preferences(tx, id, options->clients), {}};
}

Task<Result<Json>> change_preferences(AdminContext context, Json request) {
    const std::string id = request.text("id");
    std::function<Set(store::Tx&)> unit = [context, request](store::Tx& tx) { return set_preferences(tx, context, request); };
    auto set = co_await context.store.commit<Set>(Commit::customer_add, std::move(unit));
    if (!set) { co_return set.error(); }
    if (set->fault) { co_return *set->fault; }
    if (!set->shown) { co_return Fault{"there is no such customer; `crossdock customer list` shows them", id}; }
    co_return good(std::move(*set->shown));
}

Task<Result<Json>> resume(AdminContext context, Json request) {
    const std::string recipient = request.text("recipient");
    const std::string channel = request.text("channel");
    std::function<std::int64_t(store::Tx&)> unit = [context, recipient, channel](store::Tx& tx) {
        const auto ended = notify::resume_recipient(tx, recipient, channel);
        if (ended > 0) {
            store::append_audit(tx, context.engine->facts.new_id(), command_line_actor, "recipient.resume", recipient, channel,
                                context.clock.utc_ms());
        }
        return ended;
    };
    auto ended = co_await context.store.commit<std::int64_t>(Commit::customer_add, std::move(unit));
    if (!ended) { co_return ended.error(); }
    if (*ended == 0) { co_return Fault{"nothing is stopped there; `crossdock notify stopped` shows what is", recipient}; }
    co_return Json::object({{"recipient", recipient}, {"resumed", *ended}});
}

}  // namespace

bool is_recipient_command(const std::string& command) {
    return command == "customer.preferences" || command == "recipient.resume";
}

Task<Result<Json>> recipient_command(AdminContext context, Json request) {
    if (context.engine == nullptr) { co_return Fault{"the daemon is starting; try again"}; }
    if (request.text("command") == "recipient.resume") { co_return co_await resume(context, std::move(request)); }
    co_return co_await change_preferences(context, std::move(request));
}

}  // namespace crossdock::app
