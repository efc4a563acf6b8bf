#include "plugin/floor.hpp"

#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "plugin/reach.hpp"
#include "plugin/settings.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace crossdock::plugin {
namespace {

FileMarks marks_of(const std::vector<std::filesystem::path>& files) {
    FileMarks marks;
    for (const auto& file : files) {
        struct stat what {};
        if (::stat(file.c_str(), &what) != 0) { what = {}; }
        marks.emplace_back(what.st_dev, what.st_ino);
    }
    return marks;
}

struct SocketPair {
    UniqueFd one, other;
};

Result<SocketPair> socket_pair(const std::string& whom) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return Fault{"no socket for " + whom + ": " + std::strerror(errno), {}, Advice::retry};
    }
    return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<std::shared_ptr<Link>> start_process(Floor& floor, const WorkerSpec& spec) {
    auto pair = socket_pair("a worker");
    if (!pair) { return pair.error(); }
    UniqueFd ours = std::move(pair->one);
    UniqueFd theirs = std::move(pair->other);
    UniqueFd session;  // of an in-process plugin: `theirs` is then the carrier's
    UniqueFd carrier;
    if (spec.in_process) {
        if (!floor.options.in_process) { return Fault{"nothing here runs plugins in-process", spec.name}; }
        auto more = socket_pair("a carrier");
        if (!more) { return more.error(); }
        session = std::exchange(theirs, std::move(more->one));
        carrier = std::move(more->other);
    }
    ProcessSpec process{.program = floor.options.program, .arguments = {std::to_string(::getpid())}};
    process.stdout_fd = process.stderr_fd = floor.options.output_fd;
    process.inherited.push_back(theirs.get());
    if (floor.options.lock_fd >= 0) { process.inherited.push_back(floor.options.lock_fd); }
    auto started = Process::spawn(process);
    if (!started) { return started.error(); }
    if (spec.in_process) {
        if (auto begun = floor.options.in_process(std::move(session), std::move(carrier)); !begun) { return begun.error(); }
    }
    auto link = std::make_shared<Link>(floor.executor, floor.clock, spec, floor.options, std::move(*started), ours.release());
    link->serve_evaluations(floor.evaluations);
    return link;
}

bool may_quarantine(const Floor& floor, const Worker& worker) {
    return floor.options.deaths_max > 0 && worker.spec.quarantine;
}

/// Counts a death; true when it was one too many.
bool one_too_many(Floor& floor, Worker& worker, const std::string& why) {
    worker.why = why;
    ++worker.died;
    const auto& options = floor.options;
    if (!may_quarantine(floor, worker)) { return false; }
    const auto now = floor.clock.boot_ms();
    auto& deaths = worker.deaths;
    deaths.push_back(now);
    while (deaths.front() < now - options.deaths_within.count()) { deaths.pop_front(); }
    if (deaths.size() < options.deaths_max) { return false; }
    worker.quarantined = true;
    Log::error("worker quarantined: it keeps dying; `crossdock supplier enable` starts it again",
               {{"worker", worker.spec.name}, {"plugin", worker.spec.library.string()}, {"deaths", deaths.size()}, {"why", why}});
    if (options.on_quarantine) { options.on_quarantine(worker.status()); }
    return true;
}

/// Whether it waits beside another one to take its place: it has no calls yet, and is not restarted when it ends.
bool is_staged(const Floor& floor, const WorkerPtr& worker) {
    const auto found = floor.staged.find(worker->spec.name);
    return found != floor.staged.end() && found->second == worker;
}

void link_ended(const FloorPtr& floor, const WorkerPtr& worker, const std::weak_ptr<Link>& weak, const std::string& text) {
    const auto link = weak.lock();
    std::erase(floor->links, link);
    for (const auto& [name, other] : floor->workers) { std::erase(other->before, link); }
    const bool was_up = link && worker->link == link;
    if (was_up) {
        worker->link.reset();
        // Only a worker that did its work is restarted at once; one that dies on each call is not. The evaluators of expressions
        // are: they die of what they are given, and others wait for them.
        if (link->has_answered() || !worker->spec.quarantine) { worker->backoff = milliseconds{0}; }
        if (!floor->stopping && !worker->gone && !is_staged(*floor, worker)) {
            Log::warning("worker ended",
                         {{"worker", worker->spec.name}, {"plugin", worker->spec.library.filename().string()}, {"why", text}});
            if (!one_too_many(*floor, *worker, text)) { spawn(floor->executor, revive(floor, worker)); }
        }
    }
    floor->changed.notify();
}

void tell_other_plugin(const Floor& floor, const WorkerSpec& spec, const Manifest& manifest) {
    Log::warning("the plugin's file has changed without a reload: the worker that was restarted has the new one",
                 {{"worker", spec.name}, {"plugin", spec.library.string()}, {"digest", manifest.digest.substr(0, 12)}});
    if (floor.options.on_other_plugin) { floor.options.on_other_plugin(spec.name, manifest); }
}

/// The carrier of an in-process plugin has gone; its calls in flight answer by themselves.
void link_leaving(const FloorPtr& floor, const WorkerPtr& worker, const std::weak_ptr<Link>& weak, const std::string& why) {
    const auto link = weak.lock();
    if (!link || worker->link != link) { return; }
    worker->link.reset();
    // Calls of a plugin that wants them one after the other wait for those that it still has.
    worker->before.push_back(link);
    worker->why = why;
    if (link->has_answered()) { worker->backoff = milliseconds{0}; }
    if (floor->stopping || worker->gone || is_staged(*floor, worker)) { return; }
    Log::warning("carrier ended", {{"worker", worker->spec.name}, {"why", why}});
    spawn(floor->executor, revive(floor, worker));
}

/// Reads a plugin's manifest in a process that then ends: what this one is about to load was seen before.
Task<Result<Manifest>> inspect(FloorPtr floor, WorkerSpec spec) {
    spec.inspect_only = true;
    spec.in_process = false;
    spec.settings = {};
    auto started = start_process(*floor, spec);
    if (!started) { co_return started.error(); }
    const auto link = *started;
    floor->links.push_back(link);
    using Outcome = std::shared_ptr<Result<Manifest>>;
    std::function<void(std::function<void(Outcome)>)> shake = [floor, link](std::function<void(Outcome)> then) {
        link->open(
            [then = std::move(then)](Result<Manifest> result) { then(std::make_shared<Result<Manifest>>(std::move(result))); },
            [floor, weak = std::weak_ptr<Link>(link)](const std::string& /*text*/) {
                std::erase(floor->links, weak.lock());
                floor->changed.notify();
            });
    };
    const auto outcome = co_await on_callback<Outcome>(std::move(shake));
    link->close_sending();
    co_return std::move(*outcome);
}

/// The carrier knows no settings: it is told the places that they name.
void take_fence(const Manifest& manifest, WorkerSpec& spec) {
    const auto settings = check_settings(manifest.schema, spec.settings);
    if (!spec.fenced || !settings) { return; }
    for (auto& place : places(manifest.schema, *settings)) {
        if (std::find(spec.reach.begin(), spec.reach.end(), place) == spec.reach.end()) {
            spec.reach.push_back(std::move(place));
        }
    }
}

}  // namespace

Task<Result<Manifest>> connect(FloorPtr floor, WorkerPtr worker) {
    if (worker->spec.in_process) {
        auto seen = co_await inspect(floor, worker->spec);
        if (!seen) { co_return seen.error(); }
        if (floor->stopping) { co_return Fault{"the workers are being stopped", worker->spec.name, Advice::stop}; }
        worker->spec.digest = seen->digest;
        take_fence(*seen, worker->spec);
    }
    worker->resolver = marks_of(floor->options.resolver_files);
    auto started = start_process(*floor, worker->spec);
    if (!started) { co_return started.error(); }
    const auto link = *started;
    floor->links.push_back(link);
    if (worker->spec.in_process) {
        link->on_leaving([floor, worker, weak = std::weak_ptr<Link>(link)](const std::string& why) {
            link_leaving(floor, worker, weak, why);
        });
    }
    using Outcome = std::shared_ptr<Result<Manifest>>;
    std::function<void(std::function<void(Outcome)>)> shake = [floor, worker, link](std::function<void(Outcome)> then) {
        link->open(
            [floor, worker, link, then = std::move(then)](Result<Manifest> result) {
                // Here and not after the co_await: the process may end before this task goes on.
                if (result && worker->gone) { link->retire(); }
                else if (result) {
                    const bool other = !worker->digest.empty() && worker->digest != result->digest;
                    worker->digest = result->digest;
                    if (other) { tell_other_plugin(*floor, worker->spec, *result); }
                    worker->link = link;
                    worker->landlocked = result->confinement.landlock > 0;
                    worker->serial = result->serial_calls;
                    // A crash point is armed for one process: the one that is restarted must get beyond it.
                    worker->spec.crash_at.clear();
                }
                then(std::make_shared<Result<Manifest>>(std::move(result)));
            },
            [floor, worker, weak = std::weak_ptr<Link>(link)](const std::string& text) {
                link_ended(floor, worker, weak, text);
            });
    };
    const auto outcome = co_await on_callback<Outcome>(std::move(shake));
    if (*outcome) {
        Log::info("worker is up", {{"worker", worker->spec.name},
                                   {"pid", link->pid()},
                                   {"plugin", (*outcome)->name + " " + (*outcome)->version},
                                   {"digest", (*outcome)->digest.substr(0, 12)}});
    }
    floor->changed.notify();
    co_return std::move(*outcome);
}

namespace {

/// Waits until a worker may be tried again: each time twice as long.
Task<void> back_off(FloorPtr floor, WorkerPtr worker) {
    const auto& options = floor->options;
    const auto until = floor->clock.boot_ms() + worker->backoff.count();
    worker->backoff = worker->backoff.count() == 0 ? options.backoff_first : std::min(worker->backoff * 2, options.backoff_max);
    while (!floor->stopping && !worker->gone && floor->clock.boot_ms() < until) {
        const auto ticket = floor->changed.ticket();
        co_await floor->changed.wait(ticket, milliseconds(until - floor->clock.boot_ms()));
    }
}

}  // namespace

Task<void> revive(FloorPtr floor, WorkerPtr worker) {
    while (!floor->stopping && !worker->gone && !worker->link) {
        co_await back_off(floor, worker);
        if (floor->stopping || worker->gone) { co_return; }
        const auto result = co_await connect(floor, worker);
        if (result || floor->stopping || worker->gone) { co_return; }
        Log::error("worker cannot be restarted", {{"worker", worker->spec.name}, {"why", result.error().text()}});
        if (one_too_many(*floor, *worker, result.error().text())) { co_return; }
    }
}

Task<Result<Manifest>> persist(FloorPtr floor, WorkerPtr worker) {
    while (true) {
        auto result = co_await connect(floor, worker);
        const bool died = result.has_error() && result.error().advice == Advice::retry;
        if (!died || !may_quarantine(*floor, *worker) || floor->stopping || worker->gone) { co_return result; }
        if (one_too_many(*floor, *worker, result.error().text())) { co_return result; }
        co_await back_off(floor, worker);
    }
}

void refresh(const FloorPtr& floor, const WorkerPtr& worker) {
    if (!worker->link || !worker->landlocked || marks_of(floor->options.resolver_files) == worker->resolver) { return; }
    Log::info("worker is replaced: the files by which names are resolved have changed", {{"worker", worker->spec.name}});
    const auto leaving = std::exchange(worker->link, nullptr);
    worker->before.push_back(leaving);
    leaving->retire();
    worker->backoff = milliseconds{0};
    spawn(floor->executor, revive(floor, worker));
}

}  // namespace crossdock::plugin
