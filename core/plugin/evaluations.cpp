#include "plugin/evaluations.hpp"

#include "base/process.hpp"

#include <algorithm>
#include <utility>

namespace crossdock::plugin {
namespace {

WorkerSpec spec_of(const std::filesystem::path& library) {
    WorkerSpec spec;
    spec.name = evaluations_worker;
    spec.interface = "crossdock.expressions/1";
    spec.library = library;
    // It dies of what expressions do.
    spec.quarantine = false;
    return spec;
}

EvaluationAnswer failed(std::string why) {
    return {.error = std::move(why)};
}

/// The evaluator's own answer: a value, or an error that has a place when the expression does not compile.
EvaluationAnswer read_output(const Json& output) {
    if (auto value = output.maybe_text("value")) { return {.value = std::move(*value)}; }
    auto error = output.text("error", "the evaluator's answer makes no sense");
    const auto line = output.integer("line");
    if (line == 0) { return failed(std::move(error)); }
    return failed("line " + std::to_string(line) + ", column " + std::to_string(output.integer("column")) + ": " + error);
}

EvaluationAnswer read_answer(const CallAnswer& answer, milliseconds took) {
    switch (answer.status) {
        case CallStatus::answered: return read_output(answer.output);
        case CallStatus::failed: return failed(answer.text);
        case CallStatus::not_sent: return failed("it cannot be evaluated now: " + answer.text);
        case CallStatus::unknown: break;
    }
    if (took >= evaluation_timeout) { return failed("it took longer than " + duration_text(evaluation_timeout)); }
    return failed("the process that evaluated it did not survive that: " + answer.text);
}

}  // namespace

std::filesystem::path expressions_library() {
    return (executable_folder() / "../lib/crossdock/libexpressions.so").lexically_normal();
}

void Evaluations::take(Evaluation evaluation) {
    if (library_.empty()) { return evaluation.then(failed("nothing is evaluated here")); }
    const auto size = evaluation.document.size();
    // One is always taken, however large.
    if (bytes_ > 0 && bytes_ + size > evaluations_bytes_max) {
        return evaluation.then(failed("too much is waiting to be evaluated; try again later"));
    }
    bytes_ += size;
    auto& queue = waiting_[evaluation.account];
    if (queue.empty() && evaluation.account != served_) { turns_.push_back(evaluation.account); }
    queue.push_back({std::move(evaluation), clock_.boot_ms() + evaluation_patience.count()});
    if (std::exchange(serving_, true)) { return; }
    spawn(executor_, serve(shared_from_this()));
}

Evaluations::Waiting Evaluations::leave(std::deque<Waiting>& queue) {
    Waiting first = std::move(queue.front());
    queue.pop_front();
    bytes_ -= first.evaluation.document.size();
    return first;
}

std::optional<Evaluation> Evaluations::next() {
    const auto now = clock_.boot_ms();
    for (auto& [account, queue] : waiting_) {
        while (!queue.empty() && (now >= queue.front().until || !queue.front().evaluation.wanted())) {
            const auto gone = leave(queue);
            gone.evaluation.then(failed("its turn did not come within " + duration_text(evaluation_patience) +
                                        ": too much is waiting to be evaluated"));
        }
    }
    std::erase_if(turns_, [this](const std::string& account) { return waiting_[account].empty(); });
    std::erase_if(waiting_, [](const auto& one) { return one.second.empty(); });
    if (waiting_.contains(served_)) { turns_.push_back(served_); }
    served_.clear();
    if (turns_.empty()) { return {}; }
    served_ = std::move(turns_.front());
    turns_.pop_front();
    const auto at = waiting_.find(served_);
    auto taken = leave(at->second);
    if (at->second.empty()) { waiting_.erase(at); }
    return std::move(taken.evaluation);
}

Task<void> Evaluations::serve(std::shared_ptr<Evaluations> evaluations) {
    while (auto one = evaluations->next()) {
        auto answer = co_await evaluate(evaluations, std::move(one->expression), std::move(one->document));
        one->then(std::move(answer));
    }
    evaluations->serving_ = false;
}

Task<EvaluationAnswer> Evaluations::evaluate(std::shared_ptr<Evaluations> evaluations, std::string expression,
                                             std::string document) {
    if (!evaluations->started_) {
        const auto started = co_await evaluations->evaluator_.start(spec_of(evaluations->library_));
        if (!started) { co_return failed("the expression worker does not start: " + started.error().what); }
        evaluations->started_ = true;
    }
    Call call;
    call.target = evaluations_worker;
    call.operation = "evaluate_one";
    call.input = Json::object({{"expression", std::move(expression)}, {"document", std::move(document)}});
    call.timeout = evaluation_timeout;
    const auto began = evaluations->clock_.boot_ms();
    const auto answer = co_await evaluations->evaluator_.call(std::move(call));
    co_return read_answer(answer, milliseconds(evaluations->clock_.boot_ms() - began));
}

}  // namespace crossdock::plugin
