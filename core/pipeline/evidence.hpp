#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "orders/progress.hpp"

#include <vector>

namespace crossdock::pipeline {

/// The `evidence` that an adapter answered. Each piece is a copy of `base` (its source, its webhook) with what the adapter said;
/// one without a time keeps that of `base`.
/// Errors: no list, a piece without order or status, a time that is none; `where` is its place.
[[nodiscard]] Result<std::vector<orders::Evidence>> read_evidence(const Json& list, const orders::Evidence& base);

}  // namespace crossdock::pipeline
