#include "pipeline/resolve.hpp"

#include "notify/attention.hpp"
#include "orders/intake.hpp"
#include "orders/progress.hpp"
#include "pipeline/cancel.hpp"
#include "pipeline/effect_driver.hpp"
#include "store/journal.hpp"

#include <array>
#include <charconv>

namespace crossdock::pipeline {
namespace {

using What = Resolution::What;

std::string_view name(What what) {
    static constexpr std::array<std::string_view, 4> names{"adopt", "resend", "cancel", "done"};
    return names.at(static_cast<std::size_t>(what));
}

Resolved refused(std::string why) {
    return {std::move(why), {}, {}};
}

/// The next generation of an effect's key, "run/step/item/N".
std::string next_generation(const std::string& key) {
    const auto slash = key.rfind('/');
    int generation = 1;
    std::from_chars(key.data() + slash + 1, key.data() + key.size(), generation);
    return key.substr(0, slash + 1) + std::to_string(generation + 1);
}

class Resolver {
public:
    Resolver(store::Tx& tx, Environment& environment, const Resolution& said, notify::Attention entry)
        : tx_(tx), environment_(environment), said_(said), entry_(std::move(entry)), now_(environment.clock.utc_ms()) {}

    Resolved run() {
        if (!entry_.effect_id) { return said_.what == What::done ? close("done") : refused(only_done()); }
        auto effect = store::find_effect(tx_, *entry_.effect_id);
        if (!effect) { return close("done"); }
        if (effect->state == "sending" || effect->state == "asking") {
            return refused("an attempt is under way at this moment; try again when it has ended");
        }
        if (effect->operation == "create_order") { return of_create(*effect); }
        if (effect->operation == "cancel_order") { return of_cancel(*effect); }
        if (said_.what != What::done) { return refused(only_done()); }
        return close("done");
    }

private:
    static bool waits(const store::EffectRow& effect) {
        return effect.state == "parked" || effect.state == "dead" || effect.state == "pending";
    }
    [[nodiscard]] std::string only_done() const {
        return "#" + std::to_string(entry_.number) + " is about no order at a supplier: it takes --done only";
    }
    [[nodiscard]] std::string by() const { return "by " + said_.by + (said_.note.empty() ? "" : ": " + said_.note); }

    Resolved close(const std::string& text) {
        notify::resolve_attention(tx_, entry_, text, said_.by, now_);
        return {{}, text, entry_.order_id.value_or("")};
    }

    Resolved of_create(store::EffectRow& effect) {
        if (!waits(effect)) {
            return said_.what == What::done ? close("done") : refused("its order is " + effect.state + " already");
        }
        switch (said_.what) {
            case What::adopt: return adopt(effect);
            case What::resend: return resend(effect);
            case What::cancel: {
                auto closed = close("canceled");
                withdraw_order(tx_, environment_, *effect.supplier_order_row_id, "canceled " + by());
                return closed;
            }
            case What::done: break;
        }
        return refused("whether the supplier has the order is still open: say --adopt ID, --resend or --cancel");
    }

    Resolved adopt(store::EffectRow& effect) {
        const auto& id = said_.supplier_order_id;
        const auto options = environment_.options.get();
        const auto* account = options->accounts.named(effect.target);
        if (account == nullptr) { return refused("its account " + effect.target + " is no longer configured"); }
        const auto known = tx_.first<std::optional<std::string>>("SELECT supplier_order_id FROM supplier_orders WHERE id = :1",
                                                                 {*effect.supplier_order_row_id});
        if (known && std::get<0>(*known) && *std::get<0>(*known) != id) {
            return refused("it is known as " + *std::get<0>(*known) + " already");
        }
        const auto taken = tx_.first<std::string>(
            "SELECT order_id FROM supplier_orders WHERE supplier_id = :1 AND supplier_order_id = :2 AND id <> :3",
            {account->supplier_id, id, *effect.supplier_order_row_id});
        if (taken) { return refused(id + " is the id of the order " + std::get<0>(*taken)); }
        auto closed = close("adopted as " + id);
        accept_order(tx_, environment_, *options, effect, id, "adopted as " + id + " " + by());
        return closed;
    }

    Resolved resend(store::EffectRow effect) {
        const auto options = environment_.options.get();
        const auto* account = options->accounts.named(effect.target);
        if (account == nullptr) { return refused("its account " + effect.target + " is no longer configured"); }
        auto input = Json::parse(effect.input, JsonLimits{.bytes_max = 64 << 20});
        if (!input) { throw store::StoreFailure("effect " + effect.id + " has an unreadable input: " + input.error().text()); }
        const auto old_row = *effect.supplier_order_row_id;
        orders::release_parts(tx_, old_row);
        const auto fresh = orders::add_supplier_order(tx_, environment_.facts, *effect.order_id, *account);
        store::EffectRow again = effect;
        auto closed = close("sent again as " + fresh.reference);
        settle_state(tx_, effect, "withdrawn", "sent again as " + fresh.reference + " " + by(), now_);
        orders::withdraw(tx_, environment_.facts, old_row, "sent again as " + fresh.reference);
        again.id = environment_.facts.new_id();
        again.effect_key = next_generation(effect.effect_key);
        again.supplier_order_row_id = fresh.id;
        input->set("reference", fresh.reference);
        input->set("effect_key", again.effect_key);
        again.input = input->dump();
        again.state = "pending";
        again.next_step = "send";
        again.attempts = 0;
        again.plugin_digest.reset();
        again.first_intent_at.reset();
        again.not_after_at.reset();
        again.reason.reset();
        again.next_at = now_;
        again.created_at = now_;
        if (const auto rules = options->rules.find(effect.target);
            rules != options->rules.end() && rules->second.create_order.plugin_known) {
            again.effect_class = model::name(rules->second.create_order.effect_class);
        }
        store::insert_effect(tx_, again);
        if (auto run = again.run_id ? store::find_run(tx_, *again.run_id) : std::nullopt; run && run->state == "failed") {
            run->state = "waiting";
            store::update_run(tx_, *run, "waits for " + again.target + ".create_order", now_);
        }
        return closed;
    }

    Resolved of_cancel(store::EffectRow& effect) {
        const bool open = waits(effect);
        switch (said_.what) {
            case What::adopt: return refused("it is about a cancellation: say --cancel, --resend or --done");
            case What::resend: {
                if (!open) { return refused("the cancellation is " + effect.state + " already"); }
                effect.state = "pending";
                effect.next_step = "send";
                effect.attempts = 0;
                effect.next_at = now_;
                effect.reason = "asked for again " + by();
                store::update_effect(tx_, effect, now_);
                return close("asked for again");
            }
            case What::cancel: {
                auto closed = close("canceled");
                settle_cancel(tx_, environment_, *environment_.options.get(), effect, true, "", "canceled " + by());
                return closed;
            }
            case What::done: break;
        }
        auto closed = close("the order goes on");
        if (open) { give_up_cancel(tx_, effect, "given up " + by(), now_); }
        return closed;
    }

    store::Tx& tx_;
    Environment& environment_;
    const Resolution& said_;
    notify::Attention entry_;
    UtcMs now_;
};

}  // namespace

Resolved resolve(store::Tx& tx, Environment& environment, const Resolution& resolution) {
    auto entry = notify::find_attention(tx, resolution.number);
    if (!entry) {
        return refused("there is no #" + std::to_string(resolution.number) + "; `crossdock attention list` shows them");
    }
    if (entry->resolved_at) {
        return refused("#" + std::to_string(resolution.number) + " was resolved before: " + entry->resolution.value_or(""));
    }
    const std::string about = entry->about;
    auto done = Resolver(tx, environment, resolution, std::move(*entry)).run();
    if (!done.refusal.empty()) { return done; }
    const UtcMs now = environment.clock.utc_ms();
    store::append_audit(
        tx, environment.facts.new_id(), resolution.by, "attention.resolve", "#" + std::to_string(resolution.number) + " " + about,
        std::string(name(resolution.what)) + ": " + done.text + (resolution.note.empty() ? "" : "; " + resolution.note), now);
    if (!done.order_id.empty()) {
        store::append_decision(tx, done.order_id, {}, "resolved by " + resolution.by,
                               done.text + (resolution.note.empty() ? "" : ": " + resolution.note), now);
    }
    return done;
}

}  // namespace crossdock::pipeline
