// The declared effect classes, by experiment.
#include "check/cases.hpp"
#include "check/rules.hpp"

#include <algorithm>

namespace crossdock::check {
namespace {

std::string id_of(const Seen& seen) {
    return seen.answered() ? seen.answer.output.text("supplier_order_id") : "";
}

/// The engine sends the same intent again with the same key; a supplier that honours keys makes one order of them.
Outcome same_key_twice(const Subject& subject) {
    return on_stage(subject, {.honours_keys = true}, [](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        const auto first = stage.call("create_order", order);
        append(outcome.lines, breaches(first));
        if (!first.arrivals.empty() && !first.arrivals.front().with_key) {
            outcome.lines.push_back("create_order does not send the engine's key (effect_key " + order.effect_key +
                                    "), and is declared idempotent: send it as it is");
            return;
        }
        const auto second = stage.call("create_order", order);
        append(outcome.lines, breaches(second));
        const auto orders = stage.world().orders_of(order.reference);
        if (orders.size() != 1 || id_of(first) != id_of(second) || id_of(first).empty()) {
            outcome.lines.push_back("create_order sent twice with the same key made " + std::to_string(orders.size()) +
                                    " orders and reported the ids \"" + id_of(first) + "\" and \"" + id_of(second) +
                                    "\"; declared idempotent, it makes one");
        }
        const auto other = stage.order(2);
        stage.world().put_in_play(other);
        const auto third = stage.call("create_order", other);
        append(outcome.lines, breaches(third));
        if (!third.arrivals.empty() && third.arrivals.front().reference != other.reference) {
            outcome.lines.push_back("create_order of another order does not send its reference " + other.reference + " as it is");
        }
    });
}

/// A cancellation sent twice has to be told from two.
Outcome cancel_with_key(const Subject& subject) {
    return on_stage(subject, {.honours_keys = true}, [](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.have_placed(order);
        for (int time = 0; time < 2; ++time) {
            const auto seen = stage.call("cancel_order", order);
            append(outcome.lines, breaches(seen));
            if (!seen.arrivals.empty() && !seen.arrivals.front().with_key) {
                append(outcome.lines, {"cancel_order does not send the engine's key (effect_key " + order.effect_key +
                                       "), and is declared idempotent: send it as it is"});
            }
        }
    });
}

/// The answer to a create got lost; the engine sends again with the same key.
Outcome cut_then_again(const Subject& subject) {
    return on_stage(subject, {.trouble = Trouble::cut_fresh, .honours_keys = true}, [](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        append(outcome.lines, breaches(stage.call("create_order", order)));
        stage.world().trouble = Trouble::none;
        const auto second = stage.call("create_order", order);
        append(outcome.lines, breaches(second));
        const auto orders = stage.world().orders_of(order.reference);
        if (orders.size() != 1 || id_of(second) != orders.front()) {
            outcome.lines.push_back("create_order sent again after its answer was cut off made " + std::to_string(orders.size()) +
                                    " orders and reported \"" + id_of(second) + "\"; declared idempotent, it finds the first");
        }
    });
}

/// The answer to a create got lost; the engine asks by the reference.
Outcome cut_then_find(const Subject& subject) {
    return on_stage(subject, {.trouble = Trouble::cut_fresh}, [](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        const auto created = stage.call("create_order", order);
        append(outcome.lines, breaches(created));
        append(outcome.lines, gullible(created));
        const auto orders = stage.world().orders_of(order.reference);
        if (orders.size() != 1) {
            outcome.lines.push_back("create_order does not send the reference " + order.reference +
                                    " as it is, so that nobody could find the order by it");
            return;
        }
        stage.world().trouble = Trouble::none;
        const auto found = stage.call("find_order", order);
        append(outcome.lines, breaches(found));
        const auto* matches = found.answered() ? found.answer.output.find("matches") : nullptr;
        const bool right = matches != nullptr && matches->items().size() == 1 &&
                           matches->items().front().text("supplier_order_id") == orders.front();
        if (!right) {
            outcome.lines.push_back("after a create whose answer was cut off, find_order reports " +
                                    (matches == nullptr
                                         ? "no matches (" + found.answer.text + found.answer.output.text("reason") + ")"
                                         : matches->dump()) +
                                    " and the supplier has " + orders.front() + ": the engine would order twice, or never know");
        }
    });
}

/// A repeat of a message must be recognisable.
Outcome same_message(const Subject& subject) {
    return on_stage(subject, {}, [](Stage& stage, Outcome& outcome) {
        const auto message = stage.order(1);
        stage.world().put_in_play(message);
        const auto seen = stage.call("deliver", message);
        append(outcome.lines, breaches(seen));
        const auto& exchanges = seen.answer.exchanges;
        if (exchanges.is_array() && !exchanges.items().empty() &&
            exchanges.dump().find(message.effect_key) == std::string::npos &&
            replaced(exchanges.dump(), "\\u003c", "<").find(message.effect_key) == std::string::npos) {
            outcome.lines.push_back("deliver does not send the message's id " + message.effect_key +
                                    ", so that nobody could tell a repeat from a second message");
        }
    });
}

/// The requests are described by the settings, and the recorded one has no key: an account with these settings cannot claim that
/// its supplier honours one, whatever the plugin can.
bool has_no_key(const Subject& subject, const Example& example) {
    const auto& schema = subject.manifest.schema.items();
    const bool described = std::any_of(schema.begin(), schema.end(), [](const Json& row) { return row.text("type") == "map"; });
    return described && std::none_of(example.exchanges.begin(), example.exchanges.end(), [&](const RecordedExchange& one) {
               return one.request.dump().find(example.effect_key) != std::string::npos;
           });
}

Outcome no_key(const Subject& /*subject*/) {
    return skipped("the recorded request has no key: an account with these settings cannot claim the class idempotent");
}

}  // namespace

void add_effect_cases(const Subject& subject, std::vector<Case>& cases) {
    const bool creates = subject.dialect.example("create_order") != nullptr && subject.offers("create_order");
    const auto strongest = subject.strongest("create_order");
    const auto* create = subject.dialect.example("create_order");
    if (creates && strongest == "idempotent" && has_no_key(subject, *create)) {
        cases.push_back(
            {"create_order.class.same-key", "create_order is idempotent: the same key twice makes one order", &no_key});
    }
    else if (creates && strongest == "idempotent") {
        cases.push_back(
            {"create_order.class.same-key", "create_order is idempotent: the same key twice makes one order", &same_key_twice});
        cases.push_back({"create_order.class.again",
                         "create_order is idempotent: sent again after a cut it finds its first order", &cut_then_again});
    }
    if (creates && subject.offers("find_order") && subject.dialect.example("find_order") != nullptr) {
        cases.push_back(
            {"create_order.class.find", "an order whose answer was cut off is found by its reference", &cut_then_find});
    }
    else if (creates && strongest == "lookup") {
        cases.push_back(
            {"create_order.class.find", "an order whose answer was cut off is found by its reference",
             [](const Subject&) { return Outcome{{"create_order is declared lookup, and find_order cannot be tried"}}; }});
    }
    if (subject.offers("cancel_order") && subject.dialect.example("cancel_order") != nullptr &&
        subject.strongest("cancel_order") == "idempotent") {
        const bool keyless = has_no_key(subject, *subject.dialect.example("cancel_order"));
        cases.push_back({"cancel_order.class.same-key", "cancel_order is idempotent: it sends the engine's key",
                         keyless ? &no_key : &cancel_with_key});
    }
    if (subject.dialect.example("deliver") != nullptr && subject.offers("deliver") &&
        subject.strongest("deliver") == "repeatable") {
        cases.push_back({"deliver.class.same-id", "deliver is repeatable: a repeat has the same id", &same_message});
    }
}

}  // namespace crossdock::check
