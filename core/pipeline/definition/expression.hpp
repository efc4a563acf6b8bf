#pragma once

#include "definition/definition.hpp"

#include <span>

namespace crossdock::pipeline {

/// What a path may begin with, and which steps have run before it.
struct Scope {
    Trigger::Kind trigger = Trigger::Kind::order;
    std::span<const Step> earlier;       ///< steps above this one
    std::span<const std::string> later;  ///< ids of this step and those below it
};

/// True when text is meant to hold an expression: it contains `${{`.
[[nodiscard]] bool has_expression(std::string_view text);

/// Reads a scalar that is wholly `${{ PATH }}` and checks the path against the scope.
/// PATH is `.`, or members and indexes such as `.order.items[0]` and `.order."quoted key"`.
/// Errors: `what` only; the caller knows the place.
[[nodiscard]] Result<PathExpression> parse_expression(const yaml::Node& scalar, const Scope& scope);

}  // namespace crossdock::pipeline
