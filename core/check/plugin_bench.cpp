#include "check/plugin_bench.hpp"

#include "base/process.hpp"
#include "plugin/evaluations.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace crossdock::check {
namespace {

constexpr const char* worker_name = "plugin";
constexpr milliseconds stop_grace{1'000};

/// What a task leaves behind for whoever waits for it; it may have been interrupted meanwhile.
template <class T>
using Kept = std::shared_ptr<std::optional<T>>;

template <class T>
Task<void> keep(Task<T> task, Kept<T> kept) {
    kept->emplace(co_await std::move(task));
}

Task<bool> finished(Task<void> task) {
    co_await std::move(task);
    co_return true;
}

/// The answers of calls that run at once, and how many are still missing; whoever waits may have been interrupted meanwhile.
struct Answers {
    std::vector<Called> list;
    std::size_t missing = 0;
};

Task<bool> take_rows(std::shared_ptr<Answers> answers, std::size_t at, Json rows) {
    for (auto& row : rows.items()) { answers->list[at].rows.push(std::move(row)); }
    co_return true;
}

Task<void> answer_into(std::shared_ptr<Answers> answers, std::size_t at, Task<plugin::CallAnswer> task) {
    answers->list[at].answer = co_await std::move(task);
    --answers->missing;
}

}  // namespace

template <class T>
T PluginBench::wait_for(Task<T> task) {
    const auto kept = std::make_shared<std::optional<T>>();
    spawn(io_.get_executor(), keep(std::move(task), kept));
    io_.restart();
    while (!*kept && io_.run_one() > 0) {}
    return std::move(**kept);
}

void PluginBench::watch_signals() {
    signals_.async_wait([](boost::system::error_code error, int number) {
        if (!error) { throw Interrupted{number}; }
    });
}

void PluginBench::watch_deadline(std::optional<BootMs> deadline) {
    if (!deadline) { return; }
    const milliseconds left{std::max<std::int64_t>(0, *deadline - clock_.boot_ms())};
    deadline_ = clock_.after(left, [] { throw Overdue{}; });
}

PluginBench::PluginBench(plugin::Workers::Options options, std::optional<BootMs> deadline) : clock_(io_.get_executor()) {
    options.program = executable_folder() / "crossdock-worker";
    options.expressions = plugin::expressions_library();
    workers_ = plugin::Workers::make(io_.get_executor(), clock_, std::move(options));
    watch_signals();
    watch_deadline(deadline);
}

PluginBench::~PluginBench() {
    if (deadline_) { clock_.cancel(*deadline_); }
    // A second signal ends the process at once.
    signals_.clear();
    signals_.cancel();
    (void)wait_for(finished(workers_->stop(stop_grace)));
    workers_.reset();
    io_.restart();
    io_.poll();
}

Result<plugin::Manifest> PluginBench::start(plugin::WorkerSpec spec) {
    spec.name = worker_name;
    return wait_for(workers_->start(std::move(spec)));
}

std::vector<Called> PluginBench::call(std::vector<plugin::Call> calls) {
    const auto answers = std::make_shared<Answers>();
    answers->list.resize(calls.size());
    answers->missing = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        calls[i].target = worker_name;
        plugin::OnBatch on_batch = [answers, i](Json rows) { return take_rows(answers, i, std::move(rows)); };
        spawn(io_.get_executor(), answer_into(answers, i, workers_->call(std::move(calls[i]), std::move(on_batch))));
    }
    io_.restart();
    while (answers->missing > 0 && io_.run_one() > 0) {}
    return std::move(answers->list);
}

Called PluginBench::call(plugin::Call call) {
    std::vector<plugin::Call> one;
    one.push_back(std::move(call));
    return std::move(this->call(std::move(one)).front());
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

Result<plugin::Confinement> inspect_confinement() {
    PluginBench bench;
    plugin::WorkerSpec spec;
    spec.inspect_only = true;
    auto manifest = bench.start(std::move(spec));
    if (!manifest) { return manifest.error(); }
    return std::move(manifest->confinement);
}

}  // namespace crossdock::check
