#include "plugin/workers.hpp"

#include "base/joined.hpp"
#include "plugin/evaluations.hpp"
#include "plugin/floor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace crossdock::plugin {
namespace {

CallAnswer not_sent(std::string text) {
    return {CallStatus::not_sent, {}, std::move(text), {}};
}

CallAnswer held(const Worker& worker) {
    auto answer = not_sent("the worker of " + worker.spec.name + " is quarantined, it kept dying: " + worker.why +
                           "; `crossdock supplier enable " + worker.spec.name + "` starts it again");
    answer.held = true;
    return answer;
}

/// Whether a process has a call in flight beside which this plugin wants no other.
bool must_wait(const Worker& worker, const Link& link) {
    if (!worker.serial) { return false; }
    const auto busy = [&](const std::shared_ptr<Link>& other) { return other && other.get() != &link && other->in_flight() > 0; };
    return busy(worker.link) || std::any_of(worker.before.begin(), worker.before.end(), busy);
}

/// The process that takes a call of this plugin file, of whichever when `digest` is empty.
std::shared_ptr<Link> link_for(const Worker& worker, const std::string& digest) {
    if (digest.empty() || digest == worker.digest) { return worker.link; }
    for (const auto& link : worker.before) {
        if (link->takes_calls() && link->digest() == digest) { return link; }
    }
    return {};
}

/// Nobody has that plugin any more: the effect is looked at anew.
CallAnswer replaced(const std::string& target) {
    auto answer = not_sent("the plugin of " + target + " was replaced before anything was sent");
    answer.held = true;
    return answer;
}

/// The next start takes it up: an attempt that never began must not count as one.
CallAnswer stopping() {
    auto answer = not_sent("the workers are being stopped");
    answer.held = true;
    return answer;
}

/// What becomes of a call before it is handed over: who takes it, or why nobody does.
struct Taker {
    std::shared_ptr<Link> link = {};
    std::optional<CallAnswer> answer = {};
    bool serial = false;  ///< its calls never overlap
};

/// Waits for a process that takes the call.
Task<Taker> taker_of(FloorPtr floor, std::string target, std::string digest, BootMs until) {
    while (true) {
        // Looked up each time: a reload may have replaced it.
        const auto found = floor->workers.find(target);
        if (found == floor->workers.end()) { co_return Taker{{}, not_sent("no worker is called " + target)}; }
        const WorkerPtr worker = found->second;
        // What is still to come to its end may need an expression for that.
        const bool needed = target == evaluations_worker && worker->link;
        if (floor->stopping && !needed) { co_return Taker{{}, stopping()}; }
        if (worker->quarantined) { co_return Taker{{}, held(*worker)}; }
        if (!floor->stopping) { refresh(floor, worker); }
        auto link = link_for(*worker, digest);
        if (link && !must_wait(*worker, *link)) { co_return Taker{std::move(link), {}, worker->serial}; }
        if (!link && !digest.empty() && digest != worker->digest) { co_return Taker{{}, replaced(target)}; }
        const auto now = floor->clock.boot_ms();
        if (now >= until) { co_return Taker{{}, not_sent("the worker of " + target + (link ? " is busy" : " is not up"))}; }
        const auto ticket = floor->changed.ticket();
        co_await floor->changed.wait(ticket, milliseconds(until - now));
    }
}

Task<CallAnswer> run_call(FloorPtr floor, Call call, OnBatch on_batch) {
    const BootMs deadline = floor->clock.boot_ms() + call.timeout.count();
    const BootMs until = call.not_after > 0 ? std::min(deadline, call.not_after) : deadline;
    const auto taker = co_await taker_of(floor, call.target, call.digest, until);
    if (taker.answer) { co_return *taker.answer; }
    const auto now = floor->clock.boot_ms();
    if (call.not_after > 0 && now > call.not_after) { co_return not_sent("its time to leave (not_after) had passed"); }
    if (taker.serial && taker.link->overdue() > 0) {
        co_return not_sent("the only thread of the in-process plugin of " + call.target +
                           " is taken by a call that hangs; a restart of the daemon frees it");
    }
    if (taker.link->in_flight() + taker.link->overdue() >= floor->options.calls_max) {
        co_return not_sent("the worker of " + call.target + " has " + std::to_string(floor->options.calls_max) +
                           " calls in flight");
    }
    using Outcome = std::shared_ptr<CallAnswer>;
    const auto left = milliseconds(std::max<BootMs>(1, deadline - now));
    std::function<void(std::function<void(Outcome)>)> hand_over = [&](std::function<void(Outcome)> then) {
        taker.link->call(call, left, std::move(on_batch),
                         [then = std::move(then)](CallAnswer answer) { then(std::make_shared<CallAnswer>(std::move(answer))); });
    };
    const auto answer = co_await on_callback<Outcome>(std::move(hand_over));
    floor->changed.notify();
    co_return std::move(*answer);
}

Task<Result<Manifest>> start_worker(FloorPtr floor, WorkerSpec spec) {
    if (floor->stopping) { co_return Fault{"the workers are being stopped", spec.name, Advice::stop}; }
    if (floor->workers.contains(spec.name)) { co_return Fault{"a worker of this name was started before", spec.name}; }
    auto worker = std::make_shared<Worker>(std::move(spec));
    const std::string name = worker->spec.name;
    floor->workers.emplace(name, worker);
    auto result = co_await persist(floor, worker);
    if (!result && !worker->quarantined) { floor->workers.erase(name); }
    co_return result;
}

Task<Result<Manifest>> enable_worker(FloorPtr floor, std::string name) {
    const auto found = floor->workers.find(name);
    if (found == floor->workers.end()) {
        std::vector<std::string> known;
        for (const auto& [one, worker] : floor->workers) {
            if (worker->spec.quarantine) { known.push_back(one); }
        }
        co_return Fault{"there is no such account or channel; there are " + joined(known), name};
    }
    const WorkerPtr worker = found->second;
    if (!worker->quarantined) { co_return Fault{"it is not quarantined", name}; }
    worker->quarantined = false;
    worker->deaths.clear();
    worker->backoff = milliseconds{0};
    auto result = co_await persist(floor, worker);
    if (!result && !worker->quarantined) {
        // It refuses: that stays so until somebody mends it, and is no reason to try again and again.
        worker->quarantined = true;
        worker->why = result.error().text();
    }
    co_return result;
}

Task<Result<Manifest>> stage_worker(FloorPtr floor, WorkerSpec spec) {
    if (floor->stopping) { co_return Fault{"the workers are being stopped", spec.name, Advice::stop}; }
    const auto worker = std::make_shared<Worker>(std::move(spec));
    floor->staged[worker->spec.name] = worker;
    auto result = co_await connect(floor, worker);
    if (!result) { floor->staged.erase(worker->spec.name); }
    co_return result;
}

/// Its process takes no new calls; it ends when what it has in flight has.
void retire(const WorkerPtr& worker) {
    worker->gone = true;
    if (const auto leaving = std::exchange(worker->link, nullptr)) { leaving->retire(); }
    for (const auto& link : worker->before) { link->retire(); }
}

/// `fresh` serves in the place of `old`, whose process is kept when its plugin file is another.
void succeed(const WorkerPtr& old, const WorkerPtr& fresh) {
    fresh->before = old->before;
    old->gone = true;
    old->before.clear();
    const auto leaving = std::exchange(old->link, nullptr);
    if (!leaving) { return; }
    fresh->before.push_back(leaving);
    if (leaving->digest() == fresh->digest) { leaving->retire(); }
}

void adopt_staged(const FloorPtr& floor, const std::vector<std::string>& removed) {
    for (const auto& name : removed) {
        const auto found = floor->workers.find(name);
        if (found == floor->workers.end()) { continue; }
        retire(found->second);
        floor->workers.erase(found);
    }
    for (const auto& [name, fresh] : std::exchange(floor->staged, {})) {
        auto& place = floor->workers[name];
        if (place) { succeed(place, fresh); }
        place = fresh;
        // It died between its handshake and now.
        if (!fresh->link) { spawn(floor->executor, revive(floor, fresh)); }
    }
    floor->changed.notify();
}

Task<Result<Manifest>> start_if_there(std::weak_ptr<Floor> weak, WorkerSpec spec) {
    const auto floor = weak.lock();
    if (!floor) { co_return Fault{"the workers are gone"}; }
    co_return co_await start_worker(floor, std::move(spec));
}

Task<CallAnswer> call_if_there(std::weak_ptr<Floor> weak, Call call) {
    const auto floor = weak.lock();
    if (!floor) { co_return not_sent("the workers are gone"); }
    OnBatch no_batches;
    co_return co_await run_call(floor, std::move(call), std::move(no_batches));
}

/// How plugins' expressions reach their worker. Weak: the floor owns them.
Evaluations::Evaluator evaluator_of(const std::weak_ptr<Floor>& weak) {
    return {.start = [weak](WorkerSpec spec) { return start_if_there(weak, std::move(spec)); },
            .call = [weak](Call call) { return call_if_there(weak, std::move(call)); }};
}

/// Waits until `done` or the deadline.
Task<void> wait_until(FloorPtr floor, BootMs deadline, std::function<bool()> done) {
    while (!done()) {
        const auto now = floor->clock.boot_ms();
        if (now >= deadline) { co_return; }
        const auto ticket = floor->changed.ticket();
        co_await floor->changed.wait(ticket, milliseconds(deadline - now));
    }
}

Task<void> stop_all(FloorPtr floor, milliseconds grace) {
    floor->stopping = true;
    floor->changed.notify();
    const BootMs deadline = floor->clock.boot_ms() + grace.count();
    for (const auto& link : floor->links) { link->cancel_all(); }
    std::function<bool()> idle = [floor] {
        return std::all_of(floor->links.begin(), floor->links.end(), [](const auto& link) { return link->in_flight() == 0; });
    };
    co_await wait_until(floor, deadline, idle);
    for (const auto& link : floor->links) { link->close_sending(); }
    std::function<bool()> gone = [floor] { return floor->links.empty(); };
    co_await wait_until(floor, deadline, gone);
    const auto left = floor->links;
    for (const auto& link : left) { link->end("it did not leave within the time given to stop"); }
}

class ProcessWorkers final : public Workers {
public:
    ProcessWorkers(Executor executor, Clock& clock, Options options)
        : floor_(std::make_shared<Floor>(std::move(executor), clock, std::move(options))) {
        floor_->evaluations =
            std::make_shared<Evaluations>(floor_->executor, clock, floor_->options.expressions, evaluator_of(floor_));
    }
    ~ProcessWorkers() override {
        floor_->stopping = true;
        const auto left = floor_->links;
        for (const auto& link : left) { link->end("the daemon ends"); }
    }

    Task<CallAnswer> call(Call call, OnBatch on_batch) override { return run_call(floor_, std::move(call), std::move(on_batch)); }
    Task<Result<Manifest>> start(WorkerSpec spec) override { return start_worker(floor_, std::move(spec)); }
    Task<void> stop(milliseconds grace) override { return stop_all(floor_, grace); }
    Task<Result<Manifest>> stage(WorkerSpec spec) override { return stage_worker(floor_, std::move(spec)); }
    void adopt(const std::vector<std::string>& removed) override { adopt_staged(floor_, removed); }
    void discard() override {
        for (const auto& [name, worker] : std::exchange(floor_->staged, {})) { retire(worker); }
    }
    void release(const std::string& name, const std::string& digest) override {
        const auto found = floor_->workers.find(name);
        if (found == floor_->workers.end()) { return; }
        for (const auto& link : found->second->before) {
            if (link->digest() == digest) { link->retire(); }
        }
    }
    [[nodiscard]] bool knows(const std::string& name) const override { return floor_->workers.contains(name); }
    [[nodiscard]] bool was_started_with(const WorkerSpec& spec) const override {
        const auto found = floor_->workers.find(spec.name);
        if (found == floor_->workers.end() || found->second->quarantined) { return false; }
        auto started_with = found->second->spec;
        // What Workers itself has changed.
        started_with.crash_at = spec.crash_at;
        started_with.digest = spec.digest;
        return started_with == spec;
    }
    [[nodiscard]] Serving serving(const std::string& target) const override {
        const auto found = floor_->workers.find(target);
        if (found == floor_->workers.end()) { return {}; }
        Serving serving{found->second->digest};
        for (const auto& link : found->second->before) {
            if (link->takes_calls()) { serving.leaving.push_back(link->digest()); }
        }
        return serving;
    }
    Task<Result<Manifest>> enable(std::string name) override { return enable_worker(floor_, std::move(name)); }
    [[nodiscard]] bool held(const std::string& target) const override {
        const auto found = floor_->workers.find(target);
        return found != floor_->workers.end() && found->second->quarantined;
    }
    [[nodiscard]] std::vector<WorkerStatus> statuses() const override {
        std::vector<WorkerStatus> all;
        for (const auto& [name, worker] : floor_->workers) { all.push_back(worker->status()); }
        return all;
    }
    void cancel(const std::string& name) override {
        for (const auto& link : floor_->links) {
            if (link->name() == name) { link->cancel_all(); }
        }
    }
    [[nodiscard]] int pid_of(const std::string& name) const override {
        const auto found = floor_->workers.find(name);
        return found == floor_->workers.end() || !found->second->link ? -1 : found->second->link->pid();
    }

private:
    FloorPtr floor_;
};

}  // namespace

std::unique_ptr<Workers> Workers::make(Executor executor, Clock& clock, Options options) {
    return std::make_unique<ProcessWorkers>(std::move(executor), clock, std::move(options));
}

}  // namespace crossdock::plugin
