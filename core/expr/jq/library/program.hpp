#pragma once

#include "jq/scan.hpp"
#include "values.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct jq_state;

namespace crossdock::jq {

/// What jq has against an expression, where in it.
struct CompileError {
    std::string message;
    Position position;
};

/// What one expression gave: JSON text, or why there is none.
struct Outcome {
    std::string json;
    std::string error;
};

/// Several expressions, compiled together: compiling takes some 15 ms however many they are, evaluating some microseconds each.
///
/// Threads: one at a time.
class Program {
public:
    /// Nothing when some expression does not compile; check() says which.
    [[nodiscard]] static std::unique_ptr<Program> compile(const std::vector<std::string>& expressions);

    /// One outcome for each expression, which must give exactly one value. Errors: jq itself failed; std::runtime_error.
    [[nodiscard]] std::vector<Outcome> run(const Owned& input);

private:
    struct Teardown {
        void operator()(jq_state* state) const;
    };
    using State = std::unique_ptr<jq_state, Teardown>;

    Program(State state, std::size_t expressions) : state_(std::move(state)), expressions_(expressions) {}

    State state_;
    std::size_t expressions_;
};

/// What is wrong with an expression before jq sees it: its brackets, its size, variables that are refused.
[[nodiscard]] std::optional<CompileError> problem_of(const std::string& expression);

/// One expression's error, if it has one.
[[nodiscard]] std::optional<CompileError> check(const std::string& expression);

}  // namespace crossdock::jq
