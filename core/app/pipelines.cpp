#include "app/pipelines.hpp"

#include "check/plugin_bench.hpp"
#include "pipeline/evaluator.hpp"
#include "plugin/evaluations.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

namespace crossdock::app {

Result<pipeline::Definition> load_pipeline(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return pipeline::parse_definition(text, file.string());
}

LoadedPipelines load_pipelines(const std::filesystem::path& folder) {
    LoadedPipelines loaded;
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        if (name.ends_with(".yaml") && !name.ends_with(".test.yaml")) { files.push_back(entry.path()); }
    }
    if (error) { loaded.faults.push_back({"the pipelines' folder cannot be read: " + error.message(), folder.string()}); }
    std::sort(files.begin(), files.end());
    std::map<std::string, std::string> names;
    for (const auto& file : files) {
        auto definition = load_pipeline(file);
        if (!definition) {
            loaded.faults.push_back(definition.error());
            continue;
        }
        if (const auto [at, added] = names.emplace(definition->name, file.string()); !added) {
            loaded.faults.push_back(
                {"the pipeline " + definition->name + " stands in " + at->second + " too", file.string() + ":1:1"});
        }
        loaded.definitions.push_back(std::move(*definition));
    }
    return loaded;
}

bool have_expressions(const std::vector<pipeline::Definition>& definitions) {
    return std::any_of(definitions.begin(), definitions.end(),
                       [](const pipeline::Definition& definition) { return definition.has_expressions(); });
}

plugin::WorkerSpec expressions_spec() {
    plugin::WorkerSpec spec;
    spec.name = pipeline::expressions_worker;
    spec.interface = pipeline::expressions_interface;
    spec.library = plugin::expressions_library();
    // It dies of what expressions do: the run whose they are is stopped, not everybody's.
    spec.quarantine = false;
    return spec;
}

void check_expressions(LoadedPipelines& loaded) {
    if (!have_expressions(loaded.definitions)) { return; }
    check::PluginBench bench;
    if (const auto started = bench.start(expressions_spec()); !started) {
        loaded.faults.push_back({"the expression worker does not start: " + started.error().what, started.error().where});
        return;
    }
    std::erase_if(loaded.definitions, [&](const pipeline::Definition& definition) {
        if (!definition.has_expressions()) { return false; }
        const auto faults = pipeline::check_faults(definition, bench.call(pipeline::check_call(definition)).answer);
        loaded.faults.insert(loaded.faults.end(), faults.begin(), faults.end());
        return !faults.empty();
    });
}

}  // namespace crossdock::app
