#pragma once

#include "definition/definition.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace crossdock::pipeline {

/// What a path may begin with, and which steps have run before it.
struct Scope {
    Trigger::Kind trigger = Trigger::Kind::order;
    std::span<const Step> earlier;       ///< steps above this one
    std::span<const std::string> later;  ///< ids of this step and those below it
};

/// True when text is meant to hold an expression: it contains `${{`.
[[nodiscard]] bool has_expression(std::string_view text);

/// What a scalar with expressions in it is.
using Parsed = std::variant<PathExpression, Computed, Template>;

/// Reads a scalar that holds `${{ ... }}`. A lone path (`.`, or members and indexes such as `.order.items[0]` and
/// `.order."quoted key"`) is checked against the scope; anything else is jq's, and is appended to `expressions`.
/// `file_text` is what the scalar was read from. Errors: `what`, and the place.
struct ExpressionFault {
    std::string what;
    Place place;
};
[[nodiscard]] std::variant<Parsed, ExpressionFault> parse_expressions(const yaml::Node& scalar, std::string_view file_text,
                                                                      const Scope& scope, std::vector<JqExpression>& expressions);

}  // namespace crossdock::pipeline
