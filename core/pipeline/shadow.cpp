#include "pipeline/shadow.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"
#include "pipeline/effect_driver.hpp"

namespace crossdock::pipeline {
namespace {

constexpr milliseconds call_margin{2'000};
constexpr milliseconds store_pause{200};
/// Between two tries, when no worker took the call or it died over it; and how many there are.
constexpr milliseconds again_pause{30'000};
constexpr std::int64_t tries_max = 5;

/// Why an answer brought no request that an order could be placed with.
std::string why_nothing(const plugin::CallAnswer& answer) {
    const auto detail = detail_of(answer);
    const bool asked_first = answer.exchanges.is_array() && !answer.exchanges.items().empty();
    return (asked_first ? "it would ask the supplier first, which a shadow may not" : "it built no request") +
           (detail.empty() ? std::string() : ": " + detail);
}

}  // namespace

plugin::Call Shadows::call_for(const std::string& worker, const orders::Shadow& shadow) const {
    const auto options = environment_.options.get();
    const auto* account = options->accounts.named(shadow.account);
    const bool own_code = account != nullptr && !account->supplier_code.empty();
    AccountRules rules;
    if (const auto known = options->rules.find(shadow.account); known != options->rules.end()) { rules = known->second; }
    plugin::Call call;
    call.target = worker;
    call.operation = "create_order";
    call.input = Json::object({{"reference", shadow.order_id},
                               {"effect_key", "shadow/" + shadow.order_id},
                               {"supplier", own_code ? account->supplier_code : shadow.supplier_code},
                               {"order", shadow.document}});
    call.timeout = rules.request_timeout + call_margin;
    call.not_after = environment_.clock.boot_ms() + rules.not_after.count();
    call.effect = true;
    call.record = true;
    return call;
}

Task<void> Shadows::build(std::string worker, std::string id) {
    std::function<std::optional<orders::Shadow>(store::Tx&)> look = [id, now = environment_.clock.utc_ms()](store::Tx& tx) {
        return orders::find_shadow(tx, id, now);
    };
    auto shadow = co_await environment_.store.read<std::optional<orders::Shadow>>(std::move(look));
    if (!shadow) {
        Log::error("a shadow's order could not be read", {{"worker", worker}, {"fault", shadow.error().text()}});
        co_await pause(environment_.clock, store_pause);
        co_return;
    }
    if (!*shadow) { co_return; }
    auto call = call_for(worker, **shadow);
    CrashPoint::pass(External::call_read, Side::before);
    plugin::OnBatch no_batches;
    plugin::CallAnswer answer = co_await environment_.caller.call(std::move(call), no_batches);
    CrashPoint::pass(External::call_read, Side::after);
    co_await conclude(std::move(**shadow), std::move(answer));
}

Task<void> Shadows::conclude(orders::Shadow shadow, plugin::CallAnswer answer) {
    std::function<int(store::Tx&)> unit = [this, shadow, answer](store::Tx& tx) {
        const UtcMs now = environment_.clock.utc_ms();
        const bool none = answer.status == plugin::CallStatus::not_sent || answer.status == plugin::CallStatus::unknown;
        const auto tries = shadow.tries + (answer.held ? 0 : 1);
        if (const auto request = orders::last_request(answer.exchanges)) { orders::record_shadow(tx, shadow.id, *request, now); }
        else if (none && tries < tries_max) { orders::put_off_shadow(tx, shadow.id, tries, now + again_pause.count()); }
        else { orders::fail_shadow(tx, shadow.id, none ? why_unanswered(answer) : why_nothing(answer), now); }
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::shadow_record, std::move(unit));
    if (stored) { co_return; }
    Log::error("what a shadow would have sent could not be stored; it is built again",
               {{"account", shadow.account}, {"order", shadow.order_id}, {"fault", stored.error().text()}});
    co_await pause(environment_.clock, store_pause);
}

}  // namespace crossdock::pipeline
