#pragma once

#include "base/result.hpp"
#include "definition/definition.hpp"
#include "plugin/workers.hpp"

#include <filesystem>
#include <vector>

namespace crossdock::app {

/// Reads every NAME.yaml of a folder (not NAME.test.yaml), in the order of their names.
/// Errors: all files that do not load, each with file:line:column; two pipelines of one name. jq is not asked.
struct LoadedPipelines {
    std::vector<pipeline::Definition> definitions;
    std::vector<Fault> faults;
};
[[nodiscard]] LoadedPipelines load_pipelines(const std::filesystem::path& folder);
/// One file, without asking jq.
[[nodiscard]] Result<pipeline::Definition> load_pipeline(const std::filesystem::path& file);

[[nodiscard]] bool have_expressions(const std::vector<pipeline::Definition>& definitions);

/// The worker that checks and evaluates expressions; its library stands in ../lib/crossdock beside the executable's folder.
[[nodiscard]] plugin::WorkerSpec expressions_spec();

/// Has the expressions of all pipelines compiled, in a short-lived worker that is started only when there are some. A pipeline
/// with a bad one moves from the definitions to the faults.
void check_expressions(LoadedPipelines& loaded);

}  // namespace crossdock::app
