#include "check/plugin_bench.hpp"

#include "base/process.hpp"

#include <optional>
#include <utility>

namespace crossdock::check {
namespace {

constexpr const char* worker_name = "plugin";
constexpr milliseconds stop_grace{1'000};

/// False once nobody waits any more: what `on_rows` holds may then be gone.
using Wanted = std::shared_ptr<const bool>;

Task<bool> take_rows(std::function<bool(const Json&)> on_rows, Wanted wanted, Json rows) {
    co_return *wanted&& on_rows(rows);
}

plugin::OnBatch batches(const std::function<bool(const Json&)>& on_rows, const Wanted& wanted) {
    if (!on_rows) { return {}; }
    return [on_rows, wanted](Json rows) { return take_rows(on_rows, wanted, std::move(rows)); };
}

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

/// The answers of calls that run at once, and how many are still missing.
struct Answers {
    std::vector<plugin::CallAnswer> list;
    std::size_t missing = 0;
};

Task<void> answer_into(std::shared_ptr<Answers> answers, std::size_t at, Task<plugin::CallAnswer> task) {
    answers->list[at] = co_await std::move(task);
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

PluginBench::PluginBench(plugin::Workers::Options options) : clock_(io_.get_executor()) {
    options.program = executable_folder() / "crossdock-worker";
    workers_ = plugin::Workers::make(io_.get_executor(), clock_, std::move(options));
    watch_signals();
}

PluginBench::~PluginBench() {
    *wanted_ = false;
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

std::vector<plugin::CallAnswer> PluginBench::call(std::vector<plugin::Call> calls,
                                                  const std::function<bool(const Json&)>& on_rows) {
    const auto answers = std::make_shared<Answers>();
    answers->list.resize(calls.size());
    answers->missing = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        calls[i].target = worker_name;
        spawn(io_.get_executor(), answer_into(answers, i, workers_->call(std::move(calls[i]), batches(on_rows, wanted_))));
    }
    io_.restart();
    while (answers->missing > 0 && io_.run_one() > 0) {}
    return std::move(answers->list);
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
