#include "pipeline/engine.hpp"

#include "base/log.hpp"
#include "orders/polling.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/poller.hpp"
#include "pipeline/run_driver.hpp"
#include "pipeline/schedule.hpp"
#include "pipeline/shadow.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

/// The longest a loop waits without being woken; commits wake it at once.
constexpr milliseconds idle_wait{30'000};
/// Orders become due to be asked for without a wake: they are looked for so often, or every quarter of the shortest silence.
constexpr milliseconds look_for_silent_least{250};
constexpr milliseconds look_for_silent_most{30'000};
/// How long a loop waits after the store could not be read.
constexpr milliseconds trouble_wait{200};

milliseconds wait_for(const std::optional<UtcMs>& next_at, UtcMs now) {
    if (!next_at) { return idle_wait; }
    return std::clamp(milliseconds{*next_at - now}, milliseconds{1}, idle_wait);
}

}  // namespace

Engine::Engine(Environment environment)
    : environment_(std::move(environment)),
      pacing_(environment_, [this] { effects_.woken.notify(); }),
      effect_driver_(std::make_unique<EffectDriver>(environment_, pacing_)),
      run_driver_(std::make_unique<RunDriver>(environment_, pacing_)),
      poller_(std::make_unique<Poller>(environment_, pacing_)),
      shadow_driver_(std::make_unique<Shadows>(environment_)),
      runs_{.woken = Signal(environment_.clock),
            .paced = false,
            .most = environment_.options.get()->runs_max,
            .look =
                [](store::Tx& tx, const Lines& lines, UtcMs now) {
                    Due due{{}, store::next_run_at(tx, now)};
                    for (const auto& line : lines) { due.ids.push_back(store::due_runs(tx, now, line.most)); }
                    return due;
                },
            .drive = [this](const std::string& /*line*/, std::string id,
                            model::Pass /*none*/) { return run_driver_->drive(std::move(id), stopping_); },
            .lines = {{"", {}}}},
      effects_{.woken = Signal(environment_.clock),
               .paced = true,
               .most = environment_.options.get()->effects_max,
               .look =
                   [this](store::Tx& tx, const Lines& lines, UtcMs now) {
                       Due due{{}, store::next_effect_at(tx, now)};
                       const auto options = environment_.options.get();
                       for (const auto& [target, most, probe] : lines) {
                           due.ids.push_back(probe ? due_probes(tx, *options, target, *probe, now, most)
                                                   : store::due_effects(tx, target, now, most, options->mechanisms.lane));
                       }
                       return due;
                   },
               .drive = [this](const std::string& target, std::string id,
                               model::Pass pass) { return effect_driver_->drive(target, std::move(id), pass); }},
      polls_{.woken = Signal(environment_.clock),
             .paced = false,
             .most = environment_.options.get()->polls_max,
             .look = [this](store::Tx& tx, const Lines& accounts, UtcMs now) { return silent_orders(tx, accounts, now); },
             .drive = [this](const std::string& account, std::string id,
                             model::Pass /*none*/) { return poller_->ask(account, std::move(id)); }},
      shadows_{.woken = Signal(environment_.clock),
               .paced = false,
               // One after the other: their files go into one folder.
               .most = 1,
               .look = [](store::Tx& tx, const Lines& workers, UtcMs now) { return shadow_orders(tx, workers, now); },
               .drive = [this](const std::string& worker, std::string id,
                               model::Pass /*none*/) { return shadow_driver_->build(worker, std::move(id)); }},
      idle_signal_(environment_.clock) {
    open_lines_for(*environment_.options.get());
}

Engine::~Engine() = default;

void Engine::open_lines_for(const EngineOptions& options) {
    for (const auto& [account, rules] : options.rules) { effects_.lines.try_emplace(account); }
    for (const auto& [channel, rules] : options.channels) { effects_.lines.try_emplace(channel); }
    for (const auto& [account, rules] : options.rules) {
        if (poll_by(options, account) != PollBy::nothing) { polls_.lines.try_emplace(account); }
    }
    for (const auto& account : orders::shadow_accounts(options.accounts)) {
        shadows_.lines.try_emplace(orders::shadow_worker(account));
    }
}

Engine::Due Engine::shadow_orders(store::Tx& tx, const Lines& workers, UtcMs now) {
    Due due;
    for (const auto& [worker, most, probe] : workers) {
        const auto account = orders::shadowed_account(worker);
        due.ids.push_back(orders::due_shadows(tx, account, now, most));
        const auto next = orders::next_shadow_at(tx, account, now);
        if (next) { due.next_at = std::min(due.next_at.value_or(*next), *next); }
    }
    return due;
}

Engine::Due Engine::silent_orders(store::Tx& tx, const Lines& accounts, UtcMs now) const {
    const auto options = environment_.options.get();
    Due due;
    const auto at_latest = [&due](UtcMs at) { due.next_at = std::min(due.next_at.value_or(at), at); };
    for (const auto& [name, most, probe] : accounts) {
        due.ids.emplace_back();
        if (poll_by(*options, name) == PollBy::nothing) { continue; }
        const auto* account = options->accounts.named(name);
        due.ids.back() = orders::due_polls(tx, *account, now, most);
        if (const auto next = orders::next_poll_at(tx, *account, now)) { at_latest(*next); }
        at_latest(now + std::clamp(account->poll->silent_for / 4, look_for_silent_least, look_for_silent_most).count());
    }
    return due;
}

void Engine::sync(store::Tx& tx, const EngineOptions& options) const {
    const UtcMs now = environment_.clock.utc_ms();
    for (const auto& definition : options.definitions) {
        tx.run(
            "INSERT INTO pipeline_revisions (digest, pipeline, file, text, created_at) VALUES (:1, :2, :3, :4, :5) ON CONFLICT "
            "(digest) "
            "DO NOTHING",
            {definition.digest, definition.name, definition.file, definition.text, now});
    }
    sync_schedules(tx, options, now);
    for (const auto& [name, account] : options.accounts.by_name) { orders::sync_polls(tx, account, now); }
}

std::shared_ptr<const EngineOptions> Engine::options() const {
    return environment_.options.get();
}

void Engine::change(EngineOptions options) {
    open_lines_for(options);
    const auto before = environment_.options.get();
    environment_.options.set(std::move(options));
    pacing_.change(*before);
    polls_.woken.notify();
    wake(static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects));
}

void Engine::start() {
    loops_ = 5;
    spawn(environment_.executor, work_off(shadows_));
    spawn(environment_.executor, work_off(runs_));
    spawn(environment_.executor, work_off(effects_));
    spawn(environment_.executor, work_off(polls_));
    spawn(environment_.executor, schedule_loop());
}

void Engine::wake(unsigned topics) {
    if ((topics & static_cast<unsigned>(store::Topic::runs)) != 0) {
        runs_.woken.notify();
        // Where there is a shadow, an order that comes in has it build, too.
        if (!shadows_.lines.empty()) { shadows_.woken.notify(); }
    }
    if ((topics & static_cast<unsigned>(store::Topic::effects)) != 0) { effects_.woken.notify(); }
}

Task<void> Engine::stop(milliseconds grace) {
    stopping_ = true;
    runs_.woken.notify();
    effects_.woken.notify();
    polls_.woken.notify();
    shadows_.woken.notify();
    const BootMs until = environment_.clock.boot_ms() + grace.count();
    while (loops_ > 0 || runs_.under_way() > 0 || effects_.under_way() > 0 || polls_.under_way() > 0 ||
           shadows_.under_way() > 0) {
        const auto left = until - environment_.clock.boot_ms();
        if (left <= 0) {
            Log::warning("stopped with work under way; it is taken up at the next start",
                         {{"runs", runs_.under_way()}, {"effects", effects_.under_way()}});
            co_return;
        }
        const auto ticket = idle_signal_.ticket();
        co_await idle_signal_.wait(ticket, milliseconds{left});
    }
}

std::vector<QueueLevel> Engine::queues() const {
    std::vector<QueueLevel> levels{{"engine.runs", runs_.under_way(), runs_.most}};
    for (const auto& [target, ids] : effects_.lines) {
        levels.push_back({"engine.effects." + target, ids.size(), effects_.most});
    }
    for (const auto& [account, ids] : polls_.lines) { levels.push_back({"engine.polls." + account, ids.size(), polls_.most}); }
    for (const auto& [worker, ids] : shadows_.lines) {
        levels.push_back({"engine.shadows." + worker, ids.size(), shadows_.most});
    }
    return levels;
}

std::size_t Engine::Queue::under_way() const {
    std::size_t sum = 0;
    for (const auto& [line, ids] : lines) { sum += ids.size(); }
    return sum;
}

Engine::Lines Engine::open_lines(const Queue& queue) {
    Lines open;
    for (const auto& [name, ids] : queue.lines) {
        const bool full = ids.size() >= queue.most;
        if (environment_.caller.held(name) || (full && !queue.paced)) { continue; }
        if (!queue.paced && pacing_.disabled(name)) { continue; }
        // Those under way are still due: as many more are asked for, so that they do not hide others.
        const auto under_way = static_cast<std::int64_t>(ids.size());
        if (!queue.paced) { open.push_back({name, under_way + static_cast<std::int64_t>(queue.most), {}}); }
        // One more than may go tells whether any has to wait.
        else { open.push_back({name, under_way + pacing_.room(name) + 1, pacing_.probe_due(name)}); }
    }
    return open;
}

void Engine::take_up(Queue& queue, const std::string& line, std::vector<std::string> ids) {
    auto& under_way = queue.lines.at(line);
    for (auto& id : ids) {
        if (stopping_ || under_way.size() >= queue.most) { return; }
        if (under_way.insert(id).second) { spawn(environment_.executor, drive(queue, line, std::move(id), {})); }
    }
}

std::optional<milliseconds> Engine::take_up_paced(Queue& queue, const std::string& line, std::vector<std::string> ids) {
    auto& under_way = queue.lines.at(line);
    for (auto& id : ids) {
        if (stopping_) { return {}; }
        if (under_way.contains(id)) { continue; }
        const auto next = pacing_.next_in(line);
        const auto pass = pacing_.enter(line);
        pacing_.orders_wait(line, !pass);
        if (!pass) { return next; }
        under_way.insert(id);
        spawn(environment_.executor, drive(queue, line, std::move(id), *pass));
    }
    pacing_.orders_wait(line, false);
    return {};
}

Task<void> Engine::work_off(Queue& queue) {
    while (!stopping_) {
        const auto ticket = queue.woken.ticket();
        const UtcMs now = environment_.clock.utc_ms();
        const Lines lines = open_lines(queue);
        std::function<Due(store::Tx&)> look = [&queue, lines, now](store::Tx& tx) { return queue.look(tx, lines, now); };
        auto due = co_await environment_.store.read<Due>(std::move(look));
        milliseconds wait = trouble_wait;
        if (due) {
            wait = wait_for(due->next_at, environment_.clock.utc_ms());
            for (std::size_t i = 0; i < lines.size(); ++i) {
                if (!queue.paced) { take_up(queue, lines[i].name, std::move(due->ids[i])); }
                else if (const auto next = take_up_paced(queue, lines[i].name, std::move(due->ids[i]))) {
                    wait = std::clamp(*next, milliseconds{1}, wait);
                }
            }
        }
        co_await queue.woken.wait(ticket, wait);
    }
    --loops_;
    idle_signal_.notify();
}

Task<void> Engine::drive(Queue& queue, std::string line, std::string id, model::Pass pass) {
    co_await queue.drive(line, id, pass);
    queue.lines.at(line).erase(id);
    queue.woken.notify();
    idle_signal_.notify();
}

Task<void> Engine::schedule_loop() {
    Signal& woken = runs_.woken;
    while (!stopping_) {
        const auto ticket = woken.ticket();
        const UtcMs now = environment_.clock.utc_ms();
        std::function<std::optional<UtcMs>(store::Tx&)> look = [](store::Tx& tx) { return next_schedule_at(tx); };
        auto next = co_await environment_.store.read<std::optional<UtcMs>>(std::move(look));
        milliseconds wait = trouble_wait;
        if (next && *next && **next <= now) {
            std::function<int(store::Tx&)> fire = [this](store::Tx& tx) { return fire_schedules(tx, environment_); };
            auto fired = co_await environment_.store.commit<int>(Commit::schedule_fire, std::move(fire));
            if (!fired) { Log::error("a schedule could not fire", {{"fault", fired.error().text()}}); }
            else { continue; }
        }
        else if (next) { wait = wait_for(*next, now); }
        co_await woken.wait(ticket, wait);
    }
    --loops_;
    idle_signal_.notify();
}

void Engine::start_runs(store::Tx& tx, Trigger::Kind kind, const std::string& event, const std::string& trigger_key,
                        const Json& trigger, const std::optional<std::string>& order_id) {
    const UtcMs now = environment_.clock.utc_ms();
    const auto options = environment_.options.get();
    for (const auto& definition : options->definitions) {
        if (definition.trigger.kind != kind || definition.trigger.event != event) { continue; }
        store::RunRow run;
        run.id = environment_.facts.new_id();
        run.pipeline = definition.name;
        run.revision = definition.digest;
        run.trigger_key = trigger_key;
        run.trigger_json = trigger.dump();
        run.order_id = order_id;
        run.next_at = now;
        run.created_at = now;
        store::insert_run(tx, run);
    }
}

void Engine::start_order_runs(store::Tx& tx, const std::string& order_id, const Json& document) {
    start_runs(tx, Trigger::Kind::order, "placed", "order/" + order_id + "/placed", Json::object({{"order", document}}),
               order_id);
}

void Engine::start_webhook_runs(store::Tx& tx, const std::string& webhook_id, const Json& document) {
    start_runs(tx, Trigger::Kind::webhook, "received", "webhook/" + webhook_id, Json::object({{"webhook", document}}), {});
}

Task<Result<>> Engine::recover() {
    std::function<std::vector<std::string>(store::Tx&)> look = [](store::Tx& tx) { return store::interrupted_effects(tx); };
    auto interrupted = co_await environment_.store.read<std::vector<std::string>>(std::move(look));
    if (!interrupted) { co_return interrupted.error(); }
    std::function<std::vector<std::string>(store::Tx&)> pending = [](store::Tx& tx) { return store::pending_targets(tx); };
    auto targets = co_await environment_.store.read<std::vector<std::string>>(std::move(pending));
    if (!targets) { co_return targets.error(); }
    // Those of accounts that are no longer configured, too: they are parked when their turn comes.
    for (const auto& target : *targets) { effects_.lines.try_emplace(target); }
    if (!interrupted->empty()) { Log::info("recovering effects that were under way", {{"effects", interrupted->size()}}); }
    for (const auto& id : *interrupted) {
        auto recovered = co_await effect_driver_->recover(id);
        if (!recovered) { co_return recovered.error(); }
    }
    co_return co_await pacing_.restore();
}

Task<Result<bool>> Engine::open_account(std::string account, std::string why) {
    auto opened = co_await pacing_.open(std::move(account), std::move(why));
    wake(static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects));
    co_return opened;
}

Task<Result<bool>> Engine::enable_account(std::string account, std::string by) {
    auto enabled = co_await pacing_.enable(std::move(account), std::move(by));
    polls_.woken.notify();
    wake(static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects));
    co_return enabled;
}

Task<Result<Disabled>> Engine::disable_account(std::string account, std::string reason, std::string by) {
    co_return co_await pacing_.disable(std::move(account), std::move(reason), std::move(by));
}

bool unfinished_runs_have_expressions(store::Tx& tx) {
    for (const auto& [digest, pipeline, text, file] : tx.all<std::string, std::string, std::string, std::string>(
             "SELECT digest, pipeline, text, file FROM pipeline_revisions")) {
        const auto definition = parse_definition(text, file);
        if (!definition || !definition->has_expressions()) { continue; }
        if (tx.number("SELECT COUNT(*) FROM runs WHERE pipeline = :1 AND revision = :2 AND state IN ('active', 'waiting')",
                      {pipeline, digest}) > 0) {
            return true;
        }
    }
    return false;
}

}  // namespace crossdock::pipeline
