#pragma once

#include "definition/definition.hpp"
#include "yaml/schema.hpp"

namespace crossdock::pipeline {

/// Checks what the inputs of `wait` and `wait_for` say as they stand; what an expression gives is checked when the step starts.
/// Any other step passes.
void check_waits(yaml::Checks& checks, const Step& step, Trigger::Kind trigger);

}  // namespace crossdock::pipeline
