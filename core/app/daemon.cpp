#include "app/daemon.hpp"

#include "api/problem.hpp"
#include "app/admin.hpp"
#include "app/control_socket.hpp"
#include "app/exit_code.hpp"
#include "app/home.hpp"
#include "app/intake.hpp"
#include "app/kept_secrets.hpp"
#include "app/key_rotation.hpp"
#include "app/metered.hpp"
#include "app/reload.hpp"
#include "app/service_manager.hpp"
#include "app/serving.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "http/server.hpp"
#include "in_process/in_process.hpp"
#include "pipeline/evaluator.hpp"
#include "plugin/evaluations.hpp"
#include "store/database.hpp"
#include "store/writer_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace crossdock::app {
namespace {

constexpr milliseconds workers_patience{20'000};
constexpr milliseconds http_grace{2'000};
/// For the outcomes of calls that were canceled at the end of the drain.
constexpr milliseconds outcomes_grace{2'000};
constexpr milliseconds worker_grace{2'000};
constexpr milliseconds drained_pause{5};
constexpr milliseconds in_process_grace{1'000};
/// For a database that does not answer; connecting to one takes 5 s at most.
constexpr milliseconds intake_grace{6'000};

struct Trouble {
    int exit_code = exit_failed;
    Fault fault;
};

/// Everything that lives while the daemon runs. Members are destroyed in reverse order: what uses stands behind what is used.
class Daemon {
public:
    Daemon(Config config, ReadConfig read_config, std::string crash_at, plugin::InProcess& in_process)
        : read_config_(std::move(read_config)),
          in_process_(in_process),
          clock_(io_.get_executor()),
          serving_(io_.get_executor(), clock_, randomness_) {
        serving_.setup.config = std::move(config);
        serving_.crash_at = std::move(crash_at);
    }

    int run() {
        boost::asio::signal_set hangups(io_, SIGHUP);
        hangups_ = &hangups;
        if (auto trouble = prepare()) { return report(*trouble); }
        boost::asio::signal_set signals(io_, SIGTERM, SIGINT);
        signals.async_wait([this](boost::system::error_code error, int number) {
            if (!error) { begin_stop(number); }
        });
        signals_ = &signals;
        await_hangup();
        spawn(io_.get_executor(), start());
        io_.run();
        return exit_code_;
    }

private:
    static int report(const Trouble& trouble) {
        std::fprintf(stderr, "crossdock: %s\n", trouble.fault.text().c_str());
        return trouble.exit_code;
    }

    /// Prints all faults but the first, which is reported.
    static Trouble bad_config(const std::vector<Fault>& faults) {
        for (std::size_t i = 1; i < faults.size(); ++i) { std::fprintf(stderr, "crossdock: %s\n", faults[i].text().c_str()); }
        return Trouble{exit_bad_config, faults.front()};
    }

    [[nodiscard]] const Config& config() const { return serving_.setup.config; }

    /// What needs no executor: folder, locks, store, key, secrets, templates, pipelines.
    std::optional<Trouble> prepare() {
        if (const auto faults = read_files(serving_.setup); !faults.empty()) { return bad_config(faults); }
        auto home = open_home(config().data);
        if (!home) { return Trouble{exit_unavailable, home.error()}; }
        home_ = *home;
        auto lock = lock_store(home_);
        if (!lock) { return Trouble{exit_unavailable, lock.error()}; }
        store_lock_ = std::move(*lock);
        auto workers_lock = lock_workers(home_, workers_patience);
        if (!workers_lock) { return Trouble{exit_unavailable, workers_lock.error()}; }
        workers_lock_ = std::move(*workers_lock);
        return open_store();
    }

    std::optional<Trouble> open_store() {
        store::ThreadedStore::Options options;
        options.file = home_.store();
        options.limits.waiting_max = config().limits.store_queue;
        options.on_commit = [this](unsigned topics) { boost::asio::post(io_, [this, topics] { committed(topics); }); };
        options.on_fatal = [](const Fault& fault) {
            // Nothing may be answered any more: the next start re-reads what is on disk.
            std::fprintf(stderr, "crossdock: %s\n", fault.text().c_str());
            std::_Exit(exit_unavailable);
        };
        auto store = store::ThreadedStore::open(std::move(options));
        if (!store) { return Trouble{exit_unavailable, store.error()}; }
        store_ = std::move(*store);
        serving_.store = store_.get();

        auto reading = store::Database::open(home_.store(), store::Database::Mode::read_only);
        if (!reading) { return Trouble{exit_unavailable, reading.error()}; }
        std::string fingerprint;
        try {
            fingerprint = known_fingerprint(**reading);
            auto key = load_sealing_key(home_, fingerprint, randomness_);
            if (!key) { return Trouble{exit_unavailable, key.error()}; }
            if (auto ended = end_rotation(home_, fingerprint); !ended) { return Trouble{exit_unavailable, ended.error()}; }
            serving_.keys.emplace(*key);
            const auto own = own_secrets([&](const SecretRef& ref) { return sealed_secret(**reading, *serving_.keys, ref); });
            const auto kept = read_kept_secrets(config(), own);
            if (!kept) {
                return Trouble{kept.error().advice == Advice::retry ? exit_unavailable : exit_bad_config, kept.error()};
            }
            auto secrets = open_secrets(config(), own, kept_in(*kept));
            if (!secrets) { return Trouble{exit_bad_config, secrets.error()}; }
            serving_.setup.secrets = std::move(*secrets);
        } catch (const store::StoreFailure& failure) {
            return Trouble{exit_unavailable, {failure.what(), home_.store().string(), Advice::stop}};
        }
        return {};
    }

    void committed(unsigned topics) {
        if (serving_.engine) { serving_.engine->wake(topics); }
        if ((topics & static_cast<unsigned>(store::Topic::effects)) != 0) { serving_.committed.notify(); }
        if (serving_.api && (topics & static_cast<unsigned>(store::Topic::events)) != 0) { serving_.api->events_added(); }
    }

    Task<http::Response> handle(http::Request request) {
        if (!serving_.api) {
            if (request.path == "/livez") { co_return api::json_answer(200, R"({"status":"alive"})"); }
            if (request.path == "/") { co_return api::waiting_page("The daemon is starting."); }
            co_return api::unavailable("The daemon is starting.");
        }
        co_return co_await serving_.api->handle(std::move(request));
    }

    Task<void> start() {
        const BootMs begun = clock_.boot_ms();
        auto trouble = co_await start_all();
        if (stopping_) { co_return; }
        if (trouble) {
            exit_code_ = report(*trouble);
            spawn(io_.get_executor(), stop());
            co_return;
        }
        serving_.api->set_ready();
        tell_ready();
        spawn(io_.get_executor(), tell_alive(service_manager_, clock_, *store_));
        if (hung_up_) { spawn(io_.get_executor(), hang_up()); }
        Log::info("ready", {{"listening", config().listen_host + ":" + std::to_string(server_->port())},
                            {"data", home_.folder.string()},
                            {"accounts", config().accounts.size()},
                            {"ms", clock_.boot_ms() - begun}});
    }

    void tell_ready() const {
        service_manager_.ready("Serving " + std::to_string(config().accounts.size()) + " accounts on " + config().listen_host +
                               ":" + std::to_string(server_->port()));
    }

    Task<std::optional<Trouble>> start_all() {
        http::ServerLimits limits;
        limits.body_max = std::max(config().limits.order_body, config().limits.webhook_body);
        limits.connections_max = config().limits.connections;
        http::Handler handler = [this](http::Request request) { return handle(std::move(request)); };
        auto server = http::Server::listen(io_.get_executor(), config().listen_host, config().listen_port, limits,
                                           std::move(handler), serving_.setup.tls);
        if (!server) {
            Fault fault = server.error();
            fault.what += "; choose another one with --port, or `listen` in the config";
            co_return Trouble{exit_unavailable, fault};
        }
        server_ = std::move(*server);
        serving_.show_tls = [this](std::shared_ptr<const http::TlsIdentity> tls) { server_->show(std::move(tls)); };

        AdminHandler admin = [this](Json request) { return administer(std::move(request)); };
        auto control = ControlSocket::listen(io_.get_executor(), home_.control_socket(), std::move(admin));
        if (!control) { co_return Trouble{exit_unavailable, control.error()}; }
        control_ = std::move(*control);

        std::function<orders::Accounts(store::Tx&)> sync = [this](store::Tx& tx) {
            tx.run(
                "INSERT INTO store_settings (name, value) VALUES ('sealing_key_fingerprint', :1) ON CONFLICT (name) DO NOTHING",
                {serving_.keys->fingerprint()});
            serving_.setup.secrets.unsubscribe_key = unsubscribe_key(tx, config(), *serving_.keys, clock_, randomness_);
            return store_accounts(tx, serving_, serving_.setup);
        };
        auto accounts = co_await store_->commit<orders::Accounts>(Commit::config_sync, std::move(sync));
        if (!accounts) { co_return Trouble{exit_unavailable, accounts.error()}; }

        if (auto trouble = co_await start_workers()) { co_return trouble; }
        co_return co_await start_engine(std::move(*accounts));
    }

    Task<bool> needs_expressions() {
        if (have_expressions(serving_.setup.definitions)) { co_return true; }
        std::function<bool(store::Tx&)> look = [](store::Tx& tx) { return pipeline::unfinished_runs_have_expressions(tx); };
        const auto found = co_await store_->read<bool>(std::move(look));
        // The store is read again soon, where a fault has a better place.
        co_return found&&* found;
    }

    Task<std::optional<Trouble>> start_workers() {
        plugin::Workers::Options options;
        options.program = executable_folder() / "crossdock-worker";
        options.expressions = plugin::expressions_library();
        options.lock_fd = workers_lock_.fd();
        // Room for the effects of an account, and for what runs ask of the same plugin beside them: neither is an attempt lost.
        options.calls_max = config().workers.calls_max + pipeline::EngineOptions{}.runs_max;
        options.memory_max = config().workers.memory_max;
        options.deaths_max = config().workers.deaths_max;
        options.deaths_within = config().workers.deaths_within;
        options.on_quarantine = [this](const plugin::WorkerStatus& status) {
            spawn(io_.get_executor(), tell_state(serving_, status.name, "supplier.degraded", status.why));
        };
        options.on_other_plugin = [this](const std::string& name, const plugin::Manifest& manifest) {
            take_other_plugin(serving_, name, manifest);
        };
        options.strict = config().workers.strict;
        options.in_process = in_process_.starter();
        serving_.workers = plugin::Workers::make(io_.get_executor(), clock_, options);

        auto specs = worker_specs(config(), serving_.setup.secrets, serving_.crash_at);
        if (const bool needed = co_await needs_expressions(); needed) { specs.push_back(expressions_spec()); }
        tell_not_isolated(specs);
        StartOne start = [this](plugin::WorkerSpec spec) { return serving_.workers->start(std::move(spec)); };
        auto started = co_await start_side_by_side(serving_, std::move(specs), std::move(start));
        std::vector<Fault> faults;
        for (const auto& [name, fault] : started.faults) {
            // Quarantined: what is for it waits, and everybody else is served.
            if (serving_.workers->held(name)) { continue; }
            // The place in the config first, where it is put right; then the library that was loaded.
            faults.push_back({fault.text(), worker_place(config(), name, fault.what), fault.advice});
        }
        started.manifests.erase(pipeline::expressions_worker);
        serving_.manifests = std::move(started.manifests);
        for (auto& fault : co_await check_settings_of(serving_, config(), serving_.manifests)) {
            faults.push_back(std::move(fault));
        }
        if (serving_.workers->knows(pipeline::expressions_worker)) {
            for (auto& fault : co_await check_expressions(serving_, serving_.setup.definitions)) {
                faults.push_back(std::move(fault));
            }
        }
        if (!faults.empty()) { co_return bad_config(faults); }
        tell_confinement();
        co_return std::nullopt;
    }

    /// One kernel confines all workers alike, so the first that is not secret-isolated speaks for all.
    void tell_confinement() const {
        for (const auto& [name, manifest] : serving_.manifests) {
            if (manifest.confinement.secret_isolated()) { continue; }
            Log::warning(manifest.confinement.text(), {{"worker", name}, {"see", "docs/isolation.md"}});
            return;
        }
    }

    Task<std::optional<Trouble>> start_engine(orders::Accounts accounts) {
        serving_.facts = std::make_unique<notify::Facts>(clock_, randomness_, fact_options(serving_.setup));
        caller_ = std::make_unique<MeteredCaller>(*serving_.workers, metrics_, clock_);
        auto engine = std::make_unique<pipeline::Engine>(
            pipeline::Environment{io_.get_executor(), clock_, randomness_, *store_, *caller_, *serving_.facts,
                                  engine_options(config(), accounts, serving_.setup.definitions, serving_.manifests)});
        std::function<int(store::Tx&)> sync = [this, &made = *engine](store::Tx& tx) {
            made.sync(tx, *made.options());
            store_digests(tx, serving_.manifests);
            for (const auto& other : note_settings(tx, config(), serving_.setup.secrets, *serving_.keys)) {
                if (other.was_paused) { tell_recovered(tx, other.account); }
            }
            return 0;
        };
        auto synced = co_await store_->commit<int>(Commit::config_sync, std::move(sync));
        if (!synced) { co_return Trouble{exit_unavailable, synced.error()}; }
        auto recovered = co_await engine->recover();
        if (!recovered) { co_return Trouble{exit_unavailable, recovered.error()}; }
        if (stopping_) { co_return std::nullopt; }
        serving_.engine = std::move(engine);
        serving_.engine->start();
        for (const auto& status : serving_.workers->statuses()) {
            if (status.quarantined) { co_await tell_state(serving_, status.name, "supplier.degraded", status.why); }
        }
        serving_.queues = [this] { return queues(); };
        serving_.metrics = [this] { return metrics_text(serving_, metrics_); };
        serving_.answered = [this](std::string_view method, std::string_view path, int status, milliseconds took) {
            metrics_.request_ended(method, path, status, took);
        };
        serving_.rate_limited = [this](std::string_view rule) { metrics_.request_limited(rule); };
        auto api =
            std::make_unique<api::Api>(clock_, *store_, *serving_.engine, *serving_.facts, api_options(serving_, accounts));
        co_await api->count_open_work();
        serving_.api = std::move(api);
        intake_ = std::make_unique<Intake>(Intake::Needs{io_.get_executor(), clock_, *serving_.api, *store_, *serving_.facts},
                                           config().intake, serving_.setup.secrets.outbox_password);
        if (auto begun = intake_->start(); !begun) { co_return Trouble{exit_unavailable, begun.error()}; }
        co_return std::nullopt;
    }

    [[nodiscard]] std::vector<QueueLevel> queues() const {
        auto levels = store_->queues();
        for (auto& level : serving_.engine->queues()) { levels.push_back(std::move(level)); }
        levels.insert(levels.end(), {server_->connections(), control_->connections()});
        return levels;
    }

    /// The pause of an account that now has other settings is over.
    void tell_recovered(store::Tx& tx, const std::string& account) const {
        const UtcMs now = clock_.utc_ms();
        serving_.facts->record(tx, {.kind = "supplier.recovered",
                                    .natural_key = "supplier/" + account + "/supplier.recovered/" + std::to_string(now),
                                    .data = Json::object({{"supplier", account}, {"reason", "its settings have changed"}}),
                                    .occurred_at = now});
    }

    /// One command of the control socket.
    Task<Result<Json>> administer(Json request) {
        const std::string command = request.text("command");
        if (command == "reload") { co_return co_await reload_now(); }
        if (command == "supplier.enable" || command == "supplier.disable") {
            if (!serving_.engine) { co_return Fault{"the daemon is starting; try again"}; }
            if (command == "supplier.enable") { co_return co_await enable_supplier(serving_, request.text("name")); }
            co_return co_await disable_supplier(serving_, request.text("name"), request.text("reason"));
        }
        pipeline::Environment* const engine = serving_.engine ? &serving_.engine->environment() : nullptr;
        co_return co_await run_admin(AdminContext{clock_, randomness_, *store_, *serving_.keys, home_.folder, engine},
                                     std::move(request));
    }

    /// Answers {"reloaded":true, ...} as Reloaded::report, or {"reloaded":false,"faults":[{"where","what"}]}.
    Task<Result<Json>> reload_now() {
        if (!serving_.api || stopping_) {
            co_return Fault{stopping_ ? "the daemon is stopping" : "the daemon is starting; try again"};
        }
        if (reloading_) { co_return Fault{"another reload is under way; try again"}; }
        reloading_ = true;
        service_manager_.reloading();
        const auto done = co_await reload(serving_, read_config_);
        reloading_ = false;
        if (!stopping_) { tell_ready(); }
        Json answer = Json::object({{"reloaded", done.faults.empty()}});
        if (done.faults.empty()) {
            for (const auto& [part, changes] : done.report.members()) { answer.set(part, changes); }
            co_return answer;
        }
        Json faults = Json::array();
        for (const auto& fault : done.faults) { faults.push(Json::object({{"where", fault.where}, {"what", fault.what}})); }
        answer.set("faults", std::move(faults));
        co_return answer;
    }

    void await_hangup() {
        hangups_->async_wait([this](boost::system::error_code error, int /*number*/) {
            if (error) { return; }
            spawn(io_.get_executor(), hang_up());
            await_hangup();
        });
    }

    /// One that comes while a reload is under way, or the start, is followed by one more.
    Task<void> hang_up() {
        if (reloading_ || !serving_.api) {
            hung_up_ = true;
            co_return;
        }
        do {
            hung_up_ = false;
            const auto done = co_await reload_now();
            // What it found was logged.
            if (!done) { Log::error("the reload was refused", {{"why", done.error().text()}}); }
        } while (std::exchange(hung_up_, false));
    }

    void begin_stop(int number) {
        Log::info("stopping", {{"signal", number}});
        spawn(io_.get_executor(), stop());
    }

    /// Stop intake, drain, cancel; run() then returns and destroys in reverse order.
    Task<void> stop() {
        if (stopping_) { co_return; }
        stopping_ = true;
        serving_.stopping = true;
        service_manager_.stopping();
        serving_.committed.notify();
        if (intake_) { intake_->stop(); }
        if (serving_.api) { serving_.api->stop(); }
        if (control_) { control_->stop(); }
        if (server_) { server_->stop(http_grace); }
        const BootMs begun = clock_.boot_ms();
        if (serving_.engine) { co_await serving_.engine->stop(config().limits.drain); }
        if (serving_.workers) { co_await serving_.workers->stop(worker_grace); }
        if (serving_.engine) { co_await serving_.engine->stop(outcomes_grace); }
        // What was taken in is answered.
        while (server_ && server_->connections().waiting > 0 && clock_.boot_ms() - begun < http_grace.count()) {
            co_await pause(clock_, drained_pause);
        }
        while (intake_ && !intake_->idle() && clock_.boot_ms() - begun < intake_grace.count()) {
            co_await pause(clock_, drained_pause);
        }
        if (intake_ && !intake_->idle()) {
            // A thread that waits for a database would come back to what is gone.
            Log::warning("leaving while a database does not answer");
            std::error_code gone;
            std::filesystem::remove(home_.control_socket(), gone);
            std::_Exit(exit_ok);
        }
        boost::system::error_code ignored;
        signals_->cancel(ignored);
        hangups_->cancel(ignored);
        std::error_code removed;
        std::filesystem::remove(home_.control_socket(), removed);
        Log::info("stopped");
        io_.stop();
    }

    ReadConfig read_config_;
    plugin::InProcess& in_process_;
    ServiceManager service_manager_;
    int exit_code_ = exit_ok;
    bool stopping_ = false;
    bool reloading_ = false;
    bool hung_up_ = false;  ///< a reload is owed
    boost::asio::signal_set* signals_ = nullptr;
    boost::asio::signal_set* hangups_ = nullptr;
    Home home_;
    store::FileLock store_lock_;
    store::FileLock workers_lock_;
    SystemRandomness randomness_;
    boost::asio::io_context io_{1};
    SystemClock clock_;
    metrics::Metrics metrics_{CROSSDOCK_VERSION, clock_.utc_ms()};
    std::unique_ptr<MeteredCaller> caller_;  // before what calls by it, and calls what stands in it
    Serving serving_;
    std::unique_ptr<Intake> intake_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<ControlSocket> control_;
    std::unique_ptr<store::ThreadedStore> store_;  // last: its threads end first, and post to nobody afterwards
};

}  // namespace

int run_daemon(const Config& config, ReadConfig read_config, const std::string& crash_at) {
    Log::set_level(config.log_level);
    set_log_format(config.log_format);
    // A file that may not grow any more is a disk error, which has a message, and no reason to be killed.
    (void)std::signal(SIGXFSZ, SIG_IGN);
    std::string armed;
    if (!crash_at.empty()) {
        if (!config.crash_points) {
            Log::warning("CROSSDOCK_CRASH_AT is set, and the config does not arm it (test: {crash_points: true}); ignored");
        }
        else if (!CrashPoint::arm(crash_at)) {
            std::fprintf(
                stderr, "crossdock: CROSSDOCK_CRASH_AT: there is no journal point \"%s\"; see `crossdock debug journal-points`\n",
                crash_at.c_str());
            return exit_usage;
        }
        else { armed = crash_at; }
    }
    for (const auto& row : mechanism_rows) {
        if (!(config.mechanisms.*row.on)) {
            Log::error("a mechanism is switched off, for a test: orders may be lost or placed twice", {{"mechanism", row.name}});
        }
    }
    plugin::InProcess in_process;
    const int code = Daemon(config, std::move(read_config), armed, in_process).run();
    if (const auto left = in_process.wait(in_process_grace); left > 0) {
        Log::warning("leaving while in-process plugins still run", {{"plugins", left}});
        std::_Exit(code);
    }
    return code;
}

}  // namespace crossdock::app
