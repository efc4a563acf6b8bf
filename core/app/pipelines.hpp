#pragma once

#include "base/result.hpp"
#include "definition/definition.hpp"

#include <filesystem>
#include <vector>

namespace crossdock::app {

/// Reads every NAME.yaml of a folder (not NAME.test.yaml), in the order of their names.
/// Errors: all files that do not load, each with file:line:column; two pipelines of one name.
struct LoadedPipelines {
    std::vector<pipeline::Definition> definitions;
    std::vector<Fault> faults;
};
[[nodiscard]] LoadedPipelines load_pipelines(const std::filesystem::path& folder);
/// One file.
[[nodiscard]] Result<pipeline::Definition> load_pipeline(const std::filesystem::path& file);

}  // namespace crossdock::app
