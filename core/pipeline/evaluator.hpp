#pragma once

#include "base/task.hpp"
#include "definition/definition.hpp"
#include "plugin/caller.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// The worker that evaluates expressions, as plugin::Caller knows it. No account or channel can have this name.
inline constexpr const char* expressions_worker = "crossdock.expressions";
inline constexpr const char* expressions_interface = "crossdock.expressions/1";

/// All expressions of a step; then the worker is ended, and the step's attempt has failed.
inline constexpr milliseconds evaluate_timeout{2'000};
/// What is handed to the worker, as JSON.
inline constexpr std::size_t evaluate_bytes_max = 4 << 20;

/// Asks whether a pipeline's expressions compile. Requires definition.has_expressions().
[[nodiscard]] plugin::Call check_call(const Definition& definition);
/// What the answer says: a fault with file:line:column for each expression that does not; the file's, when there was no answer.
[[nodiscard]] std::vector<Fault> check_faults(const Definition& definition, const plugin::CallAnswer& answer);

/// What became of a step's expressions.
struct Evaluated {
    std::vector<Result<Json>> values;  ///< one for each expression; their faults have no place
    std::string trouble;               ///< why there are none; else empty
    bool died = false;                 ///< the worker died over them
};

/// Has a step's expressions evaluated, one step at a time: when the worker dies, only that step was with it.
///
/// Threads:  the executor's.
/// Lifetime: outlives its tasks.
class Evaluator {
public:
    explicit Evaluator(plugin::Caller& caller) : caller_(caller) {}

    Task<Evaluated> evaluate(std::vector<JqExpression> expressions, Json document);

private:
    Task<void> enter();
    void leave();

    plugin::Caller& caller_;
    bool busy_ = false;
    std::deque<std::function<void(bool)>> waiting_;
};

}  // namespace crossdock::pipeline
