#include "app/daemon.hpp"

#include "api/problem.hpp"
#include "app/admin.hpp"
#include "app/control_socket.hpp"
#include "app/exit_code.hpp"
#include "app/home.hpp"
#include "app/wiring.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "expr/mail_template.hpp"
#include "http/server.hpp"
#include "in_process/in_process.hpp"
#include "pipeline/evaluator.hpp"
#include "store/database.hpp"
#include "store/journal.hpp"
#include "store/writer_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace crossdock::app {
namespace {

constexpr milliseconds workers_patience{20'000};
constexpr milliseconds http_grace{2'000};
constexpr milliseconds engine_grace{10'000};
constexpr milliseconds worker_grace{2'000};
constexpr milliseconds in_process_grace{1'000};

struct Trouble {
    int exit_code = exit_failed;
    Fault fault;
};

/// Everything that lives while the daemon runs. Members are destroyed in reverse order: what uses stands behind what is used.
class Daemon {
public:
    Daemon(const Config& config, std::string crash_at, plugin::InProcess& in_process)
        : config_(config), in_process_(in_process), crash_at_(std::move(crash_at)), clock_(io_.get_executor()) {}

    int run() {
        if (auto trouble = prepare()) { return report(*trouble); }
        boost::asio::signal_set signals(io_, SIGTERM, SIGINT);
        signals.async_wait([this](boost::system::error_code error, int number) {
            if (!error) { begin_stop(number); }
        });
        signals_ = &signals;
        spawn(io_.get_executor(), start());
        io_.run();
        return exit_code_;
    }

private:
    static int report(const Trouble& trouble) {
        std::fprintf(stderr, "crossdock: %s\n", trouble.fault.text().c_str());
        return trouble.exit_code;
    }

    /// What needs no executor: folder, locks, store, key, secrets, templates, pipelines.
    std::optional<Trouble> prepare() {
        auto loaded = load_pipelines(config_.pipelines);
        if (!loaded.faults.empty()) {
            for (std::size_t i = 1; i < loaded.faults.size(); ++i) {
                std::fprintf(stderr, "crossdock: %s\n", loaded.faults[i].text().c_str());
            }
            return Trouble{exit_bad_config, loaded.faults.front()};
        }
        definitions_ = std::move(loaded.definitions);
        auto templates = expr::MailTemplates::load(config_.templates / "en");
        if (!templates) { return Trouble{exit_bad_config, templates.error()}; }
        templates_ = std::make_unique<expr::MailTemplates>(std::move(*templates));

        auto home = open_home(config_.data);
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
        options.on_commit = [this](unsigned topics) { boost::asio::post(io_, [this, topics] { committed(topics); }); };
        options.on_fatal = [](const Fault& fault) {
            // Nothing may be answered any more: the next start re-reads what is on disk.
            std::fprintf(stderr, "crossdock: %s\n", fault.text().c_str());
            std::_Exit(exit_unavailable);
        };
        auto store = store::ThreadedStore::open(std::move(options));
        if (!store) { return Trouble{exit_unavailable, store.error()}; }
        store_ = std::move(*store);

        auto reading = store::Database::open(home_.store(), store::Database::Mode::read_only);
        if (!reading) { return Trouble{exit_unavailable, reading.error()}; }
        std::string fingerprint;
        try {
            fingerprint = known_fingerprint(**reading);
            auto key = load_sealing_key(home_, fingerprint, randomness_);
            if (!key) { return Trouble{exit_unavailable, key.error()}; }
            key_ = *key;
            auto secrets = open_secrets(config_, [&](const SecretRef& ref) { return sealed_secret(**reading, *key_, ref); });
            if (!secrets) { return Trouble{exit_bad_config, secrets.error()}; }
            secrets_ = std::move(*secrets);
        } catch (const store::StoreFailure& failure) {
            return Trouble{exit_unavailable, {failure.what(), home_.store().string(), Advice::stop}};
        }
        return {};
    }

    void committed(unsigned topics) {
        if (engine_) { engine_->wake(topics); }
        if (api_ && (topics & static_cast<unsigned>(store::Topic::events)) != 0) { api_->events_added(); }
    }

    Task<http::Response> handle(http::Request request) {
        if (!api_) {
            if (request.path == "/livez") { co_return api::json_answer(200, R"({"status":"alive"})"); }
            co_return api::unavailable("The daemon is starting.");
        }
        co_return co_await api_->handle(std::move(request));
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
        api_->set_ready();
        Log::info("ready", {{"listening", config_.listen_host + ":" + std::to_string(server_->port())},
                            {"data", home_.folder.string()},
                            {"accounts", config_.accounts.size()},
                            {"ms", clock_.boot_ms() - begun}});
    }

    Task<std::optional<Trouble>> start_all() {
        http::ServerLimits limits;
        limits.body_max = std::max(config_.body_max, config_.webhook_body_max);
        http::Handler handler = [this](http::Request request) { return handle(std::move(request)); };
        auto server =
            http::Server::listen(io_.get_executor(), config_.listen_host, config_.listen_port, limits, std::move(handler));
        if (!server) {
            Fault fault = server.error();
            fault.what += "; choose another one with --port, or `listen` in the config";
            co_return Trouble{exit_unavailable, fault};
        }
        server_ = std::move(*server);

        AdminHandler admin = [this](Json request) {
            if (request.text("command") == "supplier.enable" && engine_) { return enable(request.text("name")); }
            return run_admin(AdminContext{clock_, randomness_, *store_, *key_}, std::move(request));
        };
        auto control = ControlSocket::listen(io_.get_executor(), home_.control_socket(), std::move(admin));
        if (!control) { co_return Trouble{exit_unavailable, control.error()}; }
        control_ = std::move(*control);

        std::function<orders::Accounts(store::Tx&)> sync = [this](store::Tx& tx) {
            tx.run(
                "INSERT INTO store_settings (name, value) VALUES ('sealing_key_fingerprint', :1) ON CONFLICT (name) DO NOTHING",
                {key_->fingerprint()});
            return sync_suppliers(tx, config_, secrets_, *key_, clock_, randomness_);
        };
        auto accounts = co_await store_->commit<orders::Accounts>(Commit::config_sync, std::move(sync));
        if (!accounts) { co_return Trouble{exit_unavailable, accounts.error()}; }

        if (auto trouble = co_await start_workers()) { co_return trouble; }
        co_return co_await start_engine(std::move(*accounts));
    }

    struct Starting {
        explicit Starting(Clock& clock) : changed(clock) {}
        Signal changed;
        std::size_t left = 0;
        std::vector<Fault> faults;
    };

    Task<void> start_worker(plugin::WorkerSpec spec, std::shared_ptr<Starting> starting) {
        const std::string name = spec.name;
        auto manifest = co_await workers_->start(std::move(spec));
        if (manifest) { manifests_[name] = std::move(*manifest); }
        // Quarantined: what is for it waits, and everybody else is served.
        else if (!workers_->held(name)) {
            // The place in the config first, where it is put right; then the library that was loaded.
            starting->faults.push_back({manifest.error().text(), plugin_place(name), manifest.error().advice});
        }
        --starting->left;
        starting->changed.notify();
    }

    /// Started when a pipeline has expressions, or an earlier revision that runs still follow.
    Task<void> start_expressions(std::shared_ptr<Starting> starting) {
        auto started = co_await workers_->start(expressions_spec());
        if (started) {
            for (const auto& definition : definitions_) {
                if (!definition.has_expressions()) { continue; }
                plugin::OnBatch no_batches;
                const auto answer = co_await workers_->call(pipeline::check_call(definition), no_batches);
                for (auto& fault : pipeline::check_faults(definition, answer)) { starting->faults.push_back(std::move(fault)); }
            }
        }
        else {
            starting->faults.push_back({"the expression worker does not start: " + started.error().what, started.error().where});
        }
        --starting->left;
        starting->changed.notify();
    }

    Task<bool> needs_expressions() {
        for (const auto& definition : definitions_) {
            if (definition.has_expressions()) { co_return true; }
        }
        std::function<bool(store::Tx&)> look = [](store::Tx& tx) { return pipeline::unfinished_runs_have_expressions(tx); };
        const auto found = co_await store_->read<bool>(std::move(look));
        // The store is read again soon, where a fault has a better place.
        co_return found&&* found;
    }

    Task<std::optional<Trouble>> start_workers() {
        plugin::Workers::Options options;
        options.program = executable_folder() / "crossdock-worker";
        options.lock_fd = workers_lock_.fd();
        options.calls_max = config_.workers.calls_max;
        options.memory_max = config_.workers.memory_max;
        options.deaths_max = config_.workers.deaths_max;
        options.deaths_within = config_.workers.deaths_within;
        options.on_quarantine = [this](const plugin::WorkerStatus& status) {
            spawn(io_.get_executor(), tell_state(status.name, "supplier.degraded", status.why));
        };
        options.strict = config_.workers.strict;
        options.in_process = in_process_.starter();
        workers_ = plugin::Workers::make(io_.get_executor(), clock_, options);
        // All at once: each spends most of its start in the loader of its libraries.
        auto starting = std::make_shared<Starting>(clock_);
        auto specs = worker_specs(config_, secrets_, crash_at_);
        starting->left = specs.size();
        if (const bool needed = co_await needs_expressions(); needed) {
            ++starting->left;
            spawn(io_.get_executor(), start_expressions(starting));
        }
        for (const auto& spec : specs) {
            if (!spec.in_process) { continue; }
            Log::warning("not isolated: this plugin runs in the daemon, and what crashes or hangs it does so to the daemon",
                         {{"worker", spec.name}, {"plugin", spec.library.string()}, {"see", "docs/isolation.md"}});
        }
        for (auto& spec : specs) { spawn(io_.get_executor(), start_worker(std::move(spec), starting)); }
        while (starting->left > 0) {
            const auto ticket = starting->changed.ticket();
            co_await starting->changed.wait(ticket, milliseconds{60'000});
        }
        if (!starting->faults.empty()) {
            for (std::size_t i = 1; i < starting->faults.size(); ++i) {
                std::fprintf(stderr, "crossdock: %s\n", starting->faults[i].text().c_str());
            }
            co_return Trouble{exit_bad_config, starting->faults.front()};
        }
        tell_confinement();
        co_return std::nullopt;
    }

    /// One kernel confines all workers alike, so the first that is not secret-isolated speaks for all.
    void tell_confinement() const {
        for (const auto& [name, manifest] : manifests_) {
            if (manifest.confinement.secret_isolated()) { continue; }
            Log::warning(manifest.confinement.text(), {{"worker", name}, {"see", "docs/isolation.md"}});
            return;
        }
    }

    std::string plugin_place(const std::string& name) const {
        for (const auto& account : config_.accounts) {
            if (account.name == name) { return account.plugin_where; }
        }
        for (const auto& channel : config_.channels) {
            if (channel.name == name) { return channel.plugin_where; }
        }
        return {};
    }

    /// The fact that an account or channel is no longer served, or is again.
    Task<void> tell_state(std::string name, std::string kind, std::string why) {
        // Until the engine has started nobody can be told: start_engine does it then.
        if (!engine_) { co_return; }
        std::function<int(store::Tx&)> unit = [this, name, kind, why](store::Tx& tx) {
            const UtcMs now = clock_.utc_ms();
            facts_->record(tx, {.kind = kind,
                                .natural_key = "supplier/" + name + "/" + kind + "/" + std::to_string(now),
                                .data = Json::object({{"supplier", name}, {"reason", why}}),
                                .occurred_at = now});
            return 0;
        };
        auto stored = co_await store_->commit<int>(Commit::supplier_state, std::move(unit));
        if (!stored) { Log::error("it could not be stored that a worker is quarantined", {{"fault", stored.error().text()}}); }
    }

    /// `crossdock supplier enable`.
    Task<Result<Json>> enable(std::string name) {
        auto manifest = co_await workers_->enable(name);
        if (!manifest) { co_return Fault{manifest.error().text(), "supplier enable"}; }
        manifests_[name] = *manifest;
        const auto account = std::find_if(config_.accounts.begin(), config_.accounts.end(),
                                          [&](const AccountConfig& one) { return one.name == name; });
        std::function<int(store::Tx&)> unit = [this, name, account, digest = manifest->digest](store::Tx& tx) {
            if (account != config_.accounts.end()) {
                engine_->change_rules(tx, name, create_order_rules(*account, &manifests_.at(name)));
                tx.run("UPDATE suppliers SET plugin_digest = :1 WHERE name = :2", {digest, name});
            }
            store::append_audit(tx, new_id(clock_, randomness_), "command line", "supplier.enable", name, "", clock_.utc_ms());
            return 0;
        };
        auto stored = co_await store_->commit<int>(Commit::key_change, std::move(unit));
        if (!stored) { co_return stored.error(); }
        co_await tell_state(name, "supplier.recovered", "enabled");
        engine_->wake(static_cast<unsigned>(store::Topic::runs) | static_cast<unsigned>(store::Topic::effects));
        Log::info("enabled", {{"worker", name}});
        co_return Json::object({{"name", name}, {"plugin", manifest->name + " " + manifest->version}});
    }

    /// The accounts and channels that are not served, for /readyz.
    Json degraded() const {
        Json list = Json::array();
        for (const auto& status : workers_->statuses()) {
            if (!status.quarantined) { continue; }
            list.push(Json::object({{"name", status.name}, {"state", "quarantined"}}));
        }
        return list;
    }

    Task<std::optional<Trouble>> start_engine(orders::Accounts accounts) {
        notify::FactOptions fact_options;
        fact_options.mail_from = config_.mail_from;
        fact_options.alerts_mail = config_.alerts_mail;
        fact_options.message_id_domain = config_.mail_from.substr(config_.mail_from.find('@') + 1);
        fact_options.render = [this](const std::string& name, const Json& data) -> Result<notify::Rendered> {
            auto mail = templates_->render(name, data);
            if (!mail) { return mail.error(); }
            return notify::Rendered{std::move(mail->subject), std::move(mail->text), std::move(mail->html)};
        };
        facts_ = std::make_unique<notify::Facts>(clock_, randomness_, std::move(fact_options));
        auto engine = std::make_unique<pipeline::Engine>(
            pipeline::Environment{io_.get_executor(), clock_, randomness_, *store_, *workers_, *facts_,
                                  engine_options(config_, accounts, definitions_, manifests_)});
        std::function<int(store::Tx&)> sync = [this, &made = *engine](store::Tx& tx) {
            made.sync(tx);
            for (const auto& [name, manifest] : manifests_) {
                tx.run("UPDATE suppliers SET plugin_digest = :1 WHERE name = :2", {manifest.digest, name});
            }
            return 0;
        };
        auto synced = co_await store_->commit<int>(Commit::config_sync, std::move(sync));
        if (!synced) { co_return Trouble{exit_unavailable, synced.error()}; }
        auto recovered = co_await engine->recover();
        if (!recovered) { co_return Trouble{exit_unavailable, recovered.error()}; }
        if (stopping_) { co_return std::nullopt; }
        engine_ = std::move(engine);
        engine_->start();
        for (const auto& status : workers_->statuses()) {
            if (status.quarantined) { co_await tell_state(status.name, "supplier.degraded", status.why); }
        }
        auto options = api_options(config_, accounts, secrets_);
        options.degraded = [this] { return degraded(); };
        api_ = std::make_unique<api::Api>(clock_, *store_, *engine_, *facts_, std::move(options));
        co_return std::nullopt;
    }

    void begin_stop(int number) {
        Log::info("stopping", {{"signal", number}});
        spawn(io_.get_executor(), stop());
    }

    /// Stop intake, drain, cancel; run() then returns and destroys in reverse order.
    Task<void> stop() {
        if (stopping_) { co_return; }
        stopping_ = true;
        if (api_) { api_->stop(); }
        if (control_) { control_->stop(); }
        if (server_) { server_->stop(http_grace); }
        if (engine_) { co_await engine_->stop(engine_grace); }
        if (workers_) { co_await workers_->stop(worker_grace); }
        boost::system::error_code ignored;
        signals_->cancel(ignored);
        std::error_code removed;
        std::filesystem::remove(home_.control_socket(), removed);
        Log::info("stopped");
        io_.stop();
    }

    const Config& config_;
    plugin::InProcess& in_process_;
    std::string crash_at_;
    int exit_code_ = exit_ok;
    bool stopping_ = false;
    boost::asio::signal_set* signals_ = nullptr;
    std::vector<pipeline::Definition> definitions_;
    std::unique_ptr<expr::MailTemplates> templates_;
    Home home_;
    store::FileLock store_lock_;
    store::FileLock workers_lock_;
    SystemRandomness randomness_;
    std::optional<crypto::SealingKey> key_;
    OpenSecrets secrets_;
    std::map<std::string, plugin::Manifest> manifests_;
    boost::asio::io_context io_{1};
    SystemClock clock_;
    std::unique_ptr<plugin::Workers> workers_;
    std::unique_ptr<notify::Facts> facts_;
    std::unique_ptr<pipeline::Engine> engine_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<ControlSocket> control_;
    std::unique_ptr<store::ThreadedStore> store_;  // last: its threads end first, and post to nobody afterwards
};

}  // namespace

int run_daemon(const Config& config, const std::string& crash_at) {
    Log::set_level(config.log_level);
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
    plugin::InProcess in_process;
    const int code = Daemon(config, armed, in_process).run();
    if (const auto left = in_process.wait(in_process_grace); left > 0) {
        Log::warning("leaving while in-process plugins still run", {{"plugins", left}});
        std::_Exit(code);
    }
    return code;
}

}  // namespace crossdock::app
