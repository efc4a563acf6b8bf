#include "pipeline/evaluator.hpp"

#include "base/journal_point.hpp"

#include <utility>

namespace crossdock::pipeline {
namespace {

constexpr milliseconds check_timeout{10'000};
/// Of an expression, in a message.
constexpr std::size_t shown_max = 80;

std::string shown(const JqExpression& expression) {
    const auto line = expression.source.substr(0, expression.source.find('\n'));
    const bool whole = line.size() == expression.source.size() && line.size() <= shown_max;
    return "`" + (whole ? line : line.substr(0, shown_max) + " ...") + "`";
}

plugin::Call call_for(const char* operation, Json sources) {
    plugin::Call call;
    call.target = expressions_worker;
    call.operation = operation;
    call.input = Json::object({{"expressions", std::move(sources)}});
    return call;
}

/// The results of an answer when there are as many as asked for.
const Json::Array* results_of(const plugin::CallAnswer& answer, std::size_t count) {
    const Json* results = answer.status == plugin::CallStatus::answered ? answer.output.find("results") : nullptr;
    return results != nullptr && results->is_array() && results->items().size() == count ? &results->items() : nullptr;
}

std::string no_results(const plugin::CallAnswer& answer) {
    return answer.text.empty() ? "the expression worker's answer makes no sense" : answer.text;
}

}  // namespace

plugin::Call check_call(const Definition& definition) {
    Json sources = Json::array();
    for (const auto& step : definition.steps) {
        for (const auto& expression : step.expressions) { sources.push(expression.source); }
    }
    auto call = call_for("check", std::move(sources));
    call.timeout = check_timeout;
    return call;
}

std::vector<Fault> check_faults(const Definition& definition, const plugin::CallAnswer& answer) {
    std::vector<const JqExpression*> expressions;
    for (const auto& step : definition.steps) {
        for (const auto& expression : step.expressions) { expressions.push_back(&expression); }
    }
    const auto* results = results_of(answer, expressions.size());
    if (results == nullptr) {
        return {Fault{"the expressions could not be checked: " + no_results(answer), definition.file, Advice::retry}};
    }
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        const auto message = (*results)[i].maybe_text("message");
        if (!message) { continue; }
        const int line = static_cast<int>((*results)[i].integer("line", 1));
        const auto place = expressions[i]->place_of(line, static_cast<int>((*results)[i].integer("column", 1)));
        faults.push_back({shown(*expressions[i]) + ": " + *message, yaml::where(definition.file, place)});
    }
    return faults;
}

Task<Evaluated> Evaluator::evaluate(std::vector<JqExpression> expressions, Json document) {
    Evaluated made;
    Json sources = Json::array();
    for (const auto& expression : expressions) { sources.push(expression.source); }
    auto call = call_for("evaluate", std::move(sources));
    call.input.set("input", std::move(document));
    call.timeout = evaluate_timeout;
    if (call.input.dump().size() > evaluate_bytes_max) {
        made.trouble = "the run's document is larger than " + std::to_string(evaluate_bytes_max) + " bytes";
        co_return made;
    }
    co_await enter();
    plugin::OnBatch no_batches;
    CrashPoint::pass(External::call_read, Side::before);
    const auto answer = co_await caller_.call(std::move(call), no_batches);
    CrashPoint::pass(External::call_read, Side::after);
    leave();
    made.died = answer.status == plugin::CallStatus::unknown;
    const auto* results = results_of(answer, expressions.size());
    if (results == nullptr) {
        made.trouble = no_results(answer);
        co_return made;
    }
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        if (const auto* value = (*results)[i].find("value")) { made.values.emplace_back(*value); }
        else { made.values.emplace_back(Fault{shown(expressions[i]) + ": " + (*results)[i].text("error", "no value")}); }
    }
    co_return made;
}

Task<void> Evaluator::enter() {
    if (!std::exchange(busy_, true)) { co_return; }
    std::function<void(std::function<void(bool)>)> queue = [this](std::function<void(bool)> then) {
        waiting_.push_back(std::move(then));
    };
    (void)co_await on_callback<bool>(std::move(queue));
}

/// Whoever waited longest is next; `busy_` stays for it.
void Evaluator::leave() {
    if (waiting_.empty()) {
        busy_ = false;
        return;
    }
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next(true);
}

}  // namespace crossdock::pipeline
