#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/schedule.hpp"
#include "yaml/node.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace crossdock::pipeline {

using yaml::Place;

/// `${{ .a.b[0] }}`: a lone path into the run's document.
struct PathExpression {
    std::vector<std::variant<std::string, std::size_t>> steps;  ///< member names and indexes
    std::string source;                                         ///< ".a.b[0]"
    Place place;

    /// The subtree copied as stored, numbers as written; null when some member is absent.
    [[nodiscard]] Json evaluate(const Json& document) const;
};

/// `${{ .total > 5 }}`: anything but a lone path, in jq's language. A worker compiles and evaluates it.
struct JqExpression {
    std::string source;
    std::vector<Place> lines;  ///< where each line of the source begins in the file
    bool exact = true;         ///< false where YAML folded or escaped the text: `lines` are then the whole value's place

    /// Counted from 1 within the source; in the file.
    [[nodiscard]] Place place_of(int line, int column) const;
};

/// The value of a JqExpression, by its number in its step.
struct Computed {
    std::size_t number = 0;
};

/// Text with expressions in it: "Order ${{ .order.id }} is late".
struct Template {
    std::vector<std::variant<std::string, PathExpression, Computed>> parts;

    /// Strings go in as they are, numbers as written, null as nothing, lists and maps as JSON.
    [[nodiscard]] std::string evaluate(const Json& document, std::span<const Json> computed) const;
};

/// A literal, an expression, text with expressions, or a mapping or list of such.
struct Value {
    /// Out of line, or clang looks into the pairs below before they are complete.
    Value();

    std::variant<Json, PathExpression, Computed, Template, std::vector<Value>, std::vector<std::pair<std::string, Value>>>
        content;
    Place place;

    /// `computed` has the values of the step's expressions, in their order.
    [[nodiscard]] Json evaluate(const Json& document, std::span<const Json> computed = {}) const;
};

struct Retry {
    int attempts = 8;
    milliseconds backoff{2'000};
    milliseconds backoff_max{300'000};
    std::optional<milliseconds> deadline;  ///< from the first attempt; none begins after it
};

struct Trigger {
    enum class Kind { order, webhook, schedule } kind = Kind::order;
    std::string event;  ///< order: "placed"; webhook: "received"
    model::Schedule schedule;
    Place place;
};

struct Step {
    std::string id;   ///< `id:`, else "step-N" counted from 1
    std::string use;  ///< a known step type, e.g. supplier.create_order
    std::vector<std::pair<std::string, Value>> with;
    std::optional<Value> condition;         ///< `if:`; absent, null and false skip the step
    std::vector<JqExpression> expressions;  ///< of `with` and `if`
    Retry retry;
    Place place;
};

/// A checked pipeline. Its text is the revision; the digest names it.
struct Definition {
    std::string name;
    std::string file;
    std::string text;
    std::string digest;  ///< SHA-256 of the text, lower-case hex
    Trigger trigger;
    std::vector<Step> steps;

    /// Whether it needs the worker that evaluates expressions.
    [[nodiscard]] bool has_expressions() const;
};

/// A step type that pipelines may use, and which inputs it takes.
struct StepType {
    std::string_view use;
    std::vector<std::string_view> required;
    std::vector<std::string_view> optional;
};

/// All step types, in the order of the documentation.
[[nodiscard]] const std::vector<StepType>& step_types();

/// Bounds on one pipeline.
inline constexpr std::size_t steps_max = 100;
inline constexpr int attempts_max = 100;

/// Reads and checks one pipeline, all but what jq makes of its expressions. `file` is used in messages as given. Pure.
/// Errors: every fault's `where` is file:line:column; unknown keys come with the nearest known one as a hint.
[[nodiscard]] Result<Definition> parse_definition(std::string_view text, const std::string& file);

}  // namespace crossdock::pipeline
