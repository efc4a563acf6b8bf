#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "plugin/caller.hpp"
#include "plugin/workers.hpp"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace crossdock::plugin {

/// The worker that evaluates what plugins ask for, as plugin::Caller knows it. Another one than the pipelines' own, so that no
/// plugin holds up or ends what a pipeline has under way. No account or channel can have this name.
inline constexpr const char* evaluations_worker = "crossdock.evaluations";

/// libexpressions.so, which stands in ../lib/crossdock beside the executable's folder.
[[nodiscard]] std::filesystem::path expressions_library();

/// One expression, and then the worker is ended.
inline constexpr milliseconds evaluation_timeout{2'000};
/// Until it is an expression's turn.
inline constexpr milliseconds evaluation_patience{8'000};
/// Documents that wait, in bytes, of all accounts.
inline constexpr std::size_t evaluations_bytes_max = 32U << 20U;

/// What became of an expression: the value as JSON text, or why there is none.
struct EvaluationAnswer {
    std::string value = {};
    std::string error = {};
};

/// An expression that a plugin wants evaluated.
struct Evaluation {
    std::string account;  ///< of the plugin; accounts take turns
    std::string expression;
    std::string document;                        ///< JSON text
    std::function<bool()> wanted;                ///< false: nobody waits for it any more
    std::function<void(EvaluationAnswer)> then;  ///< called once, at the latest after about patience and timeout
};

/// Has plugins' expressions evaluated, one at a time, accounts in turn. Its worker is started when it is first needed.
///
/// Threads:  the executor's.
/// Lifetime: shared; its task keeps it while something waits. The clock outlives it.
class Evaluations : public std::enable_shared_from_this<Evaluations> {
public:
    /// How the evaluating worker is reached.
    struct Evaluator {
        std::function<Task<Result<Manifest>>(WorkerSpec)> start;
        std::function<Task<CallAnswer>(Call)> call;
    };

    /// `library`: libexpressions.so. Empty: there is none, and nothing is evaluated.
    Evaluations(Executor executor, Clock& clock, std::filesystem::path library, Evaluator evaluator)
        : executor_(std::move(executor)), clock_(clock), library_(std::move(library)), evaluator_(std::move(evaluator)) {}

    void take(Evaluation evaluation);

private:
    struct Waiting {
        Evaluation evaluation;
        BootMs until = 0;  ///< it is its turn, or it fails
    };

    static Task<void> serve(std::shared_ptr<Evaluations> evaluations);
    static Task<EvaluationAnswer> evaluate(std::shared_ptr<Evaluations> evaluations, std::string expression,
                                           std::string document);
    /// The next whose turn it is. Drops what nobody waits for, and answers what has waited too long.
    [[nodiscard]] std::optional<Evaluation> next();
    [[nodiscard]] Waiting leave(std::deque<Waiting>& queue);

    Executor executor_;
    Clock& clock_;
    std::filesystem::path library_;
    Evaluator evaluator_;
    std::map<std::string, std::deque<Waiting>> waiting_;  ///< by account; none is empty
    std::deque<std::string> turns_;                       ///< the accounts that wait, whose turn is next first; not `served_`
    std::string served_;                                  ///< the account whose turn it is: it comes behind all who ask meanwhile
    std::size_t bytes_ = 0;                               ///< of the documents that wait
    bool serving_ = false;
    bool started_ = false;
};

}  // namespace crossdock::plugin
