#include "app/admin.hpp"

#include "api/auth.hpp"
#include "app/key_rotation.hpp"
#include "base/ids.hpp"
#include "base/joined.hpp"
#include "notify/attention.hpp"
#include "notify/platform.hpp"
#include "orders/customers.hpp"
#include "store/account_pauses.hpp"
#include "store/journal.hpp"

#include <sstream>
#include <vector>

namespace crossdock::app {
namespace {

void audit(store::Tx& tx, const AdminContext& context, const std::string& action, const std::string& subject) {
    store::append_audit(tx, new_id(context.clock, context.randomness), command_line_actor, action, subject, "",
                        context.clock.utc_ms());
}

Task<Result<Json>> add_customer(AdminContext context, Json request) {
    orders::Customer customer{request.text("id"), request.text("name"), request.text("email"), request.text("language", "en")};
    if (auto ok = orders::check_customer(customer); !ok) { co_return ok.error(); }
    std::function<Json(store::Tx&)> unit = [context, customer](store::Tx& tx) {
        orders::add_customer(tx, customer, context.clock.utc_ms());
        audit(tx, context, "customer.add", customer.id);
        return Json::object({{"id", customer.id}, {"name", customer.name}, {"email", customer.email}});
    };
    co_return co_await context.store.commit<Json>(Commit::customer_add, std::move(unit));
}

Task<Result<Json>> create_key(AdminContext context, Json request) {
    api::NewKey key;
    key.name = request.text("name");
    std::istringstream words(request.text("scopes"));
    for (std::string word; words >> word;) { key.scopes.push_back(word); }
    key.customer_id = request.maybe_text("customer_id");
    const auto given = request.maybe_text("token");
    key.imported = given.has_value();
    if (const auto lasts = request.maybe_text("expires"); lasts && !lasts->empty()) {
        const auto duration = parse_duration(*lasts);
        if (!duration || *duration < milliseconds{1'000}) {
            co_return Fault{"takes a duration of at least 1s, such as 90d, not \"" + *lasts + "\"", "expires"};
        }
        key.expires_at = context.clock.utc_ms() + duration->count();
    }
    key.token = given ? *given : crypto::new_api_key(context.randomness);
    if (auto ok = api::check_key(key); !ok) { co_return ok.error(); }
    std::function<std::optional<std::string>(store::Tx&)> unit = [context, key](store::Tx& tx) {
        auto id = api::add_key(tx, key, new_id(context.clock, context.randomness), context.clock.utc_ms());
        if (id) { audit(tx, context, key.imported ? "key.import" : "key.create", key.name); }
        return id;
    };
    auto id = co_await context.store.commit<std::optional<std::string>>(Commit::key_change, std::move(unit));
    if (!id) { co_return id.error(); }
    if (!*id) {
        co_return Fault{"this key is here already, in use or revoked; `crossdock key list` shows which there are", "token"};
    }
    Json result = Json::object({{"id", **id}, {"name", key.name}, {"imported", key.imported}});
    if (key.expires_at) { result.set("expires_at", rfc3339(*key.expires_at)); }
    if (!key.imported) { result.set("token", key.token); }
    co_return result;
}

/// A new key in the place of another, which goes on for a while.
Task<Result<Json>> rotate_key(AdminContext context, Json request) {
    const std::string which = request.text("key");
    const std::string overlap = request.text("overlap");
    const auto duration = parse_duration(overlap);
    constexpr std::chrono::hours longest{24 * 90};
    if (!duration || *duration > longest) {
        co_return Fault{"takes a duration of at most 90d, such as 24h, or 0s, not \"" + overlap + "\"", "overlap"};
    }
    const std::string token = crypto::new_api_key(context.randomness);
    struct Outcome {
        std::optional<api::Rotated> made;
        std::optional<Fault> fault;
    };
    std::function<Outcome(store::Tx&)> unit = [context, which, token, overlap = *duration](store::Tx& tx) {
        const UtcMs now = context.clock.utc_ms();
        const auto made =
            api::rotate_key(tx, which, token, new_id(context.clock, context.randomness), now + overlap.count(), now);
        if (!made) { return Outcome{{}, made.error()}; }
        audit(tx, context, "key.rotate", made->name);
        return Outcome{*made, {}};
    };
    const auto done = co_await context.store.commit<Outcome>(Commit::key_change, std::move(unit));
    if (!done) { co_return done.error(); }
    if (done->fault) { co_return *done->fault; }
    const auto& made = *done->made;
    co_return Json::object({{"id", made.new_id},
                            {"name", made.name},
                            {"token", token},
                            {"replaced", made.old_id},
                            {"replaced_ends_at", rfc3339(made.ends_at)}});
}

Task<Result<Json>> revoke_key(AdminContext context, Json request) {
    const std::string which = request.text("key");
    std::function<bool(store::Tx&)> unit = [context, which](store::Tx& tx) {
        const bool revoked = api::revoke_key(tx, which, context.clock.utc_ms());
        if (revoked) { audit(tx, context, "key.revoke", which); }
        return revoked;
    };
    auto revoked = co_await context.store.commit<bool>(Commit::key_change, std::move(unit));
    if (!revoked) { co_return revoked.error(); }
    if (!*revoked) { co_return Fault{"there is no such key, or it is revoked already; `crossdock key list` shows them", which}; }
    co_return Json::object({{"revoked", which}});
}

Task<Result<Json>> set_secret(AdminContext context, Json request) {
    const std::string name = request.text("name");
    const std::string value = request.text("value");
    if (name.empty() || name.size() > 128) { co_return Fault{"must have 1 to 128 bytes", "name"}; }
    if (value.empty()) { co_return Fault{"is empty; the secret is read from standard input", "value"}; }
    std::function<Json(store::Tx&)> unit = [context, name, value](store::Tx& tx) {
        const UtcMs now = context.clock.utc_ms();
        const auto sealed = context.keys.seal(value, "secrets/" + name, context.randomness);
        tx.run(
            "INSERT INTO secrets (name, sealed, created_at, updated_at) VALUES (:1, :2, :3, :4) ON CONFLICT (name) DO UPDATE SET "
            "sealed = "
            "excluded.sealed, updated_at = excluded.updated_at",
            {name, sealed, now, now});
        audit(tx, context, "secret.set", name);
        return Json::object({{"name", name}});
    };
    co_return co_await context.store.commit<Json>(Commit::key_change, std::move(unit));
}

/// What a command without a daemon has changed of an account; nothing: the store has no such account.
using Changed = std::optional<bool>;

bool has_account(store::Tx& tx, const std::string& name) {
    return tx.number("SELECT COUNT(*) FROM suppliers WHERE name = :1", {name}) > 0;
}

Task<Result<Json>> account_answer(AdminContext context, std::string name, Result<Changed> changed) {
    if (!changed) { co_return changed.error(); }
    if (*changed) { co_return Json::object({{"name", name}, {"changed", **changed}, {"under_way", 0}}); }
    std::function<std::vector<std::string>(store::Tx&)> look = [](store::Tx& tx) {
        std::vector<std::string> names;
        for (auto& [one] : tx.all<std::string>("SELECT name FROM suppliers ORDER BY name")) { names.push_back(std::move(one)); }
        return names;
    };
    const auto names = co_await context.store.read<std::vector<std::string>>(std::move(look));
    if (!names) { co_return names.error(); }
    co_return Fault{"there is no account \"" + name + "\" in the store; it has " +
                        (names->empty() ? "none: a daemon's first start writes those of the config" : joined(*names)),
                    "supplier"};
}

/// Without a daemon a pause can be ended and an account enabled, which are in the store; a start tries every worker anew.
Task<Result<Json>> enable_supplier(AdminContext context, Json request) {
    const std::string name = request.text("name");
    std::function<Changed(store::Tx&)> unit = [context, name](store::Tx& tx) {
        const bool paused = store::end_account_pause(tx, name);
        const bool ended = store::enable_account(tx, name) || paused;
        if (ended) { audit(tx, context, "supplier.enable", name); }
        if (paused) {
            notify::attention_over_topic(tx, notify::topic_of_stopped(name), "enabled by a person", context.clock.utc_ms());
        }
        return ended || has_account(tx, name) ? Changed(ended) : Changed();
    };
    auto changed = co_await context.store.commit<Changed>(Commit::supplier_state, std::move(unit));
    co_return co_await account_answer(context, name, std::move(changed));
}

Task<Result<Json>> disable_supplier(AdminContext context, Json request) {
    const std::string name = request.text("name");
    std::function<Changed(store::Tx&)> unit = [context, name, reason = request.text("reason")](store::Tx& tx) {
        if (!has_account(tx, name)) { return Changed(); }
        const UtcMs now = context.clock.utc_ms();
        const bool changed = store::disable_account(tx, {name, reason, now});
        if (changed) {
            store::append_audit(tx, new_id(context.clock, context.randomness), command_line_actor, "supplier.disable", name,
                                reason, now);
        }
        return Changed(changed);
    };
    auto changed = co_await context.store.commit<Changed>(Commit::supplier_state, std::move(unit));
    co_return co_await account_answer(context, name, std::move(changed));
}

}  // namespace

Task<Result<Json>> run_admin(AdminContext context, Json request) {
    const std::string command = request.text("command");
    if (command == "customer.add") { co_return co_await add_customer(context, std::move(request)); }
    if (command == "key.create") { co_return co_await create_key(context, std::move(request)); }
    if (command == "key.rotate") { co_return co_await rotate_key(context, std::move(request)); }
    if (command == "key.revoke") { co_return co_await revoke_key(context, std::move(request)); }
    if (command == "secret.set") { co_return co_await set_secret(context, std::move(request)); }
    if (command == "secret.rotate") { co_return co_await rotate_sealing_key(context, std::move(request)); }
    if (is_order_command(command)) { co_return co_await order_command(context, std::move(request)); }
    if (is_recipient_command(command)) { co_return co_await recipient_command(context, std::move(request)); }
    if (command == "supplier.enable") { co_return co_await enable_supplier(context, std::move(request)); }
    if (command == "supplier.disable") { co_return co_await disable_supplier(context, std::move(request)); }
    co_return Fault{"unknown command \"" + command + "\""};
}

}  // namespace crossdock::app
