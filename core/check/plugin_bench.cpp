#include "check/plugin_bench.hpp"

#include "base/process.hpp"

#include <optional>
#include <utility>

namespace crossdock::check {
namespace {

constexpr const char* worker_name = "plugin";
constexpr milliseconds stop_grace{1'000};

Task<bool> take_rows(std::function<bool(const Json&)> on_rows, Json rows) {
    co_return on_rows(rows);
}

plugin::OnBatch batches(const std::function<bool(const Json&)>& on_rows) {
    if (!on_rows) { return {}; }
    return [on_rows](Json rows) { return take_rows(on_rows, std::move(rows)); };
}

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& kept, std::size_t& left) {
    kept.emplace(co_await std::move(task));
    --left;
}

Task<bool> finished(Task<void> task) {
    co_await std::move(task);
    co_return true;
}

}  // namespace

PluginBench::PluginBench(plugin::Workers::Options options) : clock_(io_.get_executor()) {
    options.program = executable_folder() / "crossdock-worker";
    workers_ = plugin::Workers::make(io_.get_executor(), clock_, std::move(options));
}

PluginBench::~PluginBench() {
    std::optional<bool> done;
    std::size_t left = 1;
    spawn(io_.get_executor(), keep(finished(workers_->stop(stop_grace)), done, left));
    io_.restart();
    while (left > 0 && io_.run_one() > 0) {}
    workers_.reset();
    io_.restart();
    io_.poll();
}

Result<plugin::Manifest> PluginBench::start(plugin::WorkerSpec spec) {
    spec.name = worker_name;
    std::optional<Result<plugin::Manifest>> manifest;
    std::size_t left = 1;
    spawn(io_.get_executor(), keep(workers_->start(std::move(spec)), manifest, left));
    io_.restart();
    while (left > 0 && io_.run_one() > 0) {}
    return std::move(*manifest);
}

std::vector<plugin::CallAnswer> PluginBench::call(std::vector<plugin::Call> calls,
                                                  const std::function<bool(const Json&)>& on_rows) {
    std::vector<std::optional<plugin::CallAnswer>> kept(calls.size());
    std::size_t left = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        calls[i].target = worker_name;
        spawn(io_.get_executor(), keep(workers_->call(std::move(calls[i]), batches(on_rows)), kept[i], left));
    }
    io_.restart();
    while (left > 0 && io_.run_one() > 0) {}
    std::vector<plugin::CallAnswer> answers;
    for (auto& one : kept) { answers.push_back(std::move(*one)); }
    return answers;
}

plugin::CallAnswer PluginBench::call(plugin::Call call, const std::function<bool(const Json&)>& on_rows) {
    std::vector<plugin::Call> one;
    one.push_back(std::move(call));
    return std::move(this->call(std::move(one), on_rows).front());
}

void PluginBench::cancel() const {
    workers_->cancel(worker_name);
}

int PluginBench::pid() const {
    return workers_->pid_of(worker_name);
}

Result<plugin::Manifest> inspect_plugin(const std::filesystem::path& file, const std::string& interface) {
    PluginBench bench;
    plugin::WorkerSpec spec;
    spec.library = std::filesystem::absolute(file);
    spec.interface = interface;
    spec.inspect_only = true;
    return bench.start(std::move(spec));
}

}  // namespace crossdock::check
