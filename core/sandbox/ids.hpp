#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace crossdock::sandbox {

/// The id behind `id`: its last run of digits counts up and keeps its width; without digits "-2" is appended.
[[nodiscard]] std::string next_id(const std::string& id);

/// The n-th id (from 0): the list's, then counted up from its last. Requires a list that is not empty.
[[nodiscard]] std::string nth_id(const std::vector<std::string>& list, std::size_t n);

}  // namespace crossdock::sandbox
